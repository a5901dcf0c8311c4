"""Units: the instances that annotators drew of the same thing, at most one of each annotator.

Where they lie decides alone, never their labels: a thing that two annotators name differently is one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry.masks import rle
from ...core.geometry.masks.groups import Groups
from ...core.geometry.masks.runs import Runs, overlaps
from ...core.geometry.overlap.boundary import boundary_pairs
from ...core.geometry.overlap.pairs import mask_pairs
from .opinions import Opinions

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOBODY, NOT_LOOKED = -1, -2
"""Codes of a unit: an annotator who looked and drew nothing there, and one who did not look."""

_WIDTH = 0.1  # of the band of the boundary IoU, in sides of a square of the unit's mean area
_BLOCK = 8_000  # pairs measured at one time


@dataclass(frozen=True, eq=False)
class Units:
    """Units, in the order of their images.

    Attributes:
        image: image of each unit, ``(n_units,)``.
        row: instance that each annotator drew, ``(n_units, n_raters)``; -1: none.
        code: its label, ``(n_units, n_raters)``; ``NOBODY`` or ``NOT_LOOKED`` where there is none.
        of_row: unit of each instance, ``(n,)``.
        left: first instance of each pair of one unit, ``(n_pairs,)``.
        right: second instance, of an annotator further on.
        iou: of their masks, ``(n_pairs,)``.
        boundary: their boundary IoU, ``(n_pairs,)``.
    """

    image: Ints
    row: Ints
    code: Ints
    of_row: Ints
    left: Ints
    right: Ints
    iou: Floats
    boundary: Floats

    @property
    def drew(self) -> Bools:
        """Who drew the unit, ``(n_units, n_raters)``."""
        return self.row >= 0


def units_of(opinions: Opinions, iou: float) -> Units:
    """Join instances to units, pair by pair, those that overlap most first.

    A pair joins the units of both instances unless one annotator would be in the joined unit twice. So two
    instances of one unit may overlap less than ``iou`` if a third one overlaps both.

    Args:
        opinions: what was drawn.
        iou: least mask IoU of a pair that joins, above 0, at most 1.

    Source: D. Tschirschwitz, V. Rodehorst, KaLOS, CVPR 2026, https://arxiv.org/abs/2603.27197, for joining
        by place alone before labels are compared.
    """
    of_row = joined(opinions.image, opinions.rater, *_close(opinions, iou))
    n_units = int(of_row.max(initial=-1)) + 1
    row = np.full((n_units, len(opinions.raters)), -1, np.int64)
    row[of_row, opinions.rater] = np.arange(len(of_row))
    image = np.zeros(n_units, np.int64)
    image[of_row] = opinions.image
    nothing = np.where(opinions.looked[image], NOBODY, NOT_LOOKED)
    code = np.where(row >= 0, np.append(opinions.label, -1)[row], nothing)
    left, right = _within(row)
    runs = rle.parse(opinions.masks)
    over, edge = _measured(runs, opinions.sizes[opinions.image, 0], of_row, left, right)
    return Units(image, row, code, of_row, left, right, over, edge)


def joined(image: Ints, rater: Ints, left: Ints, right: Ints, iou: Floats) -> Ints:
    """Unit of each instance, ``(n,)``, numbered in the order of the first instance of each.

    Args:
        image: image of each instance, ``(n,)``, ascending.
        rater: annotator of each, ``(n,)``.
        left: first instance of each pair that may be joined, ``(k,)``.
        right: second, of another annotator.
        iou: of each pair; pairs of equal IoU come in the order of their instances.
    """
    parent = list(range(len(image)))
    who = [1 << r for r in rater.tolist()]
    order = np.lexsort((right, left, -iou))
    for a, b in zip(left[order].tolist(), right[order].tolist(), strict=True):
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b and not who[a] & who[b]:
            low, high = min(a, b), max(a, b)
            parent[high] = low
            who[low] |= who[high]
    root = np.array(parent, np.int64)
    while len(root) and (root[root] != root).any():
        root = root[root]
    return np.unique(root, return_inverse=True)[1].astype(np.int64)


def _close(opinions: Opinions, iou: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of different annotators that overlap by ``iou`` or more, each once."""
    groups = Groups.of(opinions.image, opinions.image)
    found = mask_pairs(opinions.masks, opinions.masks, groups, minimum=iou, left_ids=opinions.instance_id)
    keep = (found.left < found.right) & (opinions.rater[found.left] != opinions.rater[found.right])
    return found.left[keep], found.right[keep], found.iou[keep]


def _within(row: Ints) -> tuple[Ints, Ints]:
    """All pairs of instances of one unit."""
    n_raters = row.shape[1]
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for a in range(n_raters):
        for b in range(a + 1, n_raters):
            both = (row[:, a] >= 0) & (row[:, b] >= 0)
            left.append(row[both, a])
            right.append(row[both, b])
    return np.concatenate(left), np.concatenate(right)


def _measured(runs: Runs, heights: Ints, of_row: Ints, left: Ints, right: Ints) -> tuple[Floats, Floats]:
    """IoU and boundary IoU of pairs, ``(k,)`` each."""
    areas = runs.areas()
    mean = np.bincount(of_row, areas) / np.maximum(np.bincount(of_row), 1)
    width = np.maximum(np.rint(_WIDTH * np.sqrt(mean)), 1).astype(np.int64)[of_row]
    iou, edge = np.zeros(len(left)), np.zeros(len(left))
    order = np.argsort(of_row[left], kind="stable")
    for start in range(0, len(order), _BLOCK):
        pairs = order[start : start + _BLOCK]
        rows, at = np.unique(np.concatenate([left[pairs], right[pairs]]), return_inverse=True)
        a, b = at[: len(pairs)], at[len(pairs) :]
        some = runs.take(rows)
        shared = overlaps(some, some, a, b)
        iou[pairs] = shared / np.maximum(areas[left[pairs]] + areas[right[pairs]] - shared, 1)
        edge[pairs] = boundary_pairs(some, heights[rows], width[rows], a, b, shared)
    return iou, edge
