"""Which of several nested sets are certified: closed testing with averaged capitals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import gamma

from .allowed_errors import Ints

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SPREAD = 0.3  # share of the weight spread evenly over all prefixes, in case the doubts mislead


def weights(doubted: Doubles, allowed: Ints) -> Doubles:
    """Weight of each prefix: the prior probability that it is the largest one that reaches the target.

    Args:
        doubted: sum of the doubts of each prefix, ``(k,)``; right up to a factor, Gamma(1, 1) a priori.
        allowed: wrong masks that each prefix may hold, ``(k,)``.

    Returns:
        Positive, sum 1, ``(k,)``.
    """
    good = gamma.cdf(np.maximum(allowed + 0.5, 0) / np.maximum(doubted, 1e-9), 1)
    larger = np.append(np.maximum.accumulate(good[::-1])[::-1][1:], 0.0)
    final = np.maximum(good - larger, 0)
    even = np.full(len(good), 1 / max(len(good), 1))
    return (1 - _SPREAD) * final / final.sum() + _SPREAD * even if final.sum() > 0 else even


class Verdicts:
    """Certifies prefixes so that with probability 1 - alpha none is certified falsely.

    The first ``gates`` prefixes are tested in order, each with all of alpha: a prefix counts only once all
    gates before it are rejected. So the surest masks are certified early, at no cost for larger sets. Of the
    prefixes behind the gates, for any set of bad ones the weighted average of their capitals is a nonnegative
    supermartingale: such a prefix may be certified if its average with every set of others not certified yet
    is 1 / alpha or more. Prefixes whose capital is above 1 / alpha only help: if larger and smaller prefixes
    pass together, testing all of them costs nothing; a prefix with hardly any answers costs its share of the
    weight.

    The last ``ladder`` prefixes may be tested in order, too: each has all of the last stake once those before
    it are rejected. Together with the smaller prefixes, on which the other stakes are, this is a closed test:
    of any set of bad prefixes only the first one of the ladder counts. So a set can be tested first that
    answers may just prove, larger ones after it at no cost, and smaller ones for the case that it fails.

    Args:
        stakes: weight of each prefix behind the gates; the last one is that of the whole ladder,
            ``(k - gates - ladder + 1,)``.
        alpha: probability of a false certificate.
        gates: number of prefixes, the smallest ones, tested in order.
        ladder: number of prefixes, the largest ones, tested in order.

    Attributes:
        certified: whether each prefix is, ``(k,)`` bool.

    Source: closed testing; fixed sequences: Angelopoulos, Bates, Candes, Jordan & Lei 2021, "Learn then
        test"; averages of e-values: Vovk & Wang, E-values: calibration, combination and applications, Annals
        of Statistics 2021.

    Example:
        >>> verdicts = Verdicts(np.array([0.5, 0.5]), alpha=0.05)
        >>> verdicts.hear(np.log([1.0, 25.0]), np.log([1.0, 25.0])); verdicts.certified     # needs 20 + 19
        array([False, False])
        >>> verdicts.hear(np.log([1.0, 40.0]), np.log([1.0, 40.0])); verdicts.certified
        array([False,  True])
        >>> ordered = Verdicts(np.array([1.0]), alpha=0.05, gates=1)
        >>> ordered.hear(np.log([25.0, 19.0]), np.log([25.0, 19.0])); ordered.certified
        array([ True, False])
        >>> ladder = Verdicts(np.array([0.2, 0.8]), alpha=0.05, ladder=2)
        >>> ladder.hear(np.log([1.0, 25.0, 21.0]), np.log([1.0, 25.0, 21.0])); ladder.certified
        array([False,  True, False])
    """

    def __init__(self, stakes: Doubles, alpha: float, gates: int = 0, ladder: int = 1) -> None:
        self.gates = gates
        self._stakes = np.append(stakes, np.repeat(stakes[-1:], ladder - 1))
        n = gates + len(self._stakes)
        self._foot = max(n - ladder, gates)  # first prefix of the ladder
        self.certified: Bools = np.zeros(n, np.bool_)
        self._gone: Bools = np.zeros(n, np.bool_)
        self._passed: Bools = np.zeros(n, np.bool_)  # once its capital was enough; it may have to wait
        self._enough = 1 / alpha
        self._strict = np.zeros(n)

    def bars(self) -> Doubles:
        """Log capital that would certify each prefix now, given the capital of the others, ``(k,)``.

        Some need others rejected before them: `before`.
        """
        gone, strict = self._gone[self.gates :], self._strict[self.gates :]
        lacking = self._stakes * np.where(gone, 0.0, np.maximum(self._enough - np.exp(strict), 0))
        foot = self._foot - self.gates
        low, high = float(lacking[:foot].sum()), float(lacking[foot:].max(initial=0.0))
        others = np.where(np.arange(len(gone)) < foot, low + high - lacking, low)
        return np.concatenate(
            [np.full(self.gates, np.log(self._enough)), np.log(self._enough + others / self._stakes)]
        )

    @property
    def shut(self) -> int | None:
        """The first gate that is not rejected; None where all are, or there are none."""
        left = np.flatnonzero(~self._gone[: self.gates])
        return int(left[0]) if len(left) else None

    def before(self, k: int) -> list[int]:
        """Prefixes that must be rejected before prefix ``k``, and are not yet."""
        ordered = [*range(min(k, self.gates)), *range(self._foot, k)]
        return [i for i in ordered if not self._gone[i]]

    def alone(self) -> Doubles:
        """Log capital that rejects a hypothesis on a prefix whatever the capital of the others, ``(k,)``."""
        return np.concatenate(
            [np.full(self.gates, np.log(self._enough)), np.log(self._enough / self._stakes)]
        )

    def hear(self, strict: Doubles, now: Doubles) -> None:
        """Update the certificates with the current log capitals.

        Args:
            strict: against "the prefix was bad when the audit began", ``(k,)``.
            now: against "the prefix is bad, the rows found wrong removed", ``(k,)``.
        """
        self._strict = np.minimum(strict, 50.0)
        while True:
            bars = self.bars()
            self._passed |= strict >= bars
            gone = self._gone | (self._passed & self._opened())
            if np.array_equal(gone, self._gone):
                break
            self._gone = gone
        self.certified |= self._gone | (self._opened() & (now >= bars))

    def _opened(self) -> Bools:
        """Prefixes that need not wait for another one to be rejected."""
        return np.array([not self.before(k) for k in range(len(self._gone))], np.bool_)
