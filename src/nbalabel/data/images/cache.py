"""A memory cache of image pixels."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ...core import forking
from ...core.errors import ImageError
from ...core.recent import Recent
from ...core.show.display import Values
from ...core.urls import is_url
from .files import MAX_PIXELS, Pixels, Source, eight_bits, read_values


class ImageCache:
    """A thread-safe LRU cache of images with at most ``max_bytes`` bytes.

    A file that has changed on disk is read again. The arrays are read-only, because callers share them.

    Example:
        >>> cache = ImageCache(max_bytes=64 << 20)
        >>> len(cache)
        0
    """

    def __init__(self, max_bytes: int = 256 << 20) -> None:
        self.max_bytes = max_bytes
        self.after_fork()
        forking.register(self)

    def after_fork(self) -> None:
        """Start empty in a child: another thread may have been changing the cache during the fork."""
        self._images: Recent[tuple[str, int, int], Values] = Recent(
            self.max_bytes, lambda image: image.nbytes
        )
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._images)

    @property
    def n_bytes(self) -> int:
        """Bytes of all cached images."""
        return self._images.total

    def read(self, source: Source, max_pixels: int = MAX_PIXELS) -> Pixels:
        """As :func:`read_image`, from memory if cached."""
        return eight_bits(self.values(source, max_pixels))

    def values(self, source: Source, max_pixels: int = MAX_PIXELS) -> Values:
        """As :func:`read_values`, from memory if cached."""
        key = _version(source)
        with self._lock:
            kept = self._images.get(key)
        if kept is not None:
            return kept
        pixels = read_values(source, max_pixels)
        pixels.flags.writeable = False
        with self._lock:
            return self._images.put(key, pixels)


def _version(source: Source) -> tuple[str, int, int]:
    """A cache key that changes when the file changes."""
    name = os.fspath(source)
    if is_url(name):
        return name, 0, 0
    try:
        state = Path(name).stat()
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be read: {error}") from error
    return name, state.st_mtime_ns, state.st_size
