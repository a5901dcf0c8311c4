"""The datasets open in this process, so that opening one twice gives the same."""

from __future__ import annotations

import threading
import weakref
from typing import Generic, Protocol, TypeVar

from ...core import forking
from ..store.place import Key


class Openable(Protocol):
    """What is registered."""

    @property
    def _is_open(self) -> bool: ...


D = TypeVar("D", bound=Openable)


class Registry(Generic[D]):
    """Open datasets by identity, not by path: a folder made anew in the same place is another dataset.

    Attributes:
        lock: held from the look whether one is open to the moment it is known.
    """

    def __init__(self) -> None:
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """A child has opened nothing yet; what it inherited it can only read."""
        self.lock = threading.RLock()
        self._open: weakref.WeakValueDictionary[Key, D] = weakref.WeakValueDictionary()

    def find(self, key: Key) -> D | None:
        """The open dataset of that identity; None where there is none."""
        found = self._open.get(key)
        return found if found is not None and found._is_open else None

    def add(self, key: Key, dataset: D) -> None:
        """Remember a dataset while somebody holds it."""
        self._open[key] = dataset
