"""Generated annotators for ``raters.py``: each draws the truth with errors of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import ndimage

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.runs import from_rows


@dataclass(frozen=True)
class Annotator:
    """How somebody draws.

    Attributes:
        name: of the annotator.
        missed: share of things not drawn.
        invented: things drawn where there is nothing, as a share of those there are.
        renamed: share with a wrong label.
        grown: pixels by which outlines lie outside on average.
        wobble: standard deviation of the outline, pixels.
        shift: standard deviation of the place, pixels.
    """

    name: str
    missed: float = 0.05
    invented: float = 0.03
    renamed: float = 0.05
    grown: float = 0.0
    wobble: float = 1.0
    shift: float = 0.5


def drawn(truth: nl.Tables, who: Annotator, seed: int) -> nl.Tables:
    """What an annotator makes of the truth."""
    rng = np.random.default_rng([seed, sum(map(ord, who.name))])
    images, rows = truth.images, []
    sizes = images[["height", "width"]].to_dict("index")
    for row in truth.instances[["image_id", "label", "mask"]].itertuples(index=False):
        size = sizes[row.image_id]
        if rng.random() < who.missed:
            continue
        mask = _redrawn(row.mask, size["height"], size["width"], who, rng)
        rows.append((row.image_id, _named(row.label, truth.labels, who.renamed, rng), mask))
        if rng.random() < who.invented:
            rows.append((row.image_id, str(rng.choice(truth.labels)), _ellipse(size, rng)))
    table = pd.DataFrame(rows, columns=["image_id", "label", "mask"])
    filled = images.index.isin(table["image_id"])
    return nl.Tables.of(images.assign(state=np.where(filled, "complete", "empty")), table, truth.labels)


def _redrawn(mask: bytes, height: int, width: int, who: Annotator, rng: np.random.Generator) -> bytes:
    crop, x, y = rle.decode_crop(mask, height, width)
    pad = 8
    inside = np.pad(crop, pad)
    signed = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    noise = ndimage.gaussian_filter(rng.normal(size=inside.shape), 3)
    noise *= who.wobble / max(noise.std(), 1e-9)
    moved = ndimage.shift(signed + noise + who.grown, rng.normal(0, who.shift, 2), order=1, mode="nearest")
    out = np.zeros((height + 2 * pad, width + 2 * pad), bool)
    out[y : y + inside.shape[0], x : x + inside.shape[1]] = moved > 0
    out = out[pad:-pad, pad:-pad]
    return rle.encode(out) if out.any() else mask


def _named(label: str, labels: tuple[str, ...], renamed: float, rng: np.random.Generator) -> str:
    others = [name for name in labels if name != label]
    return str(rng.choice(others)) if others and rng.random() < renamed else label


def _ellipse(size: dict[str, int], rng: np.random.Generator) -> bytes:
    y, x = np.mgrid[: size["height"], : size["width"]]
    a, b, cx, cy = *rng.uniform(3, 9, 2), *(rng.uniform(9, s - 9) for s in (size["width"], size["height"]))
    return rle.encode(((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 < 1)


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
