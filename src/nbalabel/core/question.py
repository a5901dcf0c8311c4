"""What is asked of a person about a cluster of masks, and where the asking stands.

These are the values that pass between whoever decides what to ask (``learn.propagate``) and whoever shows it
(``widgets.verify``); neither knows the other.
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
    """Masks that a person says yes or no to: is the mask right, that is, IoU >= 0.75 with a perfect one?

    Attributes:
        number: counts the questions of a propagation, from 0.
        rows: positions among the candidates, ``(k,)`` int64, in the order to be shown. Known-answer
            questions (honeypots) may be mixed in, and are not marked.
        ids: what a person's tables call them: prediction ids, or the same positions, ``(k,)`` int64.
        kind: "sample" of one cluster, "audit" over all that is accepted, "known" for a qualification.
        cluster: name of the cluster, "first-stop" in the order of the tree; "" for several.
        label: of the cluster; "" where there are none or several.
        size: masks the answer decides about.
        why: one sentence for the person asked.
    """

    number: int
    rows: Ints
    ids: Ints
    kind: str = "sample"
    cluster: str = ""
    label: str = ""
    size: int = 0
    why: str = ""


@dataclass(frozen=True)
class Outlook:
    """What the answers given so far to one question would mean.

    Attributes:
        estimate: posterior mean of the share of right masks in the cluster (audit: in all accepted), 0..1.
        lower: its lower bound, 0..1.
        upper: its upper bound, 0..1.
        outcome: what follows if the question were told so: "accept", "reject", "split", or "more" questions.
        masks: how many masks each outcome would decide about, by outcome; only those that can occur.
    """

    estimate: float
    lower: float
    upper: float
    outcome: str
    masks: dict[str, int]


@dataclass(frozen=True)
class Progress:
    """Where a propagation stands.

    Attributes:
        strategy: its name.
        phase: "search", "audit" or "done".
        target_quality: share of right masks that is asked for, 0..1.
        alpha: chance that the statement about the accepted masks is wrong; nan where none is made.
        n_masks: candidates.
        n_accepted: masks accepted.
        n_rejected: masks rejected.
        n_open: masks undecided.
        n_answers: yes / no answers given, repeated and known-answer questions included.
        n_questions: questions told.
        budget: answers that may be asked for; None without a limit.
        estimate: estimated share of right masks among the accepted; nan before any.
        lower: lower bound of it at 1 - alpha; nan where the strategy gives none yet.
        seconds: spent looking, as told.
        note: one sentence: what holds now.
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


class Verifiable(Protocol):
    """What a view needs of a propagation; ``nl.propagate`` returns one."""

    @property
    def id(self) -> str:
        """Its name; origins of accepted masks begin with it."""

    @property
    def predictions(self) -> pd.DataFrame:
        """The candidates with masks, boxes, labels and scores, indexed by what ``Question.ids`` names."""

    def ask(self) -> Question | None:
        """The question that is open; the same one until it is told or skipped; None when done."""

    def tell(
        self, question: Question, answers: Answers, *, annotator: str = "", seconds: float = 0.0
    ) -> None:
        """Answer it, journaled when this returns."""

    def skip(self, question: Question) -> None:
        """Leave the cluster of this question aside."""

    def undo(self) -> Question:
        """Take the last tell or skip back; returns its question, which is open again."""

    def outlook(self, question: Question, answers: Sequence[bool | None]) -> Outlook:
        """What the answers so far would mean; None where not answered yet."""

    def progress(self) -> Progress:
        """Where it stands."""

    def clusters(self) -> pd.DataFrame:
        """Clusters looked at so far, parents first, indexed 0..k-1.

        Columns cluster, parent (-1 for roots), label, start, stop, depth, state (open, accepted, rejected,
        split, skipped), n_yes, n_no, estimate.
        """

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of masks known to be right and wrong, ``{"right": [...], "wrong": [...]}``."""
