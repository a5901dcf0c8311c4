"""From points and boxes to a mask: the protocol."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]


@runtime_checkable
class Segmenter(Protocol):
    """Anything that finds the thing a person points at.

    Implement this and ``nl.Editor(ws, segmenter=...)`` uses it.

    Attributes:
        name: shown to people.
    """

    name: str

    def segment(
        self,
        image: npt.NDArray[np.uint8],
        points: npt.NDArray[np.float64],
        positive: npt.NDArray[np.bool_],
        box: Box | None,
        image_key: Hashable,
    ) -> tuple[npt.NDArray[np.bool_], float]:
        """The mask of one thing.

        Args:
            image: ``(height, width, 3)`` uint8 RGB.
            points: ``(n, 2)`` (x, y), pixels.
            positive: ``(n,)``, True where the point lies on the thing, False where it lies beside it.
            box: (x, y, w, h) around the thing, pixels; None where there is none (then a point is positive).
            image_key: the same for the same pixels, so that work done once for an image can be kept.

        Returns:
            The mask, ``(height, width)`` bool, and how sure it is, 0..1.
        """
