"""The line above the work: what it is, how far the queue is, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import traitlets

from ..bridge.port import Port, serves

State = dict[str, Any]


class Place(Protocol):
    """What the head line does its work on."""

    def state(self) -> State:
        """What the line shows."""

    def send(self, seconds: float) -> None:
        """The answer is given: on to the next task."""

    def skip(self, reason: str, seconds: float) -> None:
        """Leave the task to others."""

    def decide(self, verdict: str, comment: str, seconds: float, place: Mapping[str, float] | None) -> None:
        """Accept an answer, or send it back."""

    def beat(self, seconds: float) -> None:
        """Somebody works: renew the leases."""

    def look(self) -> None:
        """Look for tasks where there was none."""


class WorkHead(Port):
    """The line above the work; :class:`Work` makes it.

    Args:
        place: what it acts on.
        lock: held while it does.
    """

    bundle = "work"
    annotator = traitlets.Unicode(help="who works").tag(sync=True, fixed=True)

    def __init__(self, place: Place, lock: AbstractContextManager[Any], annotator: str) -> None:
        self._place = place
        super().__init__(lock, annotator=annotator)

    @serves
    def now(self) -> State:
        """What the line shows."""
        return self._place.state()

    @serves
    def send_answer(self, *, job: int, seconds: float) -> State:
        """The answer to a task is given: on to the next one."""
        return self._for(job, lambda: self._place.send(seconds))

    @serves
    def skip_task(self, *, job: int, reason: str, seconds: float) -> State:
        """Leave a task to others, with a reason."""
        return self._for(job, lambda: self._place.skip(reason, seconds))

    @serves
    def decide_on(
        self,
        *,
        job: int,
        verdict: str,
        comment: str,
        seconds: float,
        place: dict[str, float] | None = None,
    ) -> State:
        """A reviewer's decision: "approve", or "rework" with a comment, which may be about a place."""
        return self._for(job, lambda: self._place.decide(verdict, comment, seconds, place))

    @serves
    def beat(self, *, seconds: float) -> State:
        """There was input lately: renew the leases."""
        self._place.beat(seconds)
        return self._place.state()

    @serves
    def look_again(self) -> State:
        """Look for tasks where there was none."""
        self._place.look()
        return self._place.state()

    def tell(self) -> None:
        """The kernel has gone on to another task by itself: show it."""
        self.emit("state", self._place.state())

    def _for(self, job: int, act: Callable[[], None]) -> State:
        """Act, unless the page shows an older task than the kernel: a second press does nothing."""
        if self._place.state()["job"] == job:
            act()
        return self._place.state()
