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

    Args:
        stakes: weight of each prefix behind the gates, ``(k - gates,)``.
        alpha: probability of a false certificate.
        gates: number of prefixes tested in order.

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
    """

    def __init__(self, stakes: Doubles, alpha: float, gates: int = 0) -> None:
        n = gates + len(stakes)
        self.gates = gates
        self.certified: Bools = np.zeros(n, np.bool_)
        self._gone: Bools = np.zeros(n, np.bool_)
        self._stakes = stakes
        self._enough = 1 / alpha
        self._strict = np.zeros(n)

    def bars(self) -> Doubles:
        """Log capital that would certify each prefix now, given the capital of the others, ``(k,)``.

        Behind the gates, a prefix needs all gates rejected, too: `shut`.
        """
        gone, strict = self._gone[self.gates :], self._strict[self.gates :]
        lacking = np.where(gone, 0.0, np.maximum(self._enough - np.exp(strict), 0))
        others = self._stakes @ lacking - self._stakes * lacking
        return np.concatenate(
            [np.full(self.gates, np.log(self._enough)), np.log(self._enough + others / self._stakes)]
        )

    @property
    def shut(self) -> int | None:
        """The first gate that is not rejected; None where all are, or there are none."""
        left = np.flatnonzero(~self._gone[: self.gates])
        return int(left[0]) if len(left) else None

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
            bars, opened = self.bars(), self._opened()
            gone = self._gone | (opened & (strict >= bars))
            if np.array_equal(gone, self._gone):
                break
            self._gone = gone
        self.certified |= self._gone | (opened & (now >= bars))

    def _opened(self) -> Bools:
        """Prefixes whose gates are all rejected."""
        shut = self.shut
        return np.arange(len(self._gone)) <= (len(self._gone) if shut is None else shut)
