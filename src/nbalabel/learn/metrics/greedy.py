"""COCO's greedy matching of all images and labels at once.

Within one image and label the predictions choose by falling score, and each takes the best instance that is
left. Images are independent, so the first predictions of all images are matched together, then the second
ones, and so on, for every IoU threshold and area range in the same step.

Source: Microsoft COCO, detection evaluation, https://cocodataset.org/#detection-eval
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry.overlap.pairs import Pairs

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Matches:
    """The matches of the predictions with at least one candidate; no other prediction can be matched.

    Attributes:
        live: those predictions, ascending, ``(n_live,)`` int64.
        truth: the instance each was matched to, or -1, ``(n_live, T, A)`` int32.
    """

    live: Ints
    truth: npt.NDArray[np.int32]


def greedy(
    pairs: Pairs, group: Ints, ignored: Bools, crowd: Bools, thresholds: npt.NDArray[np.float64]
) -> Matches:
    """Match predictions to instances by COCO's rules.

    A prediction takes the available instance of highest IoU, of equal ones the later row; it takes an ignored
    instance only if no other is left. A crowd stays available. Thresholds are inclusive.

    Args:
        pairs: candidates; left rows are predictions, by falling score within each group.
        group: image and label of each prediction, ``(n_predictions,)``, ascending.
        ignored: instances that count as neither found nor missed, per area range, ``(n_truth, A)``.
        crowd: instances that may be matched many times, ``(n_truth,)``.
        thresholds: lowest IoU of a match, ``(T,)``.
    """
    n_t, n_a = len(thresholds), ignored.shape[1]
    pairs = _by_preference(pairs)
    start = np.flatnonzero(np.diff(pairs.left, prepend=-1))
    live = pairs.left[start]
    n_pairs = np.diff(start, append=len(pairs))
    truth = np.full((len(live), n_t * n_a), -1, np.int32)
    taken = np.zeros((len(ignored), n_t * n_a), bool)
    counts = np.tile(~ignored, (1, n_t))
    least = np.repeat(np.minimum(thresholds, 1 - 1e-10), n_a)
    for turn in _turns(group[live]):
        first = start[turn]
        at, place, begin = _ragged(first, n_pairs[turn])
        right = pairs.right[at]
        open_ = ~taken[right] & (pairs.iou[at, None] >= least)
        wish = np.where(open_, place[:, None] + np.int32(1) + counts[right] * np.int32(len(pairs) + 1), 0)
        best = np.maximum.reduceat(wish, begin, axis=0)
        who, column = np.nonzero(best)
        chosen = pairs.right[first[who] + (best[who, column] - 1) % (len(pairs) + 1)]
        truth[turn[who], column] = chosen
        kept = ~crowd[chosen]
        taken[chosen[kept], column[kept]] = True
    return Matches(live, truth.reshape(len(live), n_t, n_a))


def _by_preference(pairs: Pairs) -> Pairs:
    """Pairs of each prediction by rising preference: by IoU, then row."""
    order = np.lexsort((pairs.right, pairs.iou, pairs.left))
    return Pairs(pairs.left[order], pairs.right[order], pairs.iou[order])


def _turns(group: Ints) -> list[Ints]:
    """Positions of the first of each group, of the second, and so on."""
    if not len(group):
        return []
    start = np.flatnonzero(np.diff(group, prepend=-1))
    rank = np.arange(len(group)) - np.repeat(start, np.diff(start, append=len(group)))
    return np.split(np.argsort(rank, kind="stable"), np.cumsum(np.bincount(rank))[:-1])


def _ragged(first: Ints, n: Ints) -> tuple[Ints, npt.NDArray[np.int32], Ints]:
    """Index of each prediction's pairs, their place among them, and where each prediction begins."""
    begin = np.cumsum(n) - n
    place = np.arange(int(n.sum())) - np.repeat(begin, n)
    return np.repeat(first, n) + place, place.astype(np.int32), begin
