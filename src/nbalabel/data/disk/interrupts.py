"""Signals that come at a moment that suits: within some blocks they wait until the block is left.

Python runs the handler of a signal in the main thread, between any two instructions: the KeyboardInterrupt of
a Ctrl-C can come after a file was written and before anybody noted that it was, or where a lock is let go.
Within :func:`deferred` a signal is only noted, and raised again when the block is left. Long stretches
in which nothing is half done are :func:`allowed` ones: there it acts at once. Threads other than the main one
never get signals, and nothing happens there. See docs/decisions/0010-interrupts.md.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from ...core import forking

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK", "SIGALRM")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


class _Gate:
    """What the main thread does with signals now; there is one.

    Attributes:
        open: whether they act at once.
        before: the handlers that ours stands in for, by signal; none outside all blocks.
        noted: signals that came while it was closed, in their order.
    """

    def __init__(self) -> None:
        self.open = True
        self.before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self.noted: list[int] = []
        self._thread = threading.main_thread().ident
        forking.register(self)

    def after_fork(self) -> None:
        """A child gets none of its parent's signals; where a side thread forked, nobody leaves the blocks."""
        self.noted = []
        if self._thread != threading.get_ident():
            self._thread = threading.get_ident()
            self.take_down()
            self.open = True

    def handle(self, number: int, frame: FrameType | None) -> None:
        if not self.open:
            if number not in self.noted:  # as the system does: of several that wait, one counts
                self.noted.append(number)
            return
        self.open = False  # if the handler raises, the way out of the blocks is not interrupted again
        self.before[number](number, frame)
        self.open = True

    def put_up(self) -> None:
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and number not in self.before:
                self.before[number] = handler
                with suppress(ValueError):  # a subinterpreter gets no signals
                    signal.signal(number, self.handle)

    def take_down(self) -> None:
        for number, handler in list(self.before.items()):
            if signal.getsignal(number) == self.handle:
                signal.signal(number, handler)
        self.before.clear()

    def deliver(self) -> None:
        waiting, self.noted = self.noted, []
        _raise(waiting)


def _raise(numbers: list[int]) -> None:
    if numbers:
        try:
            signal.raise_signal(numbers[0])
        finally:
            _raise(numbers[1:])


_gate = _Gate()


@contextmanager
def deferred() -> Iterator[None]:
    """Within the block signals wait; when the outermost such block is left, they act.

    Example:
        >>> import signal
        >>> try:
        ...     with deferred():
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("done in whole")
        ... except KeyboardInterrupt:
        ...     print("and then interrupted")
        done in whole
        and then interrupted
    """
    if threading.get_ident() != threading.main_thread().ident:
        yield
        return
    was_open, outermost, left = _gate.open, not _gate.before, False
    try:
        try:
            _gate.open = False
            if outermost:
                _gate.put_up()
            yield
        finally:
            left = _leave(was_open, outermost)
    except BaseException:
        left = left or _leave(was_open, outermost)  # where something came between
        raise
    finally:
        if was_open:
            _gate.deliver()


def _leave(was_open: bool, outermost: bool) -> bool:
    if outermost:
        _gate.take_down()
    _gate.open = was_open
    return True


@contextmanager
def allowed() -> Iterator[None]:
    """Within the block signals act at once, also inside :func:`deferred`; nothing may be half done there."""
    if threading.get_ident() != threading.main_thread().ident or _gate.open:
        yield
        return
    try:
        _gate.open = True
        _gate.deliver()
        yield
    finally:
        _gate.open = False


def checkpoint() -> None:
    """Let the signals act that came within :func:`deferred` so far: for loops that wait."""
    with allowed():
        pass
