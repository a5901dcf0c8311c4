"""Numbers as colors, for depth, thermal pictures and heat maps laid over a picture."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .palette import COLORS

_STOPS = ("black", "blue", "green", "yellow", "white")
"""Colors of the list from the lowest to the highest number, each lighter than the one before."""

_CLIPPED = 0.1  # percent of the numbers at each end
_SAMPLED = 1_000_000  # numbers that the ends are measured on


class Heat(NamedTuple):
    """Numbers as colors.

    Attributes:
        pixels: ``(h, w, 4)`` uint8, RGBA; transparent where there is no number.
        low: the number that has the first color, or a smaller one has.
        high: the number that has the last color.
    """

    pixels: npt.NDArray[np.uint8]
    low: float
    high: float


def heat(values: npt.NDArray[Any]) -> Heat:
    """Color numbers by the list of colors, the lowest and highest thousandth clipped.

    Args:
        values: ``(h, w)`` integers or floats; NaN and infinities become transparent.

    Example:
        >>> made = heat(np.array([[0.0, 1.0, np.nan]]))
        >>> made.pixels[0].tolist()
        [[0, 0, 0, 255], [255, 255, 255, 255], [0, 0, 0, 0]]
    """
    numbers = values.astype(np.float64)
    there = np.isfinite(numbers)
    known = numbers[there]
    if not len(known):
        return Heat(np.zeros((*values.shape, 4), np.uint8), 0.0, 0.0)
    step = -(-len(known) // _SAMPLED)
    low, high = (float(v) for v in np.percentile(known[::step], [_CLIPPED, 100 - _CLIPPED]))
    if high <= low:
        low, high = float(known.min()), float(known.max())
    span = high - low
    at = (
        np.clip((np.where(there, numbers, low) - low) / span, 0, 1)
        if span > 0
        else np.full_like(numbers, 0.5)
    )
    pixels = np.zeros((*values.shape, 4), np.uint8)
    pixels[..., :3] = _table()[np.round(at * 255).astype(np.int64)]
    pixels[..., 3] = 255
    pixels[~there] = 0
    return Heat(pixels, low, high)


def ramp() -> list[str]:
    """The colors of the ramp as CSS, from the lowest number to the highest."""
    return [str(getattr(COLORS, name)) for name in _STOPS]


def _table() -> npt.NDArray[np.uint8]:
    stops = np.array([list(bytes.fromhex(color[1:])) for color in ramp()], np.float64)
    at = np.linspace(0, len(stops) - 1, 256)
    columns = [np.interp(at, np.arange(len(stops)), stops[:, i]) for i in range(3)]
    return np.round(np.stack(columns, axis=1)).astype(np.uint8)
