"""How many cores there are for this process."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores this process may use: in a container, those it was given.

    Example:
        >>> cores() >= 1
        True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
