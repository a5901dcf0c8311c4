"""Units on which annotators disagree, the most disputed first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .answers import Answers
from .opinions import Opinions
from .units import NOT_LOOKED, Units

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
KINDS = ("existence", "name", "outline", "answers")

_SHARP = 0.75
"""Mean IoU from which outlines are not disputed."""


def disputed(opinions: Opinions, units: Units, answers: Sequence[Answers]) -> pd.DataFrame:
    """One row per unit that not all drew, named, drew or answered alike; see :class:`nbalabel.Raters`.

    The score is the share of pairs of annotators that disagree on whether it is there, on its label, or on
    the attribute they disagree on most; for outlines 1 - mean IoU. The kind is the one with the highest
    score.
    """
    about = [one for one in answers if one.of == "instances"]
    said = np.max([one.score() for one in about], axis=0) if about else np.zeros(len(units.image))
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
            said,
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
            "answers": _answers(about, opinions.raters, rows),
        },
        index=pd.Index(rows, name="unit", dtype=np.int64),
    )


def disputed_images(opinions: Opinions, answers: Sequence[Answers]) -> pd.DataFrame:
    """One row per image about which annotators answered differently; see :class:`nbalabel.Raters`."""
    about = [one for one in answers if one.of == "images"]
    score = np.max([one.score() for one in about], axis=0) if about else np.zeros(len(opinions.looked))
    rows = np.flatnonzero(score > 0)
    rows = rows[np.argsort(-score[rows], kind="stable")]
    ids = opinions.image_ids[rows]
    first = np.argmax(ids >= 0, axis=1) if len(rows) else np.zeros(0, np.int64)
    index = pd.Index(ids[np.arange(len(rows)), first], name="image_id", dtype=np.int64)
    data = {"score": score[rows], "answers": _answers(about, opinions.raters, rows)}
    return pd.DataFrame(data, index=index)


def _answers(
    answers: Sequence[Answers], raters: Sequence[str], rows: npt.NDArray[np.int64]
) -> list[dict[str, dict[str, Any]]]:
    """Attribute -> annotator -> answer, of the attributes on which they disagree, for each row."""
    scores = [one.score() for one in answers]
    return [
        {
            one.name: {raters[r]: one.value[row, r] for r in np.flatnonzero(one.asked[row]).tolist()}
            for one, score in zip(answers, scores, strict=True)
            if score[row] > 0
        }
        for row in rows.tolist()
    ]


def _labels(opinions: Opinions, units: Units, unit: int) -> dict[str, str | None]:
    """Label that each annotator who looked gave; None where they drew nothing."""
    codes = zip(opinions.raters, units.code[unit].tolist(), strict=True)
    return {name: opinions.labels[c] if c >= 0 else None for name, c in codes if c != NOT_LOOKED}


def _instances(opinions: Opinions, units: Units, unit: int) -> dict[str, int]:
    """Instance that each annotator drew."""
    rows = zip(opinions.raters, units.row[unit].tolist(), strict=True)
    return {name: int(opinions.instance_id[row]) for name, row in rows if row >= 0}
