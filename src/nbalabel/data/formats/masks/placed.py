"""A part of an image as a mask of the whole image."""

from __future__ import annotations

import numpy as np

from ....core.geometry.masks import rle


def placed(pixels: np.ndarray, x: int, y: int, height: int, width: int) -> bytes:
    """The mask of an image that holds some pixels at a place; what lies outside the image is cut off.

    Args:
        pixels: ``(h, w)`` bool.
        x: column of the image where the pixels begin; may be negative.
        y: row, likewise.
        height: of the image, pixels.
        width: of the image, pixels.

    Example:
        >>> placed(np.ones((2, 2), bool), -1, 1, 2, 2)
        b'112'
    """
    left, top = max(-x, 0), max(-y, 0)
    right, bottom = max(min(width - x, pixels.shape[1]), 0), max(min(height - y, pixels.shape[0]), 0)
    inside = pixels[top:bottom, left:right]
    found = rle.encode_labels(inside, height, width, x + left, y + top)[1] if inside.size else []
    return found[0] if found else rle.from_counts([height * width])
