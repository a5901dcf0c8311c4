"""Training steps per second, against plain ultralytics: ``python benchmarks/steps.py nuclei PATH``, or reef.

The same images with the same labels, network, batch, size and optimizer; steps are counted in the same way
for both, at each call of ``optimizer_step``, the first ten left out. The cases alternate, each in a process
of its own, idle and beside two busy loops; medians are printed. An ablation: one row each without bfloat16
and without batches made ahead.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from growth import WORLDS, Loop
from load import busy
from report import Row, show

WAYS = {
    "nbalabel": "",
    "without bfloat16": "float32",
    "without batches ahead": "waiting",
    "yolo segment train": "plain",
}
IMAGES, BATCH, STEPS, FIRST = 64, 8, 56, 10
TARGET = 1.5


def work(way: str, data: str, path: Path | None) -> None:
    """Print the steps per second of one training."""
    os.environ["NBALABEL_OFFLINE"] = "1"
    import nbalabel as nl

    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[data](Path(folder) / "world.nbal", 0, path)
        tables = Loop(world, data, 0, argparse.Namespace()).all_true()
        keep = tables.images.index[tables.images["split"] == "train"][:IMAGES]
        tables = tables.subset(keep)
        if way == "plain":
            nl.write_yolo(tables, Path(folder) / "yolo")
            done = _plain(Path(folder) / "yolo", world.imgsz)
        else:
            done = _ours(nl.Yolo("yolo11n-seg.yaml"), tables, world.imgsz, way)
        world.ds.close()
    print("rate", (len(done) - 1 - FIRST) / (done[-1] - done[FIRST]))


def _ours(model: Any, tables: Any, imgsz: int, way: str) -> list[float]:
    from nbalabel.learn.yolo import dataset

    if way == "waiting":
        dataset.Ahead = lambda loader: loader  # type: ignore[assignment,misc]
    more = {"amp": False} if way == "float32" else {}
    done = _watched()
    model.train(tables, imgsz=imgsz, batch=BATCH, steps=STEPS, **more)
    return done


def _plain(folder: Path, imgsz: int) -> list[float]:
    """Ultralytics' own training with its own defaults, except for the shared settings."""
    from ultralytics import YOLO

    done = _watched()
    settings = {"batch": BATCH, "nbs": BATCH, "optimizer": "AdamW", "lr0": 0.002, "amp": False, "seed": 0}
    still = {"val": False, "plots": False, "save": False, "verbose": False, "project": str(folder)}
    epochs = -(-STEPS // (IMAGES // BATCH))
    YOLO("yolo11n-seg.yaml").train(
        data=str(folder / "data.yaml"),
        imgsz=imgsz,
        epochs=epochs,
        workers=2,
        device="cpu",
        **settings,
        **still,
    )
    return done


def _watched() -> list[float]:
    """A list that receives the time of each step when it is done."""
    from ultralytics.engine.trainer import BaseTrainer

    done: list[float] = []
    theirs = BaseTrainer.optimizer_step

    def step(trainer: Any) -> None:
        theirs(trainer)
        done.append(time.perf_counter())

    BaseTrainer.optimizer_step = step
    return done


def rate(way: str, data: str, path: Path | None) -> float:
    """The rate that :func:`work` prints in a process of its own."""
    command = [sys.executable, __file__, data, *([str(path)] if path else []), "--work", way or "ours"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(found.stdout.split("rate ")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=list(WORLDS))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 2], help="number of busy loops beside")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work("" if options.work == "ours" else options.work, options.data, options.path)
        return
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(options.rounds):
        for n in options.busy:
            for name, way in WAYS.items():
                with busy(n):
                    rates[name, n].append(rate(way, options.data, options.path))
                print(f"{name}, beside {n}: {rates[name, n][-1]:.2f} steps/s", file=sys.stderr, flush=True)
    middle = {case: statistics.median(found) for case, found in rates.items()}
    rows = [
        Row(
            f"{name}, beside {n} busy loops" if n else f"{name}, idle",
            f"{middle[name, n]:.2f} steps/s",
            f"yolo segment train {middle['yolo segment train', n]:.2f}",
            middle[name, n] / middle["yolo segment train", n],
            f">= {TARGET}" if name == "nbalabel" and not n else "",
        )
        for n in options.busy
        for name in WAYS
    ]
    show(f"steps of training a second, {options.data}, {os.cpu_count()} cores, medians", rows)


if __name__ == "__main__":
    main()
