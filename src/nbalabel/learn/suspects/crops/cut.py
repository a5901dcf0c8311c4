"""Crops around masks: the picture and the mask, every crop of the same size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from tqdm.auto import tqdm

from ....core.errors import ImageError
from ....core.geometry.masks import rle
from ....core.tables.ahead import ahead
from ....core.tables.schema import LabeledImages

SIDE = 32
"""Height and width of a crop, pixels."""

_AROUND = 1.6  # side of the window, in longer sides of the box
_LEAST = 8.0  # side of the smallest window, pixels of the image

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def cut(
    tables: LabeledImages,
    image_ids: npt.ArrayLike,
    masks: Sequence[bytes],
    tell: Callable[[int], object] | None = None,
) -> tuple[Pixels, Floats]:
    """Cut each mask out of its image; every image is read once.

    Args:
        tables: tables whose images are read.
        image_ids: image of each mask, ``(n,)``.
        masks: compressed masks, ``(n,)``.
        tell: called with 1 for each image; None shows a bar.

    Returns:
        Crops ``(n, 32, 32, 4)`` uint8 (red, green, blue, share of the mask), and per crop the mean and the
        standard deviation of the gray of its whole image, ``(n, 2)`` float32, 0..1. Crops of images that
        cannot be read are zeros.
    """
    on = np.asarray(image_ids, np.int64)
    crops = np.zeros((len(on), SIDE, SIDE, 4), np.uint8)
    light = np.zeros((len(on), 2), np.float32)
    order = np.argsort(on, kind="stable")
    starts = np.flatnonzero(np.diff(on[order], prepend=on[order][:1] - 1))
    parts = np.split(order, starts[1:]) if len(order) else []
    coming = ahead(tables, [int(on[rows[0]]) for rows in parts])
    shown: dict[str, Any] = {
        "desc": "cutting crops",
        "total": len(parts),
        "unit": "image",
        "delay": 2,
        "leave": False,
    }
    for image_id, rows in zip(tqdm(coming, disable=tell is not None, **shown), parts, strict=True):
        if tell is not None:
            tell(1)
        try:
            pixels = np.asarray(tables.read_image(image_id))
        except (ImageError, OSError):
            continue
        gray = pixels[:: max(len(pixels) // 256, 1), :: max(pixels.shape[1] // 256, 1)].mean(axis=2) / 255
        light[rows] = gray.mean(), gray.std()
        for row in rows.tolist():
            crops[row] = crop_of(pixels, masks[row])
    return crops, light


def crop_of(pixels: Pixels, mask: bytes) -> Pixels:
    """One mask and its surroundings, ``(32, 32, 4)`` uint8; pixels beyond the border repeat the border.

    Args:
        pixels: the image, ``(height, width, 3)`` uint8.
        mask: a compressed mask of its size.
    """
    height, width = pixels.shape[:2]
    crop, x, y = rle.decode_crop(mask, height, width)
    out = np.zeros((SIDE, SIDE, 4), np.uint8)
    if not crop.size:
        return out
    h, w = crop.shape
    side = max(_AROUND * max(h, w), _LEAST)
    left, top = x + w / 2 - side / 2, y + h / 2 - side / 2
    a, b = int(np.floor(left)), int(np.floor(top))
    n = int(np.ceil(side)) + 1
    rows = np.clip(np.arange(b, b + n), 0, height - 1)
    columns = np.clip(np.arange(a, a + n), 0, width - 1)
    inside = np.zeros((n, n), np.uint8)
    inside[y - b : y - b + h, x - a : x - a + w] = crop * np.uint8(255)
    window = (left - a, top - b, left - a + side, top - b + side)
    for plane, where in ((pixels[np.ix_(rows, columns)], slice(0, 3)), (inside[..., None], slice(3, 4))):
        image = Image.fromarray(plane if plane.shape[2] > 1 else plane[..., 0])
        small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=window))
        out[..., where] = small.reshape(SIDE, SIDE, -1)
    return out
