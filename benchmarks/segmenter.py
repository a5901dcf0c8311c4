"""From a box to a mask, without weights: BoxCut beside GrabCut, the filled box and its ellipse.

    python benchmarks/segmenter.py DATASET [DATASET ...] [--n 200] [--seeds 11 12 13]

A DATASET is a folder with ``instances.json`` (COCO) and ``images``. Of each, ``n`` instances of at least 40
pixels are drawn per seed, no crowds; each is asked for by its bounding box. Prints the mean IoU with the
mask, the share of at least 0.75, the share of 0 and the median time. The seeds given here chose nothing.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

NO_POINTS, NO_SIGNS = np.zeros((0, 2)), np.zeros(0, bool)
Box = tuple[float, float, float, float]
Cut = Callable[[np.ndarray, Box], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--n", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    args = parser.parse_args()
    print(f"{'':24}{'mean IoU':>10}{'>= 0.75':>10}{'zero':>8}{'ms':>8}")
    for dataset in args.datasets:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = nl.read_coco(dataset / "instances.json", dataset / "images")
        drawn = [one for seed in args.seeds for one in draw(tables, args.n, seed)]
        print(f"{dataset.name}, {len(drawn)} boxes")
        for name, cut in cuts().items():
            overlaps, times = [], []
            for image, mask, box in drawn:
                start = time.perf_counter()
                found = cut(image, box)
                times.append(time.perf_counter() - start)
                overlaps.append((found & mask).sum() / max((found | mask).sum(), 1))
            scores = np.array(overlaps)
            line = f"{scores.mean():10.3f}{(scores >= 0.75).mean():10.3f}{(scores == 0).mean():8.3f}"
            print(f"  {name:22}{line}{1000 * median(times):8.1f}", flush=True)


def draw(tables: nl.Tables, n: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, Box]]:
    rows = tables.instances[(tables.instances["area"] >= 40) & ~tables.instances["crowd"]]
    for row in rows.sample(min(n, len(rows)), random_state=seed).itertuples():
        image = tables.read_image(row.image_id)
        mask = rle.decode(row.mask, *image.shape[:2]).astype(bool)
        ys, xs = np.nonzero(mask)
        yield image, mask, (float(xs.min()), float(ys.min()), float(np.ptp(xs) + 1), float(np.ptp(ys) + 1))


def cuts() -> dict[str, Cut]:
    boxcut, grabcut = nl.BoxCut(), nl.GrabCut()
    return {
        "filled box": filled,
        "ellipse of the box": ellipse,
        "GrabCut": lambda image, box: grabcut.segment(image, NO_POINTS, NO_SIGNS, box)[0],
        "BoxCut": lambda image, box: boxcut.segment(image, NO_POINTS, NO_SIGNS, box)[0],
    }


def filled(image: np.ndarray, box: Box) -> np.ndarray:
    x, y, w, h = map(int, box)
    mask = np.zeros(image.shape[:2], bool)
    mask[y : y + h, x : x + w] = True
    return mask


def ellipse(image: np.ndarray, box: Box) -> np.ndarray:
    x, y, w, h = box
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.hypot((columns - x - w / 2) / (w / 2), (rows - y - h / 2) / (h / 2)) <= 1


if __name__ == "__main__":
    main()
