"""What a review shows on pages that run no widgets: the mask it asks about."""

from __future__ import annotations

import io
from typing import Any, Protocol

import numpy as np
from PIL import Image

from ...core.errors import ImageError
from ...core.geometry.masks import rle
from ..bridge.static_output import few_bytes
from ..pixels.pictures import image_row, outlined
from ..workspace.workspace import Workspace
from .crop import crop_box, crop_of, pixels_of

_LONGEST = 420  # pixels
_ASPECT = 4 / 3


class Shown(Protocol):
    """A review: its workspace, and how much it shows around a mask."""

    workspace: Workspace
    context: Any
    errors: Any


def review_picture(review: Shown, of: str, row: int) -> Image.Image:
    """One mask outlined in the color of its label, few colors, at most 60 KB as PNG.

    Args:
        review: gives the context, and keeps errors.
        of: "instances" or "predictions".
        row: row number.
    """
    ws = review.workspace
    frame, image = ws.frame(of), ws.frame("images").iloc[image_row(ws, of, row)]
    size = int(image["width"]), int(image["height"])
    box = crop_box([float(frame[name].iloc[row]) for name in "xywh"], size, review.context, _ASPECT)
    crop = crop_of(ws, of, row, box, _LONGEST)
    try:
        part = np.asarray(Image.open(io.BytesIO(pixels_of(ws, of, row, crop.box, _LONGEST))).convert("RGB"))
    except ImageError as error:
        review.errors.append(error)
        part = np.full((crop.height, crop.width, 3), 125, np.uint8)
    mask = rle.decode(crop.mask, crop.height, crop.width).astype(bool)
    label = ws.column(of, "label")
    color = label.colors[int(label.values[row])]
    return few_bytes(Image.fromarray(outlined(part, mask, color, _LONGEST)))
