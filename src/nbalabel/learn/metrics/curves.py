"""Where predictions go wrong, as tables to plot: precision over recall, confusion, calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...core.errors import DataError
from .candidates import Images, Kind, candidates
from .greedy import greedy
from .match import Matched

NOTHING = "nothing"
"""True label, in :func:`confused`, of predictions on no instance; predicted label of missed instances."""


def precision_recall(matched: Matched, *, by_label: bool = False) -> pd.DataFrame:
    """Precision and recall at every score threshold, measured rather than interpolated.

    Lowering the threshold only adds predictions, and greedy matching lets higher scores choose first; so the
    matches at the lowest threshold hold at every higher one. Predictions on crowds are left out.

    Args:
        matched: the result of :func:`nbalabel.match`.
        by_label: one curve per label, with a first column ``label``, in place of one for all.

    Returns:
        One row per distinct score, falling: ``score`` (keep predictions at least that good), ``n``
        (predictions kept), ``n_true`` (matched), ``precision``, ``recall`` and ``f1``, 0..1; recall and f1
        are NaN where there is no instance to find.

    Source: T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006), on sweeping
        a threshold.

    Example:
        >>> found = pd.DataFrame({"score": [0.9, 0.4], "matched": [True, False], "ignored": False})
        >>> precision_recall(Matched(found, found.iloc[:0]))[["score", "precision", "recall"]].values.tolist()
        [[0.9, 1.0, 1.0], [0.4, 0.5, 1.0]]
    """
    rows = _judged(matched.predictions)
    if not by_label:
        return _curve(rows, len(matched.missed))
    names = rows["label"].astype("category").cat.categories
    labels = rows["label"].to_numpy(object)
    missed = matched.missed["label"].to_numpy(object)
    curves = [_curve(rows[labels == name], int((missed == name).sum())) for name in names]
    curve = pd.concat([_curve(rows.iloc[:0], 0), *curves], ignore_index=True)
    column = pd.Categorical.from_codes(np.repeat(np.arange(len(names)), [len(c) for c in curves]), names)
    curve.insert(0, "label", pd.Series(column))
    return curve


def confused(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    labels: Sequence[str],
    images: Images | None = None,
    *,
    iou: float = 0.5,
    score: float = 0.25,
    kind: Kind = "mask",
) -> pd.DataFrame:
    """True and predicted label of every prediction and every missed instance.

    Predictions are matched to instances of any label, greedily by falling score. A crowd takes only
    predictions of its own label, which are then left out.

    Args:
        predictions: instance table with ``score``.
        instances: the ground truth.
        labels: names; rows of other labels are left out.
        images: a table of images or their ids; rows of other images are left out. None: all.
        iou: lowest IoU of a match, in (0, 1].
        score: leave out predictions of a lower score, 0..1.
        kind: compare "mask" or "box".

    Returns:
        One row per pair: ``true`` and ``predicted`` (categories ``labels`` and "nothing"),
        ``prediction_id`` and ``instance_id`` (Int64), one of which is missing where there was no match.

    Raises:
        DataError: a column or a score is missing, ``iou`` is out of range, or a label is called "nothing".
        MaskError: masks are malformed, or those of one image differ in size.

    Example:
        >>> table = pd.DataFrame({"image_id": 1, "label": ["fish", "crab"], "mask": [b"112", b"04"]})
        >>> found = table.iloc[:1].assign(score=0.9)
        >>> confused(found, table, ["fish", "crab"])[["true", "predicted"]].values.tolist()
        [['fish', 'fish'], ['crab', 'nothing']]
    """
    if not 0 < iou <= 1:
        raise DataError(f"iou must be a number in (0, 1], got {iou!r}")
    if NOTHING in labels:
        raise DataError(
            f"a label may not be called {NOTHING!r} here: it names the row and column of what has no partner"
        )
    kept = predictions[predictions["score"] >= score]
    case = candidates(
        kept, instances, images, labels, kind=kind, minimum=min(iou, 1 - 1e-10), same_label=False
    )
    result = greedy(case.pairs, case.found.group, case.crowd[:, None], case.crowd, np.array([iou]))
    chosen = np.full(len(case.found), -1, np.int64)
    chosen[result.live] = result.truth[:, 0, 0]
    n = len(case.labels)
    alone = ~case.crowd
    alone[chosen[chosen >= 0]] = False
    counted = ~np.append(case.crowd, False)[chosen]
    true_label = np.append(case.truth.label, n)[chosen[counted]]
    found_ids = kept.index.to_numpy(np.int64)[case.found.rows[counted]]
    truth_ids = instances.index.to_numpy(np.int64)[case.truth.rows]
    own = pd.array(np.append(truth_ids, 0)[chosen[counted]], "Int64")
    own[chosen[counted] < 0] = pd.NA
    missed = truth_ids[alone]
    categories = pd.Index([*case.labels, NOTHING])
    true = np.append(true_label, case.truth.label[alone])
    predicted = np.append(case.found.label[counted], np.full(len(missed), n))
    return pd.DataFrame(
        {
            "true": pd.Categorical.from_codes(true, categories),
            "predicted": pd.Categorical.from_codes(predicted, categories),
            "prediction_id": pd.array([*found_ids.tolist(), *[pd.NA] * len(missed)], "Int64"),
            "instance_id": pd.array([*own, *missed.tolist()], "Int64"),
        }
    )


def calibration(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """How well scores agree with probabilities: the reliability diagram as a table.

    Args:
        predictions: matched predictions: ``score`` 0..1, ``matched``, and perhaps ``ignored`` (those are
            left out).
        bins: how many equally wide bins of score; an upper end belongs to the bin, as does 0 to the first.

    Returns:
        One row per bin: ``low``, ``high``, ``n`` predictions, ``mean_score``, ``precision`` (share that was
        matched; NaN where there are none, as ``mean_score``). ``frame.attrs["ece"]`` is the expected
        calibration error, 0..1: the mean distance of the two over all predictions, NaN without any.

    Raises:
        DataError: a column is missing, a score is not in 0..1, or ``bins`` is below 1.

    Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017,
        https://arxiv.org/abs/1706.04599

    Example:
        >>> table = calibration(pd.DataFrame({"score": [0.9, 0.8], "matched": [True, False]}), bins=2)
        >>> table.precision.tolist(), round(table.attrs["ece"], 3)
        ([nan, 0.5], 0.35)
    """
    if bins < 1:
        raise DataError(f"bins must be at least 1, got {bins}")
    rows = _judged(predictions)
    score, right = rows["score"].to_numpy(float), rows["matched"].to_numpy(bool)
    if not ((score >= 0) & (score <= 1)).all():
        raise DataError(
            f"scores must lie in 0..1, got {np.nanmin(score)} to {np.nanmax(score)}, some perhaps missing"
        )
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, score) - 1, 0, bins - 1)
    n = np.bincount(place, minlength=bins)
    total = np.bincount(place, score, bins), np.bincount(place, right, bins)
    mean, precision = (np.divide(t, n, out=np.full(bins, np.nan), where=n > 0) for t in total)
    columns = {"low": edges[:-1], "high": edges[1:], "n": n, "mean_score": mean, "precision": precision}
    frame = pd.DataFrame(columns)
    frame.attrs["ece"] = float(np.abs(total[0] - total[1]).sum() / n.sum()) if len(rows) else float("nan")
    return frame


def _judged(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions that are either right or wrong."""
    missing = [name for name in ("score", "matched") if name not in predictions]
    if missing:
        raise DataError(
            f"predictions need the columns {', '.join(missing)}: match them first, with nbalabel.match"
        )
    return predictions[~predictions["ignored"].to_numpy(bool)] if "ignored" in predictions else predictions


def _curve(rows: pd.DataFrame, n_missed: int) -> pd.DataFrame:
    order = np.argsort(-rows["score"].to_numpy(float), kind="stable")
    score = rows["score"].to_numpy()[order]
    hits = np.cumsum(rows["matched"].to_numpy(bool)[order])
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)[: len(score)])
    n, n_true = last + 1, hits[last]
    n_labels = n_missed + int(hits[-1] if len(hits) else 0)
    none = np.full(len(last), np.nan)
    columns = {
        "score": score[last],
        "n": n,
        "n_true": n_true,
        "precision": n_true / n,
        "recall": n_true / n_labels if n_labels else none,
        "f1": 2 * n_true / (n + n_labels) if n_labels else none,
    }
    return pd.DataFrame(columns)
