"""Accuracy of reviewers, with bounds that hold while honeypots are still being asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..propagate.audit.bounds import lower_bound, upper_bound
from ..propagate.state.reviewers import Accuracy, Interval, Reviewer, Reviewers
from .joint import Heard

_MANY = 10**8  # answers that a reviewer might give; a share of so many is a probability
_PRIOR = (20.0, 1.0)  # reviewers are mostly right


@dataclass(frozen=True)
class Lasting:
    """The accuracy of a team, with bounds that hold after every honeypot at once.

    The bounds of `Reviewers` hold for a number of honeypots fixed beforehand. An audit looks at them after
    each question, so it needs bounds that hold at all times. The k-th reviewer gets the share
    6 / (pi k) ** 2 of alpha, whoever else comes later.

    Attributes:
        team: the reviewers, in the order in which they came.
    """

    team: Reviewers

    @property
    def sensitivity(self) -> float:
        """Share of all right honeypots answered yes; nan before any."""
        return self.team.sensitivity

    @property
    def specificity(self) -> float:
        """Share of all wrong honeypots answered no; nan before any."""
        return self.team.specificity

    @property
    def heard(self) -> Heard | None:
        """All honeypots of a team of one, or of a team of none yet; None where several answered."""
        if len(self.team) > 1:
            return None
        one = next(iter(self.team.values()), Reviewer())
        refused, missed = one.n_right_asked - one.n_right_yes, one.n_wrong_asked - one.n_wrong_no
        return Heard(one.n_right_asked, refused, one.n_wrong_asked, missed)

    def sensitivity_bounds(self, alpha: float) -> Interval:
        """Bounds of the chance that a right mask is answered yes, each one-sided at alpha."""
        return self._hull("n_right_yes", "n_right_asked", alpha)

    def specificity_bounds(self, alpha: float) -> Interval:
        """Bounds of the chance that a wrong mask is answered no, each one-sided at alpha."""
        return self._hull("n_wrong_no", "n_wrong_asked", alpha)

    def _hull(self, part: str, whole: str, alpha: float) -> Interval:
        every = [
            _bounds(getattr(one, part), getattr(one, whole), alpha * 6 / (np.pi * k) ** 2)
            for k, one in enumerate(self.team.values(), 1)
        ]
        return min((low for low, _ in every), default=0.0), max((high for _, high in every), default=1.0)


@dataclass(frozen=True)
class Mirrored:
    """An accuracy with right and wrong exchanged: what bounds the wrong masks then bounds the right ones.

    Attributes:
        of: the accuracy.
    """

    of: Accuracy

    @property
    def sensitivity(self) -> float:
        """The specificity."""
        return self.of.specificity

    @property
    def specificity(self) -> float:
        """The sensitivity."""
        return self.of.sensitivity

    def sensitivity_bounds(self, alpha: float) -> Interval:
        """Bounds of the specificity."""
        return self.of.specificity_bounds(alpha)

    def specificity_bounds(self, alpha: float) -> Interval:
        """Bounds of the sensitivity."""
        return self.of.sensitivity_bounds(alpha)


@lru_cache(4096)
def _bounds(k: int, n: int, alpha: float) -> Interval:
    if not n:
        return 0.0, 1.0
    return float(lower_bound(k, n, _MANY, alpha, _PRIOR)), float(upper_bound(k, n, _MANY, alpha, _PRIOR))
