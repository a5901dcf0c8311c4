"""Outlines as a radius by angle: ellipses, wobbly blobs, polygons, leaves and stars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
_ANGLES = 128
_THETA = np.linspace(0, 2 * np.pi, _ANGLES, endpoint=False)


def outline(rng: np.random.Generator, kind: str, stretch: float) -> Floats:
    """Distance of the edge from the centre at 128 angles, mean 1: ``(128,)``.

    Args:
        rng: source of randomness.
        kind: one of :data:`KINDS`.
        stretch: long side by short side, >= 1.
    """
    radius = KINDS[kind](rng)
    radius = radius * _ellipse(stretch)
    return np.roll(radius / radius.mean(), rng.integers(_ANGLES))


def draw(radius: Floats, size: float, centre: tuple[float, float], shape: tuple[int, int]) -> Floats:
    """Distance of each pixel from the edge, in pixels, negative outside: ``shape`` float32.

    Args:
        radius: radius of the outline by angle, ``(128,)``.
        size: mean radius, pixels.
        centre: row and column of the centre.
        shape: height and width of the picture.
    """
    y, x = np.ogrid[: shape[0], : shape[1]]
    dy, dx = y - centre[0], x - centre[1]
    at = (np.arctan2(dy, dx) % (2 * np.pi)) * (_ANGLES / (2 * np.pi))
    low = at.astype(np.int64) % _ANGLES
    part = at - np.floor(at)
    edge = radius[low] * (1 - part) + radius[(low + 1) % _ANGLES] * part
    return (size * edge - np.hypot(dy, dx)).astype(np.float32)


def _ellipse(stretch: float) -> Floats:
    return 1 / np.hypot(np.cos(_THETA) / np.sqrt(stretch), np.sin(_THETA) * np.sqrt(stretch))


def _round(_rng: np.random.Generator) -> Floats:
    return np.ones(_ANGLES)


def _blob(rng: np.random.Generator) -> Floats:
    orders = np.arange(2, 8)
    strength = rng.normal(0, rng.uniform(0.05, 0.25), len(orders)) / (orders - 1)
    waves = np.cos(orders[:, None] * _THETA + rng.uniform(0, 2 * np.pi, (len(orders), 1)))
    return np.maximum(1 + strength @ waves, 0.3)


def _polygon(rng: np.random.Generator) -> Floats:
    n = int(rng.integers(3, 8))
    turn = np.sort((np.arange(n) + rng.uniform(-0.25, 0.25, n)) * 2 * np.pi / n)
    gap = np.diff(np.append(turn, turn[0] + 2 * np.pi))
    sector = np.searchsorted(turn, _THETA, side="right") - 1
    half, begin = gap[sector] / 2, turn[sector]
    return np.minimum(1 / np.cos(((_THETA - begin) % (2 * np.pi)) - half), 2.5)


def _leaf(rng: np.random.Generator) -> Floats:
    return 0.15 + np.abs(np.cos(_THETA)) ** rng.uniform(0.6, 1.6) * (1 + rng.uniform(0, 0.5) * np.cos(_THETA))


def _star(rng: np.random.Generator) -> Floats:
    return 1 + rng.uniform(0.15, 0.45) * np.cos(rng.integers(3, 9) * _THETA)


KINDS: dict[str, Callable[[np.random.Generator], Floats]] = {
    "round": _round,
    "blob": _blob,
    "polygon": _polygon,
    "leaf": _leaf,
    "star": _star,
}
"""Outlines by name."""
