"""Shared by the benchmarks: medians of repeated runs, and a table to print them in."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured task: our median, the peer's median from the same run, and the target."""

    task: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    target: str = ""


def median_seconds(run: Callable[[], object], repeat: int = 5) -> float:
    """Median wall-clock seconds of ``repeat`` calls."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def human(seconds: float) -> str:
    """Seconds as text, in a readable unit."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def against(task: str, ours: float, peer_name: str, peer: float, target: str = "") -> Row:
    """A row that compares seconds; the ratio is how many times faster nbalabel is."""
    return Row(task, human(ours), f"{peer_name} {human(peer)}", peer / ours, target)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print rows as a Markdown table."""
    print(f"\n## {title}\n\n| task | ours | peer, same run | ratio | target |\n|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}x"
        print(f"| {row.task} | {row.ours} | {row.peer} | {ratio} | {row.target} |")
