"""Rename labels, attributes and options, and merge options: the answers follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change, diff
from ...core.errors import DataError
from ...core.ontology.attribute import Attribute
from ...core.ontology.entries import named
from ...core.ontology.ontology import Key
from ...core.ontology.renaming import with_column, with_value
from ...core.tables.answers import as_lists, dtype_of, list_array
from ...core.tables.arrays import column
from ...core.tables.schema import INDEX_NAMES, SCHEMAS
from ...core.tables.state import State
from ..edits.cells import rename_label
from .retiring import entry_of, with_option


def rename(state: State, key: Key, to: str, option: str | None, origin: str) -> Change:
    """Rename a label, an attribute, or one of its options; the name of another option merges the two.

    Raises:
        DataError: the new name is taken by a column, or is no name.
    """
    if key[0] == "labels" and option is None:
        return rename_label(state, key[1], to, origin)
    entry = entry_of(state, key)
    if option is not None:
        return _rename_option(state, with_option(entry, option), option, to, origin)
    return _rename_attribute(state, entry, to, origin)


def _rename_attribute(state: State, attribute: Attribute, to: str, origin: str) -> Change:
    of, name = attribute.of, attribute.name
    frame = state.tables[of]
    if to in frame or to in SCHEMAS[of] or to in INDEX_NAMES.values():
        raise DataError(f"{of} have a column {to!r} already: choose another name for {name!r}")
    frame = frame.rename(columns={name: to})
    after = State(
        {**state.tables, of: frame}, state.labels, with_column(state.ontology, attribute, to).with_entries({})
    )
    return diff(state, after, origin, f"renamed {named((of, name))} to {to}")


def _rename_option(state: State, attribute: Attribute, old: str, new: str, origin: str) -> Change:
    of, name = attribute.of, attribute.name
    is_merge = new in attribute.options

    def moved(options: tuple[str, ...]) -> tuple[str, ...]:
        if is_merge:
            return tuple(x for x in options if x != old)
        return tuple(new if x == old else x for x in options)

    default = attribute.default
    if isinstance(default, tuple):
        default = tuple(dict.fromkeys(new if x == old else x for x in default))
    after = replace(
        attribute,
        options=moved(attribute.options),
        retired_options=moved(attribute.retired_options),
        default=new if default == old else default,
    )
    frame = state.tables[of].copy(deep=False)
    frame[name] = column(_answers(frame[name], attribute, after, old, new), frame.index)
    ontology = state.ontology.with_entries({(of, name): after})
    both = of == "images" and name not in state.tables["instances"]
    ontology = with_value(ontology, name, old, new, None if both else of)
    what = f"merged option {old} of {named((of, name))} into {new}"
    note = what if is_merge else f"renamed option {old} of {named((of, name))} to {new}"
    return diff(state, State({**state.tables, of: frame}, state.labels, ontology), origin, note)


def _answers(series: pd.Series, before: Attribute, after: Attribute, old: str, new: str) -> Any:
    """The answers with one option in place of another."""
    if before.kind == "many":
        lists = [
            None if found is None else list(dict.fromkeys(new if x == old else x for x in found))
            for found in as_lists(series)
        ]
        return list_array(lists)
    wanted = pd.Index(list(after.options))
    codes = wanted.get_indexer(pd.Index([new if x == old else x for x in before.options]))
    return pd.Categorical.from_codes(np.append(codes, -1)[series.cat.codes], dtype=dtype_of(after))
