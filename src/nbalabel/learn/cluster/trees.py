"""Features, scores, labels -> cluster trees."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError, first
from .dendrogram import Dendrogram, forest
from .distances import square, triangle
from .forest import Forest
from .linkage import Merges, complete_linkage
from .space import CHUNK, Space
from .two_level import two_level

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Method = Literal["auto", "exact", "two-level"]

METHODS = ("auto", "exact", "two-level")
SMALL = 2_000  # rows per label up to which SciPy is fast enough, and numba is not needed


def cluster(
    features: npt.ArrayLike,
    scores: npt.ArrayLike | None = None,
    labels: npt.ArrayLike | None = None,
    *,
    score_weight: float = 1.0,
    method: Method = "auto",
    exact_limit: int = 30_000,
    seed: int = 0,
) -> Forest:
    """Cluster trees by complete linkage, one per label.

    Two rows differ by the Euclidean distance of their standardised features and scores. Within each label,
    every feature gets mean 0 and variance 1 (constant features count for nothing), the mean squared distance
    between two rows is scaled to 1, and the squared difference of scores, scaled to a mean of
    ``score_weight``, is added.

    Args:
        features: finite, ``(n, d)``; float32 and float64 are read in place, a few thousand rows at a time.
        scores: finite, ``(n,)``; None leaves them out.
        labels: codes 0 or more, ``(n,)`` integers; None is one label for all.
        score_weight: how much scores count beside features, 0 or more; at 1 both count the same.
        method: "exact" looks at all pairs of rows of a label: ``2 n^2`` bytes, seconds at 20,000 rows.
            "two-level" does so among neighbours only (see ``two_level``), for millions of rows.
            "auto" is exact up to ``exact_limit`` rows per label.
        exact_limit: see ``method``.
        seed: seed of "two-level"; the same inputs and seed give the same trees.

    Returns:
        A tree of 2n - 1 clusters for each label that has rows, by rising code. Cluster c < n is row c alone;
        the merges follow, tree by tree, by rising height. The first child is the one with the lower number.

    Raises:
        DataError: shapes differ, values are not finite, a label or an option is out of its range.
        MissingExtraError: a label has more than 2,000 rows and numba is not installed.

    Source: Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label propagation", ICCV 2021.

    Example:
        >>> trees = cluster([[0.0], [9.0], [1.0], [5.0]], labels=[0, 0, 0, 3])
        >>> trees.roots.tolist(), trees.labels.tolist(), trees.order.tolist()
        ([5, 3], [0, 3], [1, 0, 2, 3])
        >>> trees.children(5), trees.rows(4).tolist()
        ((1, 4), [0, 2])
    """
    table = _features(features)
    column = None if scores is None else _scores(scores, len(table))
    codes = _labels(labels, len(table))
    _options(score_weight, method, exact_limit)
    trees = []
    for label, rows in _by_label(codes):
        space = Space.of(table, column, rows, score_weight)
        exact = method == "exact" or (method == "auto" and len(rows) <= exact_limit)
        trees.append((label, rows, tree_of(space, exact, seed)))
    return forest(trees)


def tree_of(space: Space, exact: bool, seed: int) -> Dendrogram:
    """The tree of one label: of all its rows, or on two levels."""
    n = len(space)
    if n == 1:
        return Dendrogram.of(Merges.none())
    if n <= SMALL:
        return _small(space)
    if exact:
        return Dendrogram.of(complete_linkage(triangle(space.take(slice(None))), n))
    return Dendrogram.of(two_level(space, seed=seed))


def _small(space: Space) -> Dendrogram:
    """Complete linkage by SciPy, which numbers clusters as `Dendrogram` does."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    found = linkage(squareform(square(space.take(slice(None))), checks=False), "complete")
    left, right = found[:, :2].astype(np.int64).T
    return Dendrogram(left, right, found[:, 2].astype(np.float32))


def _by_label(codes: Ints) -> list[tuple[int, Ints]]:
    order = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    return [(int(codes[rows[0]]), rows) for rows in np.split(order, ends) if len(rows)]


def _features(features: npt.ArrayLike) -> npt.NDArray[np.floating]:
    try:
        table = np.asarray(features)
        if table.dtype not in (np.float32, np.float64):
            table = table.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"features must be numbers, (n, d), got {type(features).__name__}: {error}"
        ) from error
    if table.ndim != 2:
        raise DataError(f"features must be a table, (n, d), got shape {table.shape}")
    bad = [
        start + np.flatnonzero(~np.isfinite(table[start : start + CHUNK]).all(axis=1))
        for start in range(0, len(table), CHUNK)
    ]
    _check_finite(np.concatenate(bad) if bad else np.zeros(0, np.int64), len(table), "features")
    return table


def _scores(scores: npt.ArrayLike, n: int) -> Doubles:
    try:
        column = np.asarray(scores, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"scores must be numbers, ({n},), got {type(scores).__name__}: {error}") from error
    if column.shape != (n,):
        raise DataError(f"scores must hold one value per row of features, ({n},), got shape {column.shape}")
    _check_finite(np.flatnonzero(~np.isfinite(column)), n, "scores")
    return column


def _check_finite(bad: Ints, n: int, name: str) -> None:
    if len(bad):
        raise DataError(
            f"{name} must be finite; {len(bad)} of {n} rows hold nan or infinity: {first(bad)}. "
            f"Leave these rows out, or give them {name}"
        )


def _labels(labels: npt.ArrayLike | None, n: int) -> Ints:
    if labels is None:
        return np.zeros(n, np.int64)
    codes = np.asarray(labels)
    if codes.shape != (n,):
        raise DataError(f"labels must hold one code per row of features, ({n},), got shape {codes.shape}")
    if n and codes.dtype.kind not in "iu":
        raise DataError(
            f"labels must be integer codes, got {codes.dtype}; a categorical has them as .cat.codes"
        )
    bad = np.flatnonzero(codes < 0) if n else np.zeros(0, np.int64)
    if len(bad):
        raise DataError(f"label codes must be 0 or more; {len(bad)} of {n} rows have none: {first(bad)}")
    return codes.astype(np.int64)


def _options(score_weight: float, method: str, exact_limit: int) -> None:
    if not (np.isfinite(score_weight) and score_weight >= 0):
        raise DataError(f"score_weight must be 0 or more, got {score_weight}")
    if method not in METHODS:
        raise DataError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if exact_limit < 1:
        raise DataError(f"exact_limit must be 1 or more, got {exact_limit}")
