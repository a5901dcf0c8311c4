"""LSUN's method: rounds of answers train a classifier, which decides the masks it is certain about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbalabel.core.errors import DataError
from nbalabel.core.question import Question
from nbalabel.learn.propagate.state.ledger import ACCEPTED, OPEN, REJECTED, UNKNOWN, YES, Ledger
from nbalabel.learn.propagate.state.rivals import suppress
from nbalabel.learn.propagate.strategies.learner import logistic
from nbalabel.learn.propagate.strategies.verify_all import VerifyAll, decide_alone

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_ENOUGH = 20


class Lsun(VerifyAll):
    """Rounds of answers about a pool of masks, a classifier fitted to them, and two cuts of its scores.

    Each round asks about ``n_round`` masks of the pool, drawn at random, and fits a logistic regression on
    features and score to the answers of all rounds. Half of this round's answers set the cuts: masks above
    the upper cut are accepted, with at most ``1 - target_quality`` of the answers there a no; masks below the
    lower cut are rejected, with at most ``lost`` of the right masks there. The masks between are the pool of
    the next round. A pool of at most ``n_round`` masks is asked about completely. An answer decides about its
    own mask, as with `VerifyAll`.

    Args:
        ledger: what is known about the candidates.
        target_quality: see above.
        alpha: not used: there is no guarantee.
        seed: seed of the draws.
        n_samples: masks per question.
        n_round: masks asked about per round.
        lost: share of a round's right masks that may fall below the lower cut, 0..1.
        n_rounds: most rounds; masks that the last one leaves stay open.

    Raises:
        DataError: an option is out of its range.

    Source: Yu et al. 2015, "LSUN: Construction of a large-scale image dataset using deep learning with humans
    in the loop", sections 2.2 and 2.3, with a logistic regression in place of their network.
    """

    name = "lsun"

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,
        alpha: float = 0.05,  # noqa: ARG002  # every strategy takes it
        seed: int = 0,
        n_samples: int = 15,
        n_round: int = 150,
        lost: float = 0.01,
        n_rounds: int = 10,
    ) -> None:
        if n_samples < 1 or n_round < 2 or n_rounds < 1 or not 0 <= lost < 1:
            raise DataError(
                "expected n_samples >= 1, n_round >= 2, n_rounds >= 1 and lost in [0, 1), got "
                f"{n_samples}, {n_round}, {n_rounds} and {lost}"
            )
        super().__init__(ledger, n_samples=n_samples)
        self.target, self.lost = target_quality, lost
        self.n_round, self.n_rounds, self.seed = n_round, n_rounds, seed
        self._round = 0
        self._draw(ledger)

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """Masks of this round that were not asked about yet; the end of a round starts the next."""
        while not len(self._left):
            if self._round >= self.n_rounds or not len(self._pool(ledger)):
                return None
            self._draw(ledger)
        rows = self._left[: self.n_samples][:limit]
        size = len(self._pool(ledger))
        return Question(number, rows, rows, size=size, why=f"From {size:,} masks nobody is sure of yet.")

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Decide each mask by its answer; the end of a round decides about other masks."""
        decide_alone(ledger, question.rows, answers, self._place)
        self._left = self._left[len(question.rows) :]
        if not len(self._left):
            self._cut(ledger)
        suppress(ledger)

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Share of right masks: 1 among the answered ones, the target among the others."""
        taken = ledger.decision == ACCEPTED
        n, n_said = int(taken.sum()), int((taken & (ledger.answer == YES)).sum())
        share = (n_said + self.target * (n - n_said)) / n if n else np.nan
        return share, np.nan, f"{n:,} masks accepted, {n_said:,} of them looked at; no guarantee is stated."

    def _pool(self, ledger: Ledger) -> Ints:
        return np.flatnonzero(
            (ledger.decision == OPEN) & (ledger.known == UNKNOWN) & (ledger.answer == UNKNOWN)
        )

    def _draw(self, ledger: Ledger) -> None:
        rng = np.random.default_rng((self.seed, self._round))
        self._asked = self._left = rng.permutation(self._pool(ledger))[: self.n_round]
        self._round += 1

    def _cut(self, ledger: Ledger) -> None:
        """Decide about the masks that the classifier is certain about."""
        pool = self._pool(ledger)
        asked = self._asked[ledger.answer[self._asked] != UNKNOWN]
        judge = asked[: len(asked) // 2]
        said = np.setdiff1d(np.flatnonzero((ledger.answer != UNKNOWN) | (ledger.known != UNKNOWN)), judge)
        right = np.where(ledger.answer[said] != UNKNOWN, ledger.answer[said], ledger.known[said]) == YES
        if not len(pool) or not len(judge) or right.all() or not right.any():
            return
        chance = _classified(ledger, said, right)
        yes = ledger.answer[judge] == YES
        high = _upper(chance[judge], yes, self.target)
        low = _lower(chance[judge], yes, self.lost)
        for rows, code in (
            (pool[chance[pool] >= high], ACCEPTED),
            (pool[chance[pool] < min(low, high)], REJECTED),
        ):
            decide_alone(ledger, rows, np.full(len(rows), code == ACCEPTED), self._place)


def _classified(ledger: Ledger, rows: Ints, right: npt.NDArray[np.bool_]) -> Doubles:
    """Chance of every row to be right, by logistic regression on features and score."""
    model = logistic(1.0)
    x = np.column_stack([ledger.features, ledger.scores])
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    model.fit(x[rows], right)
    return np.asarray(model.predict_proba(x)[:, 1], np.float64)


def _upper(chance: Doubles, yes: npt.NDArray[np.bool_], target: float) -> float:
    """The lowest cut above which the share of yes reaches the target; inf where none does."""
    order = np.argsort(-chance, kind="stable")
    share = np.cumsum(yes[order]) / np.arange(1, len(yes) + 1)
    good = np.flatnonzero(share >= target)
    return float(chance[order][good[-1]]) if len(good) else np.inf


def _lower(chance: Doubles, yes: npt.NDArray[np.bool_], lost: float) -> float:
    """The highest cut with at most a share of the right masks below it; -inf if too few masks tell."""
    right = np.sort(chance[yes])
    if not len(right):
        return np.inf if len(yes) >= _ENOUGH else -np.inf
    return float(right[int(lost * len(right))])
