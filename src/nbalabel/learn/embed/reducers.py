"""Reducers from many dimensions to two: PCA in NumPy, UMAP and PaCMAP from their own packages."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...core.errors import MissingExtraError

Floats = npt.NDArray[np.float32]

FEWEST = 4
"""Neighbour methods need this many points; fewer are laid out by PCA."""

MOST = 100_000
"""A method is fitted on at most so many rows, drawn at random; the others are laid out by what was fitted."""

_PART = 1 << 16  # rows laid out at a time
_KEPT = 50  # principal components given to neighbour methods; more only cost time
_NEIGHBORS = {"umap": 15, "pacmap": 10}


class Reducer(Protocol):
    """Something fitted that lays out new rows among those it was fitted on."""

    def transform(self, rows: Floats) -> Floats:
        """``(n, d)`` to ``(n, 2)``."""


@dataclass(frozen=True)
class Pca:
    """Principal components.

    Attributes:
        mean: ``(d,)``.
        axes: ``(k, d)`` orthonormal, by falling variance; the largest entry of each is positive.
    """

    mean: Floats
    axes: Floats

    @classmethod
    def fit(cls, rows: Floats, k: int = 2) -> Pca:
        """The ``k`` axes of largest variance; axes beyond what the rows span are zero."""
        n, d = rows.shape
        axes = np.zeros((k, d), np.float32)
        if n == 0 or d == 0:
            return cls(np.zeros(d, np.float32), axes)
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows - mean.astype(np.float32)
        if d <= n:
            variance, vectors = np.linalg.eigh(centred.T @ centred)
            found, size = vectors[:, ::-1].T, variance[::-1]
        else:
            _, singular, found = np.linalg.svd(centred, full_matrices=False)
            size = singular**2
        real = found[:k][size[:k] > 1e-6 * max(float(size[0]), 1e-30)]
        largest = np.take_along_axis(real, np.abs(real).argmax(axis=1, keepdims=True), axis=1)
        axes[: len(real)] = real * np.where(largest < 0, -1, 1)
        return cls(mean.astype(np.float32), axes)

    def transform(self, rows: Floats) -> Floats:
        """Coordinates along the axes, ``(n, k)``."""
        return ((rows - self.mean) @ self.axes.T).astype(np.float32)


@dataclass(frozen=True)
class Neighbors:
    """A layout by neighbourhoods, behind PCA.

    Attributes:
        pca: applied to rows first.
        layout: the fitted UMAP or PaCMAP object.
        extra: arguments of its ``transform``.
    """

    pca: Pca
    layout: Any
    extra: Mapping[str, Any]

    def transform(self, rows: Floats) -> Floats:
        """New rows among the old ones, ``(n, 2)``."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba and scikit-learn announce their own deprecations here
            return np.asarray(self.layout.transform(self.pca.transform(rows), **self.extra), np.float32)


@dataclass(frozen=True)
class Behind:
    """A layout of principal components.

    Attributes:
        pca: applied to rows first.
        reducer: fitted on its components.
    """

    pca: Pca
    reducer: Reducer

    def transform(self, rows: Floats) -> Floats:
        """New rows among the old ones, ``(n, 2)``."""
        return self.reducer.transform(self.pca.transform(rows))


def fewer_columns(rows: Floats, seed: int) -> Pca | None:
    """The components that neighbour methods see, where there are more columns than these and many rows."""
    chosen = sample(len(rows), seed)
    return None if chosen is None or rows.shape[1] <= _KEPT else Pca.fit(_floats(rows[chosen]), _KEPT)


def _fit_pca(rows: Floats, seed: int) -> tuple[Pca, Floats]:  # noqa: ARG001  # all methods take a seed
    """PCA and its coordinates."""
    pca = Pca.fit(rows)
    return pca, pca.transform(rows)


