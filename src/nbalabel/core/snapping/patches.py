"""Masks with the picture around them, one patch per mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..geometry.masks import rle
from .bands import Mask, Patch, reach

LEAST_AREA = 6  # pixels; smaller masks stay as they are

Window = tuple[slice, slice]


def patches(
    pixels: npt.NDArray[np.uint8], masks: Sequence[bytes], wanted: npt.NDArray[np.bool_]
) -> Iterator[tuple[int, Patch, Window]]:
    """The wanted masks of one image: position, patch, and where the patch is.

    Args:
        pixels: ``(height, width, 3)`` uint8 RGB.
        masks: run lengths of all masks on the image; those that are not wanted are neighbours.
        wanted: which masks to give, ``(n,)``; masks of fewer than 6 pixels are skipped.
    """
    height, width = pixels.shape[:2]
    decoded = [rle.decode(mask, height, width) for mask in masks]
    covered = np.zeros((height, width), np.int16)
    for mask in decoded:
        covered += mask
    for place in np.flatnonzero(wanted).tolist():
        mask = decoded[place]
        area = int(mask.sum())
        if area < LEAST_AREA:
            continue
        far = reach(area)
        window = _around(mask, 3 * far + 2)
        here = np.ascontiguousarray(mask[window])
        yield place, Patch(np.ascontiguousarray(pixels[window]), here, covered[window] > here, far), window


def whole(mask: Mask, window: Window, height: int, width: int) -> bytes:
    """Run lengths in the whole image of a mask within a window."""
    out = np.zeros((height, width), np.bool_)
    out[window] = mask
    return rle.encode(out)


def _around(mask: Mask, margin: int) -> Window:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )
