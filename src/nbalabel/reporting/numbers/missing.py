"""What is likely missing: instances that no prediction found, by image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import MissingExtraError
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ...learn.planning.candidates import candidates, waiting
from ...learn.planning.chances import chances
from ...learn.planning.missing import missing, unfound
from ...learn.runs.measured import trains
from ...learn.runs.run import Run

_DRAWS = 400
_MOST_LABELED = 200  # images that what is missing is learned from


@dataclass(frozen=True, eq=False)
class LikelyMissing:
    """What is likely missing on the images that wait for labels.

    Attributes:
        images: one row per image by ``image_id``, the most first: ``open`` (expected right masks among the
            predictions that nobody decided about), ``unseen`` (expected instances that no prediction found),
            ``expected`` (both).
        low: low end of the 90 % interval of all unseen instances together.
        high: its high end.
        known: where the numbers come from, in words; what to do where there are none.
    """

    images: pd.DataFrame
    low: float
    high: float
    known: str


def likely_missing(tables: LabeledImages, run: Run | None, seed: int = 0) -> LikelyMissing:
    """Estimate what is missing, learned from at most 200 labeled images, held-out ones first.

    Args:
        tables: the tables as they are now.
        run: predictions; None: there are none.
        seed: of the draws.
    """
    nothing = pd.DataFrame(
        {"open": [], "unseen": [], "expected": []}, index=pd.Index([], dtype=np.int64, name="image_id")
    )
    if run is None:
        todo = "No predictions yet: with a run, the report says which images lack how many masks."
        return LikelyMissing(nothing, 0.0, 0.0, todo)
    ids = waiting(tables, run)
    if not len(ids):
        left = int((~labeled_all_over(tables.images)).sum())
        todo = "Every image is labeled all over." if not left else "No image that waits was predicted on."
        return LikelyMissing(nothing, 0.0, 0.0, todo)
    run = _fewer(tables, run, ids, seed)
    try:
        odds = chances(tables, run, seed)
    except MissingExtraError as error:
        return LikelyMissing(nothing, 0.0, 0.0, str(error))
    rows = candidates(tables, run, odds.right)
    lost = missing(tables, run, odds, ids, unfound(tables, run, ids), seed)
    total = lost.draws(_DRAWS, np.random.default_rng(seed)).sum(axis=1)
    hoped = odds.right.loc[rows.index].groupby(rows["image_id"]).sum()
    frame = pd.DataFrame(
        {"open": hoped.reindex(ids).fillna(0.0).to_numpy(np.float64)},
        index=nothing.index.append(pd.Index(ids)),
    )
    frame.index.name = "image_id"
    frame["unseen"] = lost.expected
    frame["expected"] = frame["open"] + frame["unseen"]
    low, high = np.quantile(total, [0.05, 0.95])
    return LikelyMissing(
        frame.sort_values("expected", ascending=False, kind="stable"), float(low), float(high), lost.known
    )


def _fewer(tables: LabeledImages, run: Run, ids: npt.NDArray[np.int64], seed: int) -> Run:
    """The run on the images that wait, and on some labeled ones, drawn at random."""
    images = tables.images
    labeled = images[labeled_all_over(images) & images.index.isin(run.predicted_ids)]
    chance = np.random.default_rng(seed).random(len(labeled))
    drawn = labeled.index[np.lexsort((chance, trains(labeled)))][:_MOST_LABELED]
    kept = np.concatenate([ids, drawn.to_numpy(np.int64)])
    near = run.predictions[run.predictions["image_id"].isin(kept)]
    return replace(run, predictions=near, predicted_ids=kept)
