"""Stretches of history: consecutive changes as one, and the tables after them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from ...core.change.change import Change, apply, merge
from ...core.tables.state import State


def merge_all(changes: Sequence[Change]) -> Change:
    """Consecutive changes as one, merged in pairs so that many small ones stay cheap."""
    level = list(changes)
    while len(level) > 2:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [reduce(merge, pair) for pair in pairs]
    return reduce(merge, level, Change()) if len(level) != 1 else level[0]


def apply_all(state: State, changes: list[Change]) -> State:
    """The state after consecutive changes.

    Writing cells of plain columns costs less than merging them first. Moving rows or masks costs a pass over
    the table each time, so that such changes are merged.
    """
    if sum(_moves_rows(change) for change in changes) > 1:
        changes = [merge_all(changes)]
    return reduce(apply, changes, state)


def _moves_rows(change: Change) -> bool:
    return any(
        len(rows.created) or len(rows.deleted) or rows.columns or "mask" in rows.updated
        for rows in change.tables.values()
    )
