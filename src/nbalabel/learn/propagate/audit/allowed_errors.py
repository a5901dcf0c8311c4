"""How many wrong masks an audited set may hold if every answer is true."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class Rule(Protocol):
    """Relates the number of masks that would be answered no to the number of wrong masks."""

    def allowed(self, found: Ints) -> Ints:
        """Most no's that each prefix may hold, those found included, ``(..., k)`` -> ``(..., k)``."""

    def share_right(self, upper: Ints, found: Ints) -> Doubles:
        """Lower bound of the share right in the rest of each prefix if it holds ``upper`` no's, ``(k,)``."""


class TrueAnswers:
    """The rule for true answers: a mask is answered no exactly if it is wrong.

    Args:
        size: masks of each prefix, ``(k,)`` int64.
        known: masks known to be right that count with each prefix, ``(k,)`` int64.
        target: share of right masks to reach once the wrong masks found are removed, 0..1.

    Example:
        >>> import numpy as np
        >>> rule = TrueAnswers(np.array([100]), np.array([0]), 0.85)
        >>> rule.allowed(np.array([0])), rule.allowed(np.array([20]))   # 12 of 80 left: the target
        (array([15]), array([32]))
    """

    def __init__(self, size: Ints, known: Ints, target: float) -> None:
        self._all, self._target = size + known, target

    def allowed(self, found: Ints) -> Ints:
        """Most wrong masks at the start: those found and the share 1 - target of the rest."""
        return np.floor((1 - self._target) * (self._all - found) + found + 1e-9).astype(np.int64)

    def share_right(self, upper: Ints, found: Ints) -> Doubles:
        """Share of right masks among those not found wrong."""
        kept = self._all - found
        return np.where(kept > 0, 1 - (upper - found) / np.maximum(kept, 1), 1.0)


def thresholds(rule: Rule, size: Ints) -> Ints:
    """Numbers of wrong rows to bet against, ``(k, g)``: 1 + `allowed` per number found; a coarse scale."""
    found = np.unique(np.concatenate([np.arange(16), np.geomspace(16, 4096, 24)]).astype(np.int64))
    at = rule.allowed(np.minimum(found[:, None], size)).T + 1
    scale = np.ceil(at[:, :1] * np.concatenate([np.linspace(0.05, 0.95, 10), np.linspace(1.1, 4, 7)]))
    both = np.concatenate([at, scale, (size + 1)[:, None]], axis=1).astype(np.int64)
    return np.sort(np.clip(both, 1, (size + 1)[:, None]), axis=1)
