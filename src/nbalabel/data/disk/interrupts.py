"""Defer signals: within some blocks a signal waits until the end of the block.

Python runs the handler of a signal in the main thread, between any two instructions: the KeyboardInterrupt of
a Ctrl-C can come after a file was written and before the program recorded it, or while a lock is released.
Within :func:`deferred` a signal is only recorded, and raised again at the end of the block. Long parts of
such a block in which nothing is half done are marked :func:`allowed`: there a signal acts at once. Other
threads never receive signals, so these blocks do nothing there. See docs/decisions/0010-interrupts.md.
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
    """The signal state of the main thread; there is one instance.

    Attributes:
        open: whether signals act at once.
        before: signal -> the original handler that ours replaces; empty outside all blocks.
        noted: signals that arrived while the gate was closed, in order.
    """

    def __init__(self) -> None:
        self.open = True
        self.before: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self.noted: list[int] = []
        self._thread = threading.main_thread().ident
        forking.register(self)

    def after_fork(self) -> None:
        """Drop pending signals in a child; if a side thread forked, also leave the main thread's blocks."""
        self.noted = []
        if self._thread != threading.get_ident():
            self._thread = threading.get_ident()
            self.take_down()
            self.open = True

    def handle(self, number: int, frame: FrameType | None) -> None:
        if not self.open:
            if number not in self.noted:  # as in the system: equal pending signals count once
                self.noted.append(number)
            return
        self.open = False  # if the handler raises, no second signal interrupts the clean-up
        self.before[number](number, frame)
        self.open = True

    def put_up(self) -> None:
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and number not in self.before:
                self.before[number] = handler
                with suppress(ValueError):  # a subinterpreter cannot set handlers
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
    """Defer signals within the block; they act at the end of the outermost such block.

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
        left = left or _leave(was_open, outermost)  # an exception came before _leave finished
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
    """Let signals act at once within the block, even inside :func:`deferred`; nothing may be half done."""
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
    """Deliver the signals deferred so far; for loops that wait inside :func:`deferred`."""
    with allowed():
        pass
