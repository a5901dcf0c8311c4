"""Merge two writers on one version, cell by cell; a ConflictError names the rows where they disagree.

    merged state = the three-way merge of the end states (base, ours, theirs)

Intermediate edits that a writer undid again are kept as undo steps only if the other side did not touch these
cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...core.change.change import Cells, Change, TableChange, apply, diff, invert, merge
from ...core.change.rebase import fit
from ...core.change.table_change import ids_of
from ...core.errors import ConflictError, DataError, first
from ...core.id_sets import are_in, minus, union
from ...core.ontology.entries import clashing_entries
from ...core.tables.schema import ON_IMAGES, ONE_MASK
from ...core.tables.state import State
from ..edits.image_state import agree
from ..edits.validate import check_change
from ..store.storage import Store, merge_all
from .conflicts import (
    Ids,
    check_structure,
    conflicts,
    touched,
    without,
    without_entries,
    yielding,
)
from .twins import Twins, join_twins

ORIGIN = "merge"
_TABLES = ("images", *ON_IMAGES)


@dataclass(frozen=True, eq=False)
class Merged:
    """Our work, rebased onto theirs.

    Attributes:
        changes: our changes, rebased; a change that they had made already is empty, and its note says so.
        state: the tables after their changes and ours.
        note: text about rows that both created and that are kept once; "" if none.
    """

    changes: list[Change]
    state: State
    note: str = ""


def merge_with(
    ours: Sequence[Change],
    theirs: Change,
    their_state: State,
    keep: str | None = None,
    their_steps: Callable[[], Sequence[Change]] | None = None,
) -> Merged:
    """Rebase our changes onto theirs.

    Args:
        ours: our changes since the common version, oldest first.
        theirs: their changes since then, merged into one.
        their_state: the tables after their changes.
        keep: whose value stays where both changed the same cell: "mine" or "theirs"; None raises.
        their_steps: reads their changes one by one; called only if both decided on predictions of one image.

    Raises:
        ConflictError: both changed the same rows; ``rows`` names them.
    """
    if not ours:
        return Merged([], their_state)
    net = merge_all(ours)
    yielded = clashing_entries(net.ontology, theirs.ontology) if keep == "theirs" else []
    if yielded:
        ours = without_entries(ours, yielded)
        net = merge_all(ours)
    twins = join_twins(ours, net, theirs, their_steps)
    net = net if twins.ours is ours else merge_all(twins.ours)
    check_structure(net, twins.theirs, keep)
    clash = conflicts(net, twins.theirs)
    if keep is None and (clash or twins.disagree):
        raise _conflict(clash, twins)
    steps = _Steps(their_state)
    theirs, wanted = _settle(twins, net, keep, steps)
    target = agree(apply(steps.state, fit(wanted, steps.state)), net, theirs)
    lasting = _Lasting(net, wanted, theirs)
    for change in twins.ours:
        steps.add(fit(lasting.of(change), steps.state), said=change.id in twins.noted)
    steps.end(diff(steps.state, target, ORIGIN, "what both changes come to"))
    return Merged(steps.changes, steps.state, twins.note)


def steps_between(store: Store, old: str, new: str) -> list[Change]:
    """The changes from an ancestor to a version one by one, oldest first."""
    number = store.manifest(old).number
    versions = [m.id for m in store.lineage(new) if m.number > number]
    return [change for version_id in reversed(versions) for change in store.changes(version_id)]


def _settle(twins: Twins, net: Change, keep: str | None, steps: _Steps) -> tuple[Change, Change]:
    """Resolve conflicts by ``keep``: the remaining part of their change, and of ours merged into one."""
    if keep == "mine":
        left, lost = yielding(twins.theirs, net, twins.their_answers)
        note = "kept mine where both changed the same"
        steps.add(replace(fit(invert(lost), steps.state), origin=ORIGIN, note=note))
        return left, net
    if keep == "theirs":
        return twins.theirs, yielding(net, twins.theirs, twins.our_answers)[0]
    return twins.theirs, net


class _Lasting:
    """Filters each of our changes before it is applied to theirs: drops parts that yielded or did not last.

    A value that we set and took back is dropped if they changed the same cell, likewise rows that we deleted
    and restored; otherwise these edits stay as undo steps.
    """

    def __init__(self, net: Change, wanted: Change, theirs: Change) -> None:
        self._given_up: Ids = {}
        self._known: dict[tuple[str, str | int], np.ndarray] = {}
        self._theirs = theirs
        self._wanted = wanted
        for name in net.tables:
            before, after = net.tables[name], wanted.tables.get(name, TableChange())
            created = minus(ids_of(before.created), ids_of(after.created))
            deleted = minus(ids_of(before.deleted), ids_of(after.deleted))
            self._given_up[name] = union(created, deleted)

    def of(self, change: Change) -> Change:
        """The change without these parts."""
        tables = {name: self._rows(name, rows) for name, rows in change.tables.items()}
        return replace(change, tables={name: rows for name, rows in tables.items() if rows})

    def _rows(self, name: str, rows: TableChange) -> TableChange:
        updated = {}
        for column, cells in rows.updated.items():
            left = cells if cells.covers_all else cells.at(~are_in(cells.ids, self._passing(name, column)))
            if len(left.ids) or left.retypes:
                updated[column] = left
        created = without(rows.created, self._busy(name, "created"))
        deleted = without(rows.deleted, self._busy(name, "deleted"))
        return replace(rows, created=created, updated=updated, deleted=deleted)

    def _passing(self, name: str, column: str) -> np.ndarray:
        """Rows whose cell in a column is not written: the other side changed it, our net change does not."""
        family = ONE_MASK if name != "images" and column in ONE_MASK else (column,)
        key = name, family[0]
        if key not in self._known:
            theirs, wanted = (side.tables.get(name, TableChange()) for side in (self._theirs, self._wanted))
            passing = minus(_ids_of(theirs.updated, family), _ids_of(wanted.updated, family))
            self._known[key] = union(self._given_up.get(name, union()), passing)
        return self._known[key]

    def _busy(self, name: str, what: str) -> np.ndarray:
        """Rows not to create (delete): the other side touched them, and our net change does not do so."""
        key = name, 0 if what == "created" else 1
        if key not in self._known:
            theirs, wanted = (side.tables.get(name, TableChange()) for side in (self._theirs, self._wanted))
            busy = union(touched(theirs), ids_of(theirs.created), ids_of(theirs.deleted))
            busy = minus(busy, ids_of(wanted.created if what == "created" else wanted.deleted))
            self._known[key] = union(self._given_up.get(name, union()), busy)
        return self._known[key]


def _ids_of(updated: Mapping[str, Cells], columns: Sequence[str]) -> np.ndarray:
    return union(*(updated[c].ids for c in columns if c in updated and not updated[c].covers_all))


class _Steps:
    """Applies changes in order; merges those that leave invalid tables, so that every undo step is valid."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.changes: list[Change] = []
        self._open: Change | None = None
        self._error: DataError | None = None

    def add(self, change: Change, *, said: bool = False) -> None:
        """Apply one more change, merged with preceding changes that were not valid alone.

        Args:
            change: a change of the current state.
            said: keep the change even if it is empty, for its note.
        """
        if not (change or said):
            return
        self.state = apply(self.state, change)
        whole = change if self._open is None else _joined(self._open, change)
        try:
            check_change(whole, self.state, states=False)
        except DataError as error:
            self._open, self._error = whole, error
        else:
            self._open, self._error = None, None
            if whole or said:
                self.changes.append(whole)

    def end(self, rest: Change) -> None:
        """Merge the remaining difference into the last change.

        Raises:
            ConflictError: the tables are still not valid.
        """
        if rest and self._open is None and self.changes and self.changes[-1]:
            self._open = self.changes.pop()
        self.add(rest)
        if self._error is not None:
            raise ConflictError(
                f"your changes do not fit what was committed meanwhile: {self._error}. Nothing is lost: "
                "ds.undo() what does not fit, ds.refresh(), and make it again"
            ) from self._error


