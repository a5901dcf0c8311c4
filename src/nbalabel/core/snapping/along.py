"""What the picture shows along the outline of a mask."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt

from .bands import Mask

Floats = npt.NDArray[np.float32]


def steepness(cv2: ModuleType, pixels: npt.NDArray[np.uint8]) -> Floats:
    """Length of the gradient of the gray picture at each pixel, ``(h, w)`` (Sobel's, gray levels).

    Args:
        cv2: OpenCV.
        pixels: ``(h, w, 3)`` uint8 RGB.
    """
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = (cv2.Sobel(gray, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)


def along(cv2: ModuleType, mask: Mask, colors: Floats, steep: Floats) -> tuple[float, float, float]:
    """Change of color across an outline, steepness on it, and its length.

    The outline is the mask's outermost pixels and those just outside of it.

    Args:
        cv2: OpenCV.
        mask: ``(h, w)``.
        colors: ``(h, w, 3)``, 0..255.
        steep: see :func:`steepness`.

    Returns:
        Distance of the mean colors inside and outside over the noise beside the outline (root of the mean
        variance, and 1 gray level), >= 0; logarithm of the mean steepness on the outline over that of the
        whole patch; number of outermost pixels. 0, 0 where the mask fills the patch.
    """
    kernel = np.ones((3, 3), np.uint8)
    byte = mask.astype(np.uint8)
    grown, shrunk = cv2.dilate(byte, kernel) > 0, cv2.erode(byte, kernel) > 0
    within, beyond = mask & ~shrunk, grown & ~mask
    if not within.any() or not beyond.any():
        return 0.0, 0.0, float(max(within.sum(), 1))
    a, b = colors[within], colors[beyond]
    noise = np.sqrt((a.var(axis=0).sum() + b.var(axis=0).sum()) / 2) + 1
    change = float(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) / noise)
    gradient = float(np.log((steep[within | beyond].mean() + 1) / (steep.mean() + 1)))
    return change, gradient, float(within.sum())
