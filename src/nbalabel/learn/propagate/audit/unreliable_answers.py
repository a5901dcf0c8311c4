"""How many wrong masks an audited set may hold if some answers are mistaken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from ..state.reviewers import Accuracy

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_ETA = np.geomspace(0.1, 8, 12)


@dataclass(frozen=True)
class Answering:
    """Estimated chances of a yes to a right mask and of a no to a wrong mask; for planning only."""

    sensitivity: float = 1.0
    specificity: float = 1.0

    @classmethod
    def of(cls, accuracy: Accuracy | None) -> Answering:
        """The estimates from honeypots; without honeypots, those of true answers."""
        if accuracy is None:
            return cls()
        return cls(*np.nan_to_num([accuracy.sensitivity, accuracy.specificity], nan=1.0).tolist())

    def refused(self, wrong: Doubles) -> Doubles:
        """Chance that each mask is answered no, from the chance that it is wrong."""
        return wrong * self.specificity + (1 - wrong) * (1 - self.sensitivity)

    def wrong(self, refused: Doubles) -> Doubles:
        """Chance that each mask is wrong, from the chance that it is answered no."""
        gap = max(self.specificity + self.sensitivity - 1, 1e-3)
        return np.clip((refused - (1 - self.sensitivity)) / gap, 0.0, 1.0)


def apparent_target(target: float, accuracy: Accuracy, alpha: float) -> float:
    """The largest share of yes that a large set with just ``target`` right masks may have; the bar to beat.

    Args:
        target: share of right masks, 0..1.
        accuracy: accuracy of the answers.
        alpha: as given to `NoisyAnswers`.
    """
    miss, refuse = _mistakes(accuracy, alpha / 5)
    return 1 - ((1 - target) * (1 - miss) + target * refuse)


class NoisyAnswers:
    """The rule for answers that may be mistaken: bounds on the no's become bounds on the wrong masks.

    The answer that a reviewer would give to each mask is drawn once and then fixed, so an audit bounds the
    number U of masks that would be answered no. Of T wrong masks some are missed (answered yes): at most M,
    the 1 - d quantile of Bin(T, 1 - specificity). Of the N - T right masks some are refused (answered no): at
    least F, the d quantile of Bin(N - T, 1 - sensitivity). T is possible where T - M + F <= U. After
    ``found`` no's are removed, at most U - found + M - max(F - found, 0) of the masks kept are wrong: in the
    worst case all mistaken refusals were found.

    ``alpha`` is spent in fifths: on the lower bound of the specificity, the upper bound of the sensitivity,
    each of the two quantiles (divided among the prefixes), and wrong masks among those answered yes before.

    Args:
        size: masks of each prefix that the audit may ask about, ``(k,)`` int64.
        known: masks answered yes before that count with each prefix, ``(k,)`` int64.
        target: share of right masks to reach, 0..1.
        accuracy: accuracy of the answers, known before the audit begins.
        alpha: probability that the correction falls short.
        n_refused: masks answered no before the audit; with the specificity they bound how many of those
            answered yes were wrong.
    """

    def __init__(
        self, size: Ints, known: Ints, target: float, accuracy: Accuracy, alpha: float, n_refused: int = 0
    ) -> None:
        part = alpha / 5
        miss, refuse = _mistakes(accuracy, part)
        self._all, self._target = size + known, target
        self._taken_wrongly = np.minimum(_missed_before(n_refused, miss, part), known)
        wrong = _grid(size, target)
        self._wrong = wrong
        self._missed = binom.ppf(1 - part / len(size), wrong, miss)
        self._refused = np.maximum(binom.ppf(part / len(size), size[:, None] - wrong, refuse), 0)
        before = np.concatenate([np.zeros((len(size), 1)), wrong[:, :-1] + 1], axis=1)
        least = np.minimum(before, wrong) - self._missed + self._refused
        self._least = np.minimum.accumulate(least[:, ::-1], axis=1)[:, ::-1]

    def allowed(self, found: Ints) -> Ints:
        """Most no's, those found included, with which the masks kept reach the target; -1 where none does."""
        at = np.asarray(found)[..., None]
        spare = (1 - self._target) * (self._all - found) - self._taken_wrongly
        spare = spare[..., None]
        until = np.concatenate([self._least[:, 1:], np.full((len(self._all), 1), np.inf)], axis=1) - 1
        most = spare + at - self._missed + np.maximum(self._refused - at, 0)
        most = np.where(self._wrong <= spare, until, np.minimum(until, most))
        most = np.where(most >= self._least, most, -1.0)
        return np.floor(np.minimum(most.max(axis=-1), self._all) + 1e-9).astype(np.int64)

    def share_right(self, upper: Ints, found: Ints) -> Doubles:
        """Lower bound of the share right in the rest of each prefix if it holds ``upper`` no's, ``(k,)``."""
        at = np.maximum((self._least <= upper[:, None]).sum(axis=1) - 1, 0)
        wrong, missed, refused = (
            x[np.arange(len(at)), at] for x in (self._wrong, self._missed, self._refused)
        )
        left = (
            np.minimum(wrong, upper - found + missed - np.maximum(refused - found, 0)) + self._taken_wrongly
        )
        kept = self._all - found
        return np.where(kept > 0, np.clip(1 - left / np.maximum(kept, 1), 0, 1), 1.0)


def _mistakes(accuracy: Accuracy, alpha: float) -> tuple[float, float]:
    """Upper bound of the chance of a yes to a wrong mask, lower bound of the chance of a no to a right."""
    return 1 - accuracy.specificity_bounds(alpha)[0], 1 - accuracy.sensitivity_bounds(alpha)[1]


def _grid(size: Ints, target: float) -> Doubles:
    """A grid of numbers of wrong masks per prefix, dense near the target, ``(k, g)``."""
    near = min(3 * (1 - target), 1.0)
    share = np.concatenate([np.linspace(0, near, 512), np.linspace(near, 1, 33)[1:]])
    return np.ceil(share * size[:, None] - 1e-9)


def _missed_before(n_refused: int, miss: float, alpha: float) -> float:
    """Most wrong masks answered yes while ``n_refused`` were answered no, for any stopping time.

    For each eta, exp(eta missed - (missed + refused) log(1 - miss + miss e^eta)) is a martingale over the
    wrong masks asked about; alpha is divided among a few values of eta.
    """
    rate = np.log1p(miss * np.expm1(_ETA))
    most = (np.log(len(_ETA) / alpha) + n_refused * rate) / np.maximum(_ETA - rate, 1e-12)
    return float(np.floor(most.min()))
