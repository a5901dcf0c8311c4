"""Capital from betting against "so many rows are wrong": an upper bound that holds at every answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

ALL_IN = 0.98  # of the largest bet that cannot go broke
HOPE = 0.9  # bet as if at most this share of the hypothesised errors were there


@dataclass(frozen=True)
class Draws:
    """Rows drawn one after the other, and with what chances; column k is about the first k + 1 strata.

    Attributes:
        rows: positions, ``(n,)`` int64.
        cells: where each was drawn from, ``(n,)`` int64.
        strata: its stratum, ``(n,)`` int64.
        chance: chance of that row among the rows of the prefix then, 1 where outside, ``(n, k)``.
        largest: largest 1 / chance that could have come, inf where some row could not, ``(n, k)``.
        typical: expected 1 / chance of a row that is wrong, by the doubts, ``(n, k)``.
        doubt: sum of the doubts of the rows that were left, ``(n, k)``.
    """

    rows: Ints
    cells: Ints
    strata: Ints
    chance: Doubles
    largest: Doubles
    typical: Doubles
    doubt: Doubles


class Capital:
    """One bettor a prefix and hypothesis; where capital reaches 1 / alpha the hypothesis is rejected.

    Hypothesis l of a prefix: at least l of its rows were wrong when the audit began. Where row i comes with
    chance q and e says whether it is wrong (1) or right (0), e / q estimates without bias how many wrong ones
    are left: l - found under the hypothesis. So prod(1 + bet (l - found - e / q)) is a nonnegative
    supermartingale for predictable bets >= 0, and passes 1 / alpha with probability at most alpha (Ville).

    Args:
        hypotheses: l, ascending in each row, ``(k, g)`` int64.
        alpha: error probability of each prefix.

    Attributes:
        found: wrong ones drawn so far, ``(k,)`` int64.
        exposure: how many wrong ones the doubts led to expect among the rows drawn so far, ``(k,)``.

    Source: Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS B 2023;
        Shekhar, Xu, Lipton, Liang & Ramdas, Risk-limiting financial audits via weighted sampling without
        replacement, UAI 2023.
    """

    def __init__(self, hypotheses: Ints, alpha: float) -> None:
        self.hypotheses = hypotheses
        self.log = np.zeros(hypotheses.shape)
        self.rejected = np.zeros(hypotheses.shape, np.bool_)
        self.found = np.zeros(len(hypotheses), np.int64)
        self.exposure = np.zeros(len(hypotheses))
        self._enough = float(-np.log(alpha))

    @property
    def level(self) -> Doubles:
        """How many times as many rows are wrong as the doubts say, posterior mean, ``(k,)``."""
        return (1 + self.found) / (1 + self.exposure)

    def add(self, draws: Draws, at: int, wrong: bool, doubt: float) -> None:
        """Take in the answer to draw ``at``.

        Args:
            draws: what was drawn.
            at: which of them.
            wrong: the answer.
            doubt: chance of it that was expected.
        """
        among = slice(int(draws.strata[at]), None)
        left = (self.hypotheses[among] - self.found[among, None]).astype(np.float64)
        expected = self.level[among, None] * draws.doubt[at, among, None]
        bet = bets(left, expected, draws.typical[at, among, None], draws.largest[at, among, None])
        seen = 1 / draws.chance[at, among, None] if wrong else 0.0
        self.log[among] += np.log1p(bet * (left - seen))
        self.rejected[among] |= self.log[among] >= self._enough
        self.found[among] += wrong
        self.exposure[among] += doubt

    def upper(self, size: Ints, left: Ints) -> Ints:
        """Most rows of each prefix that can have been wrong when the audit began.

        Args:
            size: rows of each prefix, ``(k,)``.
            left: those not drawn yet, ``(k,)``.
        """
        standing = ~self.rejected
        n = standing.shape[1]
        last = np.where(standing.any(axis=1), n - 1 - np.argmax(standing[:, ::-1], axis=1), -1)
        next_up = self.hypotheses[np.arange(len(last)), np.minimum(last + 1, n - 1)] - 1
        upper = np.where(last + 1 < n, next_up, size)
        return np.maximum(np.minimum(upper, self.found + left), self.found)


def bets(left: Doubles, expected: Doubles, typical: Doubles, largest: Doubles) -> Doubles:
    """Best bets against ``left`` wrong ones where ``expected`` are, for two outcomes: 0 and ``typical``.

    Args:
        left: wrong ones left under the hypothesis; no bet where it is not above 0.
        expected: wrong ones expected.
        typical: 1 / chance of a wrong one, as expected.
        largest: 1 / chance at most; bets are small enough that it leaves some of the capital.
    """
    safe = np.maximum(left, 1e-9)
    gain = np.maximum(safe - np.minimum(expected, HOPE * safe), 0)
    best = gain / (safe * np.maximum(typical - safe, 1e-9 * safe))
    most = ALL_IN / np.maximum(largest - safe, 1e-3 * safe)
    return np.where(left > 0, np.minimum(best, most), 0.0)
