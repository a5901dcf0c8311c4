"""Krippendorff's alpha for names and for numbers, from sums per image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Coincidences:
    """What alpha needs of each image: alpha of any images follows from the sums over them.

    Attributes:
        codes: how often each code was given, ``(n_images, n_codes)``, sparse.
        agreed: the diagonal of the coincidence matrix, summed over codes, ``(n_images,)``.
    """

    codes: Any
    agreed: Floats

    def alpha(self, weights: Floats | None = None) -> Floats:
        """Alpha over all images, or with each image counted as often as it was drawn.

        Args:
            weights: ``(n_draws, n_images)``; None: each image once.

        Returns:
            ``(n_draws,)``, or ``(1,)`` without weights; NaN where there are no codes, 1 where all
            are the same.
        """
        drawn = np.ones((1, len(self.agreed))) if weights is None else weights
        return _alpha_of(np.asarray(self.codes.T @ drawn.T).T, drawn @ self.agreed)


@dataclass(frozen=True, eq=False)
class Spread:
    """What alpha of numbers needs of each image; values count from the mean of all.

    Attributes:
        n: values of units with two or more, ``(n_images,)``.
        total: their sum.
        squares: the sum of their squares.
        apart: sum over units of the squared differences of all ordered pairs, each over m - 1 for the m
        values
            of the unit.
    """

    n: Floats
    total: Floats
    squares: Floats
    apart: Floats

    def alpha(self, weights: Floats | None = None) -> Floats:
        """Alpha for intervals; as :meth:`Coincidences.alpha`.

        Source: K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011, for interval data: the
        metric
            difference is the square of the difference of two values.
        """
        drawn = np.ones((1, len(self.n))) if weights is None else weights
        n, total, squares, apart = (drawn @ one for one in (self.n, self.total, self.squares, self.apart))
        expected = 2 * (n * squares - total**2)
        small = 1e-12 * np.maximum(n * squares, 1e-300)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = 1 - (n - 1) * apart / expected
        return np.asarray(np.where(n < 1, np.nan, np.where(expected <= small, 1.0, value)))


def spread(value: Floats, valid: Bools, image: Ints, n_images: int) -> Spread:
    """Sums per image over units with two numbers or more.

    Args:
        value: number that each annotator gave to each unit, ``(n_units, n_raters)``.
        valid: whether there is one, ``(n_units, n_raters)``.
        image: image of each unit, ``(n_units,)``.
        n_images: number of images.

    Example:
        >>> both = spread(np.array([[1.0, 1.0], [3.0, 3.0]]), np.ones((2, 2), bool), np.zeros(2, int), 1)
        >>> both.alpha().tolist()
        [1.0]
    """
    valid = valid & (valid.sum(axis=1) >= 2)[:, None]
    centre = float(value[valid].mean()) if valid.any() else 0.0
    x = np.where(valid, value - centre, 0.0)
    m, total, squares = valid.sum(axis=1), x.sum(axis=1), (x**2).sum(axis=1)
    apart = 2 * (m * squares - total**2) / np.maximum(m - 1, 1)
    per_image = [sums(image, one, n_images) for one in (m, total, squares, np.maximum(apart, 0.0))]
    return Spread(*per_image)


def _alpha_of(codes: Floats, agreed: Floats) -> Floats:
    """Alpha for names: 1 for perfect agreement, 0 for that of chance, below 0 for less than that.

    Args:
        codes: how often each code was given, ``(..., n_codes)``.
        agreed: sum over units and codes of n (n - 1) / (m - 1), where n of the m codes of a unit are this
            code, ``(...)``.

    Returns:
        ``(...)``; NaN where there are no codes, 1 where there is one code only, hence nothing to disagree on.

    Source: K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011.

    Example:
        >>> float(_alpha_of(np.array([2.0, 2.0]), np.array(4.0)))
        1.0
    """
    n = codes.sum(axis=-1)
    by_chance = (codes * (codes - 1)).sum(axis=-1)
    expected = n * (n - 1) - by_chance
    with np.errstate(invalid="ignore", divide="ignore"):
        value = ((n - 1) * agreed - by_chance) / expected
    return np.asarray(np.where(n < 1, np.nan, np.where(expected <= 0, 1.0, value)))


def coincidences(code: Ints, valid: Bools, image: Ints, n_images: int, n_codes: int) -> Coincidences:
    """Sums per image over units with two codes or more.

    Args:
        code: code that each annotator gave to each unit, ``(n_units, n_raters)``.
        valid: whether there is a code, ``(n_units, n_raters)``.
        image: image of each unit, ``(n_units,)``.
        n_images: number of images.
        n_codes: number of codes, which are 0 to ``n_codes - 1``.
    """
    valid = valid & (valid.sum(axis=1) >= 2)[:, None]
    unit, rater = np.nonzero(valid)
    key, n = np.unique(unit * n_codes + code[unit, rater], return_counts=True)
    of, given = key // n_codes, key % n_codes
    m = valid.sum(axis=1)[of]
    agreed = sums(image[of], n * (n - 1) / np.maximum(m - 1, 1), n_images)
    codes = sparse.csr_matrix((n.astype(np.float64), (image[of], given)), (n_images, n_codes))
    return Coincidences(codes, agreed)


def sums(at: Ints, value: npt.ArrayLike, n: int) -> Floats:
    """Sum of the values at each of ``n`` places, ``(n,)`` float64."""
    return np.asarray(np.bincount(at, np.asarray(value, np.float64), n), np.float64)
