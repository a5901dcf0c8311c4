"""Disputed units as a picture: a row per unit, a column per annotator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ...core.geometry.masks import rle
from ...core.ontology.colors import label_colors
from ...core.show.masks_on_image import overlay
from ...core.show.palette import COLORS
from .opinions import Opinions
from .units import NOT_LOOKED, Units

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_TILE, _GAP, _LINE = 200, 8, 20  # pixels of a tile, between tiles, and of a line of text
_AROUND = 0.6  # margin around a unit, share of its longer side


def side_by_side(opinions: Opinions, units: Units, chosen: Sequence[int]) -> Picture:
    """What each annotator drew of some units, filled; what the others drew, as outlines.

    Args:
        opinions: what was drawn.
        units: the units.
        chosen: numbers of units.

    Raises:
        ImageError: an image cannot be read.
    """
    n = len(opinions.raters)
    size = n * (_TILE + _GAP) + _GAP, len(chosen) * (_TILE + _LINE + _GAP) + _GAP
    sheet = Image.new("RGB", size, COLORS.black)
    colors = _colors(opinions)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for i, unit in enumerate(chosen):
        crop, masks = _crop(opinions, units, unit)
        y = _GAP + i * (_TILE + _LINE + _GAP)
        for r, name in enumerate(opinions.raters):
            code, x = int(units.code[unit, r]), _GAP + r * (_TILE + _GAP)
            said = "did not look" if code == NOT_LOOKED else "nothing" if code < 0 else opinions.labels[code]
            draw.text((x, y), f"{name}: {said}", fill=COLORS.faint, font=font)
            if code != NOT_LOOKED:
                sheet.paste(_tile(crop, masks, r, colors[[code]]), (x, y + _LINE))
    return sheet


def _colors(opinions: Opinions) -> npt.NDArray[np.uint8]:
    """Colors of the labels, ``(n, 3)``: as the first annotator who defined some did."""
    defined = (getattr(tables, "ontology", None) for tables in opinions.tables)
    ontology = next((found for found in defined if found is not None and found.labels), None)
    return label_colors(ontology, opinions.labels)


def _tile(
    crop: npt.NDArray[np.uint8], masks: dict[int, bytes], rater: int, color: npt.NDArray[np.uint8]
) -> Picture:
    own = [masks[rater]] if rater in masks else []
    others = [mask for r, mask in masks.items() if r != rater]
    picture = overlay(crop, own, color[: len(own)], alpha=0.45, contours=others)
    return picture.resize((_TILE, _TILE), Image.Resampling.LANCZOS)


def _crop(opinions: Opinions, units: Units, unit: int) -> tuple[npt.NDArray[np.uint8], dict[int, bytes]]:
    """A square of the image around a unit, and the masks in it by annotator."""
    image = int(units.image[unit])
    height, width = opinions.sizes[image].tolist()
    rows = {r: int(row) for r, row in enumerate(units.row[unit]) if row >= 0}
    drawn = {r: opinions.masks.iloc[row] for r, row in rows.items()}
    box = rle.boxes(list(drawn.values()), height)
    low, high = box[:, :2].min(axis=0), (box[:, :2] + box[:, 2:]).max(axis=0)
    side = min(int((high - low).max() * (1 + 2 * _AROUND)) + 2, width, height)
    x, y = (
        int(np.clip((a + b - side) / 2, 0, most - side))
        for a, b, most in zip(low, high, (width, height), strict=True)
    )
    place = (x, y, side, side)
    cut = {r: rle.encode(rle.decode_crop(m, height, width, place)[0]) for r, m in drawn.items()}
    who = int(np.argmax(opinions.image_ids[image] >= 0))
    pixels = opinions.tables[who].read_image(int(opinions.image_ids[image, who]))
    return np.ascontiguousarray(pixels[y : y + side, x : x + side]), cut
