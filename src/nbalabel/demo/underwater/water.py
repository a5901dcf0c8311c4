"""The water: floor, haze and light.

The backdrop is painted once a sequence; light on the floor, beams and drifting specks are laid over every
frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .habitats import Habitat
from .noise import TILE, Floats, caustics, fine_tile, fractal, resize, tile
from .paint import color


def _tone() -> NDArray[np.uint8]:
    """A gentle S-curve over the 256 values: deeper shadows, the same whites."""
    x = np.linspace(0, 1, 256)
    return np.rint(255 * (x + 0.45 * (x * x * (3 - 2 * x) - x) - 0.025 * (1 - x) ** 2).clip(0, 1)).astype(
        np.uint8
    )


TONE = _tone()


@dataclass(frozen=True)
class Backdrop:
    """A painted place: its colors and the maps that light is laid on with.

    Attributes:
        colors: ``(3, h, w)`` float32 0..1.
        column: ``(h, 3)`` color of the open water at each row, what haze fades to.
        top: first row that holds floor.
        floor: ``(h - top, w)`` int32, place in the caustics' doubled tile.
        fineness: how many times 256 texels that tile is wide, before doubling.
        floor_light: ``(h - top, w)`` strength of the caustics.
        beam: ``(h, w)`` int32, place in the beams' profile.
        beam_light: ``(h, w)`` strength of the beams.
        horizon: ``(w,)`` row of the horizon, pixels.
    """

    colors: Floats
    column: Floats
    top: int
    fineness: int
    floor: NDArray[np.int32]
    floor_light: Floats
    beam: NDArray[np.int32]
    beam_light: Floats
    horizon: Floats


def backdrop(rng: np.random.Generator, habitat: Habitat, height: int, width: int, haze: float) -> Backdrop:
    """Paint the water and the floor of one sequence.

    Args:
        rng: the sequence's own generator.
        habitat: which place.
        height: rows.
        width: columns.
        haze: light lost in a unit of depth, see :class:`Habitat`.
    """
    x, y = _grid(height, width)
    sun = rng.uniform(0.15, 0.9)
    column = _column(rng, habitat, y[:, 0])
    murk = fractal(rng, height, width, 3, 3) - 0.5
    glow = np.exp(-(((x - sun) / 0.45) ** 2) - (y / 0.4) ** 2) * 0.3
    colors = column[:, None, :] * (1 + 0.16 * murk[..., None]) + glow[..., None] * (1 - column[:, None, :])
    horizon = _horizon(rng, habitat, width)
    on_floor = ((y - horizon) * height + 0.5).clip(0, 1)
    depth = (0.8 * (1.08 - horizon).clip(0.1) / (y - horizon).clip(0.02)).clip(0.3, 12)
    ground = _ground(rng, habitat, column, depth, horizon, haze)
    colors += (ground - colors) * on_floor[..., None]
    top = int(np.argmax(on_floor.any(1))) if on_floor.any() else height
    fineness = _fineness(height)
    turn = TILE * fineness
    along = (depth * turn * 0.336).astype(np.int32) % turn
    across = ((x - 0.5) * depth * turn * 0.42).astype(np.int32) % turn
    fan = (x - sun) / (0.6 + 0.5 * y) + rng.uniform(-0.5, 0.5) * y
    return Backdrop(
        colors=np.ascontiguousarray(np.moveaxis(colors.clip(0, 1), -1, 0), np.float32),
        column=column,
        top=top,
        fineness=fineness,
        floor=(along * (2 * turn) + across)[top:],
        floor_light=(on_floor * np.exp(-depth * (0.22 + haze)) * habitat.caustics)[top:].astype(np.float32),
        beam=(fan * TILE * 0.55).astype(np.int32) % TILE,
        beam_light=(habitat.beams * 0.34 * np.exp(-((y / 0.5) ** 1.5) - (fan / 0.8) ** 2)).astype(np.float32),
        horizon=horizon * height,
    )


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    """Pixel centers in frame heights: ``(1, width)`` and ``(height, 1)``."""
    x = (np.arange(width, dtype=np.float32) + 0.5) / height
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return x[None, :], y[:, None]


def _column(rng: np.random.Generator, habitat: Habitat, y: Floats) -> Floats:
    """Color of the water at each row, a little different in every sequence: ``(h, 3)``."""
    stops = np.asarray([color(c) for c in habitat.water], np.float32)
    bands = np.stack([np.interp(y, [0, 0.42, 1], stops[:, k]) for k in range(3)], 1)
    return np.asarray((bands * (1 + rng.normal(0, 0.025, 3))).clip(0, 1), np.float32)


def _fineness(height: int) -> int:
    """Texels per texel of the tiles, so that they are not seen in a large frame: 1, 2 or 4."""
    return 1 if height <= 256 else 2 if height <= 512 else 4


def _horizon(rng: np.random.Generator, habitat: Habitat, width: int) -> Floats:
    lean = habitat.slope * rng.choice([-1, 1]) * np.linspace(-0.5, 0.5, width)
    hills = resize(rng.random((1, 9), dtype=np.float32) - 0.5, 1, width)[0]
    bumps = resize(rng.random((1, 40), dtype=np.float32) - 0.5, 1, width)[0]
    base = habitat.horizon + rng.uniform(-0.07, 0.07)
    return np.asarray(base + lean + habitat.relief * (0.12 * hills + 0.025 * bumps), np.float32)


def _ground(
    rng: np.random.Generator, habitat: Habitat, column: Floats, depth: Floats, horizon: Floats, haze: float
) -> Floats:
    """Colors of the ground in perspective, fading into the water: ``(h, w, 3)``."""
    height, width = depth.shape
    x, y = _grid(height, width)
    turn, offset, fineness = rng.uniform(-0.5, 0.5), rng.integers(0, TILE, 2), _fineness(height)
    side = 150 * depth * (x - 0.5 + 0.27 * turn) + offset[0]
    away = 150 * depth + offset[1]

    def look(seed: int, power: float, zoom: int) -> Floats:
        rows = (away * (fineness / zoom)).astype(np.int32) % (TILE * fineness)
        columns = (side * (fineness / zoom)).astype(np.int32) % (TILE * fineness)
        return fine_tile(seed, power, fineness).take(rows * (TILE * fineness) + columns)

    rings = np.sin(26 * depth + 3.2 * look(33, 2.2, 2) + 6 * turn * (x - 0.5) * depth)
    tone = 0.62 + 0.13 * look(31, 1.1, 1) / (1 + 0.35 * depth)
    tone += (0.1 + 0.18 * habitat.relief) * look(32, 1.8, 3)
    tone += habitat.ripples * 0.2 * rings / (1 + 0.25 * depth**1.5)
    light, dark = (np.asarray(color(c), np.float32) for c in habitat.floor)
    ground = dark + (light - dark) * tone.clip(0, 1.25)[..., None]
    tint = column[height // 2] / column[height // 2].max()
    ground *= (0.45 + 0.55 * tint) * (1.06 - 0.1 * y[..., None])
    far = column[(horizon * height).astype(int).clip(0, height - 1)]
    ground += (far - ground) * (1 - np.exp(-(haze * 0.9 + 0.22) * depth)[..., None])
    return ground


def light_floor(canvas: Floats, place: Backdrop, time: float) -> None:
    """Throw moving caustics on the floor of ``(3, h, w)`` in place: two nets drift through each other."""
    if not place.floor_light.any():
        return
    net, turn = caustics(place.fineness), TILE * place.fineness
    drift, apart = int(time * 9 * place.fineness), 90 * place.fineness
    one = net.take(place.floor + (drift % turn * 2 * turn + drift // 2 % turn))
    two = net.take(place.floor + ((apart - drift) % turn * 2 * turn + (apart // 2 - drift) % turn))
    bright = np.minimum(one, two, out=one)
    bright *= place.floor_light
    bright *= np.float32(1.15)
    bright += 1
    canvas[:, place.top :] *= bright


def beams(place: Backdrop, time: float) -> Floats:
    """Light that falls from the surface, ``(h, w)`` float32."""
    profile = tile(41, 1.0)
    one = profile[3, (np.arange(TILE) + int(time * 5)) % TILE]
    two = profile[90, (np.arange(TILE) - int(time * 3)) % TILE]
    strength = np.convolve(np.pad(one + two, 3, mode="wrap"), np.ones(7) / 7, "valid").clip(0, 2.2)
    return strength.astype(np.float32).take(place.beam) * place.beam_light


@lru_cache(maxsize=4)
def vignette(size: int) -> Floats:
    """What a lens does to the corners, times 255: ``(size, size)`` float32."""
    x = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    return (255 * (1.02 - 0.55 * (x[:, None] ** 2 + x[None, :] ** 2) ** 1.2)).astype(np.float32)


@lru_cache(maxsize=4)
def grain(height: int, width: int) -> Floats:
    """A sensor's noise, mean 0 and standard deviation 1, 64 pixels larger than the frame on both axes."""
    return np.random.default_rng(51).standard_normal((height + 64, width + 64), dtype=np.float32)


def specks(
    rng: np.random.Generator, height: int, width: int, count: int, radius: float, strength: float
) -> Floats:
    """A periodic sheet of drifting specks, doubled so that any window is one slice: ``(2h, 2w)`` float32."""
    from scipy.ndimage import gaussian_filter

    sheet = np.zeros((height, width), np.float32)
    place = rng.random((count, 2))
    sheet[(place[:, 0] * height).astype(int), (place[:, 1] * width).astype(int)] = rng.random(count) ** 2
    sheet = gaussian_filter(sheet, radius, mode="wrap", truncate=2.5) * (strength * 2 * np.pi * radius**2)
    return np.tile(sheet, (2, 2))
