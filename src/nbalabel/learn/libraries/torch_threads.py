"""How torch's threads wait: asleep, so that a training beside another busy process goes on.

The threads of one operation wait for each other. By default they do so in a busy loop, and when another
process holds the core of one of them, all others burn theirs until it comes back
(docs/decisions/0011-threads.md). OpenMP reads how to wait when it is loaded, with torch: then it is told to
sleep. Where torch came first, as many threads are used as cores are free.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
_asleep = False


def environment() -> dict[str, str]:
    """What to set while torch loads; nothing where the user chose, or where it is loaded already."""
    global _asleep
    if "torch" in sys.modules:
        return {}
    if any(name in os.environ for name in _VARIABLES):
        _asleep = True  # or as the user wants it: either way it is not ours to change
        return {}
    _asleep = True
    return {"OMP_WAIT_POLICY": "PASSIVE"}


@contextmanager
def considerate(*, training: bool = False) -> Iterator[None]:
    """Use no more threads than pay, and where they wait in busy loops no more than cores are free; put back.

    A training takes half of the cores: batches are made on another, two threads of one core gain nothing, and
    more of them wait for each other where other processes run (docs/decisions/0011-threads.md). The number is
    chosen once, at the beginning, since results may differ in their last digits with it. ``OMP_NUM_THREADS``
    is the user's own choice.

    Args:
        training: whether batches are made beside it.
    """
    import torch

    before = most = torch.get_num_threads()
    if training and "OMP_NUM_THREADS" not in os.environ:
        most = min(most, max(1, cores() // 2))
    if not _asleep and not any(name in os.environ for name in _VARIABLES):
        most = min(most, max(1, cores() - others_running()))
    if most == before:
        yield
        return
    torch.set_num_threads(most)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def others_running() -> int:
    """How many threads besides this one are running or want to, at the moment; 0 where nobody says."""
    try:
        running = Path("/proc/loadavg").read_text().split()[3]
        return max(0, int(running.partition("/")[0]) - 1)
    except (OSError, IndexError, ValueError):
        return round(os.getloadavg()[0]) if hasattr(os, "getloadavg") else 0
