"""Ask about every mask: the baseline against which other strategies save answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError
from ....core.question import Outlook, Question
from ..state.ledger import ACCEPTED, NO, REJECTED, UNKNOWN, YES, Ledger
from ..state.rivals import suppress

Ints = npt.NDArray[np.int64]


class VerifyAll:
    """Asks about every mask, by falling score; each answer decides about its own mask alone.

    Args:
        ledger: what is known about the candidates.
        target_quality: not used: every accepted mask was answered yes.
        alpha: not used.
        seed: not used: nothing is random.
        n_samples: masks per question.
    """

    name = "verify-all"
    n_tests = 0
    guarantees = False

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,  # noqa: ARG002  # every strategy takes it
        alpha: float = 0.05,  # noqa: ARG002
        seed: int = 0,  # noqa: ARG002
        n_samples: int = 15,
    ) -> None:
        if n_samples < 1:
            raise DataError(f"n_samples must be at least 1, got {n_samples}")
        self.n_samples = n_samples
        self.phase = "search"
        self._place = places(ledger)
        rows = np.flatnonzero(ledger.known == UNKNOWN)
        self._left = rows[np.argsort(-ledger.scores[rows], kind="stable")]

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:  # noqa: ARG002
        """The masks with the highest scores that were not asked about yet."""
        rows = self._left[: self.n_samples][:limit]
        if not len(rows):
            return None
        return Question(number, rows, rows, size=len(rows), why="Each answer decides about its own mask.")

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Decide each mask by its answer."""
        decide_alone(ledger, question.rows, answers, self._place)
        self._left = self._left[len(question.rows) :]
        suppress(ledger)

    def skipped(self, ledger: Ledger, question: Question) -> None:  # noqa: ARG002
        """Leave these masks open."""
        self._left = self._left[len(question.rows) :]

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:  # noqa: ARG002
        """How many masks the answers accept and reject."""
        return alone(answers)

    def finish(self, ledger: Ledger) -> None:
        """End; masks not asked about stay open."""
        self.phase = "done"
        suppress(ledger)

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Share 1: every accepted mask was answered yes."""
        n = int((ledger.decision == ACCEPTED).sum())
        return (1.0 if n else np.nan), np.nan, f"{n:,} masks accepted, each answered yes."

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:  # noqa: ARG002
        """Nothing: no clusters are examined."""
        return []


def alone(answers: npt.NDArray[np.int8]) -> Outlook:
    """The outlook where each answer decides about its own mask."""
    yes, no = int((answers == YES).sum()), int((answers == NO).sum())
    mean = (1 + yes) / (2 + yes + no)
    masks = {"accept": yes, "reject": no}
    outcome = "accept" if yes >= no else "reject"
    return Outlook(mean, mean, mean, outcome if yes + no == len(answers) else "more", masks)


def decide_alone(ledger: Ledger, rows: Ints, accepted: npt.NDArray[np.bool_], place: Ints) -> None:
    """Decide each row as a cluster of its own."""
    ledger.decision[rows] = np.where(accepted, ACCEPTED, REJECTED)
    ledger.first[rows], ledger.last[rows] = place[rows], place[rows] + 1


def places(ledger: Ledger) -> Ints:
    """Position of each row in the order of the trees; -1 where it is not in them."""
    place = np.full(len(ledger.scores), -1, np.int64)
    place[ledger.whole.order] = np.arange(ledger.whole.n_rows)
    return place
