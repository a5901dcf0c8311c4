"""Embeddings of carried masks, without a network: size, shape, colour, contrast and edge of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import ImageError
from ...core.geometry.masks import rle
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages
from ..classical.look import N_COLUMNS, Picture, look
from ..embed.pooling import Embeddings
from ..training.pixels import read_image, resize

Floats = npt.NDArray[np.float32]

_SIDE = 96  # of the part of a picture that is looked at, pixels
_MARGIN = 0.25


def looks(predictions: pd.DataFrame, tables: LabeledImages) -> Embeddings:
    """Embeddings of predictions and of their images; an image is read once, and one at a time.

    Each number is standardised over the predictions and cut at 5 standard deviations.

    Args:
        predictions: with ``image_id`` and ``mask``.
        tables: where images are read; those that cannot be read, and their predictions, have no embedding.
    """
    ids, whole, at, found = [], [], [], []
    of_image = predictions["image_id"].to_numpy(np.int64)
    for image_id in np.unique(of_image).tolist():
        height, width = sizes_of(tables.images, [image_id])[0].tolist()
        rows = np.flatnonzero(of_image == image_id)
        try:
            pixels = read_image(tables, image_id, (height, width))
        except (ImageError, OSError):
            continue
        ids.append(image_id)
        whole.append(np.concatenate([pixels.mean(axis=(0, 1)), pixels.std(axis=(0, 1))]) / 255)
        at.append(rows)
        found += [_one(mask, pixels) for mask in predictions["mask"].iloc[rows]]
    if not ids:
        return Embeddings.none()
    places = np.concatenate(at)
    return Embeddings(
        np.array(ids, np.int64),
        np.array(whole, np.float32),
        predictions.index.to_numpy(np.int64)[places],
        _standardised(np.array(found, np.float32)),
    )


def _one(mask: bytes, pixels: npt.NDArray[np.uint8]) -> Floats:
    height, width = pixels.shape[:2]
    (x, y, w, h) = rle.boxes([mask], height)[0]
    margin = max(_MARGIN * max(w, h), 3)
    crop, left, top = rle.decode_crop(
        mask, height, width, (x - margin, y - margin, w + 2 * margin, h + 2 * margin)
    )
    part = pixels[top : top + crop.shape[0], left : left + crop.shape[1]]
    factor = min(1.0, _SIDE / max(crop.shape))
    size = max(round(crop.shape[0] * factor), 1), max(round(crop.shape[1] * factor), 1)
    small = resize(np.ascontiguousarray(crop).astype(np.uint8) * 255, *size) > 127
    seen = look(small.astype(np.int32), Picture.of(resize(part, *size)))
    if not len(seen):
        return np.zeros(N_COLUMNS, np.float32)
    seen[0, 0] -= 2 * np.log(factor)  # the area in pixels of the original
    return np.asarray(seen[0], np.float32)


def _standardised(found: Floats) -> Floats:
    scale = np.maximum(found.std(axis=0), 1e-6)
    return np.asarray(np.clip((found - found.mean(axis=0)) / scale, -5, 5), np.float32)
