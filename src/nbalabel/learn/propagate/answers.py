"""Label propagation of answers: a claim about each instance, of which a person says whether it is true."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError
from ...core.percent import at_least
from ...core.question import Progress, Question
from ...core.tables.schema import LabeledImages
from .attributes.claim import Claim
from .attributes.written import answered_by, change_of
from .propagation import Propagation
from .rounds import Round
from .run_propagation import RunPropagation
from .state.ledger import NO, UNKNOWN

Ints = npt.NDArray[np.int64]

_MASK = re.compile(r"\b(m|M)ask(s?)\b")


class AnswerPropagation(RunPropagation):
    """Label propagation of an answer, such as ``sex=f``; ``nl.propagate(ds, question="sex=f")`` makes one.

    Its rows are instances of a dataset; ``ds.apply(p)`` writes the answers of those that are accepted, as one
    change that ``ds.revert(p)`` takes back. Or they are predictions of a run, which are accepted where the
    mask is right and the answer true: ``ds.accept(p.accepted)`` makes instances with the answer.

    Attributes:
        claim: what is claimed: name, kind, values.
        table: "instances" or "predictions": what the ids in questions name.
        instructions: what yes and no mean, for `nl.Verify`.
    """

    def __init__(
        self,
        propagation: Propagation,
        frame: pd.DataFrame,
        claimed: Ints,
        claim: Claim,
        table: str,
        tables: LabeledImages | None,
        after: tuple[Round, ...] = (),
    ) -> None:
        super().__init__(propagation, frame, tables, after)
        self.claim, self.table, self._claimed = claim, table, claimed
        self._before = None if table == "predictions" else frame[claim.name]
        self.instructions = _rules(claim, table)

    @property
    def accepted(self) -> pd.DataFrame:
        """Rows whose claim is accepted so far, with the answer in the column of the attribute."""
        return self._with_answers(super().accepted, self.propagation.accepted)

    @property
    def answers(self) -> pd.DataFrame:
        """There are none about masks.

        Raises:
            DataError: always: what was answered is whether a claim is true, not whether a mask is right.
        """
        raise DataError(f"{self.id} asked about {self.claim.name}, not whether masks are right")

    @property
    def rest(self) -> pd.DataFrame:
        """Rows without a decision, those most likely true first.

        Of instances that lack an answer it has the column ``unanswered`` of ``ds.unanswered()``, so that
        ``nl.Review(ds, p.rest)`` asks for the answer, and not whether the mask is right.
        """
        left = super().rest
        if not self._missing:
            return left
        return left.assign(unanswered=pd.Series(self.claim.name, index=left.index, dtype="str"))

    @property
    def _missing(self) -> bool:
        """Whether an answer is what the rows lack: a label they have, and perhaps others of many options.

        A review of other instances would ask whether their masks are right, and take a no for a wrong mask.
        """
        return self.table == "instances" and self.claim.kind in ("one", "yes/no")

    @property
    def change(self) -> Change:
        """The Change that writes the answers into the dataset as it is now, for ``ds.apply(p)``.

        Of yes / no attributes, an instance answered no gets the other answer. Otherwise a no is no answer. An
        instance whose answer was edited since the question was asked stays as it is.

        Raises:
            DataError: the rows are predictions of a run: ``ds.accept(p.accepted)`` makes instances of them.
        """
        if self.table == "predictions" or self.tables is None:
            raise DataError(
                "these are predictions of a run: ds.accept(p.accepted) makes instances with the answer"
            )
        yes = self.propagation.accepted
        no = self._answered_no if self.claim.kind == "yes/no" else yes[:0]
        values = [*self._values(yes), *(not value for value in self._values(no))]
        rows = np.concatenate([yes, no])
        origins = self.propagation.origins(rows)
        before = self._frame[self.claim.name].iloc[rows]
        return change_of(self.tables, self.claim, before, values, origins, self.id)

    @property
    def shown(self) -> pd.DataFrame:
        """`predictions` with the claimed answer as their label, where it is not the same for all."""
        if self.claim.one:
            return self._frame
        words = np.array(self.claim.words, object)[self._claimed]
        return self._frame.assign(label=pd.Categorical(words, categories=list(self.claim.words)))

    @property
    def mixed(self) -> bool:
        """Whether the open question is about several answers, so that a mask alone is no example."""
        found = super().ask()
        return not self.claim.one and (found is None or not found.label)

    @property
    def asks(self) -> str:
        """The question as a person reads it, such as "sex = f?"."""
        if not self.claim.one:
            return f"{self.claim.name}: is each answer right?"
        right = "Mask right, and " if self.table == "predictions" else ""
        return f"{right}{self.claim.asks[0]}"

    @property
    def certificate(self) -> str:
        """What is proved or estimated of the accepted answers, in one sentence."""
        now = self.propagation.progress()
        if np.isnan(now.lower) or not now.n_accepted or now.together:
            said = self._in_words(self.propagation.certificate)
        else:
            share, sure = at_least(now.target_quality), at_least(1 - now.alpha)
            said = f"At least {share} of the {self._counted(now.n_accepted)}, with probability {sure}."
        n = len(self._answered_no) if self.claim.kind == "yes/no" and self.table == "instances" else 0
        other = "no" if self.claim.values[0] is True else "yes"
        return f"{said} {n:,} answered no by a person: {self.claim.name} = {other}." if n else said

    @property
    def together(self) -> str:
        """What is proved about the answers accepted in this and all earlier rounds; "" in a first round."""
        return self._in_words(super().together)

    def ask(self) -> Question | None:
        """The open question; see `Propagation.ask`."""
        found = super().ask()
        return None if found is None else self._worded(found)

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of rows known to be right and wrong; of the answer that is asked about, where it is one."""
        found = super().examples(len(self._frame))
        question = super().ask()
        if not self.claim.one and question is not None and question.label:
            code = self.claim.names.index(question.label)
            own = set(self._frame.index[self._claimed == code])
            found = {name: [i for i in ids if i in own] for name, ids in found.items()}
        return {name: ids[:n] for name, ids in found.items()}

    def undo(self) -> Question:
        """Undo the last ``tell``, ``skip`` or ``finish``; see `Propagation.undo`."""
        return self._worded(super().undo())

    def progress(self) -> Progress:
        """Phase, counts and estimates so far."""
        now = super().progress()
        now = replace(now, note=self.certificate, together=self._in_words(now.together))
        if self.table == "predictions":
            return now
        rest = now.rest if self._missing else ""
        return replace(now, things="instance", take="ds.apply(p)", rest=rest)

    def __repr__(self) -> str:
        what = self.claim.said[0] if self.claim.one else self.claim.name
        return f"AnswerPropagation({what!r}, {self.propagation!r})"

    def _repr_html_(self) -> str:
        from ...core.show.card import escape

        table = self.status().to_html(na_rep="", float_format="{:.3f}".format)
        said = " ".join(filter(None, [self.certificate, self.together]))
        return f"<div>{escape(repr(self))}<br>{escape(said)}{table}</div>"

    def _with_answers(self, frame: pd.DataFrame, rows: Ints) -> pd.DataFrame:
        values = self._values(rows)
        if self.table == "predictions":
            given = [[value] for value in values] if self.claim.kind == "many" else values
            return frame.assign(**{self.claim.name: pd.Series(given, index=frame.index, dtype=object)})
        return frame.assign(**{self.claim.name: answered_by(self.claim, frame[self.claim.name], values)})

    def _values(self, rows: Ints) -> list[Any]:
        return [self.claim.values[k] for k in self._claimed[rows].tolist()]

    @property
    def _answered_no(self) -> Ints:
        """Rows that a person answered no to."""
        ledger = self.propagation.standing[1]
        return np.flatnonzero((ledger.answer == NO) & (ledger.known == UNKNOWN))

    def _worded(self, question: Question) -> Question:
        label = self.claim.said[0] if self.claim.one else question.label
        asks = self.asks if self.claim.one or not label else f"{self._said(label)}?"
        return replace(question, label=label, asks=asks, why=self._in_words(question.why))

    def _said(self, name: str) -> str:
        """The words of a claim by its name in origins."""
        return dict(zip(self.claim.names, self.claim.said, strict=True)).get(name, name)

    def _in_words(self, text: str) -> str:
        return (
            text
            if self.table == "predictions"
            else _MASK.sub(lambda m: f"{'I' if m[1] == 'M' else 'i'}nstance{m[2]}", text)
        )

    def _counted(self, n: int) -> str:
        """The accepted ones and what holds for them: "312 instances answered sex = f are f"."""
        claim = self.claim
        if self.table == "predictions":
            are = f"{claim.said[0]}" if claim.one else f"the answer to {claim.name} is true"
            return f"{n:,} accepted masks are right, and {are}"
        if not claim.one:
            return f"{n:,} accepted answers to {claim.name} are right"
        if claim.kind in ("one", "label"):
            return f"{n:,} instances answered {claim.said[0]} are {claim.words[0]}"
        return f"{n:,} answers {claim.said[0]} are right"


def _rules(claim: Claim, table: str) -> str:
    """What yes and no mean, with the text of the attribute."""
    no = "No: it is something else, or cannot be told. It is then left without an answer."
    if claim.kind == "yes/no":
        no = f"No: {claim.name} = {'no' if claim.values[0] is True else 'yes'}. It is kept as an answer."
    what = claim.said[0] if claim.one else "the answer is right"
    if table == "predictions":
        what = f"the mask covers one whole thing with a close outline, its label fits, and {what}"
        no = "No: one of these is not so."
    return "\n".join(filter(None, [claim.text, f"Yes: {what}.", no]))
