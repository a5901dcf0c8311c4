"""Columns of your own in an answer: what an annotator said of the image and of instances, by column.

    {"images": {"depth": 12.5}, "instances": {"5": {"sex": "f"}}}

An answer holds only what differs from the version that the work began from, and all of new instances.
Answers to attributes are such columns. An answer about one instance or prediction has the columns of its row,
under the id of that row, and those of its image: ``{"what": "accept", "label": None, "own": {...}}``. Values
are what JSON has: texts, numbers, true and false, lists; None is missing. Columns of other kinds, such as
times, are not part of an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ...core.change.change import Change, apply, merge
from ...core.errors import DataError, first
from ...core.tables.arrays import positions
from ...core.tables.schema import IMAGES, INSTANCES, LabeledImages
from ...core.tables.state import State
from ..edits.cells import set_cells

Values: TypeAlias = dict[str, Any]
Own: TypeAlias = dict[str, Any]

_SCHEMAS = {"images": IMAGES, "instances": INSTANCES}
_LONGEST = 1000  # values of a list; a longer one, such as an embedding, is no answer


def said(tables: LabeledImages, image: int, base: LabeledImages) -> Own:
    """What the columns of an image and its instances say that those of another version do not.

    Args:
        tables: what the annotator left, with the image.
        image: id of the image.
        base: the version that the work began from.
    """
    rows = tables.instances[(tables.instances["image_id"] == image).to_numpy()]
    there = base.instances.index.intersection(rows.index)
    was = base.instances.loc[there]
    was = was[(was["image_id"] == image).to_numpy()]
    of_image = _differing(tables.images.loc[[image]], base.images.loc[[image]], "images")
    of_rows = _differing(rows, was, "instances")
    return {"images": of_image.get(image, {}), "instances": {str(row): of_rows[row] for row in of_rows}}


def about_row(own: LabeledImages | Mapping[str, Any], row: int, here: int, image: int, base: Any) -> Own:
    """What is said of one row, and of its image, in an answer about that row.

    Args:
        own: column -> value of the row; or the image as an annotator left it.
        row: id of the instance or prediction.
        here: its id in what the annotator left.
        image: id of the image.
        base: the version that the work began from.

    Returns:
        As :func:`said`, under the id of the row; empty where nothing was said.

    Raises:
        DataError: a value has no place in an answer.
    """
    if isinstance(own, Mapping):
        told = {str(name): _plain(value) for name, value in own.items()}
        wrong = [name for name, value in told.items() if value is _NO_ANSWER]
        if wrong:
            raise DataError(
                f"own must hold texts, numbers, true, false or lists of them; not so {first(wrong)}"
            )
        found: Own = {"images": {}, "instances": {str(here): told} if told else {}}
    else:
        found = said(own, image, base)
    of_row = {str(row): values for key, values in found["instances"].items() if key == str(here)}
    return {"images": found["images"], "instances": of_row} if found["images"] or of_row else {}


def values_of(frame: pd.DataFrame, column: str, ids: Sequence[int]) -> list[Any]:
    """Values of a column as JSON has them; None where there is no such row or column."""
    if column not in frame:
        return [None] * len(ids)
    at = positions(frame.index, np.asarray(ids, np.int64))
    found = [_plain(value) for value in frame[column].iloc[at[at >= 0]].astype(object)]
    out: list[Any] = [None] * len(ids)
    for place, value in zip(np.flatnonzero(at >= 0), found, strict=True):
        out[place] = None if value is _NO_ANSWER else value
    return out


def clashes(told: Iterable[tuple[str, int, str, Any]], now: LabeledImages, base: LabeledImages) -> list[str]:
    """Columns that an answer changes, and that others changed meanwhile to something else."""
    out = set()
    for table, row, name, value in told:
        (today,), (then,) = (values_of(getattr(tables, table), name, [row]) for tables in (now, base))
        if today not in (then, value):
            out.add(name)
    return sorted(out)


def is_there(told: Iterable[tuple[str, int, str, Any]], now: LabeledImages) -> bool:
    """Whether the tables say already what an answer says."""
    return all(values_of(getattr(now, table), name, [row]) == [value] for table, row, name, value in told)


def cells(
    own: Mapping[str, Any], image: int, rows: Mapping[int, int] | None = None
) -> Iterator[tuple[str, int, str, Any]]:
    """Table, row, column and value of each cell.

    Args:
        own: columns of an answer.
        image: id of the image.
        rows: id of an instance in the answer -> its id here; others are left out. None: ids are the same.
    """
    for name, value in own.get("images", {}).items():
        yield "images", image, name, value
    for row, values in own.get("instances", {}).items():
        here = int(row) if rows is None else rows.get(int(row))
        if here is None:
            continue
        for name, value in values.items():
            yield "instances", here, name, value


def written(state: State, told: Iterable[tuple[str, int, str, Any]], origin: str) -> Change:
    """The Change that sets cells; columns that are not there are made.

    Raises:
        DataError: a value does not fit its column or its attribute.
    """
    by_column: dict[tuple[str, str], dict[int, Any]] = {}
    for table, row, name, value in told:
        by_column.setdefault((table, name), {})[row] = value
    whole, now = Change(), state
    for (table, name), values in by_column.items():
        ids = np.array(sorted(values), np.int64)
        listed = pd.Series([values[int(row)] for row in ids], index=ids, dtype=object)
        if name not in now.tables[table] and name not in now.ontology.attributes(table):
            listed = listed.convert_dtypes()
        change = set_cells(now, table, ids, {name: listed}, origin)
        whole, now = merge(whole, change), apply(now, change)
    return whole


def checked_own(own: Any) -> bool:
    """Whether something has the form of columns of an answer."""
    if not isinstance(own, dict) or not set(own) <= {"images", "instances"}:
        return False
    rows = own.get("instances", {})
    if not isinstance(rows, dict) or not all(str(row).isdecimal() for row in rows):
        return False
    return all(
        isinstance(values, dict)
        and all(isinstance(n, str) and _plain(v) is not _NO_ANSWER for n, v in values.items())
        for values in [own.get("images", {}), *rows.values()]
    )


_NO_ANSWER = object()


def _differing(rows: pd.DataFrame, was: pd.DataFrame, table: str) -> dict[int, Values]:
    """Row -> column -> value, where it is another one than it was; of new rows all values."""
    out: dict[int, Values] = {}
    ids = rows.index.tolist()
    for name in [str(name) for name in rows.columns if name not in _SCHEMAS[table]]:
        before = values_of(was, name, ids)
        for row, value, old in zip(ids, rows[name].astype(object), before, strict=True):
            plain = _plain(value)
            if plain is not _NO_ANSWER and plain != old:
                out.setdefault(int(row), {})[name] = plain
    return out


def _plain(value: Any) -> Any:
    """A value as JSON has it; ``_NO_ANSWER`` for one that has no place there."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple | np.ndarray) and len(value) <= _LONGEST:
        parts = [_plain(part) for part in value]
        if all(part is None or isinstance(part, str | int | float) for part in parts):
            return parts
    return _NO_ANSWER
