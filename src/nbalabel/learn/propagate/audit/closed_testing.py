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
    even = np.full(len(good), 1 / len(good))
    return (1 - _SPREAD) * final / final.sum() + _SPREAD * even if final.sum() > 0 else even


class Verdicts:
    """Certifies prefixes so that with probability 1 - alpha none is certified falsely.

    For any set of bad prefixes, the weighted average of their capitals is a nonnegative supermartingale. So a
    prefix may be certified if its average with every set of others not certified yet is 1 / alpha or more.
    Prefixes whose capital is above 1 / alpha only help: if larger and smaller prefixes pass together, testing
    all of them costs nothing; a prefix with hardly any answers costs its share of the weight.

    Args:
        stakes: weight of each prefix, ``(k,)``.
        alpha: probability of a false certificate.

    Attributes:
        certified: whether each prefix is, ``(k,)`` bool.

    Source: Vovk & Wang, E-values: calibration, combination and applications, Annals of Statistics 2021
        (closed testing with averages of e-values).

    Example:
        >>> import numpy as np
        >>> verdicts = Verdicts(np.array([0.5, 0.5]), alpha=0.05)
        >>> verdicts.hear(np.log([1.0, 25.0]), np.log([1.0, 25.0])); verdicts.certified     # needs 20 + 19
        array([False, False])
        >>> verdicts.hear(np.log([1.0, 40.0]), np.log([1.0, 40.0])); verdicts.certified
        array([False,  True])
    """

    def __init__(self, stakes: Doubles, alpha: float) -> None:
        self.certified: Bools = np.zeros(len(stakes), np.bool_)
        self._gone: Bools = np.zeros(len(stakes), np.bool_)
        self._stakes = stakes
        self._enough = 1 / alpha
        self._strict = np.zeros(len(stakes))

    def bars(self) -> Doubles:
        """Log capital that would certify each prefix now, given the capital of the others, ``(k,)``."""
        lacking = np.where(self._gone, 0.0, np.maximum(self._enough - np.exp(self._strict), 0))
        others = self._stakes @ lacking - self._stakes * lacking
        return np.log(self._enough + others / self._stakes)

    def alone(self) -> Doubles:
        """Log capital that rejects a hypothesis on a prefix whatever the capital of the others, ``(k,)``."""
        return np.log(self._enough / self._stakes)

    def hear(self, strict: Doubles, now: Doubles) -> None:
        """Update the certificates with the current log capitals.

        Args:
            strict: against "the prefix was bad when the audit began", ``(k,)``.
            now: against "the prefix is bad, the rows found wrong removed", ``(k,)``.
        """
        self._strict = np.minimum(strict, 50.0)
        while True:
            bars = self.bars()
            gone = self._gone | (strict >= bars)
            if np.array_equal(gone, self._gone):
                break
            self._gone = gone
        self.certified |= self._gone | (now >= bars)
