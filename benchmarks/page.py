"""Seconds of a report on many images, by part: ``python benchmarks/page.py``.

A dataset of generated masks (no pixels), ten per image, with rounds of labels, and some runs. Pictures are
measured apart, on the generated reef, since they depend on how many there are and not on the dataset.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.of_images import sizes_of
from nbalabel.core.tables.schema import conform
from nbalabel.reporting.numbers import gathered

SIDE, PER_IMAGE, LABELS = 128, 10, ("cod", "crab", "ling", "ray", "saithe")
SHAPES = 400  # different masks; each instance is one of them


def masks(rng: np.random.Generator) -> list[bytes]:
    """Ellipses of many sizes and places."""
    y, x = np.mgrid[:SIDE, :SIDE]
    out = []
    for _ in range(SHAPES):
        a, b = rng.uniform(3, 14, 2)
        cx, cy = rng.uniform(15, SIDE - 15, 2)
        out.append(rle.encode(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1))
    return out


def rows(images: np.ndarray, shapes: list[bytes], rng: np.random.Generator) -> pd.DataFrame:
    """Ten instances on each image, each of a random label and shape."""
    n = len(images) * PER_IMAGE
    label = rng.choice(LABELS, n, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    return pd.DataFrame(
        {
            "image_id": np.repeat(images, PER_IMAGE),
            "label": label,
            "mask": [shapes[i] for i in rng.integers(SHAPES, size=n)],
        }
    )


def made(folder: Path, n_images: int, n_rounds: int, labeled: float) -> nl.Dataset:
    """A dataset whose images are labeled in rounds; a fifth of them is for the test."""
    rng = np.random.default_rng(0)
    shapes = masks(rng)
    ds = nl.create(folder, labels=LABELS)
    files = [f"{i:06d}.jpg" for i in range(n_images)]
    ds.add_images(pd.DataFrame({"file": files, "width": SIDE, "height": SIDE}))
    ids = ds.images.index.to_numpy()
    ds.images.loc[ids[: n_images // 5], "split"] = "test"
    ds.images.loc[ids[n_images // 5 :], "split"] = "train"
    done = int(n_images * labeled)
    for part in np.array_split(ids[:done], n_rounds):
        ds.add_instances(rows(part, shapes, rng))
        ds.mark_complete(part)
        ds.commit("a round", author="anna")
    everything = rows(ids[done:], shapes, rng)
    ds.add_instances(everything[rng.random(len(everything)) < 0.5])
    few = ds.instances.sample(min(2_000, len(ds.instances)), random_state=0)
    ds.set(few, mask=[shapes[i] for i in rng.integers(SHAPES, size=len(few))])
    ds.commit("moved", author="ben")
    return ds


def run_of(ds: nl.Dataset, name: str, missed: float, seed: int) -> nl.Run:
    """Predictions: some of the instances, with random scores, and as many wrong ones as are missed."""
    rng = np.random.default_rng(seed)
    kept = ds.instances[rng.random(len(ds.instances)) > missed]
    wrong = kept.sample(frac=missed, random_state=seed)
    wrong = wrong.assign(image_id=rng.choice(ds.images.index.to_numpy(), len(wrong)))
    found = pd.concat([kept, wrong])[["image_id", "label", "mask"]]
    found = found.assign(score=rng.random(len(found)).astype(np.float32), source="model", origin=name)
    found = found.reset_index(drop=True).rename_axis("prediction_id")
    predictions = conform(found, "predictions", ds.labels, sizes_of(ds.images, found["image_id"])[:, 0])
    return nl.Run(
        id=name,
        kind="predict",
        model="generated",
        version=ds.version_id,
        labels=ds.labels,
        predictions=predictions,
        predicted_ids=ds.images.index.to_numpy(np.int64),
    ).matched_to(ds)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.2f} s", flush=True)


def watch(name: str) -> None:
    """Print how long a part of the numbers takes."""
    real = getattr(gathered, name)

    def measured(*arguments: object, **more: object) -> object:
        with timed(f"  {name}"):
            return real(*arguments, **more)

    setattr(gathered, name, measured)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--labeled", type=float, default=0.9, help="share of the images that is labeled")
    parser.add_argument("--runs", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with timed("made"):
            ds = made(Path(folder) / "many.nbal", options.images, options.rounds, options.labeled)
            missed = np.linspace(0.6, 0.2, options.runs)
            runs = [run_of(ds, f"run {i}", float(share), i) for i, share in enumerate(missed)]
        print(ds, f"{sum(len(run.predictions) for run in runs):,} predictions", flush=True)
        for name in ("contents", "quality", "likely_missing", "_history"):
            watch(name)
        with timed("report"):
            r = nl.report(ds, runs)
        with timed("html"):
            print(f"{len(r.html()):,} characters")
        ds.close()
        reef = nl.demo.reef(Path(folder) / "reef.nbal", n_images=60, n_labeled=20, n_test=10)
        run = nl.demo.simulated_run(reef)
        with timed("report on a reef of 60 images, with its pictures"):
            nl.report(reef, run)
        reef.close()


if __name__ == "__main__":
    main()
