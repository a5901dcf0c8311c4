"""Label propagation over the predictions of a run: its questions and decisions as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.question import Answers, Outlook, Progress, Question
from ...core.tables.schema import LabeledImages
from .propagation import Propagation
from .rounds import Round, together
from .state.ledger import UNKNOWN, YES, Ledger
from .state.reviewers import Reviewers


class RunPropagation:
    """Label propagation over predictions: a `nbalabel.Propagation` whose rows are rows of a table.

    ``accepted``, ``rejected`` and ``open`` are predictions; accepted ones have the source "propagated" and
    the name of the cluster that decided about them as ``origin``. `nl.propagate` makes one.

    Attributes:
        propagation: the propagation that decides; its rows are positions in `predictions`.
        tables: the dataset that was predicted on, with the pixels; None for predictions without one.
        after: the propagations of earlier rounds.
    """

    def __init__(
        self,
        propagation: Propagation,
        frame: pd.DataFrame,
        tables: LabeledImages | None = None,
        after: tuple[Round, ...] = (),
    ) -> None:
        self.propagation, self.tables, self.after = propagation, tables, after
        self._frame = frame

    @property
    def id(self) -> str:
        """Name of the propagation, and the first part of the origins of its masks; see ``ds.revert``."""
        return self.propagation.id

    @property
    def predictions(self) -> pd.DataFrame:
        """Candidates and predictions known beforehand, indexed by the ids in questions."""
        return self._frame

    @property
    def accepted(self) -> pd.DataFrame:
        """Predictions accepted so far, for ``ds.accept``."""
        return self._decided(self.propagation.accepted)

    @property
    def rejected(self) -> pd.DataFrame:
        """Predictions rejected so far, for ``ds.reject``."""
        return self._decided(self.propagation.rejected)

    @property
    def open(self) -> pd.DataFrame:
        """Candidates without a decision."""
        return self._frame.iloc[self.propagation.open]

    @property
    def rest(self) -> pd.DataFrame:
        """Candidates without a decision, those most likely right first, for ``nl.Review(ws, p.rest)``."""
        return self._frame.iloc[self.propagation.rest]

    @property
    def answers(self) -> pd.DataFrame:
        """Predictions that a person answered for, with a column ``right``; masks known before are not in it.

        Raises:
            DataError: another question was asked than whether masks are right.
        """
        return answers_about(self._frame, self.propagation.standing[1])

    @property
    def n_answers(self) -> int:
        """Number of yes / no answers, those to mixed-in masks included."""
        return self.propagation.n_answers

    @property
    def certificate(self) -> str:
        """The quality that is proved or estimated for the accepted masks, in one sentence."""
        return self.propagation.certificate

    @property
    def together(self) -> str:
        """What is proved about the masks accepted in this and all earlier rounds; "" in a first round."""
        return together([*self.after, self.propagation]) if self.after else ""

    @property
    def reviewers(self) -> Reviewers:
        """How often each annotator was right about honeypots, and agreed with themselves about repeats."""
        return self.propagation.reviewers

    def ask(self) -> Question | None:
        """The open question; see `Propagation.ask`."""
        return self.propagation.ask()

    def tell(
        self, question: Question, answers: Answers, *, annotator: str = "", seconds: float = 0.0
    ) -> None:
        """Answer the question; it is in the journal when this returns; see `Propagation.tell`."""
        self.propagation.tell(question, answers, annotator=annotator, seconds=seconds)

    def skip(self, question: Question) -> None:
        """Skip the question, so that its masks stay open; see `Propagation.skip`."""
        self.propagation.skip(question)

    def finish(self) -> None:
        """End the questions; see `Propagation.finish`."""
        self.propagation.finish()

    def undo(self) -> Question:
        """Undo the last ``tell``, ``skip`` or ``finish``; see `Propagation.undo`."""
        return self.propagation.undo()

    def outlook(self, question: Question, answers: Sequence[bool | None]) -> Outlook:
        """What the answers given so far would lead to; see `Propagation.outlook`."""
        return self.propagation.outlook(question, answers)

    def progress(self) -> Progress:
        """Phase, counts and estimates so far."""
        now = self.propagation.progress()
        return replace(now, together=" ".join(filter(None, [now.together, self.together])))

    def status(self) -> pd.DataFrame:
        """Masks, decisions and answers, one row per label and one for all."""
        return self.propagation.status()

    def clusters(self) -> pd.DataFrame:
        """Clusters examined so far, parents first, with the origin of their masks."""
        table = self.propagation.clusters()
        return table.assign(origin=self.id + "/" + table["label"] + "/" + table["cluster"])

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of predictions known to be right and wrong; see `Propagation.examples`."""
        return self.propagation.examples(n)

    def close(self) -> None:
        """Close the journal file."""
        self.propagation.close()

    def __repr__(self) -> str:
        return f"Run{self.propagation!r}"

    def _repr_html_(self) -> str:
        from ...core.show.card import escape

        return self.propagation._repr_html_() + (f"<p>{escape(self.together)}</p>" if self.after else "")

    def _decided(self, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
        frame = self._frame.iloc[rows]
        source = frame["source"] if "source" in frame else pd.Series("", index=frame.index)
        dtype = source.dtype if isinstance(source.dtype, pd.CategoricalDtype) else None
        return frame.assign(
            source=pd.Categorical(["propagated"] * len(frame), dtype=dtype)
            if dtype is not None
            else "propagated",
            origin=self.propagation.origins(rows),
        )


def answers_about(frame: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """The rows of a frame that a person answered for, with what was said in a column ``right``.

    Args:
        frame: one row per row of the ledger, with image_id, label and mask.
        ledger: what is known about them.
    """
    said = (ledger.answer != UNKNOWN) & (ledger.known == UNKNOWN)
    rows = frame[["image_id", "label", "mask"]][said]
    return rows.assign(right=ledger.answer[said] == YES)