def _joined(a: Change, b: Change) -> Change:
    """Merge two changes into one step with both notes."""
    if b.origin == ORIGIN:
        return replace(merge(a, b), id=a.id, time=a.time, origin=a.origin, note=a.note, seconds=a.seconds)
    return replace(merge(a, b), note="; ".join(filter(None, [a.note, b.note])))


def _conflict(clash: Ids, twins: Twins) -> ConflictError:
    asked = [twins.our_answers, twins.their_answers]
    every = {name: union(*(ids.get(name, union()) for ids in [clash, *asked])) for name in _TABLES}
    rows = {name: [int(i) for i in ids] for name, ids in every.items() if len(ids)}
    n = sum(map(len, clash.values()))
    said = [f"of {n} rows you changed too: {_named(clash)}"] if clash else []
    if twins.disagree:
        said.append(
            f"of {twins.disagree} predictions you answered otherwise: yours are {_named(twins.our_answers)}; "
            f"theirs {_named(twins.their_answers)}"
        )
    return ConflictError(
        f"somebody else committed changes {', and '.join(said)}. Nothing is lost: "
        'ds.refresh(keep="mine") keeps your cells there, ds.refresh(keep="theirs") theirs; then commit again',
        rows,
    )


def _named(rows: Ids) -> str:
    return "; ".join(f"{name} {first(ids.tolist())}" for name, ids in rows.items() if len(ids))
