"""The six habitats: palettes, light, and who lives there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        (0.12, 0.32), 0.15, 2.6,
        {"rock": (2, 5), "brain": (4, 8), "staghorn": (4, 9), "fan": (2, 5), "tubes": (1, 4),
         "anemone": (1, 3), "starfish": (0, 2), "urchin": (0, 3), "fishstone": (0, 1), "fern": (0, 3)},
        {"butterflyfish": 4, "tang": 5, "clownfish": 6, "wrasse": 3, "snapper": 2, "grouper": 2},
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
        (0.3, 0.65), 0.28, 1.9,
        {"root": (5, 10), "leaf": (3, 7), "seagrass": (0, 5), "rock": (0, 2), "fishstone": (0, 2)},
        {"snapper": 5, "grouper": 3, "barracuda": 3, "trevally": 2, "wrasse": 1, "tang": 1},
    ),
    Habitat(
        "rocky slope", ("b5d8dc", "4a8698", "173c54"), ("8f8a80", "3e4148"), 0.5, 0.3, 1.0, 0.0, 0.35, 0.6,
        (0.18, 0.45), 0.2, 2.1,
        {"rock": (9, 15), "kelp": (5, 10), "fern": (3, 8), "urchin": (2, 6), "starfish": (0, 3),
         "fishstone": (1, 2), "tubes": (0, 2)},
        {"grouper": 4, "snapper": 3, "wrasse": 4, "tang": 2, "barracuda": 1, "clownfish": 2},
    ),
    Habitat(
        "open blue", ("8ad0f0", "2277c4", "082a6e"), ("2a5f94", "123a6a"), 1.2, 0.0, 0.6, 0.0, 0.0, 1.0,
        (0.12, 0.36), 0.3, 1.5,
        {"jellyfish": (0, 4), "leaf": (0, 2)},
        {"trevally": 6, "barracuda": 4, "snapper": 2, "tang": 1},
    ),
)  # fmt: skip

HABITAT_NAMES: tuple[str, ...] = tuple(h.name for h in HABITATS)
