"""How many touching objects are recovered from a semantic mask, by components and by a split by distance.

    python -m benchmarks.touching FOLDER [--depth 0.5 1 2]

FOLDER holds ``instances.json`` (COCO) and ``images/``. All instances of an image are drawn into one mask, and
an instance is recovered where a part has IoU > 0.5 with it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks import components, rle
from nbalabel.core.geometry.masks.touching import DEPTH, split_touching

Parts = Callable[[bytes, int, int], list[bytes]]


def brought_back(tables: nl.Tables, parts: Parts) -> dict[str, float]:
    """Share of instances that are recovered, share of parts that match an instance, and total seconds."""
    found = n_parts = 0
    began = time.perf_counter()
    for image_id, rows in tables.instances.groupby("image_id"):
        height, width = map(int, tables.images.loc[image_id, ["height", "width"]])
        masks = rows["mask"].tolist()
        back = parts(rle.union(masks, height, width), height, width)
        iou = rle.iou(masks, back, height, width)
        found += int((iou.max(axis=1, initial=0) > 0.5).sum())
        n_parts += len(back)
    n = len(tables.instances)
    recall, precision = found / n, found / max(n_parts, 1)
    seconds = time.perf_counter() - began
    return {"brought back": recall, "parts right": precision, "parts": n_parts, "seconds": seconds}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table with one row per method of splitting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--depth", type=float, nargs="+", default=[DEPTH])
    given = parser.parse_args(arguments)
    tables = nl.read_coco(given.folder / "instances.json")
    ways: dict[str, Parts] = {"components": components.components}
    for depth in given.depth:
        ways[f"distance, depth {depth:g}"] = lambda m, h, w, depth=depth: split_touching(m, h, w, depth)
    rows = {name: brought_back(tables, way) for name, way in ways.items()}
    print(f"{len(tables.instances):,} instances on {tables.instances['image_id'].nunique():,} images")
    print(pd.DataFrame(rows).T.to_string(float_format=lambda x: f"{x:.3f}" if x < 10 else f"{x:,.0f}"))


if __name__ == "__main__":
    main()
