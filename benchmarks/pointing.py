"""From a box or a click to a mask by the round's own model: ``python benchmarks/pointing.py nuclei PATH``.

Or ``reef``, which is generated. A model is trained from the starter on the first labels of ``growth.py``
(``--steps``; or ``--weights`` of an earlier training) and asked for ``--n`` instances of at least 40 pixels
on test images: by their boxes, then by one click at the point that lies deepest inside. Beside it stand
``nl.BoxCut`` and ``nl.GrabCut``, which need no model. Prints the mean IoU with the true mask, the share of at
least 0.75, the share of 0, the share that is worse than the first row by more than 0.05, and the median
processor time. Seed 0 chose the settings; the seeds reported are others.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from growth import WORLDS, World

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

NO_POINTS, INSIDE = np.zeros((0, 2)), np.ones(1, bool)


@dataclass
class Asked:
    """An instance that is asked for: its image, mask, box and the point deepest inside."""

    image_id: int
    image: np.ndarray
    mask: np.ndarray
    box: tuple[float, float, float, float]
    point: np.ndarray


Answer = Callable[[Asked], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=list(WORLDS))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--clicks", type=int, default=100)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[options.data](Path(folder) / "world.nbal", options.seed, options.path)
        model = nl.Yolo(options.weights or "starter")
        if options.weights is None:
            model.train(world.ds, imgsz=world.imgsz, seed=options.seed, steps=options.steps)
        asked = drawn(world, options.n, options.seed)
        world.ds.close()
    own, boxcut, grabcut = nl.ModelSegmenter(model), nl.BoxCut(), nl.GrabCut()
    by_box = NO_POINTS, np.zeros(0, bool)
    print(f"{options.data}, seed {options.seed}")
    print(f"{'':20}{'mean IoU':>10}{'>= 0.75':>10}{'zero':>8}{'worse':>8}{'ms':>8}")
    print(f"{len(asked)} boxes")
    report(
        asked,
        {
            "BoxCut": lambda one: boxcut.segment(one.image, *by_box, one.box)[0],
            "ModelSegmenter": lambda one: own.segment(one.image, *by_box, one.box, one.image_id)[0],
        },
    )
    print(f"{min(options.clicks, len(asked))} clicks")
    report(
        asked[: options.clicks],
        {
            "GrabCut": lambda one: grabcut.segment(one.image, one.point, INSIDE)[0],
            "ModelSegmenter": lambda one: own.segment(one.image, one.point, INSIDE, None, one.image_id)[0],
        },
    )


def report(asked: list[Asked], answers: dict[str, Answer]) -> None:
    """Print one row per segmenter."""
    first = None
    for name, answer in answers.items():
        overlaps, times = [], []
        for one in asked:
            start = time.process_time()
            found = answer(one)
            times.append(time.process_time() - start)
            overlaps.append((found & one.mask).sum() / max((found | one.mask).sum(), 1))
        iou = np.array(overlaps)
        first = iou if first is None else first
        shares = (iou >= 0.75).mean(), (iou == 0).mean(), (iou < first - 0.05).mean()
        line = f"{iou.mean():10.3f}{shares[0]:10.3f}{shares[1]:8.3f}{shares[2]:8.3f}"
        print(f"  {name:18}{line}{1000 * median(times):8.1f}", flush=True)


def drawn(world: World, n: int, seed: int) -> list[Asked]:
    """Instances on the test images, in random order."""
    rows = world.truth.instances
    rows = rows[rows["image_id"].isin(world.test) & (rows["area"] >= 40) & ~rows["crowd"]]
    found = []
    for row in rows.sample(min(n, len(rows)), random_state=seed).itertuples():
        image = np.asarray(world.ds.read_image(row.image_id))
        mask = rle.decode(row.mask, *image.shape[:2]).astype(bool)
        depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        y, x = np.unravel_index(depth.argmax(), depth.shape)
        box = float(row.x), float(row.y), float(row.w), float(row.h)
        found.append(Asked(row.image_id, image, mask, box, np.array([[x + 0.5, y + 0.5]])))
    return found


if __name__ == "__main__":
    main()
