"""A Change: what was created, updated and deleted, by whom and why.

It is the undo step, the entry of the log, the content of a version and the message between widget and kernel.
Changes are immutable values over :class:`State`, itself an immutable value:

    apply(state, change) -> state          apply(apply(s, c), invert(c)) == s
    diff(old, new) -> change               apply(old, diff(old, new)) == new
    merge(a, b) -> change                  apply(s, merge(a, b)) == apply(apply(s, a), b), associative
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np

from ..errors import HistoryError
from ..ontology.entries import (
    Entries,
    apply_entries,
    diff_entries,
    invert_entries,
    merge_entries,
    named,
)
from ..tables.state import State
from .table_change import Cells, TableChange, apply_rows, diff_rows, invert_rows, merge_rows

__all__ = ["Cells", "Change", "TableChange", "apply", "diff", "invert", "merge"]


def _new_id() -> str:
    return f"c-{secrets.token_hex(5)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, eq=False)
class Change:
    """One edit of a dataset.

    Attributes:
        tables: table name -> what changed there; tables that did not change are absent.
        labels: the label list before and after; None when it does not change.
        origin: who or what made it: an annotator, "pandas", a run's or a cluster's id.
        note: a sentence for the log.
        id: unique.
        time: when, ISO 8601, UTC.
        seconds: time that a person took to answer; None where nobody was asked.
        by_origin: deleted instance -> the created instance that replaces it. Given where log and revert treat
            the created instances of each origin as a change of their own; None: all is one change.
        ontology: (where, name) -> the definition or attribute before and after; those that do not change are
            absent.
        origins: origin -> ids of the instances whose cells it changed, ascending. Given where log and revert
            treat the cells of each origin as a change of their own; None: all is one change.
    """

    tables: Mapping[str, TableChange] = field(default_factory=dict)
    labels: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    origin: str = ""
    note: str = ""
    id: str = field(default_factory=_new_id)
    time: str = field(default_factory=_now)
    seconds: float | None = None
    by_origin: Mapping[int, int] | None = None
    ontology: Entries = field(default_factory=dict)
    origins: Mapping[str, np.ndarray] | None = None

    def __bool__(self) -> bool:
        return bool(self.tables) or self.labels is not None or bool(self.ontology)

    def __repr__(self) -> str:
        note = self.note and f". {self.note}"
        return f"<Change {self.id} by {self.origin or 'nobody'}: {self.summary()}{note}>"

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Rows created, updated and deleted in each table that changed."""
        return {
            name: {
                "created": len(change.created),
                "updated": len(change.updated_ids),
                "deleted": len(change.deleted),
            }
            for name, change in self.tables.items()
        }

    def summary(self) -> str:
        """The counts as text.

        Example:
            >>> Change(labels=(("cod",), ("cod", "ling"))).summary()
            'labels cod -> cod, ling'
        """
        parts = []
        for name, change in self.tables.items():
            counts = [f"{n} {what}" for what, n in self.counts[name].items() if n]
            if change.columns:
                gone = [f"-{c}" for c in change.columns[0] if c not in change.columns[1]]
                counts.append(
                    "columns "
                    + " ".join(gone + [f"+{c}" for c in change.columns[1] if c not in change.columns[0]])
                )
            parts.append(f"{name} {', '.join(counts) or 'categories'}")
        if self.labels:
            parts.append(f"labels {', '.join(self.labels[0])} -> {', '.join(self.labels[1])}")
        if self.ontology:
            parts.append(f"ontology {', '.join(map(named, self.ontology))}")
        return "; ".join(parts) or "nothing"


def apply(state: State, change: Change) -> State:
    """The state after the change; the state passed in is not modified.

    Raises:
        HistoryError: the change was made for another state; the message names the rows that differ.
    """
    if change.labels and change.labels[0] != state.labels:
        raise HistoryError(
            f"the change does not fit: labels should be {', '.join(change.labels[0]) or '(none)'}; "
            f"they are {', '.join(state.labels) or '(none)'}"
        )
    tables = dict(state.tables)
    for name, rows in change.tables.items():
        tables[name] = apply_rows(tables[name], rows, name)
    ontology = apply_entries(state.ontology, change.ontology)
    return State(tables, change.labels[1] if change.labels else state.labels, ontology)


def invert(change: Change) -> Change:
    """The change that undoes ``change``, with an id and time of its own."""
    tables = {name: invert_rows(rows) for name, rows in change.tables.items()}
    entries = invert_entries(change.ontology)
    labels = change.labels and change.labels[::-1]
    return Change(tables, labels, change.origin, f"undo {change.id}", ontology=entries)


def merge(a: Change, b: Change) -> Change:
    """One change equivalent to ``a`` followed by ``b``; edits that cancel out are dropped.

    Args:
        a: the earlier change.
        b: the later one, made for the state after ``a``. The result carries its id, time, origin and note.
    """
    tables = {}
    for name in dict.fromkeys([*a.tables, *b.tables]):
        rows = merge_rows(a.tables.get(name, TableChange()), b.tables.get(name, TableChange()))
        if rows:
            tables[name] = rows
    labels = b.labels or a.labels
    if a.labels and b.labels:
        labels = None if a.labels[0] == b.labels[1] else (a.labels[0], b.labels[1])
    entries = merge_entries(a.ontology, b.ontology)
    return replace(b, tables=tables, labels=labels, by_origin=None, ontology=entries, origins=None)


def diff(old: State, new: State, origin: str = "", note: str = "") -> Change:
    """The change from one state to another.

    Columns whose buffer is the same in both are known to be equal; only the others are compared.
    """
    tables = {}
    for name, frame in new.tables.items():
        rows = TableChange() if frame is old.tables[name] else diff_rows(old.tables[name], frame)
        if rows:
            tables[name] = rows
    labels = None if old.labels == new.labels else (old.labels, new.labels)
    return Change(tables, labels, origin, note, ontology=diff_entries(old.ontology, new.ontology))
