"""Pictures of a batch: masks in the colors of their labels, hatched where the loss is silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.geometry.masks import rle
from ...core.show.masks_on_image import overlay
from ...core.tables.drawn import Drawn

SIDE = 384
"""Longer side of a picture in the browser, pixels; small ones are enlarged, so that outlines stay fine."""

_ACROSS, _SHEET, _GAP = 4, 640, 4
_PITCH, _LINE = 24, 3  # pixels from one line of the hatching to the next, and of a line

Pixels = npt.NDArray[np.uint8]


class Tile(NamedTuple):
    """One picture.

    Attributes:
        image: with masks and hatching.
        image_ids: the images in it.
        labels: number of masks of each label in it, by name; only those that are there.
        silent: share of it where the loss of some label is silent, 0..1.
    """

    image: Image.Image
    image_ids: tuple[int, ...]
    labels: dict[str, int]
    silent: float


def tiles_of(batch: Drawn, names: Sequence[str], colors: Pixels, side: int = SIDE) -> list[Tile]:
    """The pictures of a batch, their longer side ``side`` pixels."""
    return [_tile(batch, at, names, colors, side) for at in range(len(batch))]


def _tile(batch: Drawn, at: int, names: Sequence[str], colors: Pixels, side: int) -> Tile:
    height, width = batch.pixels[at].shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = np.asarray(Image.fromarray(batch.pixels[at]).resize(size, Image.Resampling.LANCZOS))
    codes = batch.labels[at]
    masks = [rle.encode(_scaled(mask, size)) for mask in batch.masks[at]]
    hatched = _hatched(small, batch, at, len(names))
    found = np.bincount(codes, minlength=len(names))
    return Tile(
        overlay(hatched, masks, colors[codes], alpha=0.25, scale=1),
        batch.image_ids[at],
        {names[code]: int(found[code]) for code in np.flatnonzero(found).tolist()},
        float(batch.open[at].any(axis=0).mean()) if batch.open.shape[1] else 0.0,
    )


def _scaled(mask: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A mask of shares as one of whole pixels, at another size."""
    soft = Image.fromarray(mask).resize(size, Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(soft) >= 0.5, np.uint8)


def _hatched(pixels: Pixels, batch: Drawn, at: int, n_labels: int) -> Pixels:
    """Gray and hatched where all labels are unknown, hatched where some are."""
    if not batch.open[at].any():
        return pixels
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    lines = (x + y) % _PITCH < _LINE
    out = pixels.astype(np.float32)
    for where, labels in zip(batch.open[at], batch.open_labels, strict=True):
        inside = np.asarray(Image.fromarray(where).resize((width, height), Image.Resampling.NEAREST))
        if len(labels) == n_labels:
            gray = pixels.mean(axis=2, keepdims=True, dtype=np.float32)
            out[inside] = np.repeat(gray * 0.5 + 40, 3, axis=2)[inside]
        out[inside & lines] = out[inside & lines] * 0.35 + 165
    return np.asarray(np.rint(np.clip(out, 0, 255)), np.uint8)


def sheet_of(tiles: Sequence[Tile]) -> Image.Image:
    """A contact sheet for pages that run no widgets, 640 pixels wide."""
    side = _SHEET // _ACROSS - _GAP
    rows = -(-len(tiles) // _ACROSS)
    sheet = Image.new("RGB", (_SHEET, max(rows, 1) * (side + _GAP) + _GAP), "white")
    for place, tile in enumerate(tiles):
        small = tile.image.copy()
        small.thumbnail((side, side))
        sheet.paste(small, (_GAP + place % _ACROSS * (side + _GAP), _GAP + place // _ACROSS * (side + _GAP)))
    return sheet
