"""Uncommitted changes, undo and redo: a tree of steps, where moving costs what lies between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.change import Change, invert
from ..core.errors import HistoryError
from .running import Running, Total, between
from .storage import merge_all


@dataclass(frozen=True, eq=False)
class Step:
    """One uncommitted change, and the step before it (None: the version itself)."""

    change: Change
    before: Step | None
    number: int


class Work:
    """Where the working copy stands relative to its version, and where undo and redo lead."""

    def __init__(self) -> None:
        self.tip: Step | None = None
        self._past: list[Step | None] = []
        self._future: list[Step | None] = []
        self._running = Running()

    @property
    def total(self) -> Total:
        """The changes since the version as one, and who made how many."""
        return self._running.total(self.tip)

    @property
    def pending(self) -> list[Change]:
        """Changes since the version, oldest first."""
        return _changes(self.tip, None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit and nothing to redo."""
        return self.tip is None and not self._future

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was edited at all: there is nothing to undo, either."""
        return self.is_empty and not self._past

    def next(self, operation: str) -> Change | None:
        """The change that "undo" would take back or "redo" would make again; None where there is none."""
        if operation == "undo":
            return self.tip.change if self._past and self.tip is not None else None
        return self._future[-1].change if self._future and self._future[-1] is not None else None

    def edit(self, change: Change) -> None:
        """One more change; what was undone before is no longer there to redo."""
        self._past.append(self.tip)
        self._future.clear()
        self.tip = Step(change, self.tip, 1 if self.tip is None else self.tip.number + 1)

    def change_for(self, operation: str) -> Change:
        """What "undo", "redo" or "discard" would do to the tables.

        Raises:
            HistoryError: there is nothing to undo or redo.
        """
        back, ahead = between(self.tip, self._target(operation))
        return merge_all([*map(invert, back), *ahead])

    def move(self, operation: str) -> None:
        """Do so."""
        to = self._target(operation)
        (self._future if operation == "undo" else self._past).append(self.tip)
        if operation == "undo":
            self._past.pop()
        elif operation == "redo":
            self._future.pop()
        else:
            self._future.clear()
        self.tip = to

    def _target(self, operation: str) -> Step | None:
        if operation == "undo":
            if not self._past:
                raise HistoryError(
                    "nothing to undo since the last commit; ds.revert(...) takes back older changes"
                )
            return self._past[-1]
        if operation == "redo":
            if not self._future:
                raise HistoryError("nothing to redo: no undo since the last edit")
            return self._future[-1]
        return None


def _changes(tip: Step | None, since: Step | None) -> list[Change]:
    out = []
    while tip is not since and tip is not None:
        out.append(tip.change)
        tip = tip.before
    return out[::-1]
