"""The share of right masks in a set, from masks drawn without replacement: bounds that hold at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..propagate.audit.audit import CORRECTION
from ..propagate.audit.bounds import lower_bound, upper_bound
from ..propagate.audit.unreliable_answers import NoisyAnswers
from ..propagate.state.reviewers import Accuracy, Interval
from .accuracy import Lasting, Mirrored
from .joint import wrong_bounds

OPEN, HOLDS, FAILS = "open", "holds", "fails"
_GOOD = (5.0, 0.5)  # prior of the lower bound: sets that are audited are mostly right, some of them wholly
_POOR = (10.0, 1.0)  # prior of the upper bound: sets that miss their target mostly miss it by little
_HALF = 0.5  # target with which the grid of `NoisyAnswers` is even
_ALONE = 0.75  # share of alpha for the time in which one reviewer alone has answered
_LEAST = 1e-9


@dataclass(frozen=True)
class Counts:
    """Answers about a random sample of a set.

    Attributes:
        size: masks of the set.
        yes: of the sample, answered yes.
        no: of the sample, answered no.
    """

    size: int
    yes: int
    no: int

    @property
    def asked(self) -> int:
        """Masks of the sample."""
        return self.yes + self.no


@dataclass(frozen=True)
class Bounds:
    """What is known about the share of right masks of a set.

    ``low`` and ``high`` are one-sided bounds: each of them alone fails with probability alpha at most. With a
    target, `interval` is cut there: it claims no more below the target than ``high`` does, and no more above
    it than ``low`` does, so that it holds with probability 1 - alpha without parting alpha in two. (If the
    true share is below the target, the interval can fail only by ``low``; else only by ``high``.)

    Attributes:
        low: lower bound, 0..1.
        high: upper bound, 0..1.
        target: share to be shown, 0..1; None for an estimate, whose bounds get alpha / 2 each.
    """

    low: float
    high: float
    target: float | None

    @property
    def state(self) -> str:
        """One of "open", "holds" (the target is reached) and "fails" (it is not)."""
        if self.target is None:
            return OPEN
        if self.low >= self.target - _LEAST:
            return HOLDS
        return FAILS if self.high < self.target - _LEAST else OPEN

    @property
    def interval(self) -> Interval:
        """Lower and upper bound of the share right, both true with probability 1 - alpha."""
        if self.target is None or self.high - self.low < _LEAST:  # all is known
            return self.low, self.high
        return min(self.low, self.target), max(self.high, self.target)

    def sharpened(self, other: Bounds) -> Bounds:
        """Both at once: bounds that hold at all times may be combined over time."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return replace(self, low=low, high=max(high, low))


def bounds_of(counts: Counts, alpha: float, target: float | None, accuracy: Accuracy | None) -> Bounds:
    """Bounds of the share of right masks in a set.

    Args:
        counts: the answers; the sample is drawn uniformly without replacement, in an order fixed beforehand.
        alpha: probability that the interval fails at any time.
        target: share to be shown; None for an estimate.
        accuracy: of the answers, with bounds that hold at all times; None takes them to be true. While one
            reviewer alone has answered, masks and honeypots are weighed together (`joint.wrong_bounds`) with
            three quarters of alpha; the last quarter is kept for the time when several have, and the rates of
            each are bounded apart (`NoisyAnswers`, which takes a fifth of it).
    """
    part = alpha / 2 if target is None else alpha
    if accuracy is None:
        low, high = _of_answers(counts, part)
        return Bounds(low, high, target)
    most = _wrong(counts, part, target, accuracy)
    if most is not None:
        return Bounds(1 - most[1] / counts.size, 1 - most[0] / counts.size, target)
    part *= 1 - _ALONE
    said = _of_answers(counts, part * (1 - CORRECTION))
    size, given = counts.size, part * CORRECTION
    no, yes = (round(size * share) for share in (1 - said[0], said[1]))
    low = _right(size, no, target or _HALF, accuracy, given)
    high = 1 - _right(size, yes, _HALF, Mirrored(accuracy), given)
    return Bounds(low, max(high, low), target)


def _wrong(counts: Counts, alpha: float, target: float | None, accuracy: Accuracy) -> tuple[int, int] | None:
    """Fewest and most wrong masks, if one reviewer alone has answered."""
    heard = accuracy.heard if isinstance(accuracy, Lasting) else None
    if heard is None:
        return None
    edge = int((1 - (_HALF if target is None else target)) * counts.size + _LEAST)
    return wrong_bounds(counts.size, counts.asked, counts.no, heard, alpha * _ALONE, edge)


def rest_of(counts: Counts, bounds: Bounds, alpha: float, accuracy: Accuracy | None) -> float:
    """Lower bound of the share right among the masks that are left once those answered no are removed.

    A statement for itself: with probability 1 - alpha it is true. With true answers it follows from the
    interval.
    """
    size, no = counts.size, counts.no
    if size == no:
        return 1.0
    if accuracy is None:
        wrong = np.floor((1 - bounds.interval[0]) * size + _LEAST)
        return float(1 - (wrong - no) / (size - no))
    together = _wrong(counts, alpha, bounds.target, accuracy)
    least = 0.0 if together is None else 1 - together[1] / (size - no)
    alpha *= 1 - _ALONE
    low, _ = _of_answers(counts, alpha * (1 - CORRECTION))
    most = round(size * (1 - low))
    return max(least, _right(size, most, bounds.target or _HALF, accuracy, alpha * CORRECTION, no))


@lru_cache(4096)
def least_needed(counts: Counts, alpha: float, target: float, n: int) -> int:
    """How many further answers, all of them yes, would show the target; ``n`` where ``n`` do not suffice."""
    more = np.arange(1, min(n, counts.size - counts.asked) + 1)
    low = lower_bound(counts.yes + more, counts.asked + more, counts.size, alpha, _GOOD)
    shown = np.flatnonzero(low >= target - _LEAST)
    return int(more[shown[0]]) if len(shown) else n


@lru_cache(4096)
def _of_answers(counts: Counts, alpha: float) -> Interval:
    """Bounds of the share of masks that would be answered yes, each one-sided at alpha."""
    given = counts.yes, counts.asked, counts.size, alpha
    return float(lower_bound(*given, _GOOD)), float(upper_bound(*given, _POOR))


def _right(size: int, most: int, target: float, accuracy: Accuracy, alpha: float, found: int = 0) -> float:
    """Lower bound of the share right among the masks not answered no, if ``most`` would be answered no."""
    rule = NoisyAnswers(np.array([size]), np.array([0]), target, accuracy, alpha)
    return float(rule.share_right(np.array([most]), np.array([found]))[0])
