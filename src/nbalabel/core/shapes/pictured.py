"""How well masks fit the picture: columns that read pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..opencv import one_thread, opencv
from ..snapping.along import along, steepness
from ..snapping.patches import patches

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
            masks = list(rows["mask"].iloc[at])
            for place, patch, _ in patches(pixels, masks, np.ones(len(at), np.bool_)):
                steep = steepness(cv2, patch.pixels)
                change, gradient, _ = along(cv2, patch.mask, patch.pixels.astype(np.float32), steep)
                out[at[place]] = change, np.exp(gradient)
    return out