def _fit_umap(rows: Floats, seed: int, **arguments: Any) -> tuple[Neighbors, Floats]:
    """UMAP from the PCA layout, so that points move from that layout instead of jumping.

    Source: L. McInnes, J. Healy, J. Melville, "UMAP" (2018), https://arxiv.org/abs/1802.03426
    """
    umap = _package("umap", "umap-learn")
    pca = Pca.fit(rows, min(_KEPT, *rows.shape))
    inner = pca.transform(rows)
    n_neighbors = min(_NEIGHBORS["umap"], len(rows) - 1)
    given = {"n_neighbors": n_neighbors, "random_state": seed, "init": _start(inner), **arguments}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "n_jobs value 1 overridden" and numba's own deprecations
        layout = umap.UMAP(n_components=2, **given)
        points = layout.fit_transform(inner)
    return Neighbors(pca, layout, {}), np.asarray(points, np.float32)


def _fit_pacmap(rows: Floats, seed: int, **arguments: Any) -> tuple[Neighbors, Floats]:
    """PaCMAP from the PCA layout.

    Source: Y. Wang, H. Huang, C. Rudin, Y. Shaposhnik, "Understanding How Dimension Reduction Tools Work"
        (2021),
    https://arxiv.org/abs/2012.04456
    """
    pacmap = _package("pacmap", "pacmap")
    pca = Pca.fit(rows, min(_KEPT, *rows.shape))
    inner = pca.transform(rows)
    n_neighbors = min(_NEIGHBORS["pacmap"], len(rows) - 2)
    logger = logging.getLogger("pacmap.pacmap")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns that a seed was set, and that we did its PCA
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba's own deprecations
        layout = pacmap.PaCMAP(n_neighbors=n_neighbors, random_state=seed, apply_pca=False, **arguments)
        points = layout.fit_transform(inner, init="pca")
    logger.setLevel(level)
    return Neighbors(pca, layout, {"basis": inner}), np.asarray(points, np.float32)


FITS: Mapping[str, Callable[..., tuple[Any, Floats]]] = {
    "pca": _fit_pca,
    "umap": _fit_umap,
    "pacmap": _fit_pacmap,
}


def fit(method: str, rows: Floats, seed: int, **arguments: Any) -> tuple[Reducer, Floats]:
    """Fit a method on at most :data:`MOST` of the rows, and lay out all of them.

    Args:
        method: a key of :data:`FITS`.
        rows: ``(n, d)``, finite numbers; may be mapped from a file, and float16.
        seed: of the method, and of the draw.
        **arguments: of the method.

    Returns:
        What was fitted, and ``(n, 2)`` points.
    """
    chosen = sample(len(rows), seed)
    if chosen is None:
        return FITS[method](_floats(rows), seed, **arguments)
    reducer, found = FITS[method](_floats(rows[chosen]), seed, **arguments)
    points = in_parts(reducer.transform, rows, 2)
    points[chosen] = found
    return reducer, points


def sample(n: int, seed: int) -> npt.NDArray[np.int64] | None:
    """The rows to fit on, ascending; None for all."""
    return None if n <= MOST else np.sort(np.random.default_rng(seed).permutation(n)[:MOST])


def in_parts(transform: Callable[[Floats], Floats], rows: Floats, columns: int) -> Floats:
    """``transform`` of all rows, some at a time, ``(n, columns)`` float32."""
    out = np.empty((len(rows), columns), np.float32)
    for start in range(0, len(rows), _PART):
        out[start : start + _PART] = transform(_floats(rows[start : start + _PART]))
    return out


def _floats(rows: npt.NDArray[Any]) -> Floats:
    return np.asarray(rows, np.float32)


def _start(inner: Floats) -> Floats:
    """The first two principal coordinates in UMAP's range, with a little noise between equal points."""
    first = np.zeros((len(inner), 2), np.float32)
    first[:, : min(2, inner.shape[1])] = inner[:, :2]
    spread = np.abs(first).max() or 1.0
    return (first / spread * 10 + np.random.default_rng(0).normal(0, 1e-4, first.shape)).astype(np.float32)


def _package(module: str, name: str) -> Any:
    import importlib

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # umap warns at import that tensorflow is missing
            return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(f"this method needs {name}: pip install 'nbalabel[project]'") from error
