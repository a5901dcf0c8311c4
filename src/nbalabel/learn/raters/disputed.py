"""Units on which annotators disagree, the most disputed first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .opinions import Opinions
from .units import NOT_LOOKED, Units

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
KINDS = ("existence", "name", "outline")

_SHARP = 0.75
"""Mean IoU from which outlines are not disputed."""


def disputed(opinions: Opinions, units: Units) -> pd.DataFrame:
    """One row per unit that not all drew, named alike, or drew alike; see :class:`nbalabel.Raters`.

    The score is the share of pairs of annotators that disagree on whether it is there, or on its label; for
    outlines 1 - mean IoU. The kind is the one with the highest score.
    """
    looked = units.code != NOT_LOOKED
    m, k = looked.sum(axis=1), units.drew.sum(axis=1)
    pairs = units.of_row[units.left]
    n_pairs = np.bincount(pairs, minlength=len(units.image))
    differ = opinions.label[units.left] != opinions.label[units.right]
    mean = np.bincount(pairs, units.iou, len(units.image)) / np.maximum(n_pairs, 1)
    score = np.stack(
        [
            2 * k * (m - k) / np.maximum(m * (m - 1), 1),
            np.bincount(pairs, differ, len(units.image)) / np.maximum(n_pairs, 1),
            np.where((n_pairs > 0) & (mean < _SHARP), 1 - mean, 0.0),
        ],
        axis=1,
    )
    kind, best = score.argmax(axis=1), score.max(axis=1)
    rows = np.flatnonzero(best > 0)
    rows = rows[np.argsort(-best[rows], kind="stable")]
    ids = opinions.image_ids[units.image[rows]]
    first = np.argmax(ids >= 0, axis=1)
    return pd.DataFrame(
        {
            "kind": pd.Categorical(np.array(KINDS)[kind[rows]].tolist(), categories=list(KINDS)),
            "score": best[rows],
            "image_id": ids[np.arange(len(rows)), first],
            "drew": k[rows],
            "looked": m[rows],
            "iou": np.where(n_pairs > 0, mean, np.nan)[rows],
            "labels": [_labels(opinions, units, u) for u in rows.tolist()],
            "instances": [_instances(opinions, units, u) for u in rows.tolist()],
        },
        index=pd.Index(rows, name="unit", dtype=np.int64),
    )


def _labels(opinions: Opinions, units: Units, unit: int) -> dict[str, str | None]:
    """Label that each annotator who looked gave; None where they drew nothing."""
    codes = zip(opinions.raters, units.code[unit].tolist(), strict=True)
    return {name: opinions.labels[c] if c >= 0 else None for name, c in codes if c != NOT_LOOKED}


def _instances(opinions: Opinions, units: Units, unit: int) -> dict[str, int]:
    """Instance that each annotator drew."""
    rows = zip(opinions.raters, units.row[unit].tolist(), strict=True)
    return {name: int(opinions.instance_id[row]) for name, row in rows if row >= 0}
