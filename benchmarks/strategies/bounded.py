"""Prove every accepted cluster by itself: another way to a guarantee, to compare with the audit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from nbalabel.core.errors import DataError
from nbalabel.core.question import Outlook, Question
from nbalabel.learn.propagate.audit.bounds import lower_bound, upper_bound
from nbalabel.learn.propagate.state.ledger import ACCEPTED, NO, OPEN, REJECTED, UNKNOWN, YES, Ledger
from nbalabel.learn.propagate.state.rivals import suppress

Ints = npt.NDArray[np.int64]

_BASEL = 6 / np.pi**2
_UNLIKELY = 0.02


class Bounded:
    """Accepts a cluster when the bound of its own answers reaches the target.

    Masks of a cluster are drawn uniformly; after every question its anytime-valid bounds decide to accept,
    reject or ask more, and the cluster is split where it is unlikely to pass. Answers count again in the
    parts of a split cluster. Alpha is divided over all clusters beforehand, by size and depth, so that with
    probability 1 - ``alpha`` all accepted clusters reach the target at once, and so does their union. Of
    masks that overlap, only the best is accepted afterwards; the guarantee ignores this removal.

    Args:
        ledger: what is known about the candidates.
        target_quality: share of right masks of each accepted cluster, within 0..1.
        alpha: probability that any accepted cluster falls short.
        seed: seed of the draws.
        n_samples: masks per question.

    Raises:
        DataError: an option is out of its range.

    Source: Waudby-Smith & Ramdas 2020, "Confidence sequences for sampling without replacement".
    """

    name = "bounded"
    n_tests = 0
    guarantees = True

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,
        alpha: float = 0.05,
        seed: int = 0,
        n_samples: int = 15,
    ) -> None:
        if n_samples < 1:
            raise DataError(f"n_samples must be at least 1, got {n_samples}")
        self.target, self.alpha, self.seed, self.n_samples = target_quality, alpha, seed, n_samples
        self.phase = "search"
        self._state = dict.fromkeys(ledger.forest.roots.tolist(), "open")
        self._depth = dict.fromkeys(ledger.forest.roots.tolist(), 0)
        self._gain = {c: self._expected(ledger, c) for c in self._state}
        self._asked = -1

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question: about the cluster with most expected masks per answer."""
        while self._gain and (limit is None or limit > 0):
            cluster = max(self._gain, key=lambda c: self._gain[c])
            rows = self._left(ledger, cluster)
            if not len(rows):
                self._conclude(ledger, cluster)
                continue
            n = min(len(rows), self.n_samples if limit is None else min(limit, self.n_samples))
            drawn = np.random.default_rng((31, self.seed, number)).choice(rows, n, replace=False)
            self._asked = cluster
            start, stop = int(ledger.forest.start[cluster]), int(ledger.forest.stop[cluster])
            why = "Masks that look alike, drawn at random."
            return Question(number, drawn, drawn, "sample", f"{start}-{stop}", "", stop - start, why)
        self.phase = "done"
        return None

    def heard(
        self,
        ledger: Ledger,
        question: Question,  # noqa: ARG002  # it is the current one
        answers: npt.NDArray[np.bool_],  # noqa: ARG002  # they are in the ledger
    ) -> None:
        """Decide about the cluster, or ask more."""
        self._conclude(ledger, self._asked)

    def skipped(self, ledger: Ledger, question: Question) -> None:  # noqa: ARG002
        """Skip the cluster."""
        self._close(self._asked, "skipped")

    def finish(self, ledger: Ledger) -> None:  # noqa: ARG002
        """End; open clusters stay open."""
        self.phase = "done"

    def outlook(
        self,
        ledger: Ledger,
        question: Question,  # noqa: ARG002
        answers: npt.NDArray[np.int8],
    ) -> Outlook:
        """What answers would lead to for the cluster."""
        cluster = self._asked
        yes, no, size = self._counts(ledger, cluster)
        yes, no = yes + int((answers == YES).sum()), no + int((answers == NO).sum())
        low, high = self._bounds(ledger, cluster, yes, yes + no, size)
        outcome = self._outcome(low, high, yes, no)
        return Outlook((yes + 1) / (yes + no + 2), low, high, outcome, {outcome: size})

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated and proved share of right masks among the accepted, and one sentence."""
        weight, mean = 0, 0.0
        for cluster, state in self._state.items():
            if state == "accepted":
                yes, no, size = self._counts(ledger, cluster)
                weight, mean = weight + size, mean + size * (yes + 1) / (yes + no + 2)
        if not weight:
            return np.nan, np.nan, "Nothing is certified so far."
        note = (
            f"At least {self.target:.0%} of each accepted cluster is right, "
            f"for all of them with probability {1 - self.alpha:.0%}."
        )
        return mean / weight, self.target, note

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters examined, with their state."""
        forest = ledger.forest
        return [(int(forest.start[c]), int(forest.stop[c]), state) for c, state in self._state.items()]

    def _conclude(self, ledger: Ledger, cluster: int) -> None:
        yes, no, size = self._counts(ledger, cluster)
        low, high = self._bounds(ledger, cluster, yes, yes + no, size)
        outcome = self._outcome(low, high, yes, no)
        if outcome == "accept":
            self._decide(ledger, cluster, ACCEPTED)
            suppress(ledger)
        elif outcome == "reject" or (outcome == "split" and ledger.forest.children(cluster) is None):
            self._decide(ledger, cluster, REJECTED)
        elif outcome == "split":
            self._close(cluster, "split")
            for child in ledger.forest.children(cluster) or ():
                self._state[child], self._depth[child] = "open", self._depth[cluster] + 1
                self._gain[child] = self._expected(ledger, child)
        else:
            self._gain[cluster] = self._expected(ledger, cluster)

    def _outcome(self, low: float, high: float, yes: int, no: int) -> str:
        if low >= self.target:
            return "accept"
        if yes + no >= self.n_samples and (yes + 1) / (yes + no + 2) <= 1 - self.target:
            return "reject"
        passes = beta.sf(self.target, yes + 1, no + 1)
        return "split" if high < self.target or passes < _UNLIKELY else "more"

    def _bounds(self, ledger: Ledger, cluster: int, yes: int, asked: int, size: int) -> tuple[float, float]:
        share = size / max(ledger.forest.n_rows, 1)
        alpha = self.alpha * share * _BASEL / (self._depth[cluster] + 1) ** 2
        prior = (17.0, 3.0)
        low = float(lower_bound(yes, asked, size, alpha, prior))
        return low, float(upper_bound(yes, asked, size, self.alpha, prior))

    def _expected(self, ledger: Ledger, cluster: int) -> float:
        """Expected number of accepted masks per answer, from the answers and, as a prior, the scores."""
        yes, no, size = self._counts(ledger, cluster)
        rows = ledger.forest.rows(cluster)
        mean = float(ledger.scores[rows].mean())
        passes = beta.sf(self.target, 4 * mean + yes, 4 * (1 - mean) + no)
        return float(size * passes / min(size, 60))

    def _counts(self, ledger: Ledger, cluster: int) -> tuple[int, int, int]:
        rows = ledger.forest.rows(cluster)
        rows = rows[ledger.known[rows] == UNKNOWN]
        said = ledger.answer[rows]
        return int((said == YES).sum()), int((said == NO).sum()), max(len(rows), 1)

    def _left(self, ledger: Ledger, cluster: int) -> Ints:
        rows = ledger.forest.rows(cluster)
        return rows[(ledger.answer[rows] == UNKNOWN) & (ledger.known[rows] == UNKNOWN)]

    def _decide(self, ledger: Ledger, cluster: int, decision: int) -> None:
        rows = ledger.forest.rows(cluster)
        rows = rows[ledger.known[rows] == UNKNOWN]
        start, stop = int(ledger.forest.start[cluster]), int(ledger.forest.stop[cluster])
        ledger.decide(rows[ledger.decision[rows] == OPEN], decision, start, stop)
        self._close(cluster, "accepted" if decision == ACCEPTED else "rejected")

    def _close(self, cluster: int, state: str) -> None:
        self._state[cluster] = state
        self._gain.pop(cluster, None)
