"""What is known about the candidates: answers, decisions, and which cluster each decision came from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError
from ...cluster.cell_forest import CellForest
from ...cluster.forest import Forest
from .reviewers import Reviewers
from .standardised import Standardised

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

UNKNOWN, NO, YES = -1, 0, 1
OPEN, ACCEPTED, REJECTED = 0, 1, 2


@dataclass
class Ledger:
    """The candidates and what became of them, row by row; strategies read and write it.

    Attributes:
        features: standardised, ``(n, d)`` float32; of millions of rows when they are looked at.
        scores: 0..1, ``(n,)`` float32.
        labels: label codes, ``(n,)`` int64.
        forest: cluster trees over the rows; of millions of rows those inside cells are made when needed.
        rivals: pairs of rows that overlap, of which at most one may be accepted, ``(k, 2)`` int64.
        known: rows whose answer is known beforehand: NO or YES, else UNKNOWN, ``(n,)`` int8. They get no
            decision and are asked about only as honeypots; thresholds and calibration are learned from them.
        hints: further columns that tell right from wrong, ``(n, h)`` float32; h may be 0.
        answer: the answer of a person: NO, YES or UNKNOWN, ``(n,)`` int8.
        decision: OPEN, ACCEPTED or REJECTED, ``(n,)`` int8.
        first: start of the deciding cluster in the order of the trees, -1 without one, ``(n,)`` int64.
        last: one past its last place, ``(n,)`` int64.
        n_answers: yes / no answers given, repeated ones and honeypots included.
        tested: rows asked as honeypots, ``(n,)`` bool.
        reviewers: how often those who answered were right about honeypots and repeated masks.
    """

    features: Floats | Standardised
    scores: Floats
    labels: Ints
    forest: Forest | CellForest
    rivals: Ints
    known: npt.NDArray[np.int8]
    hints: Floats
    answer: npt.NDArray[np.int8] = field(init=False)
    decision: npt.NDArray[np.int8] = field(init=False)
    first: Ints = field(init=False)
    last: Ints = field(init=False)
    n_answers: int = 0
    tested: npt.NDArray[np.bool_] = field(init=False)
    reviewers: Reviewers = field(init=False, default_factory=Reviewers)

    def __post_init__(self) -> None:
        n = len(self.scores)
        self.answer = np.full(n, UNKNOWN, np.int8)
        self.decision = np.full(n, OPEN, np.int8)
        self.tested = np.zeros(n, np.bool_)
        self.first = np.full(n, -1, np.int64)
        self.last = np.full(n, -1, np.int64)

    @property
    def whole(self) -> Forest:
        """The trees, all clusters of which were made.

        Raises:
            DataError: they are made cluster by cluster.
        """
        if isinstance(self.forest, Forest):
            return self.forest
        raise DataError(
            "this strategy looks at all clusters of the trees, and those given are made where somebody "
            'looks: leave out forest=, or take strategy="certified"'
        )

    def decide(self, rows: Ints, decision: int, first: int, last: int) -> None:
        """Decide about rows because of the cluster ``first-last``; answered rows follow their own answer.

        Args:
            rows: positions.
            decision: ACCEPTED or REJECTED (or OPEN, to undo a decision).
            first: start of the cluster in the order of the trees.
            last: one past its last place.
        """
        said = self.answer[rows]
        self.decision[rows] = decision
        if decision == ACCEPTED:
            self.decision[rows[said == NO]] = REJECTED
        elif decision == REJECTED:
            self.decision[rows[said == YES]] = ACCEPTED
        self.first[rows], self.last[rows] = first, last
