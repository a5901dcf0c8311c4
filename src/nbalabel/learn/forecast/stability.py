"""Do successive models still change what they say? When they no longer do, more labels bring little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ..metrics.match import match
from ..runs.measured import not_held_out
from ..runs.run import Run

Ids = npt.NDArray[np.int64]

_KAPPA = 0.99
"""Agreement on presence from which Bloodgood and Vijay-Shanker stop."""


@dataclass(frozen=True, eq=False)
class Stability:
    """How far successive runs agree on the same images.

    Attributes:
        table: one row per pair of successive runs: before, after, pq, f1, matched_iou, kappa, change_of_f
            (the most by which the F-measure of presence can have changed), gained and lost (predictions).
        images: ids of the images compared, ``(n,)`` int64.
        pq: PQ needed.
        kappa: kappa needed.
        window: number of successive pairs that must have both.
        stop: whether the last ``window`` pairs have both.
    """

    table: pd.DataFrame
    images: Ids
    pq: float
    kappa: float
    window: int
    stop: bool

    def sentence(self) -> str:
        """What follows, in words."""
        last = self.table.iloc[-1]
        said = f"PQ {last['pq']:.2f}, kappa {last['kappa']:.3f} between the last two runs"
        said += f" on {len(self.images):,} images"
        if len(self.table) < self.window:
            return f"go on: {len(self.table)} of {self.window} comparisons; {said}"
        verb = "stop: predictions have settled" if self.stop else "go on: predictions still change"
        return f"{verb}; {said} (needed {self.pq:g} and {self.kappa:g} over {self.window})"

    def __repr__(self) -> str:
        return f"Stability({self.sentence()})"

    def _repr_html_(self) -> str:
        from .charts import agreement_chart

        return f"<div>{self.sentence()}</div>{self.table.round(3).to_html()}" + agreement_chart(
            ["pq", "kappa"], self.table, self.pq
        )


def stable(
    runs: Sequence[Run],
    images: npt.ArrayLike | None = None,
    *,
    score: float = 0.3,
    pq: float = 0.8,
    kappa: float = _KAPPA,
    window: int = 3,
) -> Stability:
    """Compare successive runs on a fixed set of unlabeled images: do their predictions still change?

    Two numbers per pair of runs, the later as if the earlier were the truth. PQ: the summed IoU of the
    instances found by both, over their number plus half of those that only one of them found. Kappa:
    agreement beyond chance on which label is to be seen in which image. Where kappa is T, the F-measure of
    presence on these images has changed by no more than 4 (1 - T) / T; that bound says nothing about masks.

    "Stop" is said where both are high enough in each of the last pairs. How high a PQ two trainings on the
    *same* labels reach depends on model and images: measure it once (train twice with other seeds) and give
    it as ``pq``. Stable is not good: a model that always misses a label is stable, too.

    Args:
        runs: predictions of successive models, the earliest first, on the same images.
        images: ids of the images to compare on; None takes those that all runs predicted on, that are
            unlabeled in the tables of the last run, and that no training takes.
        score: predictions of a lower score are left out, 0..1.
        pq: PQ needed, 0..1.
        kappa: kappa needed, up to 1.
        window: number of successive pairs that must have both.

    Raises:
        DataError: there are fewer than two runs, or they share no image.

    Source: M. Bloodgood and K. Vijay-Shanker, "A method for stopping active learning based on stabilizing
        predictions and the need for user-adjustable stopping", CoNLL 2009; M. Bloodgood and J. Grothendieck,
        "Analysis of stopping active learning based on stabilizing predictions", CoNLL 2013, arXiv 1504.06329,
        for the bound; A. Kirillov et al., "Panoptic segmentation", CVPR 2019, for PQ.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=8, n_test=2, size=96)
        >>> run = nl.demo.simulated_run(ds)
        >>> stable([run] * 4).stop, stable([run, nl.demo.simulated_run(ds, seed=1)]).stop
        (True, False)
    """
    if len(runs) < 2:
        raise DataError(f"stability compares successive runs: expected two or more, got {len(runs)}")
    if window < 1 or not 0 <= score <= 1:
        raise DataError(f"window must be 1 or more and score within 0..1, got {window} and {score}")
    ids = _images(runs, images)
    rows = [_compared(before, after, ids, score) for before, after in pairwise(runs)]
    table = pd.DataFrame(rows)
    last = table.tail(window)
    good = (last["pq"] >= pq) & (last["kappa"] >= kappa)
    return Stability(table, ids, pq, kappa, window, bool(len(last) == window and good.all()))


def _images(runs: Sequence[Run], images: npt.ArrayLike | None) -> Ids:
    ids = np.unique(runs[0].predicted_ids if images is None else np.asarray(images, np.int64))
    for run in runs:
        ids = ids[np.isin(ids, run.predicted_ids)]
    tables = runs[-1].tables
    if images is None and tables is not None:
        frame = tables.images
        is_open = (frame["state"] == "unlabeled").to_numpy() & not_held_out(frame)
        ids = ids[np.isin(ids, frame.index[is_open])]
    if not len(ids):
        raise DataError(
            "the runs share no image to compare on: predict all of them on the same unlabeled images"
        )
    return ids


def _compared(before: Run, after: Run, ids: Ids, score: float) -> dict[str, object]:
    """One row of the table."""
    old, new = (_on(run.predictions, ids, score) for run in (before, after))
    found = match(new, old.assign(crowd=False), pd.Index(ids))
    taken = found.predictions[found.predictions["matched"]]
    gained, lost = len(new) - len(taken), len(found.missed)
    half = len(taken) + (gained + lost) / 2
    agreed = _kappa(_presence(old, ids, before.labels), _presence(new, ids, before.labels))
    return {
        "before": before.id,
        "after": after.id,
        "pq": float(taken["iou"].sum()) / half if half else 1.0,
        "f1": len(taken) / half if half else 1.0,
        "matched_iou": float(taken["iou"].mean()) if len(taken) else np.nan,
        "kappa": agreed,
        "change_of_f": bound(agreed),
        "gained": gained,
        "lost": lost,
    }


def bound(kappa: float) -> float:
    """The most by which the F-measure of presence changed, 0..1; 1 where kappa says nothing.

    Example:
        >>> round(bound(0.99), 3), bound(0.5), bound(-0.1)
        (0.04, 1.0, 1.0)
    """
    return float(min(4 * (1 - kappa) / kappa, 1.0)) if kappa > 0 else 1.0


def _on(rows: pd.DataFrame, ids: Ids, score: float) -> pd.DataFrame:
    return rows[rows["image_id"].isin(ids) & (rows["score"] >= score)]


def _presence(rows: pd.DataFrame, ids: Ids, labels: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which label is to be seen in which image, ``(images * labels,)``."""
    names = pd.Index(list(labels) or sorted(rows["label"].astype(str).unique()))
    out = np.zeros((len(ids), max(len(names), 1)), np.bool_)
    at = names.get_indexer(pd.Index(rows["label"].astype(str)))
    out[np.searchsorted(ids, rows["image_id"].to_numpy(np.int64))[at >= 0], at[at >= 0]] = True
    return out.ravel()


def _kappa(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Cohen's kappa of two yes / no answers; 1 where both say the same everywhere.

    Source: J. Cohen, "A coefficient of agreement for nominal scales" (1960).
    """
    same, chance = float(np.mean(a == b)), float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return 1.0 if same == 1 else (same - chance) / (1 - chance) if chance < 1 else 0.0
