"""Questions about clusters of masks, and the progress of a propagation.

These values pass between the code that decides what to ask (``learn.propagate``) and the view that shows it
(``widgets.verify``); neither imports the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Answers = Sequence[bool] | npt.NDArray[np.bool_]

KINDS = ("sample", "audit", "known")
OUTCOMES = ("accept", "reject", "split", "more")


@dataclass(frozen=True, eq=False)
class Question:
    """Masks that a person answers yes or no for: is the mask right, that is, IoU >= 0.75 with a perfect mask?

    Attributes:
        number: number of the question in its propagation, from 0.
        rows: positions among the candidates, ``(k,)`` int64, in the order to show them. Known-answer masks
            (honeypots) may be mixed in, and are not marked.
        ids: ids of the same masks in the user's tables: prediction ids, or the positions, ``(k,)`` int64.
        kind: "sample" of one cluster, "audit" of all accepted masks, "known" for a qualification.
        cluster: name of the cluster, "start-stop" in the leaf order of the tree; "" for several clusters.
        label: label of the cluster; "" where there is none or more than one.
        size: number of masks that the answer decides about.
        why: one sentence that explains the question to the person.
        asks: the question itself; "" for "is each mask right?".
    """

    number: int
    rows: Ints
    ids: Ints
    kind: str = "sample"
    cluster: str = ""
    label: str = ""
    size: int = 0
    why: str = ""
    asks: str = ""


@dataclass(frozen=True)
class Outlook:
    """What the answers given so far to one question would mean.

    Attributes:
        estimate: posterior mean of the share of right masks in the cluster (audit: in all accepted), 0..1.
        lower: its lower bound, 0..1.
        upper: its upper bound, 0..1.
        outcome: what would follow from these answers: "accept", "reject", "split", or "more" questions.
        masks: outcome -> number of masks it would decide about; only outcomes that can still occur.
        answers: answers that are expected to be needed beyond these, until the masks under "accept" are
            accepted; 0 where they are, None where nothing is known of it.
    """

    estimate: float
    lower: float
    upper: float
    outcome: str
    masks: dict[str, int]
    answers: int | None = None


@dataclass(frozen=True)
class Progress:
    """Progress of a propagation.

    Attributes:
        strategy: name of the strategy.
        phase: "search", "audit" or "done".
        target_quality: requested share of right masks, 0..1; nan where none is.
        alpha: probability that the statement about the accepted masks is wrong; nan where none is made.
        n_masks: number of candidates.
        n_accepted: masks accepted.
        n_rejected: masks rejected.
        n_open: masks undecided.
        n_answers: yes / no answers given, repeated and known-answer questions included.
        n_questions: questions answered.
        budget: number of answers that may be asked for; None without a limit.
        estimate: estimated share of right masks among the accepted; nan before any is accepted.
        lower: lower bound of that share at confidence 1 - alpha; nan where the strategy gives none yet.
        seconds: time spent looking, the sum of the recorded ``seconds``.
        note: one sentence about the current state.
        curve: answers given and masks accepted after each question, oldest first.
        together: further statements: about labels with a target of their own, about this and all earlier
            rounds; "" where there are none.
        state: of an audit: "open", "holds" or "fails"; "" for a propagation.
        things: what is counted, in the singular: "mask" or "instance".
        take: the cell that takes the result over.
        rest: the cell that goes on with what is left open, one by one; "" where there is none.
    """

    strategy: str
    phase: str
    target_quality: float
    alpha: float
    n_masks: int
    n_accepted: int
    n_rejected: int
    n_open: int
    n_answers: int
    n_questions: int
    budget: int | None
    estimate: float
    lower: float
    seconds: float
    note: str = ""
    curve: tuple[tuple[int, int], ...] = ()
    together: str = ""
    state: str = ""
    things: str = "mask"
    take: str = "ds.accept(p.accepted)"
    rest: str = "nl.Review(ds, p.rest)"


class Verifiable(Protocol):
    """The interface of a propagation that a view uses; ``nl.propagate`` returns an implementation."""

    @property
    def id(self) -> str:
        """Id of the propagation; origins of accepted masks begin with this id."""

    @property
    def predictions(self) -> pd.DataFrame:
        """The candidates with masks, boxes, labels and scores, indexed by the ids of ``Question.ids``."""

    def ask(self) -> Question | None:
        """The open question, the same one until it is answered or skipped; None when done."""

    def tell(
        self, question: Question, answers: Answers, *, annotator: str = "", seconds: float = 0.0
    ) -> None:
        """Record the answers to a question; they are in the journal when this returns."""

    def skip(self, question: Question) -> None:
        """Set the cluster of this question aside without an answer."""

    def undo(self) -> Question:
        """Take back the last tell or skip; returns its question, which is open again."""

    def outlook(self, question: Question, answers: Sequence[bool | None]) -> Outlook:
        """What the answers so far would mean; None in ``answers`` where a mask has no answer yet."""

    def progress(self) -> Progress:
        """Progress of the propagation."""

    def clusters(self) -> pd.DataFrame:
        """Clusters examined so far, parents first, indexed 0..k-1.

        Columns cluster, parent (-1 for roots), label, start, stop, depth, state (open, accepted, rejected,
        split, skipped), n_yes, n_no, estimate.
        """

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of masks known to be right and wrong, ``{"right": [...], "wrong": [...]}``."""
