"""What a search strategy is."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ....core.question import Outlook, Question
from ..state.ledger import Ledger


class Strategy(Protocol):
    """Decides what to ask next and what answers mean; deterministic, given its seed and what was told."""

    name: str
    n_tests: int  # known masks wanted in its first questions, where honeypots are mixed in
    guarantees: bool  # whether `lower` is a bound that holds with probability 1 - alpha

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question, at most ``limit`` rows; None when nothing is left to ask."""

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Take in answers (already in ``ledger.answer``) and decide what follows from them."""

    def skipped(self, ledger: Ledger, question: Question) -> None:
        """Leave what this question was about aside."""

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:
        """What answers (NO, YES or UNKNOWN, one a row of the question) would mean; changes nothing."""

    def finish(self, ledger: Ledger) -> None:
        """No more questions will be told (budget spent): decide as far as what is known allows."""

    @property
    def phase(self) -> str:
        """Where it is: "search", "audit" or "done"."""

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated share of right masks among the accepted, its lower bound (nan: none), one sentence."""

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters looked at, parents before children: first, last, state (see ``Verifiable.clusters``)."""


class StrategyClass(Protocol):
    """What makes a strategy: a class with these arguments, and options of its own behind them."""

    name: str

    def __call__(
        self, ledger: Ledger, *, target_quality: float, alpha: float, seed: int, **options: Any
    ) -> Strategy:
        """A strategy at its beginning."""
