"""A training beside busy processes: ``python benchmarks/load.py [rounds]``, on an otherwise idle machine.

Three epochs of the reef, alone and beside one and two busy loops: with torch loaded by nbalabel, with torch
loaded before nbalabel, on one thread, and (in the first round only, since it takes minutes) with torch's own
defaults. The cases alternate, each in a process of its own; medians are printed, and their multiple of the
time on an idle machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from report import Row, human, show

WAYS = {"nbalabel": "", "torch loaded first": "first", "one thread": "one", "torch as it comes": "plain"}
TARGET = 2.5


def work(way: str) -> None:
    """Print the seconds of three epochs."""
    os.environ["NBALABEL_OFFLINE"] = "1"
    if way == "plain":
        os.environ["GOMP_SPINCOUNT"] = "300000"  # the default; once set, nbalabel does not change it
    elif way == "one":
        os.environ["OMP_NUM_THREADS"] = "1"
    if way == "first":
        import torch  # noqa: F401
    import nbalabel as nl

    with tempfile.TemporaryDirectory() as folder:
        ds = nl.demo.reef(Path(folder) / "reef.nbal", n_images=40, n_labeled=24, n_test=8)
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(ds, epochs=1, imgsz=192)  # the first batches of a process are slower
        began = time.perf_counter()
        model.train(ds, epochs=3, imgsz=192)
        print("seconds", time.perf_counter() - began)


def seconds(way: str) -> float:
    """The seconds that :func:`work` prints in a process of its own."""
    command = [sys.executable, __file__, "work", way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split("seconds ")[1])


@contextmanager
def busy(n: int) -> Iterator[None]:
    """Run ``n`` busy loops beside the block."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def main(rounds: int = 3) -> None:
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for number in range(rounds):
        for n in (0, 1, 2):
            for name, way in WAYS.items():
                if way == "plain" and number:
                    continue
                with busy(n):
                    found[name, n].append(seconds(way))
                print(f"{name}, beside {n}: {found[name, n][-1]:.1f} s", file=sys.stderr)
    middle = {case: statistics.median(times) for case, times in found.items()}
    rows = [
        Row(
            f"three epochs beside {n} busy loops, {name}",
            human(middle[name, n]),
            f"alone {human(middle[name, 0])}",
            middle[name, n] / middle[name, 0],
            f"<= {TARGET}" if name in ("nbalabel", "torch loaded first") else "",
        )
        for name in WAYS
        for n in (1, 2)
    ]
    show(f"a training under load, {os.cpu_count()} cores, medians of {rounds}", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2])
    else:
        main(*map(int, sys.argv[1:]))
