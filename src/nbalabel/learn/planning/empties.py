"""Images that seem to hold nothing, and how many of them really do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.tables.of_images import groups_of, labeled_all_over
from ...core.tables.schema import LabeledImages
from ..growth.objectness import objectness, quiet
from ..runs.measured import not_held_out, trains
from ..runs.run import Run

_OWN, _NEARBY = 0.15, 0.4
_FEW_IMAGES = 4


@dataclass(frozen=True, eq=False)
class Empties:
    """Images that seem to hold nothing.

    Attributes:
        images: ids, most certain first, ``(n,)``.
        right: labeled images that seemed to hold nothing and did not.
        wrong: labeled images that seemed to hold nothing and did.
        known: where the numbers come from, in words.
        counts: number of groups per labeled image: images of a group count as one.
    """

    images: npt.NDArray[np.int64]
    right: int
    wrong: int
    known: str
    counts: float = 1.0

    @property
    def chance(self) -> float:
        """Expected share that really is empty, 0..1."""
        return (self.right * self.counts + 0.5) / ((self.right + self.wrong) * self.counts + 1)

    def draws(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Which of them are empty, as it might be, ``(n, len(images))``."""
        share = rng.beta(self.right * self.counts + 0.5, self.wrong * self.counts + 0.5, size=(n, 1))
        return np.asarray(rng.random((n, len(self.images))) < share)


def empties(tables: LabeledImages, run: Run) -> Empties:
    """Find them by their own predictions and those of similar images; count such images among labeled ones.

    Args:
        tables: the tables as they are now.
        run: predictions; without image embeddings, images count alone.
    """
    images = tables.images
    seen, unlabeled = _quiet(tables, run)
    unlabeled = unlabeled[np.isin(unlabeled, images.index[not_held_out(images)])]
    labeled = labeled_all_over(images) & images.index.isin(seen)
    held = labeled & ~trains(images)
    alike = images[held if held.sum() >= _FEW_IMAGES else labeled]
    right = int((~alike.index.isin(tables.instances["image_id"])).sum())
    known = f"{right:,} of {len(alike):,} labeled images that seemed to hold nothing did"
    groups = len(np.unique(groups_of(images, pd.Series(alike.index))))
    return Empties(unlabeled, right, len(alike) - right, known, groups / max(len(alike), 1))


def _quiet(tables: LabeledImages, run: Run) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Images that seem to hold nothing: all of them, and those unlabeled, most certain first."""
    if len(run.embeddings.image_ids):
        seen = quiet(objectness(run), _OWN, _NEARBY).index
    else:
        best = run.predictions.groupby("image_id")["score"].max()
        own = best.reindex(pd.Index(run.predicted_ids)).astype(np.float64).fillna(0.0)
        seen = own[own < _OWN].sort_values(kind="stable").index
    is_open = tables.images.index[(tables.images["state"] == "unlabeled").to_numpy()]
    return seen.to_numpy(np.int64), seen[seen.isin(is_open)].to_numpy(np.int64)
