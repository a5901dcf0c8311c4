"""How long shape columns take a mask, at 10,000 masks.

    python benchmarks/shapes.py [FOLDER]

FOLDER holds ``instances.json`` (COCO) and ``images/``; without it, the generated reef is measured. Masks are
repeated until there are 10,000.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import nbalabel as nl
from nbalabel.core.geometry.shapes.measure import MEASURES, measure
from nbalabel.core.tables.of_images import sizes_of

N = 10_000


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of several calls."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print microseconds a mask for each column, for all at once, and for those that read pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args(arguments).folder
    with tempfile.TemporaryDirectory() as made:
        tables = (
            nl.read_coco(folder / "instances.json", folder / "images")
            if folder
            else nl.demo.reef(Path(made) / "reef.nbal", n_images=200, n_labeled=200, n_test=0)
        )
        rows = tables.instances
        at = np.resize(np.arange(len(rows)), N)
        masks = pa.array(rows["mask"].iloc[at], pa.large_binary())
        sizes = sizes_of(tables.images, rows["image_id"].iloc[at])
        took = {name: best(lambda name=name: measure(masks, sizes, [name])) / N for name in MEASURES}
        took["all of these"] = best(lambda: measure(masks, sizes)) / N
        some = rows.index[:1000]
        pictured = best(lambda: nl.shapes(tables, some, ["contrast", "boundary_fit"]), times=1)
        took["contrast and boundary_fit"] = pictured / len(some)
        print(f"{len(rows):,} masks, median area {rows['area'].median():,.0f} pixels")
        print(pd.Series(took).mul(1e6).round(1).rename("microseconds a mask").to_string())


if __name__ == "__main__":
    main()
