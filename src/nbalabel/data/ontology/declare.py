"""Define labels and ask questions: a state and a declaration in, a Change out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from ...core.asking.asked import Asking
from ...core.change.change import Change, apply, diff
from ...core.errors import DataError, UnknownNameError, first
from ...core.ontology.attribute import Attribute
from ...core.ontology.definition import Definition
from ...core.ontology.entries import named
from ...core.tables.arrays import positions
from ...core.tables.schema import INDEX_NAMES, SCHEMAS
from ...core.tables.state import State
from ..edits.cells import add_label
from .joining import with_columns


def define(state: State, label: str, said: Mapping[str, Any], origin: str) -> Change:
    """Say what a label means; a name that is no label yet is added to the list.

    Args:
        state: the current tables.
        label: the label.
        said: fields of its Definition; the others stay.
        origin: who or what defines it.

    Raises:
        DataError: a value does not fit its field, a label would be its own parent, or a key is taken.
        UnknownNameError: an example is no instance.
    """
    after = state if label in state.labels else apply(state, add_label(state, label, origin))
    entry = replace(after.ontology.labels.get(label, Definition()), **said)
    examples = [*entry.right, *entry.wrong]
    at = positions(state.tables["instances"].index, pd.Index(examples, dtype="int64").to_numpy())
    if (at < 0).any():
        lost = [i for i, place in zip(examples, at.tolist(), strict=True) if place < 0]
        raise UnknownNameError(f"examples must be instances; there are none with the ids {first(lost)}")
    ontology = after.ontology.with_entries({("labels", label): None if entry == Definition() else entry})
    note = f"defined label {label}"
    return diff(state, replace(after, ontology=ontology), origin, note)


def ask(state: State, attribute: Attribute, origin: str) -> Change:
    """Declare an attribute, or declare it anew; its column is added, or cast to the kind of answers.

    Raises:
        DataError: the column holds values that are no answers, the condition compares values of different
            kinds or depends on the attribute itself, or the name is taken.
        UnknownNameError: the condition names a column that does not exist.
    """
    of, name = attribute.of, attribute.name
    if name in SCHEMAS[of] or name in INDEX_NAMES.values():
        raise DataError(f"{name!r} is a column that every table of {of} has: choose another name")
    known = state.ontology.attributes(of)
    last = max((one.number for one in known.values()), default=-1)
    attribute = replace(attribute, number=known[name].number if name in known else last + 1)
    tables = {**state.tables, of: with_columns(state.tables[of], {name: attribute}, of)}
    after = State(tables, state.labels, state.ontology.with_entries({(of, name): attribute}))
    after.ontology.check()
    images, instances = after.tables["images"].iloc[:0], after.tables["instances"].iloc[:0]
    Asking(after.ontology, images, instances).of(of, name)
    return diff(state, after, origin, f"asked {named((of, name))}")
