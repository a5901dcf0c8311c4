"""Let torch's threads sleep while they wait, so that training stays fast beside another busy process.

The threads of one operation wait for each other. By default they do so in a busy loop, and when another
process holds the core of one of them, all others burn theirs until it comes back
(docs/decisions/0011-threads.md). OpenMP reads its wait policy when it is loaded with torch, so the policy is
set at that time. Where torch was loaded before, only as many threads are used as cores are free.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...core.cores import cores

_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
_asleep = False


def environment() -> dict[str, str]:
    """Variables to set while torch loads; none where the user set one, or where torch is loaded already."""
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
    """Limit torch's threads to those that pay off, and to free cores if threads busy-wait; undone at the end.

    A training takes half of the cores: batches are made on another core, two threads per core gain nothing,
    and more threads wait longer for each other beside other processes (docs/decisions/0011-threads.md). The
    number is chosen once, at the beginning, since results may differ in their last digits with it.
    ``OMP_NUM_THREADS`` overrides it.

    Args:
        training: whether batches are made at the same time.
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


def others_running(system: Path = Path("/proc")) -> int:
    """Number of threads of other processes that run or are ready to run now.

    Where the system does not report it, the load of the last minute, with our own threads; else 0.

    Args:
        system: what Linux tells of its processes.
    """
    try:
        running = (system / "loadavg").read_text().split()[3]
        return max(0, int(running.partition("/")[0]) - _own_running(system / "self" / "task"))
    except (OSError, IndexError, ValueError):
        return round(os.getloadavg()[0]) if hasattr(os, "getloadavg") else 0


def _own_running(tasks: Path) -> int:
    """Number of our own threads that run or are ready to run now: the one that asks is one."""
    n = 0
    for task in tasks.iterdir():
        with suppress(OSError):  # it has ended
            n += (task / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    return max(1, n)
