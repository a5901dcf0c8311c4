"""Pictures of the reef for the docs: ``python -m nbalabel.demo.picture FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.geometry.masks import rle
from ..core.show.masks_on_image import overlay, palette
from .reef import generate
from .underwater.scene import Frame
from .underwater.species import NAMES

_GAP = 4
_PAPER = (255, 255, 255)
# (sequence, frame): two of each habitat, in one order.
_SHEET = (
    *((45, 5), (10, 5), (42, 5), (15, 5), (6, 5), (46, 5)),
    *((54, 5), (16, 5), (32, 5), (56, 5), (59, 5), (4, 5)),
)
_STRIP = 13


def masks(frame: Frame) -> NDArray[np.uint8]:
    """A frame with its masks over it, a color for each species: ``(size, size, 3)``."""
    colors = palette(len(NAMES))[[NAMES.index(name) for name in frame.species]]
    return np.asarray(overlay(frame.image, rle.encode_labels(frame.labels)[1], colors=colors, scale=1))


def grid(tiles: list[NDArray[np.uint8]], columns: int) -> Image.Image:
    """Tiles of one size in rows, with a gap between them."""
    size = tiles[0].shape[0] + _GAP
    sheet = Image.new("RGB", (columns * size - _GAP, -(-len(tiles) // columns) * size - _GAP), _PAPER)
    for i, tile in enumerate(tiles):
        sheet.paste(Image.fromarray(tile), (i % columns * size, i // columns * size))
    return sheet


def main(folder: Path) -> None:
    """Write ``reef_sheet.jpg`` (scenes, and the same with masks) and ``reef_sequence.jpg`` (one sequence)."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = [list(generate(t + 1, 192, start=s))[t] for s, t in _SHEET]
    tiles = []
    for row in range(0, len(shown), 6):
        tiles += [frame.image for frame in shown[row : row + 6]] + [
            masks(frame) for frame in shown[row : row + 6]
        ]
    grid(tiles, 6).save(folder / "reef_sheet.jpg", quality=74, optimize=True)
    strip = [frame.image for frame in generate(10, 192, start=_STRIP)][::2]
    grid(strip, 5).save(folder / "reef_sequence.jpg", quality=85, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
