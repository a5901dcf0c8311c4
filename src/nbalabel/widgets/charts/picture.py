"""Charts as small pictures, for pages that run no widgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ...core.show.palette import COLORS

_SIZE = (420, 200)
_INK, _FAINT, _BACK = COLORS.ink, COLORS.faint, COLORS.white
_TOP, _BOTTOM, _LEFT, _RIGHT = 24, 20, 10, 10  # pixels around the chart
_MOST_ROWS = 14
_STEEL = (74, 143, 212)  # darkest color of a cell

Shares = Sequence[tuple[float, str]]


def bars_picture(
    title: str,
    total: npt.NDArray[np.float64],
    parts: npt.NDArray[np.float64],
    colors: Sequence[str],
    *,
    texts: Sequence[str] = (),
    ticks: Shares = (),
    note: str = "",
) -> Image.Image:
    """A histogram.

    Args:
        title: above it.
        total: heights of the gray bars behind, ``(n,)``.
        parts: heights of the colored parts, ``(n, n_parts)``.
        colors: of the parts, "#rrggbb".
        texts: of the bars; with texts, the bars are horizontal.
        ticks: places along the axis, 0..1, and their texts.
        note: a text to show instead of bars.
    """
    picture, draw = _paper(title, note)
    if note or not len(total):
        return picture
    top = float(total.max()) or 1.0
    if texts:
        _lying(draw, total / top, parts / top, colors, texts)
    else:
        _standing(draw, total / top, parts / top, colors)
        _ticks(draw, ticks)
    return picture


def lines_picture(
    title: str,
    lines: Sequence[tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64]]],
    *,
    x_ticks: Shares = (),
    legend: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> Image.Image:
    """A line chart.

    Args:
        title: above it.
        lines: color, x and y of each line; x and y as shares of the axes, 0..1.
        x_ticks: places along the x axis, 0..1, and their texts.
        legend: texts and colors.
        note: a text to show instead of lines.
    """
    picture, draw = _paper(title, note)
    if note:
        return picture
    width, floor, room = _SIZE[0] - _LEFT - _RIGHT, _SIZE[1] - _BOTTOM, _SIZE[1] - _TOP - _BOTTOM
    draw.line([(_LEFT, floor), (_SIZE[0] - _RIGHT, floor)], _FAINT)
    for color, x, y in lines:
        known = np.isfinite(x) & np.isfinite(y)
        points = list(
            zip((_LEFT + x[known] * width).tolist(), (floor - y[known] * room).tolist(), strict=True)
        )
        if len(points) > 1:
            draw.line(points, color, 2)
    _ticks(draw, x_ticks)
    at = _SIZE[0] - _RIGHT
    for text, color in reversed(legend):
        at -= int(draw.textlength(text, _font())) + 10
        draw.text((at, 6), text, color, _font())
    return picture


def cells_picture(
    title: str, counts: npt.NDArray[np.int64], names: Sequence[str], note: str = ""
) -> Image.Image:
    """A confusion matrix: true names down, predicted ones across."""
    picture, draw = _paper(title, note)
    if note or not len(names):
        return picture
    side = (_SIZE[1] - _TOP - 4) / len(names)
    left = 100
    top = float(counts.max()) or 1.0
    for row, name in enumerate(names):
        draw.text((6, _TOP + (row + 0.5) * side - 6), name[:14], _INK, _font())
        for column in range(len(names)):
            share = (counts[row, column] / top) ** 0.5
            shade = tuple(round(255 - share * (255 - c)) for c in _STEEL)
            x, y = left + column * side * 1.6, _TOP + row * side
            draw.rectangle([x, y, x + side * 1.6 - 1, y + side - 1], shade)
            if side >= 12:
                ink = COLORS.white if share > 0.6 else _INK
                draw.text((x + 4, y + side / 2 - 6), f"{counts[row, column]:,}", ink, _font())
    return picture


def plane_picture(title: str, counts: npt.NDArray[np.int64], ratio: float, note: str = "") -> Image.Image:
    """A density over the plane of an image.

    Args:
        title: above it.
        counts: of the cells, ``(down, across)``.
        ratio: width over height of the plane.
        note: a text to show instead.
    """
    picture, draw = _paper(title, note)
    if note:
        return picture
    room_x, room_y = _SIZE[0] - _LEFT - _RIGHT, _SIZE[1] - _TOP - _BOTTOM
    width = min(room_x, room_y * ratio)
    height = width / ratio
    down, across = counts.shape
    top = float(counts.max(initial=0)) or 1.0
    for row, column in zip(*np.nonzero(counts), strict=True):
        share = 0.12 + 0.88 * float(counts[row, column]) / top
        shade = tuple(round(255 - share * (255 - c)) for c in _STEEL)
        x, y = _LEFT + column * width / across, _TOP + row * height / down
        draw.rectangle([x, y, x + width / across, y + height / down], shade)
    draw.rectangle([_LEFT, _TOP, _LEFT + width, _TOP + height], outline=_FAINT)
    return picture


def _paper(title: str, note: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", _SIZE, _BACK)
    draw = ImageDraw.Draw(picture)
    draw.text((_LEFT, 6), title, _INK, _font())
    if note:
        draw.text((_LEFT, _SIZE[1] / 2 - 6), note, _INK, _font())
    return picture, draw


def _standing(
    draw: ImageDraw.ImageDraw,
    total: npt.NDArray[np.float64],
    parts: npt.NDArray[np.float64],
    colors: Sequence[str],
) -> None:
    width = (_SIZE[0] - _LEFT - _RIGHT) / len(total)
    floor, room = _SIZE[1] - _BOTTOM, _SIZE[1] - _TOP - _BOTTOM
    for i, whole in enumerate(total):
        left, right = _LEFT + i * width, _LEFT + (i + 1) * width - 1
        if whole > 0:
            draw.rectangle([left, floor - whole * room, max(right, left), floor], _FAINT)
        below = 0.0
        for share, color in zip(parts[i], colors, strict=True):
            if share > 0:
                draw.rectangle(
                    [left, floor - (below + share) * room, max(right, left), floor - below * room], color
                )
                below += share


def _lying(
    draw: ImageDraw.ImageDraw,
    total: npt.NDArray[np.float64],
    parts: npt.NDArray[np.float64],
    colors: Sequence[str],
    texts: Sequence[str],
) -> None:
    n = min(len(total), _MOST_ROWS)
    left, step = 110, (_SIZE[1] - _TOP - 6) / n
    room = _SIZE[0] - left - _RIGHT
    for i in range(n):
        top, bottom = _TOP + i * step + 1, _TOP + (i + 1) * step - 2
        draw.text((_LEFT, (top + bottom) / 2 - 6), texts[i][:16], _INK, _font())
        if total[i] > 0:
            draw.rectangle([left, top, left + total[i] * room, bottom], _FAINT)
        begin = left * 1.0
        for share, color in zip(parts[i], colors, strict=True):
            if share > 0:
                draw.rectangle([begin, top, begin + share * room, bottom], color)
                begin += share * room


def _ticks(draw: ImageDraw.ImageDraw, ticks: Shares) -> None:
    width = _SIZE[0] - _LEFT - _RIGHT
    for share, text in ticks:
        length = draw.textlength(text, _font())
        x = min(max(_LEFT + share * width - length / 2, 2), _SIZE[0] - length - 2)
        draw.text((x, _SIZE[1] - _BOTTOM + 4), text, _INK, _font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(11)
