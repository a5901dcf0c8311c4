"""Uncommitted changes, undo and redo: a tree of steps, where moving costs what lies between two of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...core.change.change import Change, invert
from ...core.errors import HistoryError
from ..store.storage import merge_all
from .uncommitted import Running, Step, Total, between


@dataclass(frozen=True, eq=False)
class Trail:
    """A step that can be gone to, and the trail behind it; trails share what they have in common."""

    to: Step | None
    rest: Trail | None


@dataclass(frozen=True, eq=False)
class Work:
    """Where the working copy stands relative to its version, and where undo and redo lead.

    It is a value: an edit or a move gives another, so that one assignment takes a session there.

    Attributes:
        tip: the last step; None where it stands on the version.
        past: where undo leads, closest first.
        future: where redo leads, closest first.
        running: adds the changes up, one for all that came of the same version: an edit adds only its own.
    """

    tip: Step | None = None
    past: Trail | None = None
    future: Trail | None = None
    running: Running = field(default_factory=Running, repr=False)

    @property
    def total(self) -> Total:
        """The changes since the version as one, and who made how many."""
        return self.running.total(self.tip)

    @property
    def pending(self) -> list[Change]:
        """Changes since the version, oldest first."""
        return _changes(self.tip, None)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit and nothing to redo."""
        return self.tip is None and self.future is None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was edited at all: there is nothing to undo, either."""
        return self.is_empty and self.past is None

    def next(self, operation: str) -> Change | None:
        """The change that "undo" would take back or "redo" would make again; None where there is none."""
        step = (self.past and self.tip) if operation == "undo" else (self.future and self.future.to)
        return step.change if step else None

    def edited(self, change: Change) -> Work:
        """After one more change; what was undone before is no longer there to redo."""
        number = 1 if self.tip is None else self.tip.number + 1
        return replace(self, tip=Step(change, self.tip, number), past=Trail(self.tip, self.past), future=None)

    def change_for(self, operation: str) -> Change:
        """What "undo", "redo" or "discard" would do to the tables.

        Raises:
            HistoryError: there is nothing to undo or redo.
        """
        back, ahead = between(self.tip, self._target(operation))
        return merge_all([*map(invert, back), *ahead])

    def moved(self, operation: str) -> Work:
        """After that."""
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
