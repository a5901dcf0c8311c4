"""Bounds of the share of right masks where the reviewer may err: masks and honeypots weighed together.

Answers about the set, about wrong honeypots and about right honeypots have one likelihood, in how many masks
of the set are wrong, in how often wrong masks are answered no, and in how often right ones are. "At least m
are wrong" is rejected where that likelihood, averaged by a prior over all with fewer wrong masks, is
1 / alpha times its largest value with m or more, whatever the reviewer's rates. Whichever numbers are true,
that ratio is at most a likelihood ratio, whose mean stays 1, so that the bound holds after every answer, also
if the next mask to show is chosen by the answers so far. Nothing of alpha is set aside for the two rates.

Source: L. Wasserman, A. Ramdas, S. Balakrishnan, Universal inference, PNAS 117 (2020).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammaln, xlog1py, xlogy

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GOOD = (0.5, 5.0)  # prior of the share wrong for the bound of the right ones from below
_POOR = (1.0, 10.0)  # the same from above
_MISS = (1.0, 15.0)  # prior of how often a wrong mask is answered yes
_REFUSE = (0.7, 30.0)  # prior of how often a right mask is answered no
_EVEN = 0.05  # share of each prior that is uniform
_RATES = np.concatenate([[0.0], np.geomspace(5e-4, 1.0, 36)])
_SHARES = np.concatenate([[0.0], np.geomspace(2e-3, 1.0, 36)])
_LEAST = 1e-12  # of hypergeometric chances that count


class Heard(NamedTuple):
    """How one reviewer answered honeypots.

    Attributes:
        right: right ones asked.
        refused: of these, answered no.
        wrong: wrong ones asked.
        missed: of these, answered yes.
    """

    right: int
    refused: int
    wrong: int
    missed: int


@lru_cache(2048)
def wrong_bounds(size: int, asked: int, no: int, heard: Heard, alpha: float, edge: int) -> tuple[int, int]:
    """Fewest and most wrong masks of a set, each one-sided at alpha and true at all times.

    Args:
        size: masks of the set.
        asked: of them, asked about in a random order.
        no: of these, answered no.
        heard: answers to honeypots, of the same reviewer.
        alpha: chance that one of the bounds is ever wrong.
        edge: the most wrong masks with which a target is reached: bounds are exact there.
    """
    wrong = _numbers(size, edge)
    value = _Likelihood(size, asked, no, heard, wrong)
    peak = value.largest()
    weight = value.averaged()
    bar = np.log(alpha)
    most = _last(weight, _prior(wrong, size, _GOOD), np.maximum.accumulate(peak[::-1])[::-1], bar)
    turned = _last(weight[::-1], _prior(wrong, size, _POOR)[::-1], np.maximum.accumulate(peak)[::-1], bar)
    high = size if most == len(wrong) else int(wrong[most]) - 1
    low = 0 if turned == len(wrong) else int(wrong[len(wrong) - 1 - turned]) + 1
    return min(low, size), max(high, 0)


def _last(weight: Floats, prior: Floats, least: Floats, bar: float) -> int:
    """Position of the first number that is rejected with all after it, their count where none is."""
    mass = np.cumsum(prior) - prior
    with np.errstate(divide="ignore"):
        mean = np.logaddexp.accumulate(weight + np.log(prior))
        before = np.concatenate([[-np.inf], mean[:-1]]) - np.log(np.maximum(mass, 1e-300))
    before = np.where(mass > 0, before, -np.inf)
    rejected = least - before <= bar
    held = np.flatnonzero(~rejected)
    return int(held[-1]) + 1 if len(held) else 0


def _numbers(size: int, edge: int) -> Ints:
    """Numbers of wrong masks to weigh: all of a small set, else dense where targets are."""
    near = np.concatenate([_SHARES, np.linspace(0, 0.12, 25)]) * size
    some = np.concatenate([np.rint(near), np.arange(0, 4), [edge, edge + 1, size]])
    return np.unique(np.clip(some, 0, size)).astype(np.int64)


def _prior(wrong: Ints, size: int, beta: tuple[float, float]) -> Floats:
    """Mass of each number, from a beta distribution and a uniform one."""
    middle = np.concatenate([[0.0], (wrong[1:] + wrong[:-1]) / 2, [size]]) / size
    return np.asarray((1 - _EVEN) * np.diff(betainc(*beta, middle)) + _EVEN * np.diff(middle), np.float64)


class _Likelihood:
    """Log likelihoods of all answers by number of wrong masks and by the two rates of errors."""

    def __init__(self, size: int, asked: int, no: int, heard: Heard, wrong: Ints) -> None:
        self._asked, self._no, self._heard = asked, no, heard
        k = np.arange(asked + 1)
        chance = _drawn(size, wrong, asked, k)
        keep = np.flatnonzero((chance > _LEAST * chance.max(axis=1, keepdims=True)).any(axis=0))
        self._k, self._chance = k[keep], chance[:, keep]
        self._grid = self._by_rates()

    def _by_rates(self) -> Floats:
        """``(numbers, rates of misses, rates of refusals)``."""
        k, rate = self._k, _RATES
        of_wrong = _no_chances(k, self._no, 1 - rate)
        of_right = _no_chances(self._asked - k, self._no, rate)[:, :, ::-1]
        said = np.matmul(of_wrong, of_right.transpose(0, 2, 1)).reshape(len(k), -1)
        with np.errstate(divide="ignore"):
            out = np.log(self._chance @ said).reshape(-1, len(rate), len(rate))
        heard = self._heard
        own = xlogy(heard.missed, rate) + xlog1py(heard.wrong - heard.missed, -rate)
        other = xlogy(heard.refused, rate) + xlog1py(heard.right - heard.refused, -rate)
        return np.asarray(out + own[None, :, None] + other[None, None, :], np.float64)

    def largest(self) -> Floats:
        """The largest value of each number, ``(n,)``: of parabolas through the best and those beside."""
        flat = self._grid.reshape(len(self._grid), -1)
        miss, refuse = np.divmod(flat.argmax(axis=1), len(_RATES))
        rows = np.arange(len(flat))
        along = self._grid[rows, :, refuse], self._grid[rows, miss]
        return np.asarray(flat.max(axis=1) + _above(along[0], miss) + _above(along[1], refuse), np.float64)

    def averaged(self) -> Floats:
        """The mean over the rates by their priors, as a logarithm, ``(n,)``."""
        miss, refuse = (_rates_prior(beta) for beta in (_MISS, _REFUSE))
        whole = self._grid + np.log(miss)[None, :, None] + np.log(refuse)[None, None, :]
        top = whole.max(axis=(1, 2))
        safe = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.exp(whole - safe[:, None, None]).sum(axis=(1, 2))) + safe)


def _drawn(size: int, wrong: Ints, asked: int, k: Ints) -> Floats:
    """Chances that ``k`` of the masks drawn are wrong, hypergeometric, ``(numbers, k)``."""
    some = wrong[:, None]
    possible = (k <= some) & (asked - k <= size - some)
    other = np.where(possible, size - some - asked + k, 0)
    ways = _ways(some, np.where(possible, k, 0)) + _ways(other + asked - k, other)
    return np.where(possible, np.exp(ways - _ways(np.array(size), np.array(asked))), 0.0)


def _ways(n: Ints, k: Ints) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0), np.float64)


def _no_chances(masks: Ints, most: int, chance: Floats) -> Floats:
    """Chances of 0 to ``most`` no's about some masks, each with the same chance, ``(m, c, most + 1)``."""
    j = np.arange(most + 1)
    n = masks[:, None]
    ways = np.where(j <= n, _ways(n, np.minimum(j, n)), -np.inf)[:, None]
    left = np.maximum(n - j, 0)[:, None]
    return np.asarray(np.exp(ways + xlogy(j, chance[:, None])[None] + xlog1py(left, -chance[:, None])))


def _above(values: Floats, at: Ints) -> Floats:
    """How far the parabola through the largest value and its neighbours rises above it, ``(n,)``."""
    rows, inner = np.arange(len(at)), np.clip(at, 1, values.shape[1] - 2)
    left, top, right = (values[rows, inner + step] for step in (-1, 0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        rise = (left - right) ** 2 / (8 * (2 * top - left - right))
    return np.where((inner == at) & np.isfinite(rise), rise, 0.0)


@lru_cache(8)
def _rates_prior(beta: tuple[float, float]) -> Floats:
    middle = np.concatenate([[0.0], (_RATES[1:] + _RATES[:-1]) / 2, [1.0]])
    return np.asarray((1 - _EVEN) * np.diff(betainc(*beta, middle)) + _EVEN * np.diff(middle), np.float64)
