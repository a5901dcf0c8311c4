"""Simulated instances and predictions of a detector: seeded, with exact masks, by the thousand.

A mask is a blob whose upper and lower outline are waves over an ellipse: one run per column, small to large,
as many runs as a real silhouette of its size. A prediction is the blob of an instance, moved, scaled and bent
the more, the lower its quality; the other predictions of an image lie elsewhere, mostly with labels that the
image holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from nbalabel.core.geometry.masks.runs import Runs
from nbalabel.core.tables import schema

WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True)
class Detections:
    """One evaluation: images, true instances and predictions, with the label list."""

    images: pd.DataFrame
    instances: pd.DataFrame
    predictions: pd.DataFrame
    labels: tuple[str, ...]


def generate(
    n_images: int = 5000, n_instances: int = 36_000, per_image: int = 100, n_labels: int = 80, seed: int = 0
) -> Detections:
    """Tables of 36,000 instances and ``n_images * per_image`` predictions, by default."""
    rng = np.random.default_rng(seed)
    labels = tuple(f"label {i:02d}" for i in range(n_labels))
    popular = 1.0 / np.arange(1, n_labels + 1) ** 0.7
    here = rng.choice(n_labels, (n_images, 4), p=popular / popular.sum())
    image = np.sort(rng.integers(0, n_images, n_instances))
    label = here[image, rng.integers(0, 4, n_instances) * rng.integers(0, 2, n_instances)]
    shape = _shapes(rng, n_instances)
    truth = _table(image, label, shape, labels, crowd=rng.random(n_instances) < 0.01)

    source, quality, p_image, p_label, p_shape = _perturbed(
        rng, image, label, shape, here, per_image, n_labels
    )
    score = np.clip(0.15 + 0.7 * quality + rng.normal(0, 0.15, len(source)), 0.01, 0.999).round(3)
    order = rng.permutation(len(source))
    order = order[np.argsort(p_image[order], kind="stable")]
    found = _table(
        p_image[order], p_label[order], p_shape[order], labels, score=score[order].astype(np.float32)
    )
    images = pd.DataFrame({"file": [f"{i}.jpg" for i in range(n_images)], "width": WIDTH, "height": HEIGHT})
    return Detections(schema.conform(images, "images"), truth, found, labels)


def to_coco(data: Detections, *, bbox: bool = False) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The tables as COCO's two JSON documents: ground truth and results."""
    size = [HEIGHT, WIDTH]
    truth, found = data.instances, data.predictions
    annotations = [
        {"id": i + 1, "image_id": m, "category_id": c + 1, "area": a, "iscrowd": int(k), "bbox": b,
         "segmentation": {"size": size, "counts": r.decode()}}
        for i, m, c, a, k, b, r in zip(
            truth.index.tolist(), truth.image_id.tolist(), truth.label.cat.codes.tolist(),
            truth.area.tolist(), truth.crowd.tolist(), truth[["x", "y", "w", "h"]].to_numpy(float).tolist(),
            truth["mask"].tolist(), strict=True,
        )
    ]  # fmt: skip
    results = [
        {"image_id": m, "category_id": c + 1, "score": s, "segmentation": {"size": size, "counts":
        r.decode()}} for m, c, s, r in zip(
            found.image_id.tolist(), found.label.cat.codes.tolist(), found.score.tolist(),
            found["mask"].tolist(), strict=True
        )
    ]  # fmt: skip
    if bbox:
        for result, box in zip(results, found[["x", "y", "w", "h"]].to_numpy(float).tolist(), strict=True):
            result["bbox"] = box
    images = [
        {"id": i, "width": WIDTH, "height": HEIGHT, "file_name": f"{i}.jpg"}
        for i in data.images.index.tolist()
    ]
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(data.labels)]
    return {"images": images, "annotations": annotations, "categories": categories}, results


