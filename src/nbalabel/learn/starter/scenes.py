"""Generated scenes of many objects on a background, with their masks, to train on objects in general.

The scenes imitate no particular dataset: outlines, sizes, crowding, colours, light, texture and blur vary as
widely as they can, light on dark and dark on light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from . import shapes

Floats = npt.NDArray[np.floating[Any]]
_LEAST_PIXELS, _LEAST_SEEN, _LEAST_CONTRAST = 12, 0.35, 6.0


@dataclass(frozen=True)
class Scene:
    """A picture and the masks of its objects.

    Attributes:
        image: ``(size, size, 3)`` uint8 RGB.
        labels: ``(size, size)`` int32: 0 is background, 1..n the visible objects.
    """

    image: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Look:
    """The appearance that objects of one sort on a scene share."""

    kind: str
    stretch: float
    radius: float
    spread: float
    color: Floats
    variety: float
    edge: float
    shading: float
    texture: float


def scene(seed: int, number: int, size: int = 256) -> Scene:
    """One scene; the same seed and number give the same scene.

    Args:
        seed: seed of the series.
        number: index in the series.
        size: height and width, pixels.

    Example:
        >>> made = scene(0, 1, 64)
        >>> made.image.shape, made.labels.shape, bool(made.labels.max() > 0)
        ((64, 64, 3), (64, 64), True)
    """
    rng = np.random.default_rng([seed, number])
    ground = _ground(rng, size)
    clutter = _clutter(rng, ground)
    drawn, labels = _things(rng, clutter)
    image = _photograph(rng, drawn)
    return Scene(image, _seen(image, labels))


def _ground(rng: np.random.Generator, size: int) -> Floats:
    """Background: colour, slope of light and texture, ``(size, size, 3)`` in 0..1."""
    color = rng.uniform(0.05, 0.95) + rng.normal(0, 0.12, 3) * (rng.random() < 0.6)
    y, x = np.mgrid[:size, :size] / size - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    slope = (np.cos(turn) * x + np.sin(turn) * y) * abs(rng.normal(0, 0.15))
    ground = color + slope[..., None] * rng.uniform(0.7, 1.3, 3)
    for cells in (3, 12, 48):
        ground = ground + _noise(rng, size, cells)[..., None] * abs(rng.normal(0, 0.05)) * _tint(rng)
    if rng.random() < 0.15:  # another background beyond a wavy border
        beyond = _noise(rng, size, 2) > rng.uniform(-0.5, 0.8)
        ground = np.where(beyond[..., None], ground + rng.normal(0, 0.15, 3), ground)
    return ground


def _tint(rng: np.random.Generator) -> Floats:
    return 1 + rng.normal(0, 0.3, 3)


def _noise(rng: np.random.Generator, size: int, cells: int) -> Floats:
    """Soft noise with about ``cells`` hills across, standard deviation about 1."""
    lattice = rng.standard_normal((cells + 1, cells + 1)).astype(np.float32)
    field = Image.fromarray(lattice).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(field, np.float32) * 1.4


def _clutter(rng: np.random.Generator, ground: Floats) -> Floats:
    """Add clutter that is no object: lines, specks, large soft stains."""
    size = len(ground)
    y, x = np.mgrid[:size, :size]
    for _ in range(rng.poisson(0.7)):
        turn, bend = rng.uniform(0, np.pi), rng.normal(0, 0.004)
        along = np.cos(turn) * (x - size / 2) + np.sin(turn) * (y - size / 2)
        across = -np.sin(turn) * (x - size / 2) + np.cos(turn) * (y - size / 2) - rng.normal(0, size / 4)
        line = np.clip(rng.uniform(0.5, 2.5) - np.abs(across + bend * along**2), 0, 1)
        ground = ground + line[..., None] * rng.normal(0, 0.25, 3)
    for _ in range(rng.poisson(0.7)):
        centre, wide = rng.uniform(0, size, 2), rng.uniform(0.1, 0.3) * size
        stain = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * wide**2))
        ground = ground + stain[..., None] * rng.normal(0, 0.15, 3)
    if rng.random() < 0.3:
        specks = ndimage.gaussian_filter((rng.random((size, size)) < 0.002).astype(np.float32), 0.7) * 3
        ground = ground + specks[..., None] * rng.normal(0, 0.3)
    return ground


def _things(rng: np.random.Generator, image: Floats) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Draw one to three sorts of objects over the picture, later ones in front."""
    size = len(image)
    labels = np.zeros((size, size), np.int32)
    whole = [0]
    places: list[tuple[float, float, float]] = []
    crowding = rng.choice([0.0, 0.5, 0.9])
    looks = [_look(rng, image, size) for _ in range(rng.choice([1, 1, 2, 3]))]
    count = int(np.exp(rng.uniform(0, np.log(70))))
    for number in range(1, count + 1):
        look = looks[rng.integers(len(looks))]
        radius = float(np.clip(look.radius * np.exp(rng.normal(0, look.spread)), 2.5, size / 3))
        if sum(r * r for *_, r in places) * np.pi > 0.6 * size * size:
            break
        centre = _place(rng, places, radius, size, crowding)
        window = _window(centre, radius * 3, size)
        inner = (centre[0] - window[0].start, centre[1] - window[1].start)
        shape = (window[0].stop - window[0].start, window[1].stop - window[1].start)
        stretch = max(1.0, look.stretch * np.exp(rng.normal(0, 0.15)))
        depth = shapes.draw(shapes.outline(rng, look.kind, stretch), radius, inner, shape)
        image[window] = _painted(rng, image[window], depth, radius, look)
        labels[window][depth > 0] = number
        whole.append(int((depth > 0).sum()))
        places.append((*centre, radius))
    return image, _without_covered(labels, np.array(whole))


