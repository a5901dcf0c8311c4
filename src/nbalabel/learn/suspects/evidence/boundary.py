"""Boundary IoU: how well two outlines agree, whatever the size of the masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ....core.geometry.masks import rle

_WIDTH = 0.1  # of the band, in sides of a square of the mask's area

Bools = npt.NDArray[np.bool_]


def boundary_ious(
    a: Sequence[bytes], b: Sequence[bytes], sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """IoU of the inner bands of both masks along their outlines, row by row.

    The band is a tenth of the side of a square of the first mask's area wide, 1 pixel or more; in the paper
    it is 2% of the diagonal of the image, in which small masks would be all band.

    Args:
        a: compressed masks, ``(n,)``.
        b: compressed masks of the same images, ``(n,)``.
        sizes: height and width of each image, ``(n, 2)``.

    Source: B. Cheng et al., Boundary IoU, CVPR 2021, https://arxiv.org/abs/2103.16562

    Example:
        >>> square = rle.encode(np.pad(np.ones((6, 6)), 2))
        >>> boundary_ious([square], [square], np.array([[10, 10]])).tolist()
        [1.0]
    """
    return np.array(
        [_one(m, n, int(h), int(w)) for m, n, (h, w) in zip(a, b, sizes, strict=True)], np.float64
    )


def _one(a: bytes, b: bytes, height: int, width: int) -> float:
    parts = [rle.decode_crop(mask, height, width) for mask in (a, b)]
    left, top = (min(p[i] for p in parts) for i in (1, 2))
    right = max(p[1] + p[0].shape[1] for p in parts)
    bottom = max(p[2] + p[0].shape[0] for p in parts)
    thick = max(1, round(_WIDTH * float(np.sqrt(max(parts[0][0].sum(), 1)))))
    bands = []
    for crop, x, y in parts:
        whole = np.zeros((bottom - top + 2, right - left + 2), bool)
        whole[y - top + 1 : y - top + 1 + crop.shape[0], x - left + 1 : x - left + 1 + crop.shape[1]] = crop
        bands.append(whole & ~_eroded(whole, thick))
    either = int((bands[0] | bands[1]).sum())
    return int((bands[0] & bands[1]).sum()) / either if either else 0.0


def _eroded(mask: Bools, steps: int) -> Bools:
    """The mask without its outermost pixels, ``steps`` times; the border counts as outside."""
    for _ in range(steps):
        inner = mask.copy()
        inner[1:] &= mask[:-1]
        inner[:-1] &= mask[1:]
        inner[:, 1:] &= mask[:, :-1]
        inner[:, :-1] &= mask[:, 1:]
        inner[[0, -1]] = False
        inner[:, [0, -1]] = False
        mask = inner
    return mask
