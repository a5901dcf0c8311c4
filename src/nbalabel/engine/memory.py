"""Memory that is freed stays with a worker.

Dask's nanny sets ``MALLOC_TRIM_THRESHOLD_`` low, so that a worker gives memory back at once. A network then
asks the system for the same pages again and again: thousands of page faults an image.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM, _MMAP = -1, -3  # names of the C library, in malloc.h
_BYTES = 1 << 30


@cache
def keep_freed_memory() -> bool:
    """Tell glibc to keep what is freed, up to 1 GiB; whether it was told. Nothing happens elsewhere."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    # Both: a threshold that was set by hand switches off the library's own choice of the other.
    return bool(tell(_TRIM, _BYTES)) and bool(tell(_MMAP, _BYTES))