def _look(rng: np.random.Generator, image: Floats, size: int) -> _Look:
    contrast = rng.choice([-1, 1]) * rng.uniform(0.08, 0.6)
    color = image.mean(axis=(0, 1)) + contrast + rng.normal(0, 0.12, 3) * (rng.random() < 0.6)
    return _Look(
        kind=str(rng.choice(list(shapes.KINDS), p=[0.25, 0.4, 0.15, 0.15, 0.05])),
        stretch=1 + abs(rng.normal(0, 0.7)),
        radius=float(np.exp(rng.uniform(np.log(3.5), np.log(size / 6)))),
        spread=rng.uniform(0.05, 0.4),
        color=color,
        variety=abs(rng.normal(0, 0.08)),
        edge=rng.normal(0, 0.12),
        shading=rng.normal(0, 0.15),
        texture=abs(rng.normal(0, 0.07)),
    )


def _place(
    rng: np.random.Generator,
    places: list[tuple[float, float, float]],
    radius: float,
    size: int,
    crowding: float,
) -> tuple[float, float]:
    """A random place, or one beside another object; of a few tries the one that overlaps others least."""
    best, least = (0.0, 0.0), np.inf
    for _ in range(6):
        if places and rng.random() < crowding:
            y, x, other = places[rng.integers(len(places))]
            turn, far = rng.uniform(0, 2 * np.pi), (radius + other) * rng.uniform(0.85, 1.2)
            centre = (y + far * np.sin(turn), x + far * np.cos(turn))
        else:
            centre = (rng.uniform(0, size), rng.uniform(0, size))
        covered = sum(
            max(0.0, 0.9 * (radius + r) - np.hypot(centre[0] - y, centre[1] - x)) for y, x, r in places
        )
        covered += 1e3 * (not (0 <= centre[0] < size and 0 <= centre[1] < size))
        if covered < least:
            best, least = centre, covered
    return float(np.clip(best[0], 0, size - 1)), float(np.clip(best[1], 0, size - 1))


def _window(centre: tuple[float, float], reach: float, size: int) -> tuple[slice, slice]:
    low = [max(int(c - reach), 0) for c in centre]
    high = [min(int(c + reach) + 1, size) for c in centre]
    return slice(low[0], high[0]), slice(low[1], high[1])


def _painted(rng: np.random.Generator, under: Floats, depth: Floats, radius: float, look: _Look) -> Floats:
    """Paint an object over the picture: colour, rim, shading towards the middle, texture."""
    inside = np.clip(depth + 0.5, 0, 1)
    middle = np.clip(depth / radius, 0, 1)
    rim = np.exp(-((np.maximum(depth, 0) / max(1.0, 0.15 * radius)) ** 2))
    value = look.edge * rim + look.shading * middle
    if look.texture > 0.02:
        grain = ndimage.gaussian_filter(rng.standard_normal(depth.shape), max(0.6, radius * 0.12))
        value = value + look.texture * grain / max(float(grain.std()), 1e-6)
    color = look.color + rng.normal(0, look.variety) + rng.normal(0, look.variety / 2, 3)
    opacity = inside * rng.uniform(0.75, 1)
    return under * (1 - opacity[..., None]) + (color + value[..., None]) * opacity[..., None]


def _without_covered(labels: npt.NDArray[np.int32], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Remove objects of which too little is visible."""
    seen = np.bincount(labels.ravel(), minlength=len(whole))
    keep = (seen >= _LEAST_PIXELS) & (seen >= _LEAST_SEEN * whole)
    keep[0] = False
    return np.where(keep[labels], labels, 0)


def _seen(image: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Keep objects that differ from the background around them, numbered without gaps."""
    ring = np.where(labels == 0, ndimage.grey_dilation(labels, size=7), 0)
    beside_ground = np.intersect1d(labels[labels > 0], ring)
    keep = np.arange(int(labels.max()) + 1) > 0
    if len(beside_ground):
        away = [
            np.abs(ndimage.mean(channel, labels, beside_ground) - ndimage.mean(channel, ring, beside_ground))
            for channel in np.moveaxis(image.astype(np.float32), 2, 0)
        ]
        keep[beside_ground[np.max(away, axis=0) < _LEAST_CONTRAST]] = False
    order = np.zeros(len(keep), np.int32)
    present = np.intersect1d(labels, np.flatnonzero(keep))
    order[present] = np.arange(1, len(present) + 1)
    return order[labels]


def _photograph(rng: np.random.Generator, image: Floats) -> npt.NDArray[np.uint8]:
    """Add blur, light and noise, and often remove the colour."""
    blur = rng.choice([0.0, 0.5, 1.0, 1.8])
    image = ndimage.gaussian_filter(image, (blur, blur, 0)) if blur else image
    if rng.random() < 0.4:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.3:  # faint light: objects on black
        low = np.quantile(image, 0.05)
        image = (image - low) * rng.uniform(0.3, 1.2) + rng.uniform(0, 0.05)
    noise = rng.normal(0, abs(rng.normal(0, 0.03)) + 1e-4, image.shape[:2])[..., None]
    image = np.clip(image, 0, 1) ** rng.uniform(0.7, 1.4) + noise
    return np.asarray(np.clip(image * 255 + 0.5, 0, 255), np.uint8)
