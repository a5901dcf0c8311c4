"""The interface of a search strategy."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ....core.question import Outlook, Question
from ..state.ledger import Ledger


class Strategy(Protocol):
    """Decides what to ask next and what answers lead to; deterministic, given its seed and the answers."""

    name: str
    n_tests: int  # honeypots wanted in the first questions, where honeypots are mixed in
    guarantees: bool  # whether `lower` is a bound that holds with probability 1 - alpha

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question, at most ``limit`` rows; None when nothing is left to ask."""

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Process answers, which are in ``ledger.answer`` already, and update the decisions."""

    def skipped(self, ledger: Ledger, question: Question) -> None:
        """Ask no more about what this question was about."""

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:
        """What answers (NO, YES or UNKNOWN, one per row of the question) would lead to; changes nothing."""

    def finish(self, ledger: Ledger) -> None:
        """End: no more answers will come, so decide as far as the answers so far allow."""

    @property
    def phase(self) -> str:
        """The phase, one of "search", "audit" or "done"."""

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated share of right masks among the accepted, its lower bound (nan: none), and a sentence."""

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters examined, parents before children: first, last, state (see ``Verifiable.clusters``)."""


@runtime_checkable
class HasTargets(Protocol):
    """A strategy with labels that have a target of their own."""

    @property
    def target_now(self) -> float:
        """The target that the open question is about."""

    def by_label(self, ledger: Ledger) -> dict[str, tuple[float, float]]:
        """Estimated and proved share right of each label with a target of its own."""


class StrategyClass(Protocol):
    """A class that makes a strategy: it takes these arguments, and its own options after them."""

    name: str

    def __call__(
        self, ledger: Ledger, *, target_quality: float, alpha: float, seed: int, **options: Any
    ) -> Strategy:
        """A strategy before its first question."""
