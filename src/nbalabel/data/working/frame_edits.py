"""Edits made directly in the frames, detected by comparison, because pandas sends no notification.

pandas is copy-on-write, and the state holds a shallow copy of each frame handed out. A column with a later
assignment has another buffer than in that copy; the other columns need not be compared.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from ...core.change.change import Change, apply, diff
from ...core.change.table_change import take_rows
from ...core.errors import DataError, NbalabelError, first
from ...core.ontology.attribute import Attribute
from ...core.tables.arrays import Array, same_buffer, same_dtype, values
from ...core.tables.schema import conform
from ...core.tables.state import State
from ..edits.cells import measure
from ..edits.image_state import follow
from ..edits.validate import check_change

ORIGIN = "pandas"


def read_edits(frames: Mapping[str, pd.DataFrame], state: State) -> tuple[Change, State]:
    """The edits in the frames since they were handed out, and the state after them; validated.

    Raises:
        DataError: the edited tables are not valid; the message names the rows.
    """
    tables = {}
    for name, frame in frames.items():
        before = state.tables[name]
        untouched = is_untouched(frame, before)
        tables[name] = before if untouched else _tidied(frame, name, state, before.columns)
    return check_edits(diff(state, State(tables, state.labels, state.ontology), ORIGIN), state)


def check_edits(change: Change, state: State) -> tuple[Change, State]:
    """The change with the boxes, areas and image states that follow, and the state after it; validated.

    Raises:
        DataError: the tables are not valid after the change; the message names the rows.
    """
    change = follow(measure(change, state), state)
    if not change:
        return change, state
    after = apply(state, change)
    check_change(change, after)
    return change, after


def settle(frame: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Update an edited frame in place to the table after the edit; False if the frame must be replaced."""
    if not frame.index.equals(after.index) or set(frame.columns) != set(after.columns):
        return False
    for name in after.columns:
        mine, theirs = values(frame[name]), values(after[name])
        if not (same_buffer(mine, theirs) and same_dtype(mine.dtype, theirs.dtype)):
            frame[name] = after[name]
    return True


def _tidied(frame: pd.DataFrame, table: str, state: State, columns: Iterable[object]) -> pd.DataFrame:
    return tidy(frame, table, state.labels, columns, state.ontology.attributes(table))


def tidy(
    frame: pd.DataFrame,
    table: str,
    labels: tuple[str, ...],
    columns: Iterable[object],
    attributes: Mapping[str, Attribute],
) -> pd.DataFrame:
    """A frame with the schema's columns and dtypes, ``columns`` first, sorted by id.

    Raises:
        DataError: the frame is not a valid table; the message says why.
    """
    names = [name for name in frame.columns if not isinstance(name, str)]
    if names or not frame.columns.is_unique:
        raise DataError(f"{table}: column names must be text, each once; got {first(frame.columns, 20)}")
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()].unique()
        raise DataError(f"{table}: ids must be unique, repeated: {first(twice)}")
    out = conform(frame, table, labels, attributes=attributes)
    order = list(dict.fromkeys([*(name for name in columns if name in out), *out.columns]))
    out = out if list(out.columns) == order else out[order]
    if not out.index.is_monotonic_increasing:
        out = take_rows(out, np.argsort(out.index.to_numpy(), kind="stable"))
    return out


def is_untouched(frame: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether a frame has no assignment since its shallow copy ``before`` was made."""
    if not same_buffer(values(frame.index), values(before.index)) and not frame.index.equals(before.index):
        return False
    if not frame.columns.equals(before.columns):
        return False
    for mine, theirs in zip(_arrays(frame), _arrays(before), strict=True):
        if not (same_buffer(mine, theirs) and same_dtype(mine.dtype, theirs.dtype)):
            return False
    return True


def _arrays(frame: pd.DataFrame) -> Iterator[Array]:
    """The array behind each column, in order: names may repeat by mistake.

    Every view asks before it answers. To make a Series of each column takes ten times as long as to compare.
    """
    quick = getattr(frame, "_iter_column_arrays", None)
    return (values(column) for _, column in frame.items()) if quick is None else quick()


class _Synced(Protocol):
    def sync(self) -> object: ...


def watch(dataset: _Synced) -> Callable[[], None]:
    """Call ``sync()`` of a dataset or follower after each notebook cell; returns a function that stops it.

    Outside IPython nothing happens. Only a weak reference to the dataset is kept.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return lambda: None
    reference = weakref.ref(dataset)

    def after_cell(*_: Any) -> None:
        alive = reference()
        if alive is None:
            stop()
            return
        try:
            alive.sync()
        except NbalabelError as error:
            shell.showtraceback((type(error), error, None))

    def stop() -> None:
        if after_cell in shell.events.callbacks["post_run_cell"]:
            shell.events.unregister("post_run_cell", after_cell)

    shell.events.register("post_run_cell", after_cell)
    return stop
