"""Average precision of resampled images: predictions are matched once, a draw only counts images again.

Matches do not depend on which images are drawn. An image drawn twice counts twice, as if its predictions and
instances were there two times under another id.

Source: B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7 (1979).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .accumulate import hits_needed
from .candidates import Candidates, Kind, candidates
from .greedy import greedy

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int32]

_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0.0, 1.0, 101)
_MOST = 100  # predictions per image and label
_CELLS = 1 << 17  # draws x predictions held together


def drawn_times(unit: npt.ArrayLike, draws: int, seed: int = 0) -> Counts:
    """How often each image is drawn, ``(draws, n)``; images of one unit are drawn together.

    Args:
        unit: code of the unit of each image, ``(n,)`` integers; images alone have a code of their own.
        draws: number of draws.
        seed: the same units and seed give the same draws.
    """
    codes = np.unique(np.asarray(unit), return_inverse=True)[1]
    n = int(codes.max()) + 1 if len(codes) else 0
    rng = np.random.default_rng(seed)
    out = np.zeros((draws, len(codes)), np.int32)
    for row in out if n else ():
        row[:] = np.bincount(rng.integers(n, size=n), minlength=n)[codes]
    return out


def ap_draws(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    images: pd.DataFrame,
    labels: tuple[str, ...],
    times: Counts,
    *,
    kind: Kind = "mask",
) -> Floats:
    """AP50-95 of each label when images are drawn several times or not at all.

    With one draw of each image once it is the ``AP`` of :func:`nbalabel.evaluate`. The mean over labels of a
    draw that are not NaN is its mAP.

    Args:
        predictions: instance table with ``score``.
        instances: the ground truth.
        images: rows of the images that are measured.
        labels: the label list, ``K`` names.
        times: how often each image is drawn, ``(draws, len(images))``, images by ascending id.
        kind: compare "mask" or "box".

    Returns:
        ``(draws, K)``, 0..1; NaN where the drawn images have no such instance.

    Raises:
        DataError: a column or a score is missing.
        MaskError: masks are malformed, or those of one image differ in size.
    """
    case = candidates(
        predictions, instances, images, labels, kind=kind, minimum=float(_THRESHOLDS[0]), per_group=_MOST
    )
    out = np.full((len(times), len(case.labels)), np.nan)
    there = ~case.crowd
    truth_image = case.truth.group - case.truth.label * case.n_images
    for own in _by_label(case):
        mine = there & (case.truth.label == own.label)
        there_are = np.bincount(truth_image[mine], minlength=case.n_images)
        positive = np.asarray(times @ there_are, np.int64)
        known = positive > 0
        if known.any():
            out[known, own.label] = _of_label(own, times[known], positive[known])
    return out


@dataclass(frozen=True, eq=False)
class _Ranked:
    """The predictions of one label by falling score.

    Attributes:
        label: index of the label.
        image: position of each prediction's image, ``(n,)``.
        hit: whether it is matched to an instance that counts, ``(T, n)``.
        void: whether it lies on a crowd, ``(T, n)``.
    """

    label: int
    image: Ints
    hit: Bools
    void: Bools


def _by_label(case: Candidates) -> Iterator[_Ranked]:
    """Match at every threshold, and sort by score."""
    found = case.found
    matches = greedy(case.pairs, found.group, case.crowd[:, None], case.crowd, _THRESHOLDS)
    truth = np.full((len(found), len(_THRESHOLDS)), -1, np.int64)
    truth[matches.live] = matches.truth[:, :, 0]
    met = truth >= 0
    void = met & case.crowd[truth] if len(case.crowd) else met
    image = found.group - found.label * case.n_images
    for label in range(len(case.labels)):
        rows = np.flatnonzero(found.label == label)
        rows = rows[np.argsort(-case.score[rows], kind="stable")]
        yield _Ranked(label, image[rows], (met & ~void)[rows].T, void[rows].T)


def _of_label(own: _Ranked, times: Counts, positive: Ints) -> Floats:
    """AP of one label in each draw, ``(draws,)``."""
    need = hits_needed(positive[:, None], _RECALLS)[:, 0]
    out = np.zeros(len(times))
    step = max(_CELLS // max(len(own.image), 1), 1)
    for first in range(0, len(times), step):
        part = slice(first, first + step)
        weight = times[part][:, own.image]
        out[part] = _mean_precision(own, weight, need[part])
    return out


def _mean_precision(own: _Ranked, weight: Counts, need: Ints) -> Floats:
    """Mean over thresholds and recalls of the interpolated precision, ``(draws,)``."""
    everything = np.cumsum(weight, axis=1, dtype=np.int32)
    total = np.zeros(len(weight))
    for hit, void in zip(own.hit, own.void, strict=True):
        at = np.flatnonzero(hit)
        counted = everything if not void.any() else np.cumsum(weight * ~void, axis=1, dtype=np.int32)
        hits = np.cumsum(np.take(weight, at, axis=1), axis=1, dtype=np.int32)
        total += _interpolated(hits, np.take(counted, at, axis=1), need).mean(axis=1)
    return total / len(own.hit)


def _interpolated(hits: Counts, counted: Counts, need: Ints) -> Floats:
    """Highest precision at or beyond each needed number of hits, 0 where there are fewer; ``(draws, R)``.

    Args:
        hits: weighted hits up to and with each hit, ``(draws, h)``.
        counted: weighted predictions up to and with each hit, ``(draws, h)``.
        need: hits needed for each recall, ``(draws, R)``, ascending.
    """
    n, h = hits.shape
    if not h:
        return np.zeros(need.shape)
    best = np.zeros((n, h + 1))
    np.divide(hits, counted + np.spacing(1), out=best[:, :h])
    row = np.arange(n)[:, None]
    most = int(hits[:, -1].max()) + 2
    keys = (hits + row * most).ravel()
    at = np.searchsorted(keys, (np.minimum(need, most - 1) + row * most).ravel()).reshape(need.shape)
    # A segment ends where the next recall is reached; the last one of a draw goes on into the hits of the
    # next draw that are not drawn, whose precision is 0.
    peaks = np.maximum.reduceat(best.ravel(), (at + row).ravel()).reshape(need.shape)
    return np.asarray(np.maximum.accumulate(peaks[:, ::-1], axis=1)[:, ::-1], np.float64)
