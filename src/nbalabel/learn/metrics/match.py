"""Which prediction found which instance: true positives, false positives, and missed instances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from .candidates import Candidates, Images, Kind, candidates
from .greedy import greedy


@dataclass(frozen=True, eq=False)
class Matched:
    """Predictions with their matches, and the instances that were missed.

    Attributes:
        predictions: the table given, rows of other images left out, with four columns set:
            ``iou`` (float32) the best IoU with an instance of the same label that is no crowd, 0 where none
            overlaps; ``matched`` (bool) whether it was matched to such an instance; ``matched_id`` (Int64)
            its id; ``ignored`` (bool) unmatched, but on a crowd: neither right nor wrong.
        missed: the instances that no prediction was matched to, crowds left out: rows of their table.
    """

    predictions: pd.DataFrame
    missed: pd.DataFrame

    def _repr_html_(self) -> str:
        found = self.predictions
        n_matched, n_ignored = int(found["matched"].sum()), int(found["ignored"].sum())
        wrong = len(found) - n_matched - n_ignored
        return (
            f"<div>{len(found):,} predictions: <b>{n_matched:,} matched</b>, {wrong:,} unmatched, "
            f"{n_ignored:,} on crowds · {len(self.missed):,} instances missed</div>"
        )


def match(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    images: Images | None = None,
    *,
    iou: float = 0.5,
    kind: Kind = "mask",
) -> Matched:
    """Match predictions to instances of the same image and label, by falling score and COCO's rules.

    Args:
        predictions: instance table with ``score``; every row takes part, whatever its score.
        instances: the ground truth; a column ``crowd`` marks crowds, on which many predictions may lie.
        images: a table of images or their ids; rows of other images are left out. None: all.
        iou: lowest IoU of a match, in (0, 1].
        kind: compare "mask" or "box".

    Raises:
        DataError: a column or a score is missing, or ``iou`` is out of range.
        MaskError: masks are malformed, or those of one image differ in size.

    Source: Microsoft COCO, detection evaluation, https://cocodataset.org/#detection-eval

    Example:
        >>> table = pd.DataFrame({"image_id": 1, "label": ["fish", "crab"], "mask": b"112"}, index=[7, 8])
        >>> result = match(table.iloc[:1].assign(score=0.9), table)
        >>> result.predictions.matched_id.tolist(), result.missed.index.tolist()
        ([7], [8])
    """
    if not 0 < iou <= 1:
        raise DataError(f"iou must be a number in (0, 1], got {iou!r}")
    case = candidates(predictions, instances, images, kind=kind)
    one = match_candidates(case, len(predictions), iou)
    rows = np.sort(case.found.rows)
    ids = np.zeros(len(predictions), np.int64)
    ids[one.matched] = instances.index.to_numpy()[one.instance[one.matched]]
    table = predictions.assign(
        iou=one.iou,
        matched=one.matched,
        matched_id=pd.arrays.IntegerArray(ids, ~one.matched),
        ignored=one.ignored,
    )
    if images is not None and len(rows) < len(table):
        table = table.iloc[rows]
    return Matched(table, instances.iloc[one.missed])


@dataclass(frozen=True, eq=False)
class Matches:
    """What :func:`match` finds, as arrays over the rows of the two tables, ``(n,)`` for n predictions.

    Attributes:
        iou: best IoU with an instance of the same label that is no crowd, float32; 0 where none overlaps.
        matched: whether it was matched to such an instance, bool.
        ignored: unmatched, but on a crowd, bool.
        instance: row of the instance it was matched to, int64; -1 for none.
        missed: rows of the instances without a prediction, crowds left out, ascending int64 ``(m,)``.
    """

    iou: npt.NDArray[np.float32]
    matched: npt.NDArray[np.bool_]
    ignored: npt.NDArray[np.bool_]
    instance: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]


def match_candidates(case: Candidates, n: int, iou: float) -> Matches:
    """Match the candidates of a table of ``n`` predictions; arguments as of :func:`match`."""
    found, truth, pairs = case.found.rows, case.truth.rows, case.pairs
    chosen = _match(case, iou)
    on_crowd = (chosen >= 0) & (case.crowd[chosen] if len(truth) else False)
    matched, ignored = np.zeros(n, bool), np.zeros(n, bool)
    ignored[found], matched[found] = on_crowd, (chosen >= 0) & ~on_crowd
    best = np.zeros(n, np.float32)
    against = np.where(case.crowd[pairs.right], 0, pairs.iou).astype(np.float32)
    np.maximum.at(best, found[pairs.left], against)
    instance = np.full(n, -1, np.int64)
    instance[found[chosen >= 0]] = truth[chosen[chosen >= 0]]
    missed = ~case.crowd
    missed[chosen[chosen >= 0]] = False
    return Matches(best, matched, ignored, np.where(matched, instance, -1), np.sort(truth[missed]))


def _match(case: Candidates, iou: float) -> npt.NDArray[np.int64]:
    """Position in ``case.truth`` that each of ``case.found`` was matched to, -1 for none."""
    result = greedy(case.pairs, case.found.group, case.crowd[:, None], case.crowd, np.array([iou]))
    chosen = np.full(len(case.found), -1, np.int64)
    chosen[result.live] = result.truth[:, 0, 0]
    return chosen
