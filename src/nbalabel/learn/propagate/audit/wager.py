"""Capital from betting against "so many rows are wrong": an upper bound that holds at every answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .strata import Cells

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_ALL_IN = 0.98  # of the largest bet that cannot go broke
_HOPE = 0.9  # bet as if at most this share of the hypothesised errors were there


@dataclass(frozen=True)
class Odds:
    """What one draw could have brought, for each prefix: one value a prefix, ``(k,)`` float64.

    Attributes:
        seen: 1 / chance of the row drawn among those of the prefix.
        largest: the largest 1 / chance there was, inf where some row could not come.
        typical: expected 1 / chance of a wrong row.
        expected: how many rows left in the prefix are expected to be wrong.
    """

    seen: Doubles
    largest: Doubles
    typical: Doubles
    expected: Doubles


def odds(cells: Cells, left: Ints, weight: Doubles, chance: Doubles, drawn: int) -> Odds:
    """Odds of a draw.

    Args:
        cells: where rows are drawn from.
        left: rows of each cell that could come, ``(c,)``.
        weight: relative chance of each of them, ``(c,)``.
        chance: of a row of each cell to be wrong, ``(c,)``.
        drawn: the cell that came.
    """
    mass, expected, spread = cells.within(
        np.stack([left * weight, left * chance, left * chance / np.maximum(weight, 1e-300)])
    )
    least = np.minimum.accumulate(np.where(left > 0, weight, np.inf))
    least = np.concatenate([[np.inf], least])[cells.ends]
    safe = np.maximum(least, 1e-300)
    largest = np.where(least > 0, mass / safe, np.inf)
    typical = np.where(least > 0, mass * spread / np.maximum(expected, 1e-300), np.inf)
    return Odds(mass / weight[drawn], largest, typical, expected)


class Capital:
    """One bettor a prefix and hypothesis; where capital reaches 1 / alpha the hypothesis is rejected.

    Hypothesis l of a prefix: at least l of its rows were wrong when the audit began. Where row i comes with
    chance q and e says whether it is wrong (1) or right (0), e / q estimates without bias how many wrong ones
    are left: l - found under the hypothesis. So prod(1 + bet (l - found - e / q)) is a nonnegative
    supermartingale for predictable bets >= 0, and passes 1 / alpha with probability at most alpha (Ville).

    Args:
        hypotheses: l, ascending in each row, ``(k, g)`` int64.

    Attributes:
        log: log capital, ``(k, g)`` float64.
        peak: highest log capital so far, ``(k, g)`` float64.
        found: wrong ones drawn so far, ``(k,)`` int64.

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
        """Take in the answer to a row of a stratum, drawn at these odds."""
        among = slice(stratum, None)
        left = (self.hypotheses[among] - self.found[among, None]).astype(np.float64)
        column = (odds.expected[among, None], odds.typical[among, None], odds.largest[among, None])
        seen = odds.seen[among, None] if wrong else 0.0
        self.log[among] += np.log1p(bets(left, *column) * (left - seen))
        np.maximum(self.peak, self.log, out=self.peak)
        self.found[among] += wrong

    def rule_out(self, most: Ints) -> None:
        """Reject what cannot be any more: that more than ``most`` rows of a prefix are wrong, ``(k,)``."""
        impossible = self.hypotheses > most[:, None]
        self.log[impossible] = self.peak[impossible] = np.inf

    def against(self, least: Ints) -> Doubles:
        """Log capital against "at least so many are wrong", ``(k,)``: the lowest of those that it implies.

        The hypothesis next below the true number is thus always among them.
        """
        lowest = np.minimum.accumulate(self.log[:, ::-1], axis=1)[:, ::-1]
        place = np.count_nonzero(self.hypotheses <= least[:, None], axis=1) - 1
        return np.where(place >= 0, lowest[np.arange(len(place)), np.maximum(place, 0)], 0.0)

    def upper(self, enough: Doubles) -> Ints:
        """Most rows of each prefix that can have been wrong when the audit began, ``(k,)`` int64.

        Args:
            enough: log capital at which a hypothesis is rejected, ``(k,)``.
        """
        standing = self.peak < enough[:, None]
        n = standing.shape[1]
        last = np.where(standing.any(axis=1), n - 1 - np.argmax(standing[:, ::-1], axis=1), -1)
        return self.hypotheses[np.arange(len(last)), np.minimum(last + 1, n - 1)] - 1


def bets(left: Doubles, expected: Doubles, typical: Doubles, largest: Doubles) -> Doubles:
    """Best bets against ``left`` wrong ones where ``expected`` are, for two outcomes: 0 and ``typical``.

    Args:
        left: wrong ones left under the hypothesis; no bet where it is not above 0.
        expected: wrong ones expected.
        typical: 1 / chance of a wrong one, as expected.
        largest: 1 / chance at most; bets are small enough that it leaves some of the capital.
    """
    safe = np.maximum(left, 1e-9)
    gain = np.maximum(safe - np.minimum(expected, _HOPE * safe), 0)
    best = gain / (safe * np.maximum(typical - safe, 1e-9 * safe))
    most = _ALL_IN / np.maximum(largest - safe, 1e-3 * safe)
    return np.where(left > 0, np.minimum(best, most), 0.0)
