"""Connected components and holes of masks."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from . import rle

Connectivity = Literal[4, 8]


def components(mask: bytes, height: int, width: int, connectivity: Connectivity = 8) -> list[bytes]:
    """The connected parts of a mask, in the order of their first pixels, column by column.

    Args:
        mask: compressed run-length mask.
        height: of the image, pixels.
        width: of the image, pixels.
        connectivity: 8 joins pixels that touch at a corner, 4 only those that share an edge.

    Example:
        >>> components(rle.encode([[1, 0, 1]]), 1, 3)
        [b'012', b'21']
    """
    crop, x, y = rle.decode_crop(mask, height, width)
    return rle.encode_labels(_label(crop, connectivity)[0], height, width, x, y)[1]


def fill_holes(
    mask: bytes, height: int, width: int, max_area: int | None = None, connectivity: Connectivity = 8
) -> bytes:
    """Fill the holes of a mask.

    Args:
        mask: compressed run-length mask.
        height: of the image, pixels.
        width: of the image, pixels.
        max_area: fill only holes of at most this many pixels; None fills all.
        connectivity: connectivity of the mask, 4 or 8; its background has the other one.

    Example:
        >>> ring = rle.encode([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
        >>> rle.areas([fill_holes(ring, 3, 3)]).tolist()
        [9]
    """
    crop, x, y = rle.decode_crop(mask, height, width)
    labels, n = _holes(crop, connectivity)
    if not n:
        return mask
    fill = np.ones(n + 1, bool)
    if max_area is not None:
        fill = np.bincount(labels.ravel(), minlength=n + 1) <= max_area
    fill[0] = False
    return rle.encode_labels(crop | fill[labels], height, width, x, y)[1][0]


def _label(mask: npt.NDArray[np.bool_], connectivity: int) -> tuple[npt.NDArray[np.int32], int]:
    from scipy import ndimage

    if connectivity not in (4, 8):
        raise ValueError(f"connectivity must be 4 or 8, got {connectivity}")
    # Transposed, so that parts are numbered column by column, like runs.
    labels, n = ndimage.label(
        mask.T, structure=ndimage.generate_binary_structure(2, 1 if connectivity == 4 else 2)
    )
    return labels.T, int(n)


def _holes(mask: npt.NDArray[np.bool_], connectivity: int) -> tuple[npt.NDArray[np.int32], int]:
    """Label map of the holes of the mask, 1..n, and n."""
    labels, n = _label(~np.pad(mask, 1), 12 - connectivity)
    outside = labels[0, 0]
    number = np.zeros(n + 1, np.int32)
    number[np.arange(n + 1) != outside] = np.arange(n)  # 0 stays 0: the mask itself
    return number[labels][1:-1, 1:-1], max(n - 1, 0)
