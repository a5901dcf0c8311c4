"""The datasets open in this process, so that opening one twice gives the same object."""

from __future__ import annotations

import threading
import weakref
from typing import Generic, Protocol, TypeVar

from ...core import forking
from ..store.place import Key


class Openable(Protocol):
    """An object that the registry can hold."""

    @property
    def _is_open(self) -> bool: ...


D = TypeVar("D", bound=Openable)


class Registry(Generic[D]):
    """Open datasets by identity, not by path: a folder recreated at the same path is another dataset.

    Attributes:
        lock: hold it from the check whether a dataset is open until it is registered.
    """

    def __init__(self) -> None:
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Start empty in a child: datasets inherited from the parent are read-only there."""
        self.lock = threading.RLock()
        self._open: weakref.WeakValueDictionary[Key, D] = weakref.WeakValueDictionary()

    def find(self, key: Key) -> D | None:
        """The open dataset with that identity; None if there is none."""
        found = self._open.get(key)
        return found if found is not None and found._is_open else None

    def add(self, key: Key, dataset: D) -> None:
        """Register a dataset; only a weak reference is kept."""
        self._open[key] = dataset
