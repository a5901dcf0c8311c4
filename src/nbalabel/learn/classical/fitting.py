"""Fit a model to labeled images, and measure it on images that it was not fitted to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..quality.fit import fold_of
from .examples import Example
from .finder import Fitted
from .judge import Judge
from .pool import Pool, overlaps
from .search import search

Floats = npt.NDArray[np.floating[Any]]

_FOLDS = 5
_COVERED = 0.3
"""On partially labeled images, only regions covered by instances to at least this share are fitted to."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Quality of the regions on labeled images, cross-validated.

    Attributes:
        f1: at IoU 0.5 and the best threshold of the score, 0..1.
        precision: at the same threshold.
        recall: at the same threshold.
        score: the threshold.
    """

    f1: float
    precision: float
    recall: float
    score: float


def fit(
    examples: Sequence[Example], labels: tuple[str, ...], imgsz: int, seed: int, tick: Callable[[], None]
) -> tuple[Fitted, Measured]:
    """Search the thresholds, then fit the judge.

    Args:
        examples: labeled images at working size.
        labels: names.
        imgsz: working size, pixels.
        seed: seed of all random choices.
        tick: called after each step, to show progress.
    """
    thresholds = search(examples, len(labels), seed, tick)
    areas = np.concatenate([np.bincount(e.truth.ravel())[1:] for e in examples])
    low, high = np.quantile(areas, [0.02, 0.98])
    sizes = max(0.4 * float(low), 4.0), 2.5 * float(high)
    pools, truths = [], []
    for example in examples:
        pool = Pool.of(example.picture, thresholds, sizes)
        pools.append(pool)
        truths.append(_iou(pool, example, len(labels)))
        tick()
    judge = _judge(pools, truths, examples, seed)
    fitted = Fitted(tuple(thresholds), sizes, judge, labels, imgsz)
    return fitted, _cross_fitted(pools, truths, examples, seed)


def _iou(pool: Pool, example: Example, n_labels: int) -> Floats:
    """IoU of each region with the best instance of each label, ``(n, n_labels)``."""
    out = np.zeros((len(pool.map_of), n_labels))
    for k, labels in enumerate(pool.maps):
        at = np.flatnonzero(pool.map_of == k)
        both = overlaps(labels, example.truth)[pool.number[at] - 1]
        for code in np.unique(example.codes):
            out[at, code] = both[:, example.codes == code].max(axis=1, initial=0)
    return out


def _judge(pools: Sequence[Pool], truths: Sequence[Floats], examples: Sequence[Example], seed: int) -> Judge:
    """Fit a judge; on partially labeled images, regions beside the instances are left out."""
    rows = [_teaches(pool, example) for pool, example in zip(pools, examples, strict=True)]
    columns = [pool.columns[row] for pool, row in zip(pools, rows, strict=True)]
    iou = [truth[row] for truth, row in zip(truths, rows, strict=True)]
    return Judge.fit(np.concatenate(columns), np.concatenate(iou), seed)


def _teaches(pool: Pool, example: Example) -> npt.NDArray[np.bool_]:
    """Regions that are known to be right or wrong, ``(n,)``."""
    if example.whole:
        return np.ones(len(pool.area), bool)
    covered = np.zeros(len(pool.area))
    for k, labels in enumerate(pool.maps):
        at = np.flatnonzero(pool.map_of == k)
        covered[at] = np.bincount(labels[example.truth > 0], minlength=int(labels.max()) + 1)[pool.number[at]]
    return covered >= _COVERED * pool.area


def _cross_fitted(
    pools: Sequence[Pool], truths: Sequence[Floats], examples: Sequence[Example], seed: int
) -> Measured:
    """Cross-validated precision and recall of the judge; the thresholds were chosen on all images."""
    n = len(examples)
    fold = fold_of(np.arange(n), np.ones(n, bool), min(_FOLDS, n), seed) if n > 1 else np.zeros(n, np.int64)
    scores: list[Floats] = [np.zeros(0)]
    hits = [np.zeros(0, bool)]
    for held in np.unique(fold):
        learn = [i for i in range(n) if fold[i] != held or n == 1]
        judge = _judge(
            [pools[i] for i in learn], [truths[i] for i in learn], [examples[i] for i in learn], seed
        )
        for i in np.flatnonzero(fold == held).tolist():
            score, hit = _judged(pools[i], truths[i], judge)
            scores.append(score)
            hits.append(hit)
    return _measured(np.concatenate(scores), np.concatenate(hits), sum(e.n for e in examples))


def _judged(pool: Pool, truth: Floats, judge: Judge) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Score of each region that is kept, and whether it is right: IoU at least 0.5 with its label."""
    predicted = judge(pool.columns)
    best = predicted.max(axis=1, initial=0)
    at = [row for row, _, _ in pool.best(best, 0.05, 1000)]
    return best[at], truth[at, predicted[at].argmax(axis=1)] >= 0.5 if at else np.zeros(0, bool)


def _measured(scores: Floats, hits: npt.NDArray[np.bool_], n: int) -> Measured:
    if not len(scores):
        return Measured(0.0, 0.0, 0.0, 1.0)
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    found = np.arange(1, len(order) + 1)
    f1 = 2 * right / (found + max(n, 1))
    at = int(np.argmax(f1))
    return Measured(
        float(f1[at]), float(right[at] / found[at]), float(right[at] / max(n, 1)), float(scores[order[at]])
    )
