"""The water: six habitats, their floor, haze and light.

A habitat is a palette and a guest list. Its backdrop is painted once a sequence; light on the floor, beams and
drifting specks are laid over every frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .noise import TILE, Floats, caustics, fine_tile, fractal, resize, tile
from .paint import color


@dataclass(frozen=True)
class Habitat:
    """Colors, light and inhabitants of one kind of place.

    Attributes:
        name: how it is called in the tables.
        water: surface, middle and deep color of the water, rrggbb.
        floor: two colors of the ground, light and dark.
        horizon: where floor and water meet, share of the height; 1 or more is no floor at all.
        slope: how far the horizon leans, share of the height.
        relief: how bumpy the ground is, 0..1.
        ripples: strength of sand ripples, 0..1.
        caustics: strength of the net of light on the floor.
        beams: strength of the beams from above.
        haze: how much light the water swallows in a unit of depth, clear and murky bound.
        deserted: share of sequences that no fish visits.
        groups: mean number of fish groups in the others.
        props: per sequence, how many of each prop stand there, lowest and highest count.
        fish: relative frequency of the species.
    """

    name: str
    water: tuple[str, str, str]
    floor: tuple[str, str]
    horizon: float
    slope: float
    relief: float
    ripples: float
    caustics: float
    beams: float
    haze: tuple[float, float]
    deserted: float
    groups: float
    props: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    fish: Mapping[str, float] = field(default_factory=dict)


HABITATS: tuple[Habitat, ...] = (
    Habitat(
        "coral reef", ("a8e6e4", "2f9fc0", "0d4f86"), ("e4d2b0", "8c7d78"), 0.5, 0.04, 0.8, 0.1, 0.75, 0.5,
        (0.12, 0.32), 0.1, 2.6,
        {"rock": (2, 5), "brain": (4, 8), "staghorn": (4, 9), "fan": (2, 5), "tubes": (1, 4), "anemone": (1, 3),
         "starfish": (0, 2), "urchin": (0, 3), "fishstone": (0, 1), "fern": (0, 3)},
        {"butterflyfish": 4, "tang": 4, "clownfish": 4, "wrasse": 3, "snapper": 2, "grouper": 2},
    ),
    Habitat(
        "seagrass", ("c9ecc4", "4fae9a", "17665f"), ("c2b98a", "55663f"), 0.55, 0.02, 0.3, 0.2, 0.55, 0.55,
        (0.2, 0.5), 0.24, 1.9,
        {"seagrass": (34, 60), "rock": (0, 2), "fern": (0, 4), "starfish": (0, 2), "leaf": (0, 3)},
        {"snapper": 4, "wrasse": 5, "trevally": 2, "barracuda": 2, "grouper": 1, "tang": 1},
    ),
    Habitat(
        "sandy flat", ("d6f4ee", "7fcfd6", "3593b0"), ("f0e2c0", "b7a27c"), 0.48, 0.0, 0.12, 1.0, 1.0, 0.35,
        (0.14, 0.36), 0.3, 1.7,
        {"rock": (0, 3), "starfish": (0, 4), "seagrass": (0, 6), "fishstone": (1, 3), "urchin": (0, 2),
         "leaf": (0, 2)},
        {"snapper": 4, "trevally": 4, "wrasse": 2, "barracuda": 2, "butterflyfish": 1, "grouper": 1},
    ),
    Habitat(
        "mangrove", ("dcd79a", "8c9a58", "3c5636"), ("84704c", "3f3626"), 0.62, 0.03, 0.5, 0.1, 0.25, 0.9,
        (0.3, 0.65), 0.24, 1.9,
        {"root": (5, 10), "leaf": (3, 7), "seagrass": (0, 5), "rock": (0, 2), "fishstone": (0, 2)},
        {"snapper": 5, "grouper": 3, "barracuda": 3, "trevally": 2, "wrasse": 1, "tang": 1},
    ),
    Habitat(
        "rocky slope", ("b5d8dc", "4a8698", "173c54"), ("8f8a80", "3e4148"), 0.5, 0.3, 1.0, 0.0, 0.35, 0.6,
        (0.18, 0.45), 0.18, 2.1,
        {"rock": (9, 15), "kelp": (5, 10), "fern": (3, 8), "urchin": (2, 6), "starfish": (0, 3), "fishstone": (1, 2),
         "tubes": (0, 2)},
        {"grouper": 4, "snapper": 3, "wrasse": 4, "tang": 2, "barracuda": 1, "clownfish": 1},
    ),
    Habitat(
        "open blue", ("8ad0f0", "2277c4", "082a6e"), ("2a5f94", "123a6a"), 1.2, 0.0, 0.6, 0.0, 0.0, 1.0,
        (0.12, 0.36), 0.3, 1.5,
        {"jellyfish": (0, 4), "leaf": (0, 2)},
        {"trevally": 6, "barracuda": 4, "snapper": 2, "tang": 1},
    ),
)  # fmt: skip

HABITAT_NAMES: tuple[str, ...] = tuple(h.name for h in HABITATS)


def _tone() -> NDArray[np.uint8]:
    """A gentle S-curve over the 256 values: deeper shadows, the same whites."""
    x = np.linspace(0, 1, 256)
    return np.rint(255 * (x + 0.45 * (x * x * (3 - 2 * x) - x) - 0.025 * (1 - x) ** 2).clip(0, 1)).astype(np.uint8)


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
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None, :]
    stops = np.asarray([color(c) for c in habitat.water], np.float32)
    column = np.stack([np.interp(y[:, 0], [0, 0.42, 1], stops[:, k]) for k in range(3)], 1).astype(np.float32)
    sun, warm = rng.uniform(0.15, 0.9), rng.normal(0, 0.025, 3)
    column = (column * (1 + warm)).clip(0, 1).astype(np.float32)
    murk = fractal(rng, height, width, 3, 3) - 0.5
    glow = np.exp(-(((x - sun) / 0.45) ** 2) - (y / 0.4) ** 2) * 0.3
    colors = column[:, None, :] * (1 + 0.16 * murk[..., None]) + glow[..., None] * (1 - column[:, None, :])
    horizon = _horizon(rng, habitat, width)
    colors, depth, on_floor = _floor(rng, habitat, colors, column, horizon, haze)
    top = int(np.argmax(on_floor.any(1))) if on_floor.any() else height
    side = (x - 0.5) * depth
    fineness = _fineness(height)
    turn = TILE * fineness
    scale = turn * 0.42
    lean = rng.uniform(-0.5, 0.5)
    fan = (x - sun) / (0.6 + 0.5 * y) + lean * y
    return Backdrop(
        colors=np.ascontiguousarray(np.moveaxis(colors.clip(0, 1), -1, 0), np.float32),
        column=column,
        top=top,
        fineness=fineness,
        floor=(depth[top:] * scale * 0.8).astype(np.int32) % turn * (2 * turn) + (side[top:] * scale).astype(np.int32) % turn,
        floor_light=(on_floor * np.exp(-depth * (0.22 + haze)) * habitat.caustics)[top:].astype(np.float32),
        beam=(fan * TILE * 0.55).astype(np.int32) % TILE,
        beam_light=(habitat.beams * 0.34 * np.exp(-(y / 0.5) ** 1.5) * np.exp(-((fan / 0.8) ** 2))).astype(np.float32),
        horizon=horizon * height,
    )  # fmt: skip


def _fineness(height: int) -> int:
    """Texels per texel of the tiles, so that they are not seen in a large frame: 1, 2 or 4."""
    return 1 if height <= 256 else 2 if height <= 512 else 4


def _horizon(rng: np.random.Generator, habitat: Habitat, width: int) -> Floats:
    lean = habitat.slope * rng.choice([-1, 1]) * np.linspace(-0.5, 0.5, width)
    hills = resize(rng.random((1, 9), dtype=np.float32) - 0.5, 1, width)[0]
    bumps = resize(rng.random((1, 40), dtype=np.float32) - 0.5, 1, width)[0]
    base = habitat.horizon + rng.uniform(-0.07, 0.07)
    return np.asarray(base + lean + habitat.relief * (0.12 * hills + 0.025 * bumps), np.float32)


def _floor(
    rng: np.random.Generator, habitat: Habitat, colors: Floats, column: Floats, horizon: Floats, haze: float
) -> tuple[Floats, Floats, Floats]:
    """Lay the ground in perspective: colors, depth ``(h, w)`` and where the floor is ``(h, w)``."""
    height, width = colors.shape[:2]
    y = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    x = ((np.arange(width, dtype=np.float32) + 0.5) / height)[None, :]
    below = y - horizon[None, :]
    on_floor = (below * height + 0.5).clip(0, 1)
    depth = (0.8 * (1.08 - horizon[None, :]).clip(0.1) / below.clip(0.02)).clip(0.3, 12)
    turn = rng.uniform(-0.5, 0.5)
    offset = rng.integers(0, TILE, 2)
    fineness = _fineness(height)
    side = 150 * ((x - 0.5) * depth + 0.27 * turn * depth) + offset[0]
    away = 150 * depth + offset[1]

    def look(seed: int, power: float, zoom: int) -> Floats:
        rows = (away * (fineness / zoom)).astype(np.int32) % (TILE * fineness)
        columns = (side * (fineness / zoom)).astype(np.int32) % (TILE * fineness)
        return fine_tile(seed, power, fineness).take(rows * (TILE * fineness) + columns)

    rings = np.sin(26 * depth + 3.2 * look(33, 2.2, 2) + 6 * turn * (x - 0.5) * depth)
    tone = 0.62 + 0.13 * look(31, 1.1, 1) / (1 + 0.35 * depth) + (0.1 + 0.18 * habitat.relief) * look(32, 1.8, 3)
    tone = tone + habitat.ripples * 0.2 * rings / (1 + 0.25 * depth**1.5)
    light, dark = (np.asarray(color(c), np.float32) for c in habitat.floor)
    ground = dark + (light - dark) * tone.clip(0, 1.25)[..., None]
    tint = column[height // 2] / column[height // 2].max()
    ground *= (0.45 + 0.55 * tint) * (1 - 0.1 * (y[..., None] - 0.6))
    far = column[(horizon * height).astype(int).clip(0, height - 1)][None]
    ground += (far - ground) * (1 - np.exp(-(haze * 0.9 + 0.22) * depth)[..., None])
    return colors + (ground - colors) * on_floor[..., None], depth.astype(np.float32), on_floor.astype(np.float32)


def light_floor(canvas: Floats, place: Backdrop, time: float) -> None:
    """Throw moving caustics on the floor of ``(3, h, w)`` in place: two nets drift through each other."""
    if not place.floor_light.any():
        return
    net, turn = caustics(place.fineness), TILE * place.fineness
    drift = int(time * 9 * place.fineness)
    one = net.take(place.floor + (drift % turn * 2 * turn + drift // 2 % turn))
    two = net.take(place.floor + ((90 * place.fineness - drift) % turn * 2 * turn + (40 * place.fineness - drift) % turn))
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
    strength = np.convolve(np.pad(one + two, 3, mode="wrap"), np.ones(7) / 7, "valid").clip(0, 2.2).astype(np.float32)
    return strength.take(place.beam) * place.beam_light


@lru_cache(maxsize=4)
def vignette(size: int) -> Floats:
    """What a lens does to the corners, times 255: ``(size, size)`` float32."""
    x = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    return (255 * (1.02 - 0.55 * (x[:, None] ** 2 + x[None, :] ** 2) ** 1.2)).astype(np.float32)


@lru_cache(maxsize=4)
def grain(height: int, width: int) -> Floats:
    """A sensor's noise, mean 0 and standard deviation 1, 64 pixels larger than the frame on both axes."""
    return np.random.default_rng(51).standard_normal((height + 64, width + 64), dtype=np.float32)


def specks(rng: np.random.Generator, height: int, width: int, count: int, radius: float) -> Floats:
    """A periodic sheet of drifting specks, doubled so that any window of it is one slice: ``(2h, 2w)`` float32."""
    from scipy.ndimage import gaussian_filter

    sheet = np.zeros((height, width), np.float32)
    place = rng.random((count, 2))
    sheet[(place[:, 0] * height).astype(int), (place[:, 1] * width).astype(int)] = rng.random(count) ** 2
    sheet = gaussian_filter(sheet, radius, mode="wrap", truncate=2.5) * (2 * np.pi * radius**2)
    return np.tile(sheet, (2, 2))
