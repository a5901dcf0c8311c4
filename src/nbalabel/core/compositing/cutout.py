"""A thing cut out of a picture, with the light that it stood in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .light import Flags, Light, Pixels, light_of

_AROUND = 0.5  # surroundings beyond each side of the box, as a share of its longer side


@dataclass(frozen=True, eq=False)
class Cutout:
    """A thing cut out of a picture.

    Attributes:
        pixels: ``(h, w, 3)`` uint8, RGB, of its box.
        mask: ``(h, w)`` bool, its pixels.
        light: of its surroundings; None where it fills the picture.
    """

    pixels: Pixels
    mask: Flags
    light: Light | None

    @property
    def nbytes(self) -> int:
        """Bytes of its arrays."""
        return self.pixels.nbytes + self.mask.nbytes


def cut(image: Pixels, crop: Flags, x: int, y: int) -> Cutout:
    """Cut a thing out of a picture.

    Args:
        image: ``(height, width, 3)`` uint8, RGB.
        crop: ``(h, w)`` bool, the mask within its box.
        x: column of the image where the box begins, pixels.
        y: row of the image where the box begins, pixels.

    Raises:
        MissingExtraError: OpenCV is not installed.

    Example:
        >>> image = np.zeros((20, 20, 3), np.uint8)
        >>> cut(image, np.ones((4, 6), bool), 5, 5).pixels.shape
        (4, 6, 3)
    """
    (h, w), (height, width) = crop.shape, image.shape[:2]
    more = round(_AROUND * max(h, w))
    left, top = max(x - more, 0), max(y - more, 0)
    around = image[top : min(y + h + more, height), left : min(x + w + more, width)]
    outside = np.ones(around.shape[:2], bool)
    outside[y - top : y - top + h, x - left : x - left + w] = ~crop
    return Cutout(image[y : y + h, x : x + w].copy(), crop.copy(), light_of(around, outside))
