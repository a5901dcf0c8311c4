"""Test martingales against "at least l rows are wrong": an upper bound that holds after every answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .strata import Cells

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_ALL_IN = 0.98  # share of the largest bet that cannot lose all capital
_HOPE = 0.9  # bets assume at most this share of the hypothesised errors


@dataclass(frozen=True)
class Odds:
    """The possible outcomes of one draw, one value per prefix, ``(k,)`` float64.

    Attributes:
        seen: 1 / chance of the row drawn among those of the prefix.
        largest: largest 1 / chance of any row; inf where some row could not be drawn.
        typical: expected 1 / chance of a wrong row.
        expected: expected number of wrong rows left in the prefix.
    """

    seen: Doubles
    largest: Doubles
    typical: Doubles
    expected: Doubles


def odds(cells: Cells, left: Ints, weight: Doubles, chance: Doubles, drawn: int) -> Odds:
    """Odds of a draw.

    Args:
        cells: where rows are drawn from.
        left: rows of each cell that could be drawn, ``(c,)``.
        weight: relative chance of each of them, ``(c,)``.
        chance: probability that a row of each cell is wrong, ``(c,)``.
        drawn: cell of the row drawn.
    """
    mass, expected, spread = cells.within(
        np.stack([left * weight, left * chance, left * chance / np.maximum(weight, 1e-300)])
    )
    least = np.minimum.accumulate(np.where(left > 0, weight, np.inf))
    least = np.concatenate([[np.inf], least])[cells.ends]
    safe = np.maximum(least, 1e-300)
    largest = np.where(least > 0, mass / safe, np.inf)
    with np.errstate(over="ignore"):  # of prefixes that hold rows of weight 0
        typical = np.where(least > 0, mass * spread / np.maximum(expected, 1e-300), np.inf)
    return Odds(mass / weight[drawn], largest, typical, expected)


class Capital:
    """One test martingale per (prefix, hypothesis); it rejects the hypothesis when it reaches 1 / alpha.

    Hypothesis l of a prefix: at least l of its rows were wrong when the audit began. If row i is drawn with
    probability q, and e is 1 where it is wrong and 0 where it is right, then e / q is an unbiased estimate of
    the wrong rows left, l - found under the hypothesis. So prod(1 + bet (l - found - e / q)) is a nonnegative
    supermartingale for predictable bets >= 0, and reaches 1 / alpha with probability at most alpha (Ville).

    Args:
        hypotheses: l, ascending in each row, ``(k, g)`` int64.

    Attributes:
        log: log capital, ``(k, g)`` float64.
        peak: highest log capital so far, ``(k, g)`` float64.
        found: wrong rows drawn so far, ``(k,)`` int64.

    Source: Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS B 2023;
        Shekhar, Xu, Lipton, Liang & Ramdas, Risk-limiting financial audits via weighted sampling without
        replacement, UAI 2023.
    """

    def __init__(self, hypotheses: Ints) -> None:
        self.hypotheses = hypotheses
        self.log = np.zeros(hypotheses.shape)
        self.peak = np.zeros(hypotheses.shape)
        self.found = np.zeros(len(hypotheses), np.int64)

    def add(self, odds: Odds, stratum: int, wrong: bool) -> None:
        """Update with the answer to a row of a stratum, drawn at these odds."""
        among = slice(stratum, None)
        left = (self.hypotheses[among] - self.found[among, None]).astype(np.float64)
        column = (odds.expected[among, None], odds.typical[among, None], odds.largest[among, None])
        seen = odds.seen[among, None] if wrong else 0.0
        self.log[among] += np.log1p(bets(left, *column) * (left - seen))
        np.maximum(self.peak, self.log, out=self.peak)
        self.found[among] += wrong

    def rule_out(self, most: Ints) -> None:
        """Reject what is impossible by now: that more than ``most`` rows of a prefix are wrong, ``(k,)``."""
        impossible = self.hypotheses > most[:, None]
        self.log[impossible] = self.peak[impossible] = np.inf

    def against(self, least: Ints) -> Doubles:
        """Log capital against "at least ``least`` rows are wrong", ``(k,)``: the lowest from there on.

        The minimum starts at the last hypothesis not above ``least``, so if ``least`` rows or more are wrong,
        it includes the hypothesis next below the true number.
        """
        lowest = np.minimum.accumulate(self.log[:, ::-1], axis=1)[:, ::-1]
        place = np.count_nonzero(self.hypotheses <= least[:, None], axis=1) - 1
        return np.where(place >= 0, lowest[np.arange(len(place)), np.maximum(place, 0)], 0.0)

    def against_one(self, prefix: int, least: int) -> float:
        """As `against`, for one prefix."""
        place = int(np.searchsorted(self.hypotheses[prefix], least, side="right")) - 1
        return float(self.log[prefix, place:].min()) if place >= 0 else 0.0

    def upper(self, enough: Doubles) -> Ints:
        """Upper bound of the rows of each prefix that were wrong when the audit began, ``(k,)`` int64.

        Args:
            enough: log capital at which a hypothesis is rejected, ``(k,)``.
        """
        standing = self.peak < enough[:, None]
        n = standing.shape[1]
        last = np.where(standing.any(axis=1), n - 1 - np.argmax(standing[:, ::-1], axis=1), -1)
        return self.hypotheses[np.arange(len(last)), np.minimum(last + 1, n - 1)] - 1


def bets(left: Doubles, expected: Doubles, typical: Doubles, largest: Doubles) -> Doubles:
    """Best bets against "``left`` rows are wrong" if ``expected`` are, for two outcomes: 0 and ``typical``.

    Args:
        left: wrong rows left under the hypothesis; no bet where it is not above 0.
        expected: expected number of wrong rows.
        typical: expected 1 / chance of a wrong row.
        largest: largest 1 / chance; the bets are small enough that this outcome leaves some capital.
    """
    safe = np.maximum(left, 1e-9)
    gain = np.maximum(safe - np.minimum(expected, _HOPE * safe), 0)
    best = gain / (safe * np.maximum(typical - safe, 1e-9 * safe))
    most = _ALL_IN / np.maximum(largest - safe, 1e-3 * safe)
    return np.where(left > 0, np.minimum(best, most), 0.0)
