"""Who is on the scene: fish, plants, stones and drifting things, each with its path.

Positions are in units of the frame's height, so that a scene is the same at every size; depth 1 is an
arm's length away, and twice as deep is half as large.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import props as props_painted
from .fish import paint
from .habitats import Habitat
from .noise import Floats
from .species import NAMES, SPECIES
from .sprites import Atlas, Sprites
from .water import Backdrop

FRAMES = 10
NEAR = 2.4  # what stands deeper is behind every fish

# How long a prop is at depth 1, and how far its tip sways (in lengths).
_SIZE = {
    "seagrass": 0.36, "kelp": 1.15, "fern": 0.26, "staghorn": 0.34, "fan": 0.36, "brain": 0.25, "tubes": 0.32,
    "anemone": 0.22, "rock": 0.26, "fishstone": 0.2, "leaf": 0.17, "root": 1.15, "jellyfish": 0.34,
    "starfish": 0.11, "urchin": 0.1, "bubble": 0.035,
}  # fmt: skip
_SWAY = {"seagrass": 0.1, "kelp": 0.05, "fern": 0.09, "anemone": 0.07, "fan": 0.02}
_FLAT = ("fishstone", "starfish")
_WATER = ("leaf", "jellyfish", "bubble")
_SHADED = ("rock", "brain", "staghorn", "tubes", "anemone", "fan", "fern", "fishstone", "starfish", "urchin")


@dataclass
class Actor:
    """One thing; fields of :class:`Sprites` as scalars or ``(FRAMES,)`` arrays, in ``pose``.

    Attributes:
        depth: distance from the camera.
        pose: sprite fields; lengths and positions in frame heights.
        tint: ``(3,)`` its colors are multiplied by.
        species: row of SPECIES, or -1.
        moving: False when one drawing serves all frames.
    """

    depth: float
    pose: dict[str, Any]
    tint: Floats
    species: int = -1
    moving: bool = True
    extra: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def wardrobe() -> tuple[Atlas, dict[str, list[int]], Floats]:
    """All textures, painted once: the atlas, rows of each prop or species by name, filled area by row."""
    textures: list[Floats] = []
    rows: dict[str, list[int]] = {}
    for species in SPECIES:
        rows[species.name] = list(range(len(textures), len(textures) + len(species.morphs)))
        textures += [paint(species, morph) for morph in species.morphs]
    for name, (_, variants) in props_painted.PAINTERS.items():
        rows[name] = list(range(len(textures), len(textures) + variants))
        textures += props_painted.paint(name)
    fill = [float((t[..., 3] > 0.5).sum() / t.shape[1] ** 2) for t in textures]
    return Atlas(textures), rows, np.asarray(fill, np.float32)


def _pose(texture: int, **values: Any) -> dict[str, Any]:
    rest: dict[str, Any] = dict.fromkeys(
        ("bend0", "bend1", "bend2", "waves", "phase", "curve", "blur", "angle"), 0.0
    )
    return {**rest, "texture": texture, "flip": 1.0, "stretch": 1.0, "anchor": 0.0, **values}


def _tint(rng: np.random.Generator, spread: float = 0.07) -> Floats:
    return np.asarray(rng.normal(1, 0.1) * rng.normal(1, spread, 3), np.float32).clip(0.6, 1.35)


def fish(rng: np.random.Generator, habitat: Habitat, width: float) -> list[Actor]:
    """The fish of a sequence that is not deserted: groups that swim together, some only passing through.

    Args:
        rng: the sequence's own generator.
        habitat: decides which species, and how many groups.
        width: of the canvas, in frame heights.
    """
    names = list(habitat.fish)
    odds = np.asarray([habitat.fish[n] for n in names], np.float64)
    n_groups = 1 + int(rng.poisson(habitat.groups - 1))
    actors: list[Actor] = []
    for _ in range(min(n_groups, 5)):
        kind = int(rng.choice(len(names), p=odds / odds.sum()))
        odds[kind] *= 0.25  # the next group is likely of another species
        actors += _group(rng, NAMES.index(names[kind]), width)
    return actors


def _group(rng: np.random.Generator, kind: int, width: float) -> list[Actor]:
    species = SPECIES[kind]
    _, rows, fill = wardrobe()
    texture = int(rng.choice(rows[species.name]))
    count = 1 + int(rng.integers(0, species.school) * (rng.random() < 0.7))
    smallest = np.sqrt(140 / fill[texture]) / 192
    depth = min(rng.uniform(0.85, 1.45) + rng.exponential(0.3), NEAR - 0.1, species.length / smallest)
    if rng.random() < 0.12:
        yaw = np.pi * rng.random() + np.linspace(0, rng.choice([-1, 1]) * 2.6, FRAMES)  # turns round
    else:
        yaw = np.pi * rng.integers(2) + rng.normal(0, 0.35) + np.linspace(0, rng.normal(0, 0.3), FRAMES)
    speed = species.speed * species.length / depth * rng.uniform(0.5, 1.3)
    path = np.cumsum(np.cos(yaw)) * speed
    path += rng.uniform(0.12, width - 0.12) - path[rng.integers(FRAMES)]
    level = float(np.clip(rng.normal(0.28 + 0.42 * species.low, 0.14), 0.12, 0.86))
    spread = species.length / depth
    return [
        _swimmer(
            rng, kind, texture, depth * rng.uniform(0.93, 1.07), yaw + rng.normal(0, 0.12),
            path + (rng.normal(0, 0.85) * spread if count > 1 else 0),
            level + (rng.normal(0, 0.45) * spread if count > 1 else 0),
        )
        for _ in range(count)
    ]  # fmt: skip


def _swimmer(
    rng: np.random.Generator, kind: int, texture: int, depth: float, yaw: NDArray[np.float64],
    x: NDArray[np.float64], level: float,
) -> Actor:  # fmt: skip
    species = SPECIES[kind]
    length = species.length * rng.uniform(0.88, 1.14) / depth
    t = np.arange(FRAMES)
    swing, tempo, start = rng.uniform(0.02, 0.14) * length, rng.uniform(0.25, 0.7), rng.uniform(0, 6)
    climb = rng.normal(0, 0.04) * length
    y = level + swing * np.sin(tempo * t + start) + climb * (t - FRAMES / 2)
    rise = swing * tempo * np.cos(tempo * t + start) + climb
    forward = np.cos(yaw)
    facing = np.where(forward >= 0, 1.0, -1.0)
    pitch = np.clip(rise / (0.1 * length), -1, 1) * 0.3 + rng.normal(0, 0.04)
    sway = species.sway * rng.uniform(0.7, 1.4)
    tail = np.where(facing > 0, np.pi + pitch, -pitch)
    pose = _pose(
        texture, x=x, y=y, length=length, angle=tail, flip=-facing, anchor=0.45,
        stretch=np.maximum(abs(forward), 0.55) * (1 - 0.05 * np.sin(t * 1.9 + start) ** 2),
        bend0=0.15 * sway, bend1=-0.3 * sway, bend2=1.15 * sway, waves=species.waves,
        phase=rng.random() + t * rng.uniform(0.18, 0.34), curve=rng.normal(0, 0.05) * (1 + abs(np.sin(yaw))),
        blur=0.25 * (depth > 1.8),
    )  # fmt: skip
    return Actor(depth, pose, _tint(rng), kind)


def props(
    rng: np.random.Generator, habitat: Habitat, place: Backdrop, height: int, width: float
) -> list[Actor]:
    """Everything else of one sequence, shadows included."""
    actors: list[Actor] = []
    for name, (low, high) in habitat.props.items():
        for _ in range(int(rng.integers(low, high + 1))):
            made = (
                _drifting(rng, name, width) if name in _WATER else _standing(rng, name, place, height, width)
            )
            actors += made
    for _ in range(int(rng.integers(0, 3)) if habitat.horizon < 1 else int(rng.random() < 0.3)):
        actors += _bubbles(rng, width)
    return actors


def _standing(rng: np.random.Generator, name: str, place: Backdrop, height: int, width: float) -> list[Actor]:
    _, rows, _ = wardrobe()
    x = rng.uniform(-0.02, width + 0.02)
    depth = float(np.exp(rng.uniform(np.log(0.95), np.log(6.5))))
    horizon = float(place.horizon[int(np.clip(x * height, 0, len(place.horizon) - 1))]) / height
    y = horizon + 0.8 * (1.08 - horizon) / depth
    length = _SIZE[name] * rng.uniform(0.7, 1.3) / depth**0.9
    flip = float(rng.choice([-1, 1]))
    texture = int(rng.choice(rows[name]))
    tint = _tint(rng, 0.16 if name in ("staghorn", "brain", "anemone", "fan", "tubes") else 0.08)
    if name in _FLAT:
        pose = _pose(texture, x=x, y=y, length=length, angle=rng.normal(0, 0.12), flip=1.0, anchor=0.5)
        pose["angle"] += np.pi * (flip < 0)
        pose["flip"] = flip
    else:
        pose = _pose(texture, x=x, y=y, length=length, angle=-np.pi / 2 + rng.normal(0, 0.06), flip=flip)
    if name == "root":
        pose.update(stretch=(y + 0.08) / length, length=length)
    sway = _SWAY.get(name, 0.0)
    if sway and depth < NEAR:
        t = np.arange(FRAMES)
        pose.update(bend2=sway, waves=0.45, phase=0.8 * x + rng.uniform(0, 0.25) + 0.09 * t)
        pose["curve"] = sway * (np.sin(0.35 * t + 5 * x) - rng.normal(0, 0.8))
    pose["blur"] = 0.3 * (depth > 3)
    actor = Actor(depth, pose, tint, moving=bool(sway) and depth < NEAR)
    if name not in _SHADED:
        return [actor]
    wide = length * (1.1 if name in _FLAT else 2.1 if name in ("rock", "brain") else 1.2)
    shadow = _pose(
        rows["shadow"][0], x=x, y=y + (0.14 * length if name in _FLAT else 0.0), length=wide, anchor=0.5
    )
    return [Actor(depth + 0.01, shadow, np.ones(3, np.float32), moving=False), actor]


def _drifting(rng: np.random.Generator, name: str, width: float) -> list[Actor]:
    _, rows, _ = wardrobe()
    t = np.arange(FRAMES)
    depth = rng.uniform(0.9, 2.8)
    length = _SIZE[name] * rng.uniform(0.7, 1.2) / depth
    x = rng.uniform(0, width) + rng.normal(0, 0.012) * t
    y = rng.uniform(0.08, 0.85) + rng.normal(0, 0.006) * t
    texture = int(rng.choice(rows[name]))
    if name == "leaf":
        pose = _pose(
            texture, x=x, y=y, length=length, anchor=0.5, flip=float(rng.choice([-1, 1])),
            stretch=rng.uniform(0.6, 1),
            angle=rng.uniform(0, 6.28) + rng.normal(0, 0.07) * t, curve=rng.normal(0, 0.25),
        )  # fmt: skip
    else:
        beat = np.sin(t * 0.9 + rng.uniform(0, 6))
        pose = _pose(
            texture, x=x, y=y + 0.01 * beat, length=length * (1 + 0.05 * beat), anchor=0.6, waves=0.7,
            angle=-np.pi / 2 + rng.normal(0, 0.3), bend0=0.05, bend1=-0.05, phase=rng.random() + 0.06 * t,
        )  # fmt: skip
    return [Actor(depth, pose, _tint(rng))]


def _bubbles(rng: np.random.Generator, width: float) -> list[Actor]:
    _, rows, _ = wardrobe()
    t = np.arange(FRAMES)
    x, bottom, depth = rng.uniform(0, width), rng.uniform(0.6, 1.0), rng.uniform(0.9, 2.0)
    actors = []
    for k in range(int(rng.integers(3, 9))):
        height = k * rng.uniform(0.06, 0.11) + 0.05 * t
        wobble = 0.008 * np.sin(t * 1.3 + k * 2.1)
        pose = _pose(rows["bubble"][0], x=x + wobble + 0.01 * rng.normal(), y=bottom - height,
                     length=_SIZE["bubble"] * rng.uniform(0.5, 1.6) / depth, anchor=0.5)  # fmt: skip
        actors.append(Actor(depth, pose, np.ones(3, np.float32)))
    return actors


def stage(actors: Sequence[Actor], height: int, frames: Iterable[int] = range(FRAMES)) -> Sprites:
    """Actors as sprites in pixels: row ``i * n_frames + j`` is actor i in the j-th frame."""
    picked = np.fromiter(frames, np.int64)
    columns: dict[str, Any] = {}
    for name in Sprites.__dataclass_fields__:
        grid = np.empty((len(actors), FRAMES), np.float32)
        for i, actor in enumerate(actors):
            grid[i] = actor.pose[name]
        columns[name] = grid[:, picked].ravel()
    for name in ("x", "y", "length"):
        columns[name] = columns[name] * np.float32(height)
    columns["texture"] = columns["texture"].astype(np.int64)
    return Sprites(**columns)
