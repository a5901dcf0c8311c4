"""mAP over the number of labels: what another 500 labels would bring, with an interval."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, FallbackWarning
from .families import FAMILIES, Family, Fits, fit

Floats = npt.NDArray[np.float64]

FEW = 4
"""With fewer points, curves of every shape fit."""

_NOISE = 0.02
"""Least standard deviation of a point: two trainings on the same labels differ by about this much mAP."""

_FAR = 4.0
_DRAWS = 400
_DRIFT = 0.02
"""Standard deviation added to a point for each halving of the labels: no family holds over all of a curve."""


class Expected(NamedTuple):
    """An expected value and the ends of its interval."""

    low: float
    expected: float
    high: float


@dataclass(frozen=True, eq=False)
class GrowthCurve:
    """mAP as it grows with the labels, fitted by four families of curves.

    Attributes:
        points: n, map and se (standard deviation), one row per number of labels measured.
        level: coverage that the intervals aim at, 0..1.
        families: formula, rmse (of the fit to the points) and weight (share of the ensemble) by family.
        note: what to keep in mind; "" for nothing.
    """

    points: pd.DataFrame
    level: float
    families: pd.DataFrame
    note: str
    _fits: tuple[tuple[Family, Fits], ...] = field(repr=False)
    _weights: Floats = field(repr=False)

    def at(self, n: npt.ArrayLike) -> pd.DataFrame:
        """The mAP expected of a model trained on n labels.

        Args:
            n: numbers of labels, 1 or more.

        Returns:
            Columns low, expected and high, indexed by n.
        """
        wanted = np.atleast_1d(np.asarray(n, np.float64))
        ends = self._summary(self._curves(wanted))
        return pd.DataFrame(
            ends, index=pd.Index(wanted.astype(np.int64), name="n"), columns=list(Expected._fields)
        )

    def gain(self, more: int) -> Expected:
        """How much mAP another ``more`` labels would bring, beyond the largest number measured.

        Args:
            more: number of labels, 0 or more.

        Example:
            >>> curve = growth_curve([(100, 0.2), (200, 0.28), (400, 0.35), (800, 0.41), (1600, 0.46)])
            >>> low, expected, high = curve.gain(1600)
            >>> low < expected < high, round(expected, 2)
            (True, 0.05)
        """
        if more < 0:
            raise DataError(f"more must be a number of labels, 0 or more, got {more}")
        now = float(self.points["n"].max())
        both = self._curves(np.array([now, now + more]))
        return Expected(*self._summary((both[:, 1] - both[:, 0])[:, None])[0].tolist())

    def sentence(self, more: int = 500) -> str:
        """The gain in words.

        Args:
            more: number of labels.
        """
        low, _, high = self.gain(more)
        return f"another {more:,} labels: {low:+.3f} to {high:+.3f} mAP"

    def __repr__(self) -> str:
        return f"GrowthCurve({len(self.points)} points; {self.sentence()})"

    def _repr_html_(self) -> str:
        from .charts import card

        return card(self.points, self.at, self.sentence, self.level, self.note)

    def _curves(self, n: Floats) -> Floats:
        largest = float(self.points["n"].max())
        return np.concatenate([fits.curves(family.shapes(n, largest)) for family, fits in self._fits])

    def _summary(self, values: Floats) -> Floats:
        tail = (1 - self.level) / 2
        return np.stack(
            [_weighted_quantiles(column, self._weights, (tail, 0.5, 1 - tail)) for column in values.T]
        )


def growth_curve(
    points: Iterable[tuple[float, ...]] | pd.DataFrame, *, level: float = 0.9, seed: int = 0
) -> GrowthCurve:
    """Fit how mAP grows with the number of labels.

    Four families are fitted: power law, logarithmic, arctan and algebraic root. The interval is a bootstrap
    over both things that are not known: the points, each drawn anew with its standard deviation, and the
    family, each weighted by how well it fits the draw. It is about the curve, the mean of many trainings; a
    single training scatters around it by ``se``. Points of fewer labels count less: no family holds over all
    of a curve.

    No family is true. Mahmood et al. find that power laws say too high a mAP far beyond the points, so that
    the labels needed for a target come out too few; collect in rounds, and fit again.

    Args:
        points: rows (number of labels, mAP) or (number of labels, mAP, standard deviation), or a table with
            the columns n, map and perhaps se; mAP 0..1. Points of equal n may occur more than once.
        level: coverage that the intervals aim at, 0..1.
        seed: seed of the draws.

    Raises:
        DataError: there are fewer than two different numbers of labels, or values are out of range.

    Warns:
        FallbackWarning: there are fewer than four different numbers of labels.

    Source: R. Mahmood et al., "How much more data do I need? Estimating requirements for downstream tasks",
        CVPR 2022, arXiv 2207.01725.
    """
    table = _checked(points, level)
    n, values, sd = (table[name].to_numpy(np.float64) for name in ("n", "map", "se"))
    sd = np.hypot(sd, _scatter(n, values, sd))
    loose = np.hypot(sd, _DRIFT * np.log2(n.max() / n))
    drawn = values + np.random.default_rng(seed).normal(size=(_DRAWS, len(n))) * loose
    fits = tuple((family, fit(family, n, drawn, 1 / loose**2)) for family in FAMILIES)
    errors = np.stack([found.error for _, found in fits])
    weights = np.exp((errors.min(axis=0) - errors) / 2)
    weights /= weights.sum(axis=0)
    return GrowthCurve(
        table.assign(se=sd), level, _families(n, values, sd, weights), _note(table), fits, weights.ravel()
    )


def _weighted_quantiles(values: Floats, weights: Floats, at: tuple[float, ...]) -> Floats:
    """Quantiles of weighted values, ``(len(at),)``.

    Example:
        >>> _weighted_quantiles(np.array([1.0, 2, 3]), np.array([1.0, 1, 98]), (0.5,)).tolist()
        [3.0]
    """
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return np.asarray(
        values[order][np.searchsorted(share, np.array(at) * share[-1]).clip(max=len(values) - 1)]
    )


def _checked(points: Iterable[tuple[float, ...]] | pd.DataFrame, level: float) -> pd.DataFrame:
    if not 0 < level < 1:
        raise DataError(f"level must be a share between 0 and 1, got {level}")
    rows = points if isinstance(points, pd.DataFrame) else [tuple(point) for point in points]
    if isinstance(rows, list) and any(len(row) not in (2, 3) for row in rows):
        raise DataError(
            "each point must be (number of labels, mAP) or (number of labels, mAP, standard deviation)"
        )
    table = (
        rows
        if isinstance(rows, pd.DataFrame)
        else pd.DataFrame([(*r, 0.0)[:3] for r in rows], columns=["n", "map", "se"])
    )
    if missing := [name for name in ("n", "map") if name not in table]:
        raise DataError(f"points need the columns n and map, these lack {', '.join(missing)}")
    table = (
        pd.DataFrame({"n": table["n"], "map": table["map"], "se": table.get("se", 0.0)})
        .astype(np.float64)
        .fillna({"se": 0.0})
    )
    good = (table["n"] >= 1) & table["map"].between(0, 1) & (table["se"] >= 0)
    if not good.all():
        raise DataError(
            f"points must have n >= 1, map within 0..1 and se >= 0; {int((~good).sum())} of {len(table)} "
            "do not"
        )
    if table["n"].nunique() < 2:
        raise DataError(f"a curve needs two or more different numbers of labels, got {table['n'].nunique()}")
    if table["n"].nunique() < FEW:
        warnings.warn(
            f"{table['n'].nunique()} numbers of labels are few: curves of every shape fit them, so the "
            f"interval is wide and may still be wrong; expected {FEW} or more",
            FallbackWarning,
            stacklevel=3,
        )
    return table.sort_values("n", kind="stable", ignore_index=True)


def _scatter(n: Floats, values: Floats, sd: Floats) -> float:
    """Standard deviation that ``se`` does not hold: what the best fit leaves, at least that of a training."""
    weight = np.ones(len(n))
    left = min(float(fit(family, n, values[None], weight).error[0]) for family in FAMILIES)
    spare = max(len(n) - 3, 1)
    return max(_NOISE if not sd.any() else _NOISE / 2, float(np.sqrt(left / spare)) if len(n) > 3 else 0.0)


def _families(n: Floats, values: Floats, sd: Floats, weights: Floats) -> pd.DataFrame:
    rows = {}
    for family, weight in zip(FAMILIES, weights, strict=True):
        found = fit(family, n, values[None], 1 / sd**2).curves(family.shapes(n, float(n.max())))[0]
        rows[family.name] = {
            "formula": family.formula,
            "rmse": float(np.sqrt(np.mean((found - values) ** 2))),
            "weight": float(weight.mean()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("family")


def _note(table: pd.DataFrame) -> str:
    few = table["n"].nunique()
    start = f"only {few} numbers of labels: curves of every shape fit; " if few < FEW else ""
    return f"{start}beyond {_FAR * table['n'].max():,.0f} labels nothing measured backs the curve"
