"""One sequence of frames: a place, its cast, and the camera that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import cast, water
from .cast import FRAMES, NEAR, Actor
from .fish import NAMES
from .noise import Floats, tile
from .sprites import Patch, cover, draw
from .water import HABITATS, Backdrop, Habitat

MIN_AREA = 12  # an instance with fewer visible pixels is none


@dataclass(frozen=True)
class Frame:
    """One image and all that is true of it.

    Attributes:
        image: ``(size, size, 3)`` uint8 RGB.
        labels: ``(size, size)`` int32; 0 is no fish, 1..n the visible part of each instance.
        species: name of each instance's species, ``n`` of them.
        tracks: which fish of the sequence each instance is, ``n`` numbers.
        habitat: name of the place.
        turbidity: how murky the water is, 0..1.
        sequence: number of the sequence.
        frame: position in it, 0..9.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
    species: tuple[str, ...]
    tracks: tuple[int, ...]
    habitat: str
    turbidity: float
    sequence: int
    frame: int


def sequence(seed: int, index: int, size: int, n_frames: int = FRAMES) -> Iterator[Frame]:
    """The frames of one sequence, in order; the first n are the same however many are asked for.

    Args:
        seed: of the whole dataset.
        index: which sequence; each run of six visits every habitat once.
        size: height and width, pixels.
        n_frames: how many, at most 10.
    """
    rng = np.random.default_rng([seed, index])
    order = np.random.default_rng([seed, 1 << 20, index // len(HABITATS)]).permutation(len(HABITATS))
    habitat = HABITATS[order[index % len(HABITATS)]]
    murk = float(rng.beta(1.4, 2.2))
    haze = habitat.haze[0] + murk * (habitat.haze[1] - habitat.haze[0])
    margin = round(0.05 * size)
    width = size + 2 * margin
    place = water.backdrop(rng, habitat, size, width, haze)
    crew = cast.props(rng, habitat, place, size, width / size)
    crew += cast.fish(rng, habitat, width / size)
    crew.sort(key=lambda actor: -actor.depth)
    scene = _Scene(rng, habitat, place, crew, haze, size, margin)
    turbidity = round((haze - 0.12) / 0.53, 3)
    for t in range(n_frames):
        image, labels, kinds, tracks = scene.shoot(t)
        yield Frame(image, labels, kinds, tracks, habitat.name, turbidity, index, t)


class _Scene:
    """A sequence made ready: distant things painted in, near ones drawn for every frame."""

    def __init__(
        self, rng: np.random.Generator, habitat: Habitat, place: Backdrop, crew: list[Actor], haze: float, size: int,
        margin: int,
    ) -> None:  # fmt: skip
        self.place, self.haze, self.size, self.habitat = place, haze, size, habitat
        width = size + 2 * margin
        atlas = cast.wardrobe()[0]
        distant = [a for a in crew if a.depth >= NEAR and not a.moving]
        for actor, patch in zip(distant, draw(cast.stage(distant, size, [0]), atlas, size, width), strict=True):
            cover(place.colors, patch, *self._light(actor, patch))
        self.crew = [a for a in crew if a.depth < NEAR or a.moving]
        still = [a for a in self.crew if not a.moving]
        moving = [a for a in self.crew if a.moving]
        once = iter(draw(cast.stage(still, size, [0]), atlas, size, width))
        drawn = draw(cast.stage(moving, size), atlas, size, width)
        each = iter([drawn[i : i + FRAMES] for i in range(0, len(drawn), FRAMES)])
        self.patches = [next(each) if a.moving else [next(once)] * FRAMES for a in self.crew]
        t = np.arange(FRAMES)
        drift = np.sin(rng.uniform(0, 6) + rng.uniform(0.05, 0.4) * t)
        self.pan = np.rint(margin * (1 + rng.uniform(0, 0.95) * drift)).astype(int)
        radius = size / 192
        self.sheets = [water.specks(rng, size, width, int(rng.integers(30, 110)), 0.55 * radius),
                       water.specks(rng, size, width, int(rng.integers(3, 12)), 2.2 * radius)]  # fmt: skip
        self.wind = rng.normal(0, 0.008, (2, 2)) + [[0.006, 0.004], [0.014, 0.01]]
        self.origin = rng.random((2, 2))
        self.grain_at = rng.integers(0, 1 << 16, (FRAMES, 2))
        self.grain = float(rng.uniform(0.004, 0.012))
        self.blur = max(0.0, (haze - 0.3) * 1.6) * radius

    def _light(self, actor: Actor, patch: Patch) -> tuple[Floats, Floats]:
        """What an actor's colors are multiplied by, and the light that the water before it adds."""
        height, width = patch.pixels.shape[:2]
        row = min(patch.y + height // 2, self.size - 1)
        water_color = self.place.column[row]
        veil = 1 - np.exp(-self.haze * 0.85 * (actor.depth - 0.35))
        tint = water_color / water_color.max()
        cast_color = 1 - (1 - tint) * min(0.85, 0.38 + 0.12 * actor.depth)
        light = 1.12 - 0.22 * row / self.size
        return (actor.tint * cast_color * light * (1 - veil)).astype(np.float32), (water_color * veil).astype(np.float32)

    def shoot(self, t: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], tuple[str, ...], tuple[int, ...]]:
        """Image, label map, species and tracks of frame t."""
        canvas = self.place.colors.copy()
        water.light_floor(canvas, self.place, t)
        labels = np.zeros(canvas.shape[:2], np.int32)
        tracks = []
        for actor, patches in zip(self.crew, self.patches, strict=True):
            patch = patches[t]
            if not patch.pixels.size:
                continue
            covered = cover(canvas, patch, *self._light(actor, patch))
            window = labels[patch.y : patch.y + covered.shape[0], patch.x : patch.x + covered.shape[1]]
            if actor.species < 0:
                window[covered] = 0
            else:
                tracks.append(actor)
                window[covered] = len(tracks)
        view = slice(self.pan[t], self.pan[t] + self.size)
        labels, kept = _renumber(labels[:, view], len(tracks))
        swimmers = [a for a in self.crew if a.species >= 0]
        species = tuple(NAMES[tracks[k].species] for k in kept)
        numbers = tuple(next(i for i, a in enumerate(swimmers) if a is tracks[k]) for k in kept)
        return self._finish(canvas, t)[:, view], labels, species, numbers

    def _finish(self, canvas: Floats, t: int) -> NDArray[np.uint8]:
        """Beams, specks, murk and the sensor's grain, then bytes."""
        hue = np.float32(0.5) + np.float32(0.5) * self.place.column[0]
        water.light_beams(canvas, self.place, t, hue)
        height, width = canvas.shape[:2]
        for sheet, wind, origin, strength in zip(self.sheets, self.wind, self.origin, (0.5, 0.22), strict=True):
            y, x = ((origin + wind * t) % 1 * (height, width)).astype(int)
            canvas += (sheet[y : y + height, x : x + width] * np.float32(strength))[..., None]
        y, x = self.grain_at[t] % 256
        rows, columns = (np.arange(height) + y) % 256, (np.arange(width) + x) % 256
        canvas += (tile(51, 0.15)[rows[:, None], columns] * np.float32(self.grain))[..., None]
        canvas *= 255
        np.clip(canvas, 0, 255, out=canvas)
        pixels = canvas.astype(np.uint8)
        if self.blur > 0.15:
            from PIL import Image, ImageFilter

            pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(self.blur)))
        return pixels


def _renumber(labels: NDArray[np.int32], n: int) -> tuple[NDArray[np.int32], list[int]]:
    """Drop instances too small to see and number the rest 1..k; also which of the n they were."""
    area = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    kept = np.flatnonzero(area >= MIN_AREA)
    table = np.zeros(n + 1, np.int32)
    table[kept + 1] = np.arange(1, len(kept) + 1)
    return np.ascontiguousarray(table[labels]), [int(k) for k in kept]
