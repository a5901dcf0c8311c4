"""Apply a Change that somebody proposed earlier, except for what was edited since."""

from __future__ import annotations

from dataclasses import replace

from ...core.change.change import Change, TableChange, invert
from ...core.change.table_change import ids_of
from ...core.errors import DataError
from ...core.tables.schema import COUNTERS, INDEX_NAMES
from ...core.tables.state import State
from .cells import Allocate, numbered
from .revert import revert


def apply_proposal(state: State, change: Change, allocate: Allocate) -> Change:
    """The proposed change on the tables as they are; see :meth:`Dataset.apply`.

    Args:
        state: the current tables.
        change: a change of earlier tables.
        allocate: allocates ids for created rows.

    Raises:
        DataError: it changes the label list or the ontology.
    """
    if change.labels:
        raise DataError("a proposed change cannot change the label list: ds.add_label does")
    if change.ontology:
        raise DataError("a proposed change cannot change the ontology: ds.define, ds.ask, ds.rename do")
    tables = {name: with_new_ids(name, rows, allocate) for name, rows in change.tables.items()}
    wanted = replace(change, tables=tables)
    made = revert(state, [invert(wanted)], change.origin)
    asked = sum(len(rows.touched_ids) for rows in wanted.tables.values())
    stood = sum(len(rows.touched_ids) for rows in made.tables.values())
    left = f"; {asked - stood} of {asked} rows were changed since and stay" if stood < asked else ""
    note = f"{change.note or change.summary()}{left}"
    return replace(made, note=note, by_origin=change.by_origin, origins=change.origins)


def with_new_ids(name: str, rows: TableChange, allocate: Allocate) -> TableChange:
    """The change of a table, with ids of its own for the rows it creates."""
    if not len(rows.created):
        return rows
    start = allocate(COUNTERS[name], len(ids_of(rows.created)))
    return replace(rows, created=numbered(rows.created, start, INDEX_NAMES[name]))
