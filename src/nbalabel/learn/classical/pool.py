"""All regions that several thresholds find in one picture, their features, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .flooding import regions
from .look import N_COLUMNS, Picture, look
from .threshold import Threshold

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

DEPTHS = (0.08, 0.25, 0.5, 1.0)
_SHARED = 0.3
"""Share of a region that better ones may cover."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Regions of one picture, each once.

    Attributes:
        maps: label maps, ``(h, w)`` int32 each.
        map_of: which map each region is in, ``(n,)``.
        number: its number there, from 1, ``(n,)``.
        area: pixels, ``(n,)``.
        columns: look, agreement with other thresholds, threshold and depth of each region, ``(n, d)``.
    """

    maps: list[Labels]
    map_of: Ints
    number: Ints
    area: Ints
    columns: Floats

    @classmethod
    def of(cls, picture: Picture, thresholds: Sequence[Threshold], sizes: tuple[float, float]) -> Pool:
        """Find the regions of a picture.

        Args:
            picture: the picture at working size.
            thresholds: separate objects from the background.
            sizes: least and largest area of a region, pixels.
        """
        maps: list[Labels] = []
        for threshold in thresholds:
            maps += regions(threshold.foreground(picture.pixels), DEPTHS)
        return cls(maps, *_described(maps, picture, sizes, len(thresholds)))

    def best(
        self, scores: Floats, least: float, most: int
    ) -> Iterator[tuple[int, tuple[slice, slice], Bools]]:
        """Regions by falling score that better ones hardly cover: position, window and mask in it."""
        taken = np.zeros(self.maps[0].shape, bool) if self.maps else np.zeros((0, 0), bool)
        windows = [ndimage.find_objects(labels) for labels in self.maps]
        found = 0
        for at in np.argsort(-scores, kind="stable").tolist():
            if scores[at] < least or found == most:
                return
            in_map, number = int(self.map_of[at]), int(self.number[at])
            window = windows[in_map][number - 1]
            mask = self.maps[in_map][window] == number
            if np.count_nonzero(taken[window] & mask) <= _SHARED * self.area[at]:
                taken[window] |= mask
                found += 1
                yield at, window, mask


def overlaps(labels: Labels, others: Labels) -> Floats:
    """IoU of each region with each of another map, ``(n, m)``."""
    n, m = int(labels.max(initial=0)), int(others.max(initial=0))
    joint = np.bincount(
        labels.ravel().astype(np.int64) * (m + 1) + others.ravel(), minlength=(n + 1) * (m + 1)
    )
    both = joint.reshape(n + 1, m + 1)
    own, other = both.sum(axis=1)[1:, None], both.sum(axis=0)[None, 1:]
    inner = both[1:, 1:]
    return inner / np.maximum(own + other - inner, 1)


def _described(
    maps: list[Labels], picture: Picture, sizes: tuple[float, float], n_thresholds: int
) -> tuple[Ints, Ints, Ints, Floats]:
    """Map, number, area and columns of the regions of allowed size that no earlier depth has."""
    parts = [_empty(n_thresholds)]
    for k in range(n_thresholds):
        seen: set[tuple[int, int]] = set()
        for j in range(len(DEPTHS)):
            labels = maps[k * len(DEPTHS) + j]
            area, names = _names(labels)
            new = np.array([name not in seen for name in names], bool)
            seen |= set(names)
            keep = np.flatnonzero(new & (area >= sizes[0]) & (area <= sizes[1]))
            if not len(keep):
                continue
            others = [i for i in range(j, len(maps), len(DEPTHS)) if i // len(DEPTHS) != k]
            made = np.zeros((len(keep), n_thresholds + 1))
            made[:, k], made[:, -1] = 1, DEPTHS[j]
            agree = _agreement(labels, [maps[i] for i in others])[keep]
            columns = np.concatenate([look(labels, picture)[keep], agree, made], axis=1)
            parts.append((np.full(len(keep), k * len(DEPTHS) + j), keep + 1, area[keep], columns))
    in_map, number, areas, columns = (np.concatenate([part[i] for part in parts]) for i in range(4))
    return in_map, number, areas, columns


def _names(labels: Labels) -> tuple[Ints, list[tuple[int, int]]]:
    """Areas of the regions, and a fingerprint of each: its area and the sum of its pixel positions."""
    flat = labels.ravel()
    at = np.flatnonzero(flat)
    n = int(labels.max(initial=0))
    area = np.bincount(flat[at], minlength=n + 1)[1:]
    place = np.bincount(flat[at], at, minlength=n + 1)[1:].astype(np.int64)
    return area, list(zip(area.tolist(), place.tolist(), strict=True))


def _agreement(labels: Labels, others: Sequence[Labels]) -> Floats:
    """Mean and largest of the best IoU with the regions of each other map, ``(n, 2)``."""
    n = int(labels.max(initial=0))
    best = [overlaps(labels, other).max(axis=1, initial=0) for other in others]
    return np.stack([np.mean(best, axis=0), np.max(best, axis=0)], axis=1) if best else np.zeros((n, 2))


def _empty(n_thresholds: int) -> tuple[Ints, Ints, Ints, Floats]:
    none = np.zeros(0, np.int64)
    return none, none, none, np.zeros((0, N_COLUMNS + 2 + n_thresholds + 1))
