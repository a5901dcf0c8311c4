"""A run without a model: what an imperfect one might say of the reef, made in a second and without torch.

For trying the views, for pictures of them and for tests. Its scores say nothing about how well anything
learns: that takes ``nl.Yolo``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from ..core.geometry.masks import rle
from ..core.tables.of_images import sizes_of
from ..core.tables.schema import conform
from ..data.dataset.dataset import Dataset
from ..learn.embed.pooling import Embeddings
from ..learn.runs.run import Run
from .reef import truth

Floats = npt.NDArray[np.float32]

_GRID = 6  # cells across an image that its embedding averages


def simulated_run(ds: Dataset, seed: int = 0) -> Run:
    """Predictions on every image, made from the truth: some masks missed, all a little off, some invented.

    Args:
        ds: a dataset made by :func:`nbalabel.demo.reef` or :func:`nbalabel.demo.nuclei`.
        seed: of the errors.

    Returns:
        A Run with ``model`` "simulated", matched to the labels of ``ds``; its embeddings are mean colors.

    Raises:
        StorageError: the dataset was not generated here.
    """
    rng = np.random.default_rng(seed)
    real = truth(ds).instances
    real = real[rng.random(len(real)) < np.clip(real["area"].to_numpy() / 150, 0.35, 0.92)]
    images = ds.images
    sizes = images.loc[real["image_id"], ["height", "width"]].to_numpy()
    found = [_worn(mask, h, w, rng) for mask, (h, w) in zip(real["mask"], sizes, strict=True)]
    quality = rle.iou_pairs(found, list(real["mask"]))
    right = pd.DataFrame(
        {"image_id": real["image_id"].to_numpy(), "label": real["label"].astype(str).to_numpy()}
    )
    right["mask"] = found
    right["score"] = np.clip(0.15 + 0.75 * quality + rng.normal(0, 0.12, len(right)), 0.05, 0.99)
    wrong = _invented(images, ds.labels, max(len(real) // 4, 1), rng)
    rows = pd.concat([right, wrong], ignore_index=True).astype({"score": np.float32})
    rows = rows.sort_values(["image_id", "score"], ascending=[True, False], ignore_index=True)
    rows["source"], rows["status"] = "model", "proposed"
    rows["origin"] = name = f"simulated-{seed}"
    rows.index.name = "prediction_id"
    heights = sizes_of(images, rows["image_id"])[:, 0]
    predictions = conform(rows, "predictions", ds.labels, heights)
    run = Run(
        name,
        "predict",
        "simulated",
        ds.version_id,
        labels=ds.labels,
        n_images=len(images),
        predictions=predictions,
        predicted_ids=images.index.to_numpy(np.int64),
        embeddings=_embed(ds, predictions, rng),
    )
    return run.matched_to(ds)


def _worn(mask: bytes, height: int, width: int, rng: np.random.Generator) -> bytes:
    """A mask as a model would give it: shifted by a pixel or two, its edge eaten or grown."""
    pixels = rle.decode(mask, height, width)
    shift = rng.normal(0, 0.8, 2)
    moved = ndimage.gaussian_filter(ndimage.shift(pixels.astype(np.float32), shift, order=1), 0.8)
    out = moved > rng.uniform(0.3, 0.62)
    return rle.encode(out if out.any() else pixels.astype(np.bool_))


def _invented(
    images: pd.DataFrame, labels: tuple[str, ...], n: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Ellipses where there is nothing, mostly of low score."""
    rows = []
    for image_id in rng.choice(images.index.to_numpy(), n):
        height, width = images.loc[image_id, ["height", "width"]]
        y, x = np.mgrid[:height, :width]
        a, b = rng.uniform(3, 12, 2)
        center = rng.uniform(0, width), rng.uniform(0, height)
        inside = ((x - center[0]) / a) ** 2 + ((y - center[1]) / b) ** 2 < 1
        if inside.any():
            score = np.clip(rng.beta(1.6, 4) + 0.05, 0.05, 0.95)
            rows.append((int(image_id), str(rng.choice(labels)), rle.encode(inside), score))
    return pd.DataFrame(rows, columns=["image_id", "label", "mask", "score"])


def _embed(ds: Dataset, predictions: pd.DataFrame, rng: np.random.Generator) -> Embeddings:
    """Mean colors: of a grid of cells for images, of the box and its surroundings for predictions."""
    image_ids, vectors = [], []
    crops = np.zeros((len(predictions), 8), np.float32)
    rows_of = predictions.groupby("image_id").indices
    boxes = predictions[["x", "y", "w", "h"]].to_numpy()
    for image_id in ds.images.index:
        pixels = (ds.read_image(int(image_id)) / 255).astype(np.float32)
        image_ids.append(image_id)
        vectors.append(_cells(pixels))
        for row in rows_of.get(image_id, ()):
            crops[row, :6] = np.concatenate([_mean(pixels, boxes[row], 0), _mean(pixels, boxes[row], 1)])
            crops[row, 6:] = np.log1p(boxes[row, 2:]) / 5
    crops += rng.normal(0, 0.01, crops.shape).astype(np.float32)
    stacked = np.array(vectors, np.float32).reshape(len(image_ids), -1)
    ids = predictions.index.to_numpy(np.int64)
    return Embeddings(np.array(image_ids, np.int64), stacked, ids, crops)


def _cells(pixels: Floats) -> Floats:
    rows = [part.mean(axis=0) for part in np.array_split(pixels, _GRID)]
    return np.array(
        [[c.mean(axis=0) for c in np.array_split(row, _GRID)] for row in rows], np.float32
    ).ravel()


def _mean(pixels: Floats, box: Floats, margin: float) -> Floats:
    """Mean color of a box widened by a share of its sides."""
    x, y, w, h = box
    left, top = max(int(x - margin * w), 0), max(int(y - margin * h), 0)
    part = pixels[top : int(y + (1 + margin) * h) + 1, left : int(x + (1 + margin) * w) + 1]
    return np.asarray(part.reshape(-1, 3).mean(axis=0), np.float32)
