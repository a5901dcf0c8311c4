"""How well masks fit the picture: columns that read pixels."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..geometry.masks import rle
from ..opencv import one_thread, opencv
from ..snapping.along import along, steepness
from ..snapping.bands import reach
from ..snapping.patches import LEAST_AREA

PICTURED = ("contrast", "boundary_fit")
"""Names of these columns."""

Read = Callable[[int], npt.NDArray[np.uint8] | None]

_FEATURE = "measuring masks on pictures"


def pictured(rows: pd.DataFrame, read: Read) -> npt.NDArray[np.float64]:
    """Columns of :data:`PICTURED`, ``(n, 2)``; each picture is read once.

    - ``contrast``: difference of the mean colors just inside and just outside of the outline over the noise
      beside it, >= 0.
    - ``boundary_fit``: how steep the picture is along the outline, over its steepness around the mask; 1
      where the outline lies no better than by chance.

    Args:
        rows: ``image_id`` and ``mask``.
        read: gives the pixels of an image, ``(height, width, 3)`` uint8 RGB; None where there are none.

    Returns:
        NaN for masks of fewer than 6 pixels and where there is no picture.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    out = np.full((len(rows), len(PICTURED)), np.nan)
    cv2 = opencv(_FEATURE)
    with one_thread(_FEATURE):
        for at in rows.groupby("image_id").indices.values():
            pixels = read(int(rows["image_id"].iloc[at[0]]))
            if pixels is None:
                continue
            for row in map(int, at):
                out[row] = _fit(cv2, pixels, rows["mask"].iloc[row])
    return out


def _fit(cv2: ModuleType, pixels: npt.NDArray[np.uint8], mask: bytes) -> tuple[float, float]:
    height, width = pixels.shape[:2]
    crop, x, y = rle.decode_crop(mask, height, width)
    area = int(crop.sum())
    if area < LEAST_AREA:
        return np.nan, np.nan
    margin = 3 * reach(area) + 2
    left, top = min(x, margin), min(y, margin)
    part = pixels[y - top : y + crop.shape[0] + margin, x - left : x + crop.shape[1] + margin]
    here = np.zeros(part.shape[:2], np.bool_)
    here[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    part = np.ascontiguousarray(part)
    change, gradient, _ = along(cv2, here, part.astype(np.float32), steepness(cv2, part))
    return change, float(np.exp(gradient))
