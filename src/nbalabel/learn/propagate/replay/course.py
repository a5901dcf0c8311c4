"""State of a propagation: ledger, strategy, open question. Undo rebuilds it from the journal."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ....core.question import Answers, Outlook
from ...cluster.cell_forest import CellForest
from ...cluster.forest import Forest
from ..state.inputs import Inputs
from ..state.ledger import ACCEPTED, NO, UNKNOWN, YES, Ledger
from ..strategies.protocol import StrategyClass
from ..strategies.registry import make
from .mixing import HONEYPOT, OWN, WRONG, Mixing, Shown

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Setup:
    """The arguments of a propagation, apart from the candidates; see `nbalabel.Propagation`."""

    strategy: str | StrategyClass
    target_quality: float
    alpha: float
    seed: int
    options: dict[str, Any]
    honeypots: float = 0.0
    repeats: float = 0.0
    targets: dict[str, float] = field(default_factory=dict)


class Course:
    """The ledger, the strategy and the open question; all follow from the inputs and the recorded answers.

    Args:
        inputs: the candidates.
        forest: cluster trees of the candidates.
        setup: the other arguments of the propagation.
        limit: answers that may be asked for; None without a limit.

    Attributes:
        ledger: what is known about the candidates.
        strategy: the search strategy.
        shown: the open question; None when done.
        number: number of the open question: how many were answered or skipped before it.
        n_told: questions answered.
        seconds: time spent on questions.
        curve: answers given and masks accepted after each question answered.
    """

    def __init__(self, inputs: Inputs, forest: Forest | CellForest, setup: Setup, limit: int | None) -> None:
        self.inputs, self.setup = inputs, setup
        self.ledger = Ledger(
            inputs.features, inputs.scores, inputs.labels, forest, inputs.rivals, inputs.known, inputs.hints
        )
        self.strategy = make(
            setup.strategy,
            self.ledger,
            target_quality=setup.target_quality,
            alpha=setup.alpha,
            seed=setup.seed,
            options=setup.options,
            targets=setup.targets,
            names=inputs.names,
        )
        self._mixing = Mixing(setup.honeypots, setup.repeats, setup.seed)
        self.number, self.n_told, self.seconds = 0, 0, 0.0
        self.curve: list[tuple[int, int]] = []
        self.shown: Shown | None = None
        self.limit = limit
        self._advance()

    def copy(self) -> Course:
        """An independent copy; immutable parts are shared."""
        fixed = [self.inputs, self.setup, self.ledger.forest]
        fixed += [getattr(self.inputs, part.name) for part in fields(Inputs)]
        return copy.deepcopy(self, {id(one): one for one in fixed})

    def tell(self, answers: Bools, annotator: str, seconds: float, limit: int | None) -> None:
        """Apply answers to the open question.

        Args:
            answers: one per row shown.
            annotator: who answered.
            seconds: time spent on the question.
            limit: answers that may be asked for after these.
        """
        shown = self._shown()
        self._note(shown, answers, annotator)
        own = shown.what == OWN
        said = np.asarray(answers[own], np.bool_)
        self.ledger.answer[shown.own.rows] = said
        self.ledger.n_answers += len(answers)
        self.seconds += seconds
        self.n_told += 1
        self.strategy.heard(self.ledger, shown.own, said)
        self.curve.append((self.ledger.n_answers, int((self.ledger.decision == ACCEPTED).sum())))
        self._go_on(limit)

    def skip(self, limit: int | None) -> None:
        """Skip the open question."""
        self.strategy.skipped(self.ledger, self._shown().own)
        self._go_on(limit)

    def finish(self) -> None:
        """End the questions."""
        self.strategy.finish(self.ledger)
        self.number += 1
        self.shown = None

    def outlook(self, answers: Sequence[bool | None]) -> Outlook:
        """What answers to the open question would lead to."""
        shown = self._shown()
        codes = np.array([UNKNOWN if a is None else (YES if a else NO) for a in answers], np.int8)
        return self.strategy.outlook(self.ledger, shown.own, codes[shown.what == OWN])

    def _go_on(self, limit: int | None) -> None:
        self.number += 1
        self.limit = limit
        self._advance()

    def _advance(self) -> None:
        """Find the next question; if there is none, or no budget is left, finish the strategy."""
        limit, self.shown = self.limit, None
        question = None
        if limit is None or limit > 0:
            question = self.strategy.next(self.ledger, self.number, limit)
        if question is None:
            self.strategy.finish(self.ledger)
            return
        labels = np.unique(self.inputs.labels[question.rows])
        if len(labels) == 1 and not question.label and question.kind == "sample":
            question = replace(question, label=self.inputs.names[labels[0]])
        room = None if limit is None else limit - len(question.rows)
        share = getattr(self.strategy, "wrong_tests", WRONG)  # which honeypots teach a strategy most
        mixing = replace(self._mixing, wrong=share)
        self.shown = mixing.mix(question, self.ledger, self.inputs.ids, room, self.strategy.n_tests)

    def _note(self, shown: Shown, answers: Bools, annotator: str) -> None:
        """Record how the reviewer answered the mixed-in masks."""
        reviewers = self.ledger.reviewers
        for at in np.flatnonzero(shown.what != OWN).tolist():
            row, yes = int(shown.question.rows[at]), bool(answers[at])
            if shown.what[at] == HONEYPOT:
                self.ledger.tested[row] = True
                reviewers.tell(annotator, right=bool(self.ledger.known[row] == YES), yes=yes)
            else:
                reviewers.repeat(annotator, agreed=yes == bool(self.ledger.answer[row] == YES))

    def _shown(self) -> Shown:
        assert self.shown is not None
        return self.shown


def as_answers(answers: Answers, n: int) -> Bools | None:
    """Answers as an array; None where they are not ``n`` values of True and False."""
    values = list(answers)
    if len(values) != n or not all(isinstance(value, bool | np.bool_) for value in values):
        return None
    return np.array(values, np.bool_)
