"""Retire labels, attributes and options: nothing offers them any more, and rows that have them keep them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.change.change import Change, diff
from ...core.errors import DataError, UnknownNameError
from ...core.ontology.attribute import Attribute
from ...core.ontology.entries import named
from ...core.ontology.ontology import Key
from ...core.tables.answers import answered, as_lists
from ...core.tables.arrays import values
from ...core.tables.names import instead_of
from ...core.tables.state import State


def retire(state: State, key: Key, option: str | None, origin: str) -> Change:
    """Retire a label, an attribute, or one of its options."""
    entry = entry_of(state, key)
    note = f"retired {named(key)}"
    if option is None:
        entry = replace(entry, retired=True)
    else:
        attribute = with_option(entry, option)
        gone = tuple(x for x in attribute.options if x == option or x in attribute.retired_options)
        default = None if _names(attribute.default, option) else attribute.default
        entry = replace(attribute, retired_options=gone, default=default)
        note = f"retired option {option} of {named(key)}"
    ontology = state.ontology.with_entries({key: entry})
    return diff(state, replace(state, ontology=ontology), origin, note)


def entry_of(state: State, key: Key) -> Attribute:
    """The definition or attribute at a key; a Definition is typed as an Attribute, which is never used so.

    Raises:
        UnknownNameError: there is none.
    """
    return state.ontology.of_labels(state.labels).find(key[1], key[0])[1]  # type: ignore[return-value]


def with_option(attribute: object, option: str) -> Attribute:
    """The attribute, checked to have an option.

    Raises:
        DataError: it is a label, which has no options.
        UnknownNameError: it has no such option.
    """
    if not isinstance(attribute, Attribute):
        raise DataError(f"a label has no options, got option={option!r}")
    if option not in attribute.options:
        hint = instead_of(option, attribute.options)
        raise UnknownNameError(f"{attribute.name} has no option {option!r}; {hint}")
    return attribute


def rows_with(state: State, key: Key, option: str | None) -> pd.DataFrame:
    """The rows that have a label, an answer to an attribute, or one of its options as answer."""
    of, name = key
    frame = state.tables["instances" if of == "labels" else of]
    if of == "labels":
        return frame[(frame["label"] == name).to_numpy(bool)]
    if option is None:
        return frame[answered(values(frame[name]))]
    if state.ontology.attributes(of)[name].kind == "many":
        has = (found is not None and option in found for found in as_lists(frame[name]))
        return frame[np.fromiter(has, bool, len(frame))]
    return frame[(frame[name] == option).to_numpy(bool)]


def _names(default: object, option: str) -> bool:
    return default == option or (isinstance(default, tuple) and option in default)
