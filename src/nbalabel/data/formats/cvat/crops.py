"""CVAT's masks: plain run lengths of the rows of a crop, beginning with background.

They are not COCO's, which go down the columns of the whole image.

Source: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ....core.errors import FormatError, short
from ....core.geometry.masks import rle
from ...images.files import MAX_PIXELS
from ..masks.placed import placed

_RUNS = re.compile(r"\s*[0-9]{1,10}\s*(,\s*[0-9]{1,10}\s*)*", re.ASCII)


@dataclass(frozen=True)
class Crop:
    """A mask as CVAT holds it.

    Attributes:
        runs: run lengths along the rows of the crop, the first of background, as text: "2, 3, 1".
        left: column of the image where the crop begins, pixels.
        top: row, likewise.
        width: of the crop, pixels.
        height: of the crop, pixels.
    """

    runs: str
    left: int
    top: int
    width: int
    height: int


def to_crop(mask: bytes, height: int, width: int) -> Crop | None:
    """The crop of a mask; None for a mask without pixels.

    Example:
        >>> to_crop(b"112", 2, 2)
        Crop(runs='0, 1', left=0, top=1, width=1, height=1)
    """
    pixels, x, y = rle.decode_crop(mask, height, width)
    if not pixels.size:
        return None
    flat = np.ascontiguousarray(pixels).ravel()
    ends = [0, *(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), len(flat)]
    runs = [b - a for a, b in pairwise(ends)]
    text = ", ".join(map(str, [0, *runs] if flat[0] else runs))
    return Crop(text, x, y, pixels.shape[1], pixels.shape[0])


def from_crop(crop: Crop, height: int, width: int, where: str) -> bytes:
    """The mask of an image from a crop; what lies outside the image is cut off.

    Args:
        crop: the crop.
        height: of the image, pixels.
        width: of the image, pixels.
        where: name of the mask for messages.

    Raises:
        FormatError: the runs are no numbers, do not fill the crop, or the crop is too large.

    Example:
        >>> from_crop(Crop("0, 1", 0, 1, 1, 1), 2, 2, "mask 1")
        b'112'
    """
    size = crop.width * crop.height
    if crop.width <= 0 or crop.height <= 0 or size > MAX_PIXELS:
        raise FormatError(
            f"{where}: a mask must have between 1 and {MAX_PIXELS:,} pixels, got {crop.width} x {crop.height}"
        )
    if not _RUNS.fullmatch(crop.runs):
        raise FormatError(f"{where}: rle must be whole numbers with commas between, got {short(crop.runs)}")
    counts = np.array(crop.runs.split(","), np.int64)
    total = int(counts.sum())
    if total != size:
        raise FormatError(
            f"{where}: run lengths must sum to {crop.width} x {crop.height} = {size} pixels, got {total}"
        )
    inside = np.zeros(len(counts), bool)
    inside[1::2] = True
    pixels = np.repeat(inside, counts).reshape(crop.height, crop.width)
    return placed(pixels, crop.left, crop.top, height, width)
