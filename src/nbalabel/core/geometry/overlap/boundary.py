"""Boundary IoU: how well two outlines agree, whatever the size of the masks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..masks.eroded import eroded
from ..masks.runs import Ints, Runs, overlaps


def boundary_pairs(
    runs: Runs,
    heights: npt.ArrayLike,
    width: npt.ArrayLike,
    left: Ints,
    right: Ints,
    shared: Ints | None = None,
) -> npt.NDArray[np.float64]:
    """IoU of the inner bands along the outlines of pairs of masks, ``(k,)`` float64, 0..1.

    Args:
        runs: masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        width: of the band of each mask, ``(n,)`` or one number, pixels, 1 or more.
        left: positions of the first mask of each pair, ``(k,)``.
        right: positions of the second, of the same image.
        shared: pixels that the masks of each pair share, where they are known.

    Source: B. Cheng et al., Boundary IoU, CVPR 2021, https://arxiv.org/abs/2103.16562

    Example:
        >>> from ..masks.rle import encode, parse
        >>> square = encode(np.pad(np.ones((6, 6)), 2))
        >>> boundary_pairs(parse([square, square]), 10, 1, np.array([0]), np.array([1])).tolist()
        [1.0]
    """
    inner = eroded(runs, heights, width)
    band = runs.areas() - inner.areas()
    both = (
        (overlaps(runs, runs, left, right) if shared is None else shared)
        - overlaps(inner, runs, left, right)
        - overlaps(runs, inner, left, right)
        + overlaps(inner, inner, left, right)
    )
    either = band[left] + band[right] - both
    return np.asarray(np.divide(both, either, out=np.zeros(len(left)), where=either > 0))
