"""How well scores rank masks, and how reliable they are, measured by the true IoU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..metrics.curves import calibration
from .fit import map_apart

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RIGHT = 0.75
"""IoU from which a mask counts as right."""


def compare(scores: Mapping[str, Floats], iou: Floats, judged: Bools, fold: Ints) -> pd.DataFrame:
    """One row per score, measured on the judged rows.

    Args:
        scores: name -> ``(n,)``; no score may come from a fit that used the row's own image.
        iou: true IoU where judged, ``(n,)``.
        judged: ``(n,)`` bool.
        fold: of each row's image, ``(n,)``; what maps a score to a chance or to an IoU is fitted on the other
            folds.

    Returns:
        Columns ``rank_correlation`` (Spearman, with the true IoU), ``auc`` (area under the ROC curve for
        IoU >= 0.75), ``brier`` (mean squared error of the chance of that), ``ece`` (its expected calibration
        error, ten bins) and ``mae`` (mean absolute error of the IoU). The first two are NaN where all values
        are equal. A chance that is the same for all has no calibration error and a high Brier score.

    Source: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017; G. Brier, Verification of
        forecasts expressed in terms of probability, Monthly Weather Review 78 (1950).
    """
    right = (iou >= RIGHT).astype(np.float64)
    rows = {}
    for name, score in scores.items():
        chance = map_apart(score, right, judged, fold)[judged]
        said = map_apart(score, iou, judged, fold)[judged]
        rows[name] = {
            "rank_correlation": rank_correlation(score[judged], iou[judged]),
            "auc": auc(score[judged], right[judged] > 0),
            "brier": float(np.mean((chance - right[judged]) ** 2)),
            "ece": ece(chance, right[judged] > 0),
            "mae": float(np.abs(said - iou[judged]).mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation, NaN where one of them does not vary.

    Example:
        >>> rank_correlation([1, 2, 3], [10, 30, 90])
        1.0
    """
    from scipy.stats import spearmanr

    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return round(float(spearmanr(x, y).statistic), 12)


def auc(score: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Chance that something right scores higher than something wrong; NaN without one of either kind.

    Source: J. Hanley, B. McNeil, The meaning and use of the area under a ROC curve, Radiology 143 (1982).

    Example:
        >>> auc([0.1, 0.6, 0.4, 0.9], [False, False, True, True])
        0.75
    """
    from scipy.stats import mannwhitneyu

    is_right, scores = np.asarray(right, bool), np.asarray(score, np.float64)
    good, bad = scores[is_right], scores[~is_right]
    if not len(good) or not len(bad):
        return float("nan")
    return float(mannwhitneyu(good, bad, method="asymptotic").statistic / (len(good) * len(bad)))


def ece(chance: Floats, right: Bools) -> float:
    """Expected calibration error, 0..1, in ten bins."""
    return float(calibration(pd.DataFrame({"score": chance, "matched": right})).attrs["ece"])
