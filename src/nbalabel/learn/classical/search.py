"""Choose a few thresholds: those whose regions together match the labeled instances best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .examples import Example
from .flooding import regions
from .pool import DEPTHS, overlaps
from .threshold import COARSE, GRAY, Threshold, candidates

Floats = npt.NDArray[np.floating[Any]]

MOST_THRESHOLDS, MOST_TRIED = 8, 24
FIRST_IMAGES, MOST_IMAGES = 3, 8
_LEAST_GAIN = 0.004
_MOST_PIXELS = 4000


def search(
    examples: Sequence[Example], n_labels: int, seed: int, tick: Callable[[], None] = lambda: None
) -> list[Threshold]:
    """Try all candidates on a few images and the best on up to eight; then choose greedily while that gains.

    Args:
        examples: labeled images, at least one of them with instances.
        n_labels: how many labels there are.
        seed: seed of the pixels from which directions are learned.
        tick: called after each candidate.
    """
    some = _sample(examples)
    side = float(np.median(np.concatenate([np.sqrt(np.bincount(e.truth.ravel())[1:]) for e in some])))
    tried = candidates(directions(examples, n_labels, seed), side)
    first = some[:: max(1, len(some) // FIRST_IMAGES)]
    alone = _all_reached(tried, first, tick) @ _weights(first)
    good = [tried[at] for at in np.argsort(-alone, kind="stable")[:MOST_TRIED]]
    tried = good + [replace(threshold, smoothing=COARSE * side) for threshold in good]
    chosen = _greedy(_all_reached(tried, some, tick), _weights(some))
    return [tried[at] for at in chosen]


def _all_reached(tried: Sequence[Threshold], examples: Sequence[Example], tick: Callable[[], None]) -> Floats:
    """Best IoU of each instance by each threshold, ``(n_thresholds, n_instances)``."""
    rows = []
    for threshold in tried:
        rows.append(np.concatenate([_reached(threshold, example) for example in examples]))
        tick()
    return np.stack(rows)


def _weights(examples: Sequence[Example]) -> Floats:
    """Weight of each instance; instances on crowded images count less."""
    weights = np.concatenate([np.full(e.n, 1 / np.sqrt(e.n)) for e in examples])
    return weights / weights.sum()


def directions(examples: Sequence[Example], n_labels: int, seed: int) -> list[tuple[float, float, float]]:
    """Gray, red, blue, and for each label the direction that separates it best from the background.

    Source: R. A. Fisher, "The use of multiple measurements in taxonomic problems" (1936).
    """
    found: list[tuple[float, float, float]] = [GRAY, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]
    rng = np.random.default_rng(seed)
    ground = np.concatenate([_pixels(e, e.truth == 0, rng) for e in examples])
    for code in range(n_labels):
        inside = [_pixels(e, np.append(False, e.codes == code)[e.truth], rng) for e in examples]
        things = np.concatenate(inside)
        if len(things) < 2 or len(ground) < 2:
            continue
        within = np.cov(things.T) + np.cov(ground.T) + 1e-4 * np.eye(3)
        direction = np.linalg.solve(within, things.mean(axis=0) - ground.mean(axis=0))
        direction /= max(float(np.abs(direction).sum()), 1e-9)
        r, g, b = (round(float(part), 4) for part in direction)
        found.append((r, g, b))
    return found


def _pixels(example: Example, where: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    values = example.picture.pixels[where]
    return values[rng.permutation(len(values))[:_MOST_PIXELS]]


def _sample(examples: Sequence[Example]) -> list[Example]:
    """Up to eight images with instances, evenly spread from dark to light."""
    useful = [example for example in examples if example.n]
    order = np.argsort([float(e.picture.gray.mean()) for e in useful], kind="stable")
    at = np.unique(np.linspace(0, len(order) - 1, MOST_IMAGES).round().astype(int))
    return [useful[i] for i in order[at]]


def _reached(threshold: Threshold, example: Example) -> Floats:
    """Best IoU of each instance with any region, ``(n,)``."""
    best = np.zeros(example.n)
    for labels in regions(threshold.foreground(example.picture.pixels), DEPTHS):
        best = np.maximum(best, overlaps(example.truth, labels).max(axis=1, initial=0))
    return best


def _greedy(reached: Floats, weights: Floats) -> list[int]:
    chosen: list[int] = []
    best = np.zeros(reached.shape[1])
    while len(chosen) < MOST_THRESHOLDS:
        gains = (np.maximum(reached, best) - best) @ weights
        at = int(np.argmax(gains))
        if chosen and gains[at] < _LEAST_GAIN:
            break
        chosen.append(at)
        best = np.maximum(best, reached[at])
    return chosen
