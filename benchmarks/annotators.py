"""Tables of simulated annotators for ``raters.py``: each draws the truth with errors of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks.runs import from_rows


def drawn(truth: nl.Tables, who: nl.demo.Annotator, seed: int) -> nl.Tables:
    """What an annotator makes of the truth."""
    images, table = truth.images, who.draw(truth, seed=seed)
    filled = images.index.isin(table["image_id"])
    return nl.Tables.of(images.assign(state=np.where(filled, "complete", "empty")), table, truth.labels)


def many(n_images: int, per_image: int, seed: int, size: int = 640) -> dict[str, nl.Tables]:
    """Three annotators who draw ellipses of 20 to 120 pixels with jitter; masks only, no pixels."""
    rng = np.random.default_rng(seed)
    labels = tuple(f"label {i}" for i in range(20))
    files = [f"{i}.png" for i in range(n_images)]
    images = pd.DataFrame({"file": files, "width": size, "height": size, "state": "complete"})
    image = np.repeat(np.arange(n_images), rng.poisson(per_image, n_images))
    where = rng.uniform(60, size - 60, (len(image), 2))
    reach, label = rng.uniform(10, 60, (len(image), 2)), rng.integers(len(labels), size=len(image))
    out = {}
    for name in ("ana", "bo", "cy"):
        seen = rng.random(len(image)) > 0.05
        at, r = where + rng.normal(0, 2, where.shape), np.maximum(reach + rng.normal(0, 2, reach.shape), 4)
        said = np.where(rng.random(len(image)) < 0.05, (label + 1) % len(labels), label)
        rows = [_runs_of_ellipse(*at[i], *r[i], size) for i in np.flatnonzero(seen)]
        table = {"image_id": image[seen], "label": np.array(labels)[said[seen]]}
        out[name] = nl.Tables.of(images, pd.DataFrame({**table, "mask": from_rows(rows).encode()}), labels)
    return out


def _runs_of_ellipse(cx: float, cy: float, a: float, b: float, size: int) -> np.ndarray:
    x = np.arange(max(int(cx - a), 0), min(int(cx + a) + 2, size))
    half = b * np.sqrt(np.maximum(1 - ((x - cx) / a) ** 2, 0))
    top, bottom = (np.clip(np.ceil(v), 0, size).astype(np.int64) for v in (cy - half, cy + half))
    some = bottom > top
    ends = np.stack([x * size + top, x * size + bottom], axis=1)[some].ravel()
    return np.diff(np.concatenate([[0], ends, [size * size]]))
