"""Augmented views of images, mirrored or smaller, and the inverse transform for masks found in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.geometry.masks import rle
from ...core.geometry.masks.flip import flip
from ...core.tables.schema import LabeledImages, empty

Flip = Literal["horizontal", "vertical"]

_GRAY = 114  # padding of YOLO models


@dataclass(frozen=True)
class View:
    """Augmented images without instances; implements ``core.tables.schema.LabeledImages``.

    Images keep their size: a smaller one lies in the upper left corner of a gray canvas, so that its objects
    are smaller for any model, even for a model that resizes its input.

    Attributes:
        of: the original images.
        flip: axis along which they are mirrored; None leaves them.
        scale: factor by which they are scaled, in (0, 1].

    Raises:
        DataError: there is no such flip, or the scale is out of range.
    """

    of: LabeledImages
    flip: Flip | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.flip not in (None, "horizontal", "vertical"):
            raise DataError(f"a flip must be 'horizontal' or 'vertical', got {self.flip!r}")
        if not 0 < self.scale <= 1:
            raise DataError(
                f"a scale must lie in (0, 1], got {self.scale}: images are shown smaller, since most models "
                "undo an enlargement"
            )

    @property
    def images(self) -> pd.DataFrame:
        """One row per image, as in the original tables."""
        return self.of.images

    @property
    def instances(self) -> pd.DataFrame:
        """No rows, since nothing is matched in a view."""
        return empty("instances", self.of.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in order."""
        return self.of.labels

    @property
    def image_root(self) -> Path | None:
        """None, since the pixels of a view are in no file."""
        return None

    def read_image(self, image_id: int) -> npt.NDArray[np.uint8]:
        """Pixels of one image as the view shows it, ``(height, width, 3)`` uint8 RGB."""
        pixels = self.of.read_image(image_id)
        if self.flip is not None:
            pixels = np.ascontiguousarray(pixels[:, ::-1] if self.flip == "horizontal" else pixels[::-1])
        return pixels if self.scale == 1 else _smaller(pixels, self.scale)

    def undo(self, masks: pd.Series, image_ids: npt.ArrayLike) -> list[bytes]:
        """Transform masks found in the view to masks of the original images.

        A flip is undone exactly; a smaller mask is enlarged to the nearest pixel.

        Args:
            masks: compressed masks, ``(n,)``.
            image_ids: ids of their images, ``(n,)``.
        """
        sizes = self.images.loc[np.asarray(image_ids), ["height", "width"]].to_numpy(np.int64)
        found = list(masks)
        if self.scale < 1:
            found = [_larger(m, int(h), int(w), self.scale) for m, (h, w) in zip(found, sizes, strict=True)]
        if self.flip is None:
            return found
        sideways = self.flip == "horizontal"
        return flip(found, sizes[:, 0], horizontal=sideways, vertical=not sideways)


def _shrunk(length: int, scale: float) -> int:
    return max(round(length * scale), 1)


def _smaller(pixels: npt.NDArray[np.uint8], scale: float) -> npt.NDArray[np.uint8]:
    from PIL import Image

    height, width = _shrunk(pixels.shape[0], scale), _shrunk(pixels.shape[1], scale)
    small = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    canvas = np.full_like(pixels, _GRAY)
    canvas[:height, :width] = np.asarray(small)
    return canvas


def _larger(mask: bytes, height: int, width: int, scale: float) -> bytes:
    """Enlarge a mask on the canvas to the whole image: each pixel takes the value at its centre."""
    crop, x, y = rle.decode_crop(mask, height, width)
    rows = _sources(height, scale, y, crop.shape[0])
    columns = _sources(width, scale, x, crop.shape[1])
    if not len(rows[1]) or not len(columns[1]):
        return rle.from_counts([height * width])
    part = crop[np.ix_(rows[1], columns[1])]
    found = rle.encode_labels(part, height, width, columns[0], rows[0])[1]
    return found[0] if found else rle.from_counts([height * width])


def _sources(length: int, scale: float, start: int, n: int) -> tuple[int, npt.NDArray[np.int64]]:
    """First image pixel within a crop of the canvas, and the crop pixel of each one from there on."""
    at = ((np.arange(length) + 0.5) * _shrunk(length, scale) / length).astype(np.int64) - start
    inside = np.flatnonzero((at >= 0) & (at < n))
    return (int(inside[0]) if len(inside) else 0), at[inside]
