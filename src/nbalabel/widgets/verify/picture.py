"""What the verification shows on pages that run no widgets: the masks of the open question."""

from __future__ import annotations

import io
from collections import deque

import numpy as np
from PIL import Image

from ...core.errors import ImageError, NbalabelError
from ...core.geometry.masks import rle
from ...core.question import Question
from ..bridge.static_output import few_bytes
from ..pixels.pictures import outlined
from .crops import Crops

_WIDTH = 640  # pixels
_ACROSS = 5
_GAP = 6
_MOST = 15  # masks


def verify_picture(crops: Crops, question: Question, context: float, errors: deque[Exception]) -> Image.Image:
    """The first masks of a question as a contact sheet, at most 60 KB as PNG.

    Args:
        crops: cuts them.
        question: gives the masks.
        context: margin around each, as a share of the longer side of its box.
        errors: takes the errors; masks with an error stay gray.
    """
    ids = question.ids[:_MOST].tolist()
    side = (_WIDTH - _GAP) // _ACROSS - _GAP
    high = -(-len(ids) // _ACROSS)
    sheet = Image.new("RGB", (_WIDTH, max(high, 1) * (side + _GAP) + _GAP), "white")
    for place, row_id in enumerate(ids):
        left, top = _GAP + place % _ACROSS * (side + _GAP), _GAP + place // _ACROSS * (side + _GAP)
        sheet.paste((238, 238, 238), (left, top, left + side, top + side))
        try:
            tile = _tile(crops, row_id, context, side)
        except NbalabelError as error:
            errors.append(error)
            continue
        sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
    return few_bytes(sheet)


def _tile(crops: Crops, row_id: int, context: float, side: int) -> Image.Image:
    cut = crops.cut(row_id, context, side)
    if cut.head["problem"]:
        raise ImageError(cut.head["problem"])
    part = np.asarray(Image.open(io.BytesIO(cut.pixels)).convert("RGB"))
    width, height = cut.head["mask"]
    mask = rle.decode(cut.mask, height, width).astype(bool)
    color = "#" + bytes(crops.colors[cut.head["label"]]).hex()
    return Image.fromarray(outlined(part, mask, color, side))
