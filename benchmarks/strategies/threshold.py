"""Accept by the score alone: the baseline of label propagation that needs no answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nbalabel.core.question import Outlook, Question
from nbalabel.learn.propagate.state.ledger import ACCEPTED, UNKNOWN, Ledger
from nbalabel.learn.propagate.state.rivals import suppress
from nbalabel.learn.propagate.strategies.verify_all import alone, decide_alone, places


class Threshold:
    """Accepts every mask of a score of at least ``accept``, rejects the others, and asks nothing.

    Args:
        ledger: what is known about the candidates.
        target_quality: default of ``accept``.
        alpha: not used: there is no guarantee.
        seed: not used: nothing is random.
        accept: lowest score that is accepted, 0..1.
    """

    name = "threshold"
    n_tests = 0
    guarantees = False
    phase = "done"

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,
        alpha: float = 0.05,  # noqa: ARG002  # every strategy takes it
        seed: int = 0,  # noqa: ARG002
        accept: float | None = None,
    ) -> None:
        self.accept = target_quality if accept is None else accept
        rows = np.flatnonzero(ledger.known == UNKNOWN)
        decide_alone(ledger, rows, ledger.scores[rows] >= self.accept, places(ledger))
        suppress(ledger)

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:  # noqa: ARG002
        """Nothing is asked."""
        return None

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Nothing is asked."""

    def skipped(self, ledger: Ledger, question: Question) -> None:
        """Nothing is asked."""

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:  # noqa: ARG002
        """Nothing is asked."""
        return alone(answers)

    def finish(self, ledger: Ledger) -> None:
        """All is decided."""

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """The mean score of the accepted masks, as if scores were probabilities."""
        scores = ledger.scores[ledger.decision == ACCEPTED]
        mean = float(scores.mean()) if len(scores) else np.nan
        return mean, np.nan, f"{len(scores):,} masks accepted for their score; nobody looked at any."

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:  # noqa: ARG002
        """Nothing: no clusters are examined."""
        return []
