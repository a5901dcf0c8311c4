"""Precision over recall of all labels at once, equal to pycocotools to the last bit.

pycocotools visits every prediction of every label, area range and threshold. But its interpolated precision
can peak only at a true positive, and those are few: so only the true positives are listed, with the number
of predictions that count up to each, and the rest is looked up.

Source: Microsoft COCO, detection evaluation, https://cocodataset.org/#detection-eval
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_CELLS = 1 << 24  # predictions x thresholds x area ranges held together


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What became of each prediction. Predictions are sorted by label, then falling score.

    Attributes:
        label: index of the label, ``(n,)`` int64, ascending.
        rank: place within its image and label, ``(n,)`` int64.
        outside: whether an unmatched prediction is ignored, per area range, ``(n, A)`` bool.
        live: predictions that had a candidate, ``(n_live,)`` int64, ascending.
        hit: live predictions matched to an instance that counts, ``(n_live, T, A)`` bool.
        void: live predictions matched to an ignored instance, ``(n_live, T, A)`` bool.
    """

    label: Ints
    rank: Ints
    outside: Bools
    live: Ints
    hit: Bools
    void: Bools

    def blocks(self) -> Iterator[Outcomes]:
        """The same in parts of whole labels, so that memory stays bounded."""
        width = self.hit.shape[1] * self.hit.shape[2]
        heads = np.flatnonzero(np.diff(self.label, prepend=-1))
        size = np.searchsorted(self.live, heads) * width // _CELLS + heads * self.outside.shape[1] // _CELLS
        cuts = np.append(heads[np.flatnonzero(np.diff(size, prepend=-1))], len(self.label))
        for a, b in pairwise(cuts.tolist()):
            yield self.where(np.arange(a, b))

    def where(self, rows: Ints) -> Outcomes:
        """Some of the predictions, ascending."""
        place = np.full(len(self.label) + 1, -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.live] >= 0
        live = place[self.live[kept]]
        return Outcomes(
            self.label[rows], self.rank[rows], self.outside[rows], live, self.hit[kept], self.void[kept]
        )


def accumulate(
    outcomes: Outcomes, n_positive: Ints, recall_thresholds: Floats, max_detections: Sequence[int]
) -> tuple[Floats, Floats]:
    """Interpolated precision and highest recall.

    Args:
        outcomes: what became of each prediction.
        n_positive: instances that count, ``(K, A)``.
        recall_thresholds: ``(R,)``, 0..1.
        max_detections: predictions allowed per image and label, ``(M,)``.

    Returns:
        Precision ``(T, R, K, A, M)`` and recall ``(T, K, A, M)``; -1 where no instance counts.
    """
    n_k, n_a = n_positive.shape
    n_t, n_r, n_m = outcomes.hit.shape[1], len(recall_thresholds), len(max_detections)
    precision = np.zeros((n_t, n_r, n_k, n_a, n_m))
    recall = np.zeros((n_t, n_k, n_a, n_m))
    needed = hits_needed(n_positive, recall_thresholds)
    for m, limit in enumerate(max_detections):
        for block in outcomes.where(np.flatnonzero(outcomes.rank < limit)).blocks():
            _fill(block, n_positive, needed, precision[..., m], recall[..., m])
    precision[:, :, n_positive == 0] = -1
    recall[:, n_positive == 0] = -1
    return precision, recall


def hits_needed(n_positive: Ints, recall_thresholds: Floats) -> Ints:
    """How many true positives reach each recall, ``(K, A, R)``; the first prediction always counts as one."""
    out = np.ones((*n_positive.shape, len(recall_thresholds)), np.int64)
    for n in np.unique(n_positive[n_positive > 0]):
        reached = np.arange(n + 1) / n
        out[n_positive == n] = np.maximum(1, np.searchsorted(reached, recall_thresholds))
    return out


def _fill(outcomes: Outcomes, n_positive: Ints, needed: Ints, precision: Floats, recall: Floats) -> None:
    """Write the labels of these outcomes into ``(T, R, K, A)`` and ``(T, K, A)``."""
    n_a = n_positive.shape[1]
    n_t = outcomes.hit.shape[1]
    low, high = int(outcomes.label[0]), int(outcomes.label[-1]) + 1
    n_here = high - low
    hit = np.ascontiguousarray(outcomes.hit.reshape(-1, n_t * n_a).T)
    column, at = np.nonzero(hit)
    label = outcomes.label[outcomes.live[at]] - low
    segment = column * n_here + label
    n_hits = np.bincount(segment, minlength=n_t * n_a * n_here)
    start = np.cumsum(n_hits) - n_hits
    nth = np.arange(1, len(segment) + 1) - start[segment]
    best = nth / (_counted(outcomes, column, at) + np.spacing(1))
    _peak_from_right(best, start, n_hits)
    shape = (n_t, n_a, n_here)
    positive = n_positive[low:high].T
    found, first = n_hits.reshape(shape), start.reshape(shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall[:, low:high] = (found / positive).transpose(0, 2, 1)
    need = needed[low:high].transpose(1, 0, 2)
    index = np.where(need <= found[..., None], first[..., None] + need - 1, len(best))
    precision[:, :, low:high] = np.append(best, 0.0)[index].transpose(0, 3, 2, 1)


def _counted(outcomes: Outcomes, column: Ints, at: Ints) -> Ints:
    """True and false positives of the same label up to and with each true positive.

    Args:
        outcomes: what became of each prediction.
        column: threshold and area range of each true positive, as ``t * A + a``.
        at: its position in ``outcomes.live``.
    """
    live, inside = outcomes.live, ~outcomes.outside
    counts = outcomes.hit | (inside[live, None] & ~outcomes.void)
    alive = _running(counts.reshape(len(live), counts.shape[1] * counts.shape[2]))
    inside[live] = False  # the others are false positives wherever they lie inside the range
    plain = _running(inside)
    row, area = live[at], column % inside.shape[1]
    heads = np.flatnonzero(np.diff(outcomes.label, prepend=-1))
    head = np.repeat(heads, np.diff(heads, append=len(outcomes.label)))[row]
    live_head = np.searchsorted(live, heads)[np.searchsorted(heads, head)]
    return alive[column, at + 1] - alive[column, live_head] + plain[area, row] - plain[area, head]


def _running(flags: Bools) -> npt.NDArray[np.int32]:
    """How many flags ``(n, columns)`` of each column are set before each row, ``(columns, n + 1)``."""
    out = np.zeros((flags.shape[1], len(flags) + 1), np.int32)
    np.cumsum(np.ascontiguousarray(flags.T), axis=1, dtype=np.int32, out=out[:, 1:])
    return out


def _peak_from_right(values: Floats, start: Ints, n: Ints) -> None:
    """Replace each value by the highest from it to the end of its segment, in place."""
    several = np.flatnonzero(n > 1)
    for a, b in zip(start[several].tolist(), (start + n)[several].tolist(), strict=True):
        part = values[a:b][::-1]
        np.maximum.accumulate(part, out=part)
