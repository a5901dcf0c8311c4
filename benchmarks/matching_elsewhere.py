"""Would matching pay in other processes? ``python benchmarks/matching_elsewhere.py`` (half a minute).

Discs on images of 256 x 256 pixels, ten predictions and ten instances on each, of two labels. Printed are CPU
seconds: of matching and of measuring here, and of what comes on top elsewhere: cutting the tables into parts
of 512 images, pickling and unpickling them, writing shards and reading them back. Starting processes is not
part of it.
"""

from __future__ import annotations

import argparse
import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.engine.shards import Shard, Shards
from nbalabel.engine.step import cuts

SIDE, ON_EACH, LABELS = 256, 10, ("a", "b")


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.process_time()
    yield
    print(f"{what:36}{time.process_time() - began:8.2f} s", flush=True)


def table(kind: str, n_images: int, rng: np.random.Generator) -> pd.DataFrame:
    y, x = np.mgrid[:SIDE, :SIDE]
    n = n_images * ON_EACH
    places = rng.uniform((20, 20, 6), (SIDE - 20, SIDE - 20, 30), (400, 3))
    discs = [rle.encode(np.hypot(x - cx, y - cy) < r) for cx, cy, r in places]
    frame = pd.DataFrame(
        {
            "image_id": np.repeat(np.arange(n_images), ON_EACH),
            "label": rng.choice(LABELS, n),
            "mask": [discs[i] for i in rng.integers(0, len(discs), n)],
        }
    )
    if kind == "predictions":
        frame["score"] = rng.random(n).astype(np.float32)
    return conform(frame, kind, LABELS, heights=np.full(n, SIDE))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=10_000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    tables = [table(kind, options.images, rng) for kind in ("predictions", "instances")]
    ids = np.arange(options.images)
    print(f"{len(tables[0]):,} predictions on {options.images:,} images, CPU seconds:")
    with timed("match, here"):
        nl.match(*tables, pd.Index(ids))
    with timed("evaluate, here"):
        nl.evaluate(*tables, pd.Index(ids), LABELS)
    columns = [["image_id", "label", "mask", "score"], ["image_id", "label", "mask", "crowd"]]
    parts = cuts(ids, 512)
    with timed("cut and pickle"):
        sent = []
        for some in parts:
            own = []
            for rows, names in zip(tables, columns, strict=True):
                begin, end = np.searchsorted(rows["image_id"].to_numpy(), [some[0], some[-1] + 1])
                own.append(rows.iloc[begin:end][names])
            sent.append(pickle.dumps(own))
    with timed("unpickle"):
        came = [pickle.loads(one) for one in sent]  # noqa: S301  # written above
    with timed("match, by part"):
        made = [nl.match(*own, pd.Index(some)) for own, some in zip(came, parts, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        shards = Shards(Path(folder) / "parts", "these", "matching")
        with timed("write"):
            for number, one in enumerate(made):
                found = one.predictions[["iou", "matched", "matched_id", "ignored"]]
                rows = found.assign(matched_id=found["matched_id"].fillna(-1).astype("int64"))
                shards.put(number, Shard(rows, {"missed": one.missed.index.to_numpy(np.int64)}))
        with timed("read back"):
            pd.concat([shards.get(number).rows for number in range(len(parts))])


if __name__ == "__main__":
    main()
