"""What the gallery shows on pages that run no widgets: its first tiles."""

from __future__ import annotations

import io
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.errors import NbalabelError
from ..bridge.static_output import few_bytes

_WIDTH = 640  # pixels
_GAP = 6
_ROWS = 3


class Tiled(Protocol):
    """A gallery: its tiles, in order."""

    size: Any
    errors: Any

    def first(self) -> npt.NDArray[np.int32]:
        """Row numbers of the first tiles."""
        ...

    def tile(self, row: int, size: int) -> bytes:
        """The picture of a tile."""
        ...


def contact_sheet(gallery: Tiled) -> Image.Image | None:
    """The first tiles of a gallery in up to three rows; None where there are none.

    Tiles whose file cannot be read stay gray; the errors go to ``gallery.errors``.
    """
    across = max((_WIDTH - _GAP) // (min(gallery.size, 160) + _GAP), 1)
    side = (_WIDTH - _GAP) // across - _GAP
    rows = gallery.first()[: across * _ROWS].tolist()
    if not rows:
        return None
    high = -(-len(rows) // across)
    sheet = Image.new("RGB", (_WIDTH, high * (side + _GAP) + _GAP), "white")
    for place, row in enumerate(rows):
        left, top = _GAP + place % across * (side + _GAP), _GAP + place // across * (side + _GAP)
        tile = _tile(gallery, row, side)
        sheet.paste((238, 238, 238), (left, top, left + side, top + side))
        sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
    return few_bytes(sheet)


def _tile(gallery: Tiled, row: int, side: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(gallery.tile(row, side)))
    except (NbalabelError, OSError, ValueError) as error:
        gallery.errors.append(error)
        return Image.new("RGB", (side, side), (214, 214, 214))
