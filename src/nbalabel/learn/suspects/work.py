"""The evidence as it is and as it would be with planted errors, judged: chances of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.regions.of_tables import codes_of
from ...core.tables.schema import LabeledImages
from ..quality.fit import fold_of
from .evidence.looks import Looks
from .evidence.of_labels import Evidence, of_labels
from .evidence.of_open import Open, of_open
from .evidence.pairs import Overlaps
from .evidence.shape import usual_area
from .judge import Rehearsed, judge
from .rehearsal.plant import KINDS, Planted, plant
from .scene import Scene

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SHARE = 0.1  # of the labels at which errors are planted in one rehearsal
_DROPPED = 0.25  # of the planted errors
_ENOUGH = 1600  # planted errors
_ROUNDS = (2, 12)
_ROWS = {"split": 2, "duplicate": 2}  # labels that one error of the kind makes wrong
_FOUND = 0.5  # IoU with a dropped label from which a prediction is that label


@dataclass(frozen=True, eq=False)
class Judged:
    """Chances of errors, and the evidence.

    Attributes:
        scene: the labels and predictions.
        evidence: about the labels.
        open: about the predictions without label.
        chances: of each kind of ``KINDS`` for each label, ``(n, 6)``.
        missing: that each prediction without label is one that is missing, ``(k,)``.
        looks: crops.
        codes: label of each label row, ``(n,)``.
    """

    scene: Scene
    evidence: Evidence
    open: Open
    chances: Floats
    missing: Floats
    looks: Looks
    codes: Ints


def judged(tables: LabeledImages, scene: Scene, rate: float, folds: int, seed: int) -> Judged:
    """Rehearse errors and judge the labels by them.

    Args:
        tables: the tables, with pixels.
        scene: the labels and predictions.
        rate: share of the labels assumed to be wrong or missing, all kinds together, each as often.
        folds: folds of images, for the crops and for the errors.
        seed: seed of errors, folds and trees.
    """
    images, labels = tables.images, tables.labels
    rounds = _rehearsals(scene.labels, images, labels, seed)
    looks = Looks.of(tables, scene.labels, [r.instances for r in rounds], scene.predictions, folds, seed)
    codes = codes_of(scene.labels["label"], labels)
    usual = usual_area(scene.labels["area"].to_numpy(np.float64), codes, len(labels))

    def seen(rows: pd.DataFrame) -> tuple[Evidence, Open]:
        found, quality = scene.predictions, scene.quality
        about = of_labels(rows, found, quality, looks, images, labels, usual)
        return about, of_open(found, scene.open_to, rows, quality, looks, images, labels, usual)

    evidence, free = seen(scene.labels)
    planted = [seen(r.instances) for r in rounds]
    on = [scene.labels["image_id"], *(r.instances["image_id"] for r in rounds)]
    fold = _Folds.of(pd.concat(on), scene.predictions["image_id"], folds, seed)
    wrong = np.concatenate([r.wrong for r in rounds])
    columns = np.concatenate([about.columns for about, _ in planted])
    n_kinds = len(KINDS) + 1 - (len(labels) < 2)
    ids = np.concatenate([r.instances.index for r in rounds])
    same = scene.labels.index.get_indexer(pd.Index(ids))
    learned = Rehearsed(columns, wrong, fold(pd.concat(on[1:])), same)
    shares = rate / n_kinds * np.array([_ROWS.get(kind, 1) for kind in KINDS])
    chances = judge(evidence.columns, fold(on[0]), learned, shares, seed)
    where = scene.predictions["image_id"]
    lost = [_lost(o, r, scene.predictions) for (_, o), r in zip(planted, rounds, strict=True)]
    seen_share = sum(x.sum() for x in lost) / max(sum(len(r.dropped) for r in rounds), 1)
    expected = rate / n_kinds * len(scene.labels) * seen_share / max(len(free.rows), 1)
    again = Rehearsed(
        np.concatenate([o.columns for _, o in planted]),
        np.concatenate(lost),
        fold(pd.concat([where.iloc[o.rows] for _, o in planted])),
        pd.Index(free.rows).get_indexer(pd.Index(np.concatenate([o.rows for _, o in planted]))),
    )
    missing = judge(free.columns, fold(where.iloc[free.rows]), again, np.array([min(expected, 0.9)]), seed)
    return Judged(scene, evidence, free, chances, missing[:, 0], looks, codes)


def _rehearsals(
    rows: pd.DataFrame, images: pd.DataFrame, labels: tuple[str, ...], seed: int
) -> list[Planted]:
    """Labels with planted errors, several times: at a tenth of them each."""
    n = max(round(_SHARE * len(rows)), 1)
    times = int(np.clip(-(-_ENOUGH // n), *_ROUNDS))
    out = []
    for number in range(times):
        rng = np.random.default_rng([seed, number])
        chosen = rng.permutation(len(rows))[:n]
        out.append(plant(rows, images, labels, chosen, _DROPPED, int(rng.integers(2**31))))
    return out


def _lost(free: Open, planted: Planted, predictions: pd.DataFrame) -> Ints:
    """1 for predictions that are a dropped label, else 0, ``(k,)``."""
    over = Overlaps.of(predictions.iloc[free.rows], planted.dropped)
    return (over.most(over.iou) >= _FOUND).astype(np.int64)


@dataclass(frozen=True)
class _Folds:
    """Fold of each image."""

    of_image: pd.Series

    @classmethod
    def of(cls, rows: pd.Series, others: pd.Series, folds: int, seed: int) -> _Folds:
        on = np.concatenate([rows.to_numpy(np.int64), others.to_numpy(np.int64)])
        known = np.arange(len(on)) < len(rows)
        known |= ~np.isin(on, on[known])  # images without labels are spread over the folds, too
        fold = fold_of(on, known, folds, seed)
        return cls(pd.Series(fold, index=on).groupby(level=0).first())

    def __call__(self, image_ids: pd.Series) -> Ints:
        return self.of_image.reindex(image_ids.to_numpy()).to_numpy(np.int64)
