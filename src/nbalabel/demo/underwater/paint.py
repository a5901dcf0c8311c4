"""Painting textures: smooth outlines, brush strokes and layers, in a straight frame.

A texture of length 1 is ``width`` texels wide; u runs along it in 0..1, v across it, v = 0 in the middle row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .noise import Floats

Color = tuple[float, float, float]
Points = Sequence[tuple[float, float]]
Painter = Callable[[np.random.Generator], Floats]

_OVERSAMPLE = 3


def color(text: str) -> Color:
    """An ``rrggbb`` text as numbers in 0..1.

    Example:
        >>> color("ff0000")
        (1.0, 0.0, 0.0)
    """
    return (int(text[:2], 16) / 255, int(text[2:4], 16) / 255, int(text[4:], 16) / 255)


class Canvas:
    """A transparent texture that parts are laid on, back to front.

    Args:
        half_height: extent across on each side of the axis, in lengths.
        width: texels along.
    """

    def __init__(self, half_height: float, width: int = 256) -> None:
        self.width, self.height = width, max(8, round(2 * half_height * width))
        self.rgba = np.zeros((self.height, self.width, 4), np.float32)
        self.u = ((np.arange(width, dtype=np.float32) + 0.5) / width)[None, :]
        self.v = ((np.arange(self.height, dtype=np.float32) + 0.5 - self.height / 2) / width)[:, None]

    def lay(self, rgb: Floats | Color, alpha: Floats) -> None:
        """Put a layer on top: rgb ``(3,)`` or ``(h, w, 3)``, alpha ``(h, w)``, both 0..1."""
        top = np.broadcast_to(np.asarray(rgb, np.float32), (*alpha.shape, 3))
        under = self.rgba[..., 3] * (1 - alpha)
        total = alpha + under
        share = (alpha / np.maximum(total, 1e-6))[..., None]
        self.rgba[..., :3] += (top - self.rgba[..., :3]) * share
        self.rgba[..., 3] = total

    def ramp(self, low: str, high: str, amount: Floats) -> Floats:
        """A color between two, ``(h, w, 3)``: low where amount is 0, high where it is 1."""
        a, b = np.asarray(color(low), np.float32), np.asarray(color(high), np.float32)
        return a + (b - a) * np.broadcast_to(amount, (self.height, self.width)).clip(0, 1)[..., None]

    def shape(self, *outlines: Points) -> Floats:
        """Coverage ``(h, w)`` of filled outlines, given as (u, v) points."""
        big = Image.new("L", (self.width * _OVERSAMPLE, self.height * _OVERSAMPLE))
        brush = ImageDraw.Draw(big)
        scale = self.width * _OVERSAMPLE
        for outline in outlines:
            flat = [(u * scale, v * scale + big.height / 2) for u, v in outline]
            brush.polygon(flat, fill=255)
        small = big.reduce(_OVERSAMPLE)
        return np.asarray(small, np.float32) / 255


def smooth(points: Points, rounds: int = 2, closed: bool = True) -> Points:
    """Round the corners of a line.

    Args:
        points: (u, v) control points.
        rounds: how often every corner is cut.
        closed: join the last point to the first.

    Source:
        Chaikin, "An algorithm for high-speed curve generation", 1974.

    Example:
        >>> len(smooth([(0, 0), (1, 0), (1, 1), (0, 1)], rounds=1))
        8
    """
    line = np.asarray(points, np.float64)
    for _ in range(rounds):
        after = np.roll(line, -1, 0) if closed else line[1:]
        before = line if closed else line[:-1]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1).reshape(-1, 2)
        line = cut if closed else np.concatenate([line[:1], cut, line[-1:]])
    return [(float(u), float(v)) for u, v in line]


def stroke(points: Points, widths: Iterable[float]) -> Points:
    """The outline of a brush stroke along a line, with a width (full) at each of its points."""
    line = np.asarray(points, np.float64)
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    half = np.asarray(list(widths), np.float64)[:, None] / 2
    outline = np.concatenate([line + normal * half, (line - normal * half)[::-1]])
    return [(float(u), float(v)) for u, v in outline]


def soft(distance: Floats, width: float) -> Floats:
    """1 where distance < 0, falling to 0 over ``width``, smoothly."""
    t = np.clip(0.5 - distance / width, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def foot(canvas: Canvas) -> Floats:
    """Where a round thing meets the sand: its near edge bulges towards the camera; coverage ``(h, w)``."""
    return soft(0.02 + 0.2 * (canvas.v / 0.72) ** 2 - canvas.u, 0.04)
