"""What a segmenter is: from points and a box to a mask."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["Box", "Flags", "Pixels", "Points", "Segmenter", "Window"]

Box: TypeAlias = tuple[float, float, float, float]
Pixels: TypeAlias = npt.NDArray[np.uint8]
Points: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Window: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom, pixels


@runtime_checkable
class Segmenter(Protocol):
    """A model that segments the object a person points at.

    Implement this protocol and pass the object to ``nl.Editor(ws, segmenter=...)``.

    Attributes:
        name: name shown to people.
    """

    name: str

    def segment(
        self, image: Pixels, points: Points, positive: Flags, box: Box | None, image_key: Hashable
    ) -> tuple[Flags, float]:
        """The mask of one object.

        Args:
            image: ``(height, width, 3)`` uint8 RGB.
            points: ``(n, 2)`` (x, y), pixels.
            positive: ``(n,)``, True where the point lies on the object, False where it lies beside it.
            box: (x, y, w, h) around the object, pixels; None for no box (then a point is positive).
            image_key: equal for equal pixels, a cache key for work that depends only on the image.

        Returns:
            The mask, ``(height, width)`` bool, and its score, 0..1.
        """
