"""One display setting that many views share."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakSet

import traitlets

from ...core.errors import DataError
from ...core.show.display import Display
from ..bridge.port import Port, Reply, serves


class SharedDisplay:
    """The display of a workspace, or of a view without a workspace.

    Attributes:
        lock: held while the display changes, so that no picture mixes two settings.
    """

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self.lock = threading.RLock() if lock is None else lock
        self._value = Display()
        self._views: WeakSet[PictureView] = WeakSet()

    @property
    def value(self) -> Display:
        """The current display; assign another for all views."""
        return self._value

    @value.setter
    def value(self, display: Display) -> None:
        if not isinstance(display, Display):
            raise DataError(f"expected nl.Display(...), got {type(display).__name__}")
        with self.lock:
            if display == self._value:
                return
            self._value = display
            for view in list(self._views):
                view.displayed(display)

    def follow(self, view: PictureView) -> None:
        """Let a view use this display from now on."""
        self._views.add(view)
        view.displayed(self._value)


class PictureView(Port):
    """A view with pictures: all that share a :class:`SharedDisplay` look alike."""

    _display = traitlets.Dict(help="how pictures are shown").tag(sync=True)

    def __init__(self, lock: AbstractContextManager[Any], shared: SharedDisplay, **traits: Any) -> None:
        self._shared = shared
        super().__init__(lock, **traits)
        shared.follow(self)

    def displayed(self, display: Display) -> None:
        """The display has changed: send it to the browser."""
        self._display = display.as_dict()

    @serves
    def set_display(self, *, auto: bool | None, brightness: float, contrast: float, gamma: float) -> Reply:
        """Set the display of all views that share it; see :class:`nbalabel.Display`."""
        self._shared.value = Display(auto, brightness, contrast, gamma)
        return self._shared.value.as_dict()
