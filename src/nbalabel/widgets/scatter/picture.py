"""A scatter as a picture, drawn with NumPy and Pillow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ...core.show.palette import COLORS

Floats = npt.NDArray[np.float64]

_WIDTH, _MARGIN, _FINE = 640, 18, 2
_ONE = (0, 114, 178)
_NONE = (176, 176, 176)
_VIRIDIS = np.array(
    [[68, 1, 84], [62, 73, 137], [38, 130, 142], [53, 183, 121], [180, 222, 44], [253, 231, 37]], np.float64
)


def draw(
    x: Floats,
    y: Floats,
    color: tuple[dict[str, Any], npt.NDArray[Any]] | None,
    equal: bool,
    names: tuple[str, str],
    height: int,
    n: int,
) -> Image.Image:
    """Points on a white picture.

    Args:
        x: ``(n,)``, NaN for none.
        y: ``(n,)``.
        color: as :func:`nbalabel.widgets.scatter.columns.as_color` returns it; None for one color.
        equal: whether one unit is as long on both axes.
        names: of the axes.
        height: pixels.
        n: number of rows that the points stand for.
    """
    width, tall = _WIDTH * _FINE, height * _FINE
    picture = Image.new("RGB", (width, tall), "white")
    shown = np.isfinite(x) & np.isfinite(y)
    if shown.any():
        pixels = np.asarray(picture).copy()
        at = _place(x[shown], y[shown], width, tall, equal)
        radius = int(np.clip(0.2 * np.sqrt(width * tall / shown.sum()), 1, 3 * _FINE))
        _stamp(pixels, at, _tints(color, len(x))[shown], radius)
        picture = Image.fromarray(pixels)
    picture = picture.resize((_WIDTH, height), Image.Resampling.BOX)
    number = f"{int(shown.sum()):,}" + (f" of {n:,}" if n > len(x) else "")
    _caption(picture, f"{number} points · {names[0]}, {names[1]}", color)
    return picture.quantize(128) if shown.any() else picture


def _place(x: Floats, y: Floats, width: int, height: int, equal: bool) -> npt.NDArray[np.int32]:
    room = np.array([width, height]) - 2 * _MARGIN * _FINE
    points = np.stack([x, y], axis=1)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = room / np.where(high > low, high - low, np.inf)
    if equal and (scale > 0).any():
        scale = np.full(2, scale[scale > 0].min())
    middle = (points - (low + high) / 2) * scale * [1, -1]
    return np.asarray(np.rint(middle + np.array([width, height]) / 2), np.int32)


def _stamp(
    pixels: npt.NDArray[np.uint8], at: npt.NDArray[np.int32], tints: npt.NDArray[np.uint8], radius: int
) -> None:
    height, width = pixels.shape[:2]
    for j in range(-radius, radius + 1):
        for i in range(-radius, radius + 1):
            if i * i + j * j <= radius * radius:
                column = np.clip(at[:, 0] + i, 0, width - 1)
                pixels[np.clip(at[:, 1] + j, 0, height - 1), column] = tints


def _tints(color: tuple[dict[str, Any], npt.NDArray[Any]] | None, n: int) -> npt.NDArray[np.uint8]:
    if color is None:
        return np.tile(np.array(_ONE, np.uint8), (n, 1))
    head, values = color
    if head["kind"] in ("category", "boolean"):
        table = [_NONE, *(tuple(bytes.fromhex(text[1:])) for text in head["colors"])]
        return np.asarray(np.array(table, np.uint8)[np.minimum(values, len(table) - 1)])
    return _numbers(np.asarray(values, np.float64))


def _numbers(values: Floats) -> npt.NDArray[np.uint8]:
    known = np.isfinite(values)
    out = np.tile(np.array(_NONE, np.float64), (len(values), 1))
    if known.any():
        low, high = values[known].min(), values[known].max()
        t = (values[known] - low) / ((high - low) or 1) * (len(_VIRIDIS) - 1)
        steps = np.arange(len(_VIRIDIS))
        out[known] = np.stack([np.interp(t, steps, _VIRIDIS[:, k]) for k in range(3)], axis=1)
    return np.asarray(np.rint(out), np.uint8)


def _caption(picture: Image.Image, text: str, color: tuple[dict[str, Any], npt.NDArray[Any]] | None) -> None:
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(11)
    pen.text((8, picture.height - 18), text, fill=COLORS.ink, font=font)
    if color is None or color[0]["kind"] not in ("category", "boolean"):
        return
    head = color[0]
    for k, (name, tint) in enumerate(zip(head["categories"][:12], head["colors"], strict=False)):
        top = 8 + 15 * k
        pen.rectangle((8, top + 2, 16, top + 10), fill=tint)
        pen.text((21, top), name if len(name) < 24 else name[:23] + "…", fill=COLORS.ink, font=font)