def _shapes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Blob parameters ``(n, 8)``: centre x, y, half width, half height, two waves of amplitude and phase."""
    half = np.exp(rng.uniform(np.log(5), np.log(130), n))
    aspect = np.exp(rng.normal(0, 0.35, n))
    waves = [rng.uniform(0, 0.35, n), rng.uniform(0, 6.3, n), rng.uniform(0, 0.35, n), rng.uniform(0, 6.3, n)]
    return np.stack(
        [
            rng.uniform(20, WIDTH - 20, n),
            rng.uniform(20, HEIGHT - 20, n),
            half * aspect,
            half / aspect,
            *waves,
        ],
        1,
    )


def _perturbed(
    rng: np.random.Generator, image: np.ndarray, label: np.ndarray, shape: np.ndarray, here: np.ndarray,
    per_image: int, n_labels: int,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """The instance that each prediction comes from (-1: none), its quality, image, label and shape."""
    copies = rng.poisson(3.5, len(image))
    source = np.repeat(np.arange(len(image)), copies)
    first = np.searchsorted(image[source], np.arange(len(here)))
    nth = np.arange(len(source)) - first[image[source]]
    source = source[nth < per_image]
    quality = rng.beta(4, 2, len(source))
    rest = per_image - np.bincount(image[source], minlength=len(here))
    elsewhere = np.repeat(np.arange(len(here)), rest)
    p_image = np.concatenate([image[source], elsewhere])
    familiar = here[elsewhere, rng.integers(0, 4, len(elsewhere))]
    other = np.where(rng.random(len(elsewhere)) < 0.6, familiar, rng.integers(0, n_labels, len(elsewhere)))
    kept = np.where(rng.random(len(source)) < 0.9, label[source], rng.integers(0, n_labels, len(source)))
    moved = shape[source].copy()
    loose = (1 - quality)[:, None]
    moved[:, :2] += rng.normal(0, 0.35, (len(source), 2)) * loose * moved[:, 2:4]
    moved[:, 2:4] *= np.exp(rng.normal(0, 0.4, (len(source), 2)) * loose)
    moved[:, 4:] += rng.normal(0, 0.5, (len(source), 4)) * loose * [0.3, 1, 0.3, 1]
    quality = np.concatenate([quality, rng.beta(1.2, 5, len(elsewhere))])
    source = np.concatenate([source, np.full(len(elsewhere), -1)])
    return (
        source,
        quality,
        p_image,
        np.concatenate([kept, other]),
        np.concatenate([moved, _shapes(rng, len(elsewhere))]),
    )


def _table(
    image: np.ndarray, label: np.ndarray, shape: np.ndarray, labels: tuple[str, ...],
    crowd: np.ndarray | None = None, score: np.ndarray | None = None,
) -> pd.DataFrame:  # fmt: skip
    masks, boxes, areas = [], [], []
    for a in range(0, len(shape), 4096):
        runs = _rasterise(shape[a : a + 4096])
        masks.append(runs.to_arrow())
        boxes.append(runs.boxes(HEIGHT))
        areas.append(runs.areas())
    box = np.concatenate(boxes).astype(np.float32)
    columns: dict[str, Any] = {
        "image_id": image.astype(np.int64),
        "label": pd.Categorical.from_codes(label, labels),
        "mask": pd.array(pa.concat_arrays(masks), dtype=schema.MASK_DTYPE),
        **{name: box[:, i] for i, name in enumerate("xywh")},
        "area": np.concatenate(areas),
    }
    if crowd is not None:
        columns["crowd"] = crowd
    if score is not None:
        columns["score"] = score
    return schema.conform(pd.DataFrame(columns), "instances" if score is None else "predictions", labels)


def _rasterise(shape: np.ndarray) -> Runs:
    """Blobs as runs, at most one per column."""
    x, y, a, b, s1, p1, s2, p2 = shape.T[:, :, None]
    reach = int(np.ceil(shape[:, 2].max())) + 1
    column = np.floor(x) + np.arange(-reach, reach + 1)
    u = (column + 0.5 - x) / a
    arch = b * np.sqrt(np.clip(1 - u * u, 0, None))
    top = np.clip(np.ceil(y - arch * (1 + s1 * np.sin(5 * u + p1))), 0, HEIGHT)
    bottom = np.clip(np.floor(y + arch * (1 + s2 * np.sin(7 * u + p2))) + 1, 0, HEIGHT)
    inside = (np.abs(u) < 1) & (column >= 0) & (column < WIDTH) & (bottom > top)
    row, at = np.nonzero(inside)
    start = (column[row, at] * HEIGHT + top[row, at]).astype(np.int64)
    end = (column[row, at] * HEIGHT + bottom[row, at]).astype(np.int64)
    return _runs_between(row, start, end, len(shape))


def _runs_between(row: np.ndarray, start: np.ndarray, end: np.ndarray, n: int) -> Runs:
    """Alternating counts from sorted 1-runs; a run that begins where another ended is joined to it."""
    joined = np.zeros(len(row), bool)
    joined[1:] = (row[1:] == row[:-1]) & (start[1:] == end[:-1])
    last = np.append(~joined[1:], True)[: len(row)]
    row, start, end = row[~joined], start[~joined], end[last]
    offsets = np.searchsorted(row, np.arange(n + 1))
    rows = []
    for a, b in pairwise(offsets.tolist()):
        edges = np.empty(2 * (b - a) + 2, np.int64)
        edges[0], edges[-1] = 0, WIDTH * HEIGHT
        edges[1:-1:2], edges[2:-1:2] = start[a:b], end[a:b]
        counts = np.diff(edges)
        rows.append(counts[:-1] if len(counts) > 1 and counts[-1] == 0 else counts)
    lengths = np.array([len(r) for r in rows])
    return Runs(np.concatenate(rows), np.concatenate([[0], np.cumsum(lengths)]))
