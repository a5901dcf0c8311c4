"""What predicting costs beside plain ultralytics: ``python benchmarks/predicting.py`` (two cores; minutes).

The same network, on the same pictures of the generated reef, to run-length masks at the pictures' resolution:

- nbalabel: `model.predict`, without embeddings if not asked for;
- the same, one step after the other, without threads (the control);
- ultralytics: its own predictor with ``retina_masks``, batch by batch, and pycocotools' encoder; with the
  same batch as nbalabel and with smaller ones.

CPU seconds and wall seconds, medians; the ways alternate, all with the same number of torch's threads. Ratios
are to the way of ultralytics that takes the fewest CPU seconds. The network goes on from the starter for some
steps, so that it finds something: the masks found are counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pycocotools.mask

import nbalabel as nl

ASKED: dict[str, Any] = {
    "score": 0.1,
    "iou": 0.7,
    "max_detections": 300,
    "embed": False,
}  # as `predict` has them


SPENT: dict[str, float] = defaultdict(float)
"""CPU seconds of each step, where they go one after the other."""


def step_by_step(
    items: Iterable[Any],
    prepare: Callable[..., Any],
    work: Callable[..., Any],
    finish: Callable[..., Any],
    threads: int | None = None,  # noqa: ARG001
) -> Iterator[Any]:
    """As `staged` does it, without threads; each step is timed."""
    for item in items:
        for step in (prepare, work, finish):
            began = time.process_time()
            item = step(item)
            SPENT[step.__name__] += time.process_time() - began
        yield item


def ours(model: nl.Yolo, tables: nl.Tables, imgsz: int, batch: int) -> int:
    """The number of masks that nbalabel finds."""
    return len(model.predict(tables, imgsz=imgsz, batch=batch, **ASKED).predictions)


def plainly(model: nl.Yolo, tables: nl.Tables, imgsz: int, batch: int) -> int:
    """As :func:`ours`, without threads."""
    with mock.patch("nbalabel.learn.prediction.inference.staged", step_by_step):
        return ours(model, tables, imgsz, batch)


def theirs(network: Any, files: list[str], imgsz: int, batch: int) -> int:
    """The number of masks that ultralytics finds, each encoded as run lengths."""
    n = 0
    for begin in range(0, len(files), batch):
        found = network.predict(
            files[begin : begin + batch],
            imgsz=imgsz,
            batch=batch,
            conf=ASKED["score"],
            iou=ASKED["iou"],
            max_det=ASKED["max_detections"],
            retina_masks=True,
            verbose=False,
        )
        for one in found:
            masks = [] if one.masks is None else one.masks.data.cpu().numpy().astype(np.uint8)
            n += len([pycocotools.mask.encode(np.asfortranarray(mask)) for mask in masks])
    return n


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--size", type=int, default=640, help="of the pictures, pixels")
    parser.add_argument("--imgsz", type=int, nargs="+", default=[256, 640], help="of the predictions, pixels")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--theirs", type=int, nargs="+", default=[16, 4, 1], help="batches of ultralytics")
    parser.add_argument("--steps", type=int, default=40, help="of the training")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--score", type=float, default=ASKED["score"], help="lowest score of a mask")
    parser.add_argument(
        "--embed", action="store_true", help="with embeddings, which ultralytics does not make"
    )
    given = parser.parse_args()
    ASKED.update(score=given.score, embed=given.embed)
    folder = Path(tempfile.mkdtemp())
    ds = nl.demo.reef(folder / "reef.nbal", n_images=given.images, n_labeled=24, n_test=2, size=given.size)
    assert ds.image_root is not None
    files = [str(ds.image_root / file) for file in ds.images["file"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nl.Yolo("starter")
        model.train(ds, steps=given.steps, imgsz=256)
    import torch
    from ultralytics import YOLO

    network = YOLO(str(model.export(folder / "reef.pt")), task="segment")
    threads = torch.get_num_threads()
    for imgsz in given.imgsz:
        ways: dict[str, Callable[[], int]] = {
            "nbalabel": lambda imgsz=imgsz: ours(model, ds, imgsz, given.batch),
            "nbalabel, step by step": lambda imgsz=imgsz: plainly(model, ds, imgsz, given.batch),
        }
        for batch in given.theirs:
            ways[f"ultralytics, batch {batch}"] = lambda imgsz=imgsz, batch=batch: theirs(
                network, files, imgsz, batch
            )
        cpu, wall, found = defaultdict(list), defaultdict(list), {}
        SPENT.clear()
        for run in range(given.runs + 1):  # the first is not counted
            for name, way in ways.items():
                torch.set_num_threads(threads)
                began, cpu_began = time.perf_counter(), time.process_time()
                found[name] = way()
                if run:
                    cpu[name].append(time.process_time() - cpu_began)
                    wall[name].append(time.perf_counter() - began)
        print(f"{given.images} pictures of {given.size} px, predicted at {imgsz} px:")
        peers = [name for name in ways if name.startswith("ultralytics")]
        best = min(peers, key=lambda name: statistics.median(cpu[name]))
        for name in ways:
            c, w = statistics.median(cpu[name]), statistics.median(wall[name])
            to_c, to_w = c / statistics.median(cpu[best]), w / statistics.median(wall[best])
            print(f"  {name:24} {c:6.2f} CPU s ({to_c:.2f})  {w:6.2f} s ({to_w:.2f})  {found[name]} masks")
        each = {name: 1000 * spent / given.images / (given.runs + 1) for name, spent in SPENT.items()}
        print("  step by step, ms a picture: " + ", ".join(f"{name} {ms:.1f}" for name, ms in each.items()))


if __name__ == "__main__":
    main()
