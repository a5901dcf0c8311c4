"""Accuracy of the reviewers, measured by honeypots and repeated questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ....core.binomial import clopper_pearson
from ....core.errors import DataError, UnknownNameError, first

Interval = tuple[float, float]


class Accuracy(Protocol):
    """The accuracy that a correction for mistaken answers needs; `Reviewer` and `Reviewers` have it."""

    @property
    def sensitivity(self) -> float:
        """Estimated chance that a right mask is answered yes, 0..1."""

    @property
    def specificity(self) -> float:
        """Estimated chance that a wrong mask is answered no, 0..1."""

    def sensitivity_bounds(self, alpha: float) -> Interval:
        """Lower and upper bound of the sensitivity, each wrong with probability alpha at most."""

    def specificity_bounds(self, alpha: float) -> Interval:
        """Lower and upper bound of the specificity, each wrong with probability alpha at most."""


@dataclass(frozen=True)
class Reviewer:
    """One reviewer's answers to honeypots (masks whose answer is known) and to repeated questions.

    The bounds assume that answers are independent given the masks, and that honeypots are like the masks they
    stand for: draw both from the same images.

    Attributes:
        n_right_asked: honeypots that are right.
        n_right_yes: those of them answered yes.
        n_wrong_asked: honeypots that are wrong.
        n_wrong_no: those of them answered no.
        n_repeated: questions asked twice.
        n_agreed: those of them answered the same both times.

    Raises:
        DataError: a count is negative, or larger than its total.

    Example:
        >>> ann = Reviewer(n_right_asked=50, n_right_yes=48, n_wrong_asked=40, n_wrong_no=40)
        >>> ann.sensitivity, ann.specificity
        (0.96, 1.0)
        >>> lower, upper = ann.specificity_bounds(0.05)        # 0.05 = lower ** 40
        >>> round(lower, 3), upper
        (0.928, 1.0)
    """

    n_right_asked: int = 0
    n_right_yes: int = 0
    n_wrong_asked: int = 0
    n_wrong_no: int = 0
    n_repeated: int = 0
    n_agreed: int = 0

    def __post_init__(self) -> None:
        for part, whole in (
            ("n_right_yes", "n_right_asked"),
            ("n_wrong_no", "n_wrong_asked"),
            ("n_agreed", "n_repeated"),
        ):
            k, n = getattr(self, part), getattr(self, whole)
            if not 0 <= k <= n:
                raise DataError(f"0 <= {part} <= {whole} must hold, got {k} and {n}")

    @property
    def sensitivity(self) -> float:
        """Share of right honeypots answered yes; nan before any."""
        return self.n_right_yes / self.n_right_asked if self.n_right_asked else float("nan")

    @property
    def specificity(self) -> float:
        """Share of wrong honeypots answered no; nan before any."""
        return self.n_wrong_no / self.n_wrong_asked if self.n_wrong_asked else float("nan")

    @property
    def slips(self) -> float:
        """Share of answers given by slip, 0..0.5, estimated from repeated questions; nan before any.

        If each answer is flipped with chance p, independently, two answers agree with chance 1 - 2 p (1 - p).
        An error made both times is not seen, so this underestimates, is no bound, and corrects nothing.
        """
        if not self.n_repeated:
            return float("nan")
        return float((1 - np.sqrt(max(2 * self.n_agreed / self.n_repeated - 1, 0.0))) / 2)

    def sensitivity_bounds(self, alpha: float) -> Interval:
        """Clopper-Pearson bounds of the sensitivity, one-sided at alpha each; 0 and 1 before any honeypot."""
        return clopper_pearson(self.n_right_yes, self.n_right_asked, alpha)

    def specificity_bounds(self, alpha: float) -> Interval:
        """Clopper-Pearson bounds of the specificity, one-sided at alpha each; 0 and 1 before any honeypot."""
        return clopper_pearson(self.n_wrong_no, self.n_wrong_asked, alpha)

    def told(self, right: bool, yes: bool) -> Reviewer:
        """A copy with one more honeypot: whether the mask is right, and whether the answer was yes."""
        if right:
            return replace(self, n_right_asked=self.n_right_asked + 1, n_right_yes=self.n_right_yes + yes)
        return replace(self, n_wrong_asked=self.n_wrong_asked + 1, n_wrong_no=self.n_wrong_no + (not yes))

    def repeated(self, agreed: bool) -> Reviewer:
        """A copy with one more repeated question: whether it was answered as before."""
        return replace(self, n_repeated=self.n_repeated + 1, n_agreed=self.n_agreed + agreed)


class Reviewers(Mapping[str, Reviewer]):
    """Reviewers by name; the bounds of the team are those of its worst and best member.

    Args:
        known: past answers of each reviewer.

    Example:
        >>> team = Reviewers()
        >>> for yes in (True, True, False):
        ...     team.tell("ann", right=True, yes=yes)
        >>> team.tell("bob", right=False, yes=False)
        >>> team["ann"].n_right_yes, team["bob"].specificity
        (2, 1.0)
    """

    def __init__(self, known: Mapping[str, Reviewer] | None = None) -> None:
        self._known = dict(known or {})

    def __getitem__(self, name: str) -> Reviewer:
        if name not in self._known:
            raise UnknownNameError(f"no reviewer {name!r}; there are {first(self._known)}")
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def tell(self, name: str, *, right: bool, yes: bool) -> None:
        """Record the answer to a honeypot."""
        self._known[name] = self._known.get(name, Reviewer()).told(right, yes)

    def repeat(self, name: str, *, agreed: bool) -> None:
        """Record the answer to a repeated question."""
        self._known[name] = self._known.get(name, Reviewer()).repeated(agreed)

    @property
    def sensitivity(self) -> float:
        """Share of all right honeypots answered yes; nan before any."""
        return self._pooled().sensitivity

    @property
    def specificity(self) -> float:
        """Share of all wrong honeypots answered no; nan before any."""
        return self._pooled().specificity

    def sensitivity_bounds(self, alpha: float) -> Interval:
        """Bounds that hold for every reviewer, whoever answers which mask."""
        return _hull([one.sensitivity_bounds(alpha / len(self)) for one in self.values()])

    def specificity_bounds(self, alpha: float) -> Interval:
        """Bounds that hold for every reviewer, whoever answers which mask."""
        return _hull([one.specificity_bounds(alpha / len(self)) for one in self.values()])

    def _pooled(self) -> Reviewer:
        every = list(self.values())
        return Reviewer(
            sum(r.n_right_asked for r in every),
            sum(r.n_right_yes for r in every),
            sum(r.n_wrong_asked for r in every),
            sum(r.n_wrong_no for r in every),
        )


def _hull(intervals: list[Interval]) -> Interval:
    return min((low for low, _ in intervals), default=0.0), max((high for _, high in intervals), default=1.0)
