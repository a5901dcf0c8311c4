"""Frames per second of the generated reef on one core, by CPU time, so that other load does not count."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
from pathlib import Path

from report import Row, show

from nbalabel.demo import generate, reef
from nbalabel.demo.underwater.cast import wardrobe


def pin() -> None:
    """Keep this process to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def frames_a_second(size: int, n_images: int) -> float:
    """Best of two runs, after a warm-up that fills the caches for this size."""
    list(generate(20, size, seed=1))
    seconds = []
    for _ in range(2):
        start = time.process_time()
        for _ in generate(n_images, size):
            pass
        seconds.append(time.process_time() - start)
    return n_images / min(seconds)


def main() -> None:
    pin()
    start = time.process_time()
    wardrobe()
    rows = [Row("paint all textures, once", f"{time.process_time() - start:.2f} s")]
    for size, n_images, target in (
        (96, 600, ""),
        (192, 600, ">= 200 a second"),
        (512, 60, ""),
        (1024, 60, ""),
    ):
        rows.append(
            Row(f"frames of {size} px", f"{frames_a_second(size, n_images):.0f} a second", target=target)
        )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        reef(Path(folder) / "reef.nbal")
        rows.append(
            Row(
                "nl.demo.reef: 600 frames of 192 px, saved",
                f"{time.perf_counter() - start:.1f} s",
                target="<= 6 s",
            )
        )
    show("Reef (one core)", rows)


if __name__ == "__main__":
    main()
