"""What is at a URL: kept on this disk, fetched ahead by other threads, or fetched now."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue

from ....core import forking
from ....core.caches import cache_folder
from ....core.errors import DataError
from . import fetching, places
from .fetching import UnreachableError, Wanted
from .kept import Disk

THREADS = 16
"""Requests in flight: object storage answers each after some 50 ms, whatever its size."""

_COMING = 64  # pictures fetched ahead that nobody has taken yet
_HELD = 256 << 20  # bytes of these in memory; what comes above it is on the disk alone
_START = 1 << 16  # bytes in which the header of a picture is looked for
_ROOM = "NBALABEL_CACHE_GB"
_GB = 1 << 30


def content(url: str) -> bytes:
    """The bytes of a picture, from an allowed place.

    Bytes that are kept on this disk are taken for a day; then the server is asked whether there are others.
    Where it cannot be reached, those that are kept are taken.

    Raises:
        ImageError, MissingExtraError: see :func:`.fetching.fetch`.
    """
    places.allowing(places.split(url), url)  # also for bytes that are here already
    came = _AHEAD.take(url)
    return _content(url) if came is None else came


def start(url: str) -> bytes:
    """The first bytes of a picture, enough for most headers; all bytes where they are kept on this disk.

    Raises:
        ImageError, MissingExtraError: see :func:`.fetching.fetch`.
    """
    places.allowing(places.split(url), url)
    kept = disk().get(url)
    if kept is not None and kept.fresh:
        return kept.data
    data = fetching.ask(url, Wanted(_START, only_start=True)).data
    assert data is not None, "no mark was sent"
    return data


def ahead(urls: Iterable[str]) -> None:
    """Begin to fetch pictures that :func:`content` will be asked for soon; it reports what goes wrong."""
    _AHEAD.ask(urls)


def disk() -> Disk:
    """Where bytes are kept: below the cache folder, at most ``NBALABEL_CACHE_GB`` (10) of them.

    Raises:
        DataError: that is not a number >= 0.
    """
    said = os.environ.get(_ROOM, "10")
    try:
        room = int(float(said) * _GB)
    except (ValueError, OverflowError):
        room = -1
    if room < 0:
        raise DataError(f"{_ROOM} must be a number of gigabytes >= 0, got {said!r}")
    wanted = cache_folder() / "images", room
    if wanted not in _DISKS:
        _DISKS[wanted] = Disk(*wanted)
    return _DISKS[wanted]


def _content(url: str) -> bytes:
    kept = disk().get(url)
    if kept is not None and kept.fresh:
        return kept.data
    try:
        got = fetching.ask(url, Wanted(fetching.MAX_BYTES, None if kept is None else kept.mark))
    except UnreachableError:
        if kept is None:
            raise
        return kept.data
    if got.data is None:
        assert kept is not None, "no mark was sent"
        disk().confirm(url)
        return kept.data
    disk().put(url, got.data, got.mark)
    return got.data


class _Ahead:
    """Pictures on their way: a few threads fetch them, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Begin anew in a child, which has none of the threads."""
        self._lock, self._threads = threading.Lock(), 0
        self._coming: OrderedDict[str, Future[bytes | None]] = OrderedDict()
        self._held: dict[str, int] = {}  # bytes that wait to be taken
        self._queue: SimpleQueue[tuple[str, Future[bytes | None]]] = SimpleQueue()

    def ask(self, urls: Iterable[str]) -> None:
        with self._lock:
            for url in urls:
                if url in self._coming:
                    continue
                self._coming[url] = Future()
                self._queue.put((url, self._coming[url]))
                while len(self._coming) > _COMING:
                    old, future = self._coming.popitem(last=False)
                    future.cancel()
                    self._held.pop(old, None)
                if self._threads < min(THREADS, len(self._coming)):
                    self._threads += 1
                    threading.Thread(target=self._work, daemon=True, name="nbalabel ahead").start()

    def take(self, url: str) -> bytes | None:
        """The bytes that came, or what went wrong; None where nobody asked, or too much came at once."""
        with self._lock:
            future = self._coming.pop(url, None)
            self._held.pop(url, None)
        return None if future is None else future.result()

    def _fitting(self, url: str, data: bytes) -> bytes | None:
        """The bytes, if somebody waits for them, or there is room beside those that nobody has taken yet."""
        with self._lock:
            if url in self._coming:
                if sum(self._held.values()) + len(data) > _HELD:
                    return None
                self._held[url] = len(data)
        return data

    def _work(self) -> None:
        while True:
            url, future = self._queue.get()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(self._fitting(url, _content(url)))
                except BaseException as error:  # noqa: BLE001  # raised again where it is taken
                    future.set_exception(error)


_AHEAD = _Ahead()
_DISKS: dict[tuple[Path, int], Disk] = {}
