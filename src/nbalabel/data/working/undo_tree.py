"""Undo and redo of uncommitted changes: a tree of steps; a move costs only the path between two steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...core.change.change import Change, invert
from ...core.errors import HistoryError
from ..store.storage import merge_all
from .uncommitted import Running, Step, Total, between


@dataclass(frozen=True, eq=False)
class Trail:
    """A linked list of target steps for undo or redo; lists share their tails."""

    to: Step | None
    rest: Trail | None


@dataclass(frozen=True, eq=False)
class Work:
    """The position of the working copy in the undo tree of its version.

    It is an immutable value: an edit or a move gives a new one.

    Attributes:
        tip: the current step; None at the version itself.
        past: targets of undo, next first.
        future: targets of redo, next first.
        running: cached totals, shared by all values on the same version.
    """

    tip: Step | None = None
    past: Trail | None = None
    future: Trail | None = None
    running: Running = field(default_factory=Running, repr=False)

    @property
    def total(self) -> Total:
        """The changes since the version as one, and their number by origin."""
        return self.running.total(self.tip)

    @property
    def pending(self) -> list[Change]:
        """Changes since the version, oldest first."""
        return _changes(self.tip, None)

    @property
    def reachable(self) -> list[Change]:
        """Every change that undo and redo can come to, in no order."""
        ends = [self.tip]
        for trail in (self.past, self.future):
            while trail is not None:
                ends.append(trail.to)
                trail = trail.rest
        found: dict[int, Step] = {}
        for step in ends:
            while step is not None and id(step) not in found:
                found[id(step)] = step
                step = step.before
        return [step.change for step in found.values()]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit and nothing to redo."""
        return self.tip is None and self.future is None

    @property
    def is_fresh(self) -> bool:
        """Whether there is nothing to commit, redo or undo."""
        return self.is_empty and self.past is None

    def next(self, operation: str) -> Change | None:
        """The change that "undo" would take back or "redo" would repeat; None if there is none."""
        step = (self.past and self.tip) if operation == "undo" else (self.future and self.future.to)
        return step.change if step else None

    def edited(self, change: Change) -> Work:
        """The position after one more change; this clears redo."""
        number = 1 if self.tip is None else self.tip.number + 1
        return replace(self, tip=Step(change, self.tip, number), past=Trail(self.tip, self.past), future=None)

    def change_for(self, operation: str) -> Change:
        """The Change that "undo", "redo" or "discard" would make.

        Raises:
            HistoryError: there is nothing to undo or redo.
        """
        back, ahead = between(self.tip, self._target(operation))
        return merge_all([*map(invert, back), *ahead])

    def moved(self, operation: str) -> Work:
        """The position after "undo", "redo" or "discard"."""
        to = self._target(operation)
        if operation == "undo":
            past = self.past and self.past.rest
            return replace(self, tip=to, past=past, future=Trail(self.tip, self.future))
        future = self.future.rest if self.future and operation == "redo" else None
        return replace(self, tip=to, past=Trail(self.tip, self.past), future=future)

    def _target(self, operation: str) -> Step | None:
        if operation == "undo":
            if self.past is None:
                raise HistoryError(
                    "nothing to undo since the last commit; ds.revert(...) takes back older changes"
                )
            return self.past.to
        if operation == "redo":
            if self.future is None:
                raise HistoryError("nothing to redo: no undo since the last edit")
            return self.future.to
        return None


def _changes(tip: Step | None, since: Step | None) -> list[Change]:
    out = []
    while tip is not since and tip is not None:
        out.append(tip.change)
        tip = tip.before
    return out[::-1]
