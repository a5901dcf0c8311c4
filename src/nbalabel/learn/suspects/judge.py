"""Tell errors from right labels by rehearsed ones; no row is judged by a fit that saw its image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..quality.fit import sklearn
from .chances import chances

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Columns = npt.NDArray[np.float32]

_PASSES = 2
"""How often rows are judged: from the second time on, what looked wrong teaches less what is right."""

_NEEDS = "errors are told from right labels"


@dataclass(frozen=True, eq=False)
class Rehearsed:
    """Rows with planted errors.

    Attributes:
        columns: evidence, ``(n, d)``.
        wrong: code of the planted error, 0 for none, ``(n,)``.
        fold: of each row's image, ``(n,)``.
        same: position of each row among the rows as they are, -1 where it is not among them, ``(n,)``.
    """

    columns: Columns
    wrong: Ints
    fold: Ints
    same: Ints


def judge(columns: Columns, fold: Ints, rehearsed: Rehearsed, shares: Floats, seed: int) -> Floats:
    """Chance of each kind of error for each row as it is.

    Args:
        columns: evidence about the rows as they are, ``(n, d)``.
        fold: of each row's image, ``(n,)``.
        rehearsed: rows with planted errors, of the same images.
        shares: share of the rows assumed to be wrong, by kind, ``(kinds,)``.
        seed: seed of the trees.

    Returns:
        ``(n, kinds)``, each 0..1, together at most 1.
    """
    if not len(columns):
        return np.zeros((0, len(shares)))
    weight = np.ones(len(columns))
    for _ in range(_PASSES):
        chance = _judged(columns, fold, rehearsed, shares, weight, seed)
        weight = 1 - chance.sum(axis=1)
    return chance


def _judged(
    columns: Columns, fold: Ints, rehearsed: Rehearsed, shares: Floats, weight: Floats, seed: int
) -> Floats:
    """One pass: every row that looks right counts by its weight as an example of a right one."""
    n_kinds = len(shares)
    usual = np.zeros((len(columns), n_kinds + 1))
    usual[:, 0] = 1
    planted = np.zeros((len(rehearsed.columns), n_kinds + 1))
    known = np.where(rehearsed.same >= 0, weight[np.maximum(rehearsed.same, 0)], 1)
    known = np.where(rehearsed.wrong > 0, 1, np.maximum(known, 0.02))
    for number in np.unique(fold):
        learned = rehearsed.fold != number
        if not learned.any() or not rehearsed.wrong[learned].any():
            continue
        fit = _trees(rehearsed.columns[learned], rehearsed.wrong[learned], known[learned], seed)
        for rows, out, of in ((fold == number, usual, columns), (~learned, planted, rehearsed.columns)):
            if rows.any():
                out[np.ix_(rows, fit.classes_)] = fit.predict_proba(of[rows])
    found = np.zeros((len(columns), n_kinds))
    for kind, share in enumerate(shares.tolist()):
        is_kind = rehearsed.wrong == kind + 1
        own = _likeness(planted[is_kind], kind + 1)
        found[:, kind] = chances(own, _likeness(usual, kind + 1), weight, share)
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 1, found / np.maximum(total, 1e-12), found)


def _likeness(chance: Floats, kind: int) -> Floats:
    """How much a row looks like an error of a kind rather than right: the share of the two, 0..1."""
    own = chance[:, kind]
    return (own + 1e-4) / (own + chance[:, 0] + 2e-4)


def _trees(columns: Columns, wrong: Ints, weight: Floats, seed: int) -> Any:
    """Extremely randomised trees: as good as boosted ones here, and not tuned."""
    ensemble = sklearn("ensemble", _NEEDS)
    trees = ensemble.ExtraTreesClassifier(
        120, min_samples_leaf=2, max_features=0.3, random_state=seed, n_jobs=1
    )
    return trees.fit(columns, wrong, weight)
