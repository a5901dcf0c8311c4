"""Consecutive changes: merge them into one, or apply them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from ...core.change.change import Change, apply, merge
from ...core.tables.state import State


def merge_all(changes: Sequence[Change]) -> Change:
    """Merge consecutive changes into one, pairwise, so that many small changes stay cheap."""
    level = list(changes)
    while len(level) > 2:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [reduce(merge, pair) for pair in pairs]
    return reduce(merge, level, Change()) if len(level) != 1 else level[0]


def apply_all(state: State, changes: list[Change]) -> State:
    """The state after consecutive changes.

    Applying changes to cells of plain columns is cheaper than merging them first. A change that moves rows or
    masks costs a pass over the table, so several such changes are merged first.
    """
    if sum(_moves_rows(change) for change in changes) > 1:
        changes = [merge_all(changes)]
    return reduce(apply, changes, state)


def _moves_rows(change: Change) -> bool:
    return any(
        len(rows.created) or len(rows.deleted) or rows.columns or "mask" in rows.updated
        for rows in change.tables.values()
    )
