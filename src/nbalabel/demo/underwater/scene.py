"""One sequence of frames: a place, its cast, and the camera that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from . import cast, water
from .cast import FRAMES, NEAR, Actor
from .habitats import HABITATS
from .noise import Floats
from .species import NAMES
from .sprites import Patch, draw
from .water import Backdrop

TEST = 6_000_000  # number of the first test sequence, far from all others
_MIN_AREA = 12  # an instance with fewer visible pixels is none


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

    @property
    def group(self) -> str:
        """What its sequence is called in the tables, such as "reef-007" or "test-001"."""
        return f"{'test' if self.sequence >= TEST else 'reef'}-{self.sequence % TEST:03d}"


def sequence(seed: int, index: int, size: int, n_frames: int = FRAMES) -> Iterator[Frame]:
    """The frames of one sequence, in order; the first n are the same however many are asked for.

    Args:
        seed: of the whole dataset.
        index: which sequence; each run of six visits every habitat once.
        size: height and width, pixels.
        n_frames: how many, at most 10.
    """
    rng = np.random.default_rng([seed, index])
    kind = _habitat(seed, index)
    habitat = HABITATS[kind]
    murk = float(rng.beta(1.4, 2.2))
    haze = habitat.haze[0] + murk * (habitat.haze[1] - habitat.haze[0])
    margin = round(0.05 * size)
    width = size + 2 * margin
    place = water.backdrop(rng, habitat, size, width, haze)
    crew = cast.props(rng, habitat, place, size, width / size)
    if not _deserted(seed, index, kind):
        crew += cast.fish(np.random.default_rng([seed, index, 1]), habitat, width / size)
    crew.sort(key=lambda actor: -actor.depth)
    scene = _Scene(rng, place, crew, haze, size, margin)
    turbidity = round((haze - 0.12) / 0.53, 3)
    for t in range(n_frames):
        image, labels, kinds, tracks = scene.shoot(t)
        yield Frame(image, labels, kinds, tracks, habitat.name, turbidity, index, t)


def _habitat(seed: int, index: int) -> int:
    """Row of HABITATS: each run of six sequences visits all, in an order of its own."""
    order = np.random.default_rng([seed, 1 << 20, index // len(HABITATS)]).permutation(len(HABITATS))
    return int(order[index % len(HABITATS)])


def _deserted(seed: int, index: int, kind: int) -> bool:
    """Whether no fish comes by: as often as the habitat says, evenly spread over its sequences."""
    first = np.random.default_rng([seed, 1 << 21, kind]).random()
    golden = 0.6180339887498949
    return bool((first + golden * (index // len(HABITATS))) % 1 < HABITATS[kind].deserted)


class _Scene:
    """A sequence made ready: distant things painted in, near ones drawn for every frame."""

    def __init__(
        self,
        rng: np.random.Generator,
        place: Backdrop,
        crew: list[Actor],
        haze: float,
        size: int,
        margin: int,
    ) -> None:
        self.place, self.haze, self.size = place, haze, size
        width = size + 2 * margin
        for patches in self._drawn([a for a in crew if a.depth >= NEAR and not a.moving], width):
            patches[0].cover(place.colors)
        self.crew = [a for a in crew if a.depth < NEAR or a.moving]
        self.patches = self._drawn(self.crew, width)
        t = np.arange(FRAMES)
        drift = np.sin(rng.uniform(0, 6) + rng.uniform(0.05, 0.4) * t)
        self.pan = np.rint(margin * (1 + rng.uniform(0, 0.95) * drift)).astype(int)
        radius = size / 192
        fine, coarse = int(rng.integers(30, 110)), int(rng.integers(3, 12))
        self.sheets = [
            water.specks(rng, size, width, fine, 0.6 * radius, 0.3),
            water.specks(rng, size, width, coarse, 2.2 * radius, 0.18),
        ]
        self.wind = np.asarray([[0.006, 0.004], [0.014, 0.01]]) + rng.normal(0, 0.008, (2, 2))
        self.origin = rng.random((2, 2))
        self.grain_at = rng.integers(0, 64, (FRAMES, 2))
        self.grain = float(rng.uniform(0.003, 0.009))
        self.blur = max(0.0, (haze - 0.3) * 1.6) * radius

    def _drawn(self, crew: list[Actor], width: int) -> list[list[Patch]]:
        """Each actor's patches, frame by frame; one that does not move is drawn once."""
        atlas = cast.wardrobe()[0]
        still, moving = ([a for a in crew if a.moving == moves] for moves in (False, True))
        once = iter(draw(cast.stage(still, self.size, [0]), atlas, self.size, width))
        each = iter(draw(cast.stage(moving, self.size), atlas, self.size, width))
        drawn = []
        for actor in crew:
            if actor.moving:
                drawn.append([self._lit(actor, patch) for patch in islice(each, FRAMES)])
            else:
                drawn.append([self._lit(actor, next(once))] * FRAMES)
        return drawn

    def _lit(self, actor: Actor, patch: Patch) -> Patch:
        return patch.lit(*self._light(actor, patch)) if patch.clear.size else patch

    def _light(self, actor: Actor, patch: Patch) -> tuple[Floats, Floats]:
        """What an actor's colors are multiplied by, and the light that the water before it adds."""
        row = min(patch.y + patch.clear.shape[0] // 2, self.size - 1)
        water_color = self.place.column[row]
        veil = 1 - np.exp(-self.haze * 0.85 * (actor.depth - 0.35))
        tint = water_color / water_color.max()
        cast_color = 1 - (1 - tint) * min(0.85, 0.12 + 0.15 * actor.depth)
        light = 1.12 - 0.22 * row / self.size
        gain = (actor.tint * cast_color * light * (1 - veil)).astype(np.float32)
        return gain, (water_color * veil).astype(np.float32)

    def shoot(self, t: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], tuple[str, ...], tuple[int, ...]]:
        """Image, label map, species and tracks of frame t."""
        canvas = self.place.colors.copy()
        water.light_floor(canvas, self.place, t)
        labels = np.zeros(canvas.shape[1:], np.int32)
        tracks = [actor for actor in self.crew if actor.species >= 0]
        number = 0
        for actor, patches in zip(self.crew, self.patches, strict=True):
            number += actor.species >= 0
            patches[t].cover(canvas, labels, number if actor.species >= 0 else 0)
        view = slice(self.pan[t], self.pan[t] + self.size)
        labels, kept = _renumber(labels[:, view], len(tracks))
        species = tuple(NAMES[tracks[k].species] for k in kept)
        return self._finish(canvas, t, view), labels, species, tuple(kept)

    def _finish(self, canvas: Floats, t: int, view: slice) -> NDArray[np.uint8]:
        """Beams, specks, the sensor's grain and murk, then bytes ``(size, size, 3)``."""
        height, width = canvas.shape[1:]
        light = water.beams(self.place, t)
        for sheet, wind, origin in zip(self.sheets, self.wind, self.origin, strict=True):
            y, x = ((origin + wind * t) % 1 * (height, width)).astype(int)
            light += sheet[y : y + height, x : x + width]
        y, x = self.grain_at[t]
        light += water.grain(height, width)[y : y + height, x : x + width] * np.float32(self.grain)
        shown = canvas[:, :, view]
        shown += light[:, view]
        shown *= water.vignette(self.size)
        np.minimum(shown, 255, out=shown)
        np.maximum(shown, 0, out=shown)
        pixels = water.TONE.take(shown.astype(np.uint8).transpose(1, 2, 0))
        if self.blur > 0.15:
            from PIL import Image, ImageFilter

            pixels = np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(self.blur)))
        return pixels


def _renumber(labels: NDArray[np.int32], n: int) -> tuple[NDArray[np.int32], list[int]]:
    """Drop instances too small to see and number the rest 1..k; also which of the n they were."""
    area = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    kept = np.flatnonzero(area >= _MIN_AREA)
    table = np.zeros(n + 1, np.int32)
    table[kept + 1] = np.arange(1, len(kept) + 1)
    return np.ascontiguousarray(table[labels]), [int(k) for k in kept]
