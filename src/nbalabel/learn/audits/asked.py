"""An audit under way: questions, answers, and what they say about the set."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.certificate import Certificate, Ints, Prints
from ...core.errors import DataError
from ...core.question import Answers, Outlook, Progress, Question
from ...core.tables.schema import LabeledImages
from ..propagate.propagation import Propagation
from ..propagate.run_propagation import answers_about
from ..propagate.state.ledger import NO, UNKNOWN, Ledger
from ..propagate.state.reviewers import Reviewers
from .rows import Rows
from .sampling import Sample
from .shares import Bounds, Counts, bounds_of, rest_of
from .statements import MASKS, Words, rest_statement, statement


@dataclass(frozen=True, eq=False)
class Facts:
    """What a certificate says besides the answers; see `core.certificate.Certificate`."""

    name: str
    what: str
    rules: str
    rows: Ints
    prints: Prints
    version: str | None
    dirty: bool
    words: Words = MASKS


class Audit:
    """A set of masks of which some are asked about; `nl.audit` makes one, `nl.Verify` shows it.

    Attributes:
        table: "instances" or "predictions": what the ids of the rows name.
        tables: the dataset with the pixels; None for a bare table of masks.
        instructions: what counts as right, for `nl.Verify`.
    """

    def __init__(
        self, propagation: Propagation, rows: Rows, facts: Facts, tables: LabeledImages | None
    ) -> None:
        self._propagation, self._rows, self._facts = propagation, rows, facts
        self.table, self.tables = rows.table, tables
        self.instructions = facts.rules

    @property
    def id(self) -> str:
        """Name of the audit."""
        return self._propagation.id

    @property
    def name(self) -> str:
        """Name of the set."""
        return self._facts.name

    @property
    def predictions(self) -> pd.DataFrame:
        """All rows that can be asked about, masks of known answer included, by the ids in questions."""
        return self._rows.frame

    @property
    def rows(self) -> pd.DataFrame:
        """The set that the statement is about, as it was when the audit began."""
        return self._rows.set

    @property
    def state(self) -> str:
        """One of "open", "holds" (the target is reached) and "fails" (it is not).

        Each of the last two is wrong with probability alpha at most. An estimate is always open.
        """
        return self._bounds.state

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound of the share of right masks, 0..1, true at all times with 1 - alpha.

        With a target, the interval ends there once it is reached or missed.
        """
        return self._bounds.interval

    @property
    def statement(self) -> str:
        """What is known now, in a sentence or two."""
        sample = self._sample
        fallible = sample.accuracy(self._ledger) is not None
        return statement(self._counts, self._bounds, sample.alpha, fallible=fallible, words=self._facts.words)

    @property
    def certificate(self) -> str:
        """The statement, and what holds once the masks answered wrong are removed."""
        return " ".join(filter(None, [self.statement, self._rest]))

    @property
    def wrong(self) -> pd.DataFrame:
        """Rows of the set that were answered wrong, to be corrected or removed."""
        return self._rows.frame[self._answered(NO)]

    @property
    def answers(self) -> pd.DataFrame:
        """Masks that were answered for, with a column ``right``; mixed-in masks are not in it.

        Raises:
            DataError: the audit is about tiles, not masks.
        """
        if self._facts.words is not MASKS:
            raise DataError(f"{self.name} asked about {self._facts.words.things}, not about masks")
        return answers_about(self._rows.frame, self._ledger)

    @property
    def remaining(self) -> float:
        """Lower bound of the share right, 0..1, once all rows of `wrong` are removed from the set."""
        sample = self._sample
        return rest_of(self._counts, self._bounds, sample.alpha, sample.accuracy(self._ledger))

    @property
    def strata(self) -> pd.DataFrame:
        """What is known of each value of ``by``, in columns rows, asked, wrong, estimate, lower, upper.

        All intervals together are true with probability 1 - alpha: each takes an equal part of it.
        """
        sample, ledger, names = self._sample, self._ledger, self._rows.names
        table = []
        for code in range(len(names)):
            counts = sample.counts(ledger, code)
            low, high = bounds_of(counts, sample.alpha / len(names), None, sample.accuracy(ledger)).interval
            share = counts.yes / counts.asked if counts.asked else np.nan
            table.append((counts.size, counts.asked, counts.no, share, low, high))
        columns = ["rows", "asked", "wrong", "estimate", "lower", "upper"]
        return pd.DataFrame(table, columns=columns, index=pd.Index(names, name="stratum"))

    @property
    def n_answers(self) -> int:
        """Number of yes / no answers, those to mixed-in masks included."""
        return self._propagation.n_answers

    @property
    def reviewers(self) -> Reviewers:
        """How often each annotator was right about honeypots, and agreed with themselves about repeats."""
        return self._propagation.reviewers

    def ask(self) -> Question | None:
        """The open question, the same one until it is answered; None when the audit has ended."""
        return self._propagation.ask()

    def tell(
        self, question: Question, answers: Answers, *, annotator: str = "", seconds: float = 0.0
    ) -> None:
        """Answer the question; it is in the journal when this returns; see `Propagation.tell`."""
        self._propagation.tell(question, answers, annotator=annotator, seconds=seconds)

    def skip(self, question: Question) -> None:
        """End the audit: without these masks, the others would be no random sample. `undo` goes back."""
        self._propagation.skip(question)

    def finish(self) -> None:
        """End the audit with what is known."""
        self._propagation.finish()

    def undo(self) -> Question:
        """Take back the last ``tell``, ``skip`` or ``finish``; returns its question, which is open again."""
        return self._propagation.undo()

    def outlook(self, question: Question, answers: Sequence[bool | None]) -> Outlook:
        """What the answers so far would mean; None in ``answers`` where a mask has no answer yet."""
        return self._propagation.outlook(question, answers)

    def progress(self) -> Progress:
        """Counts and bounds so far; right masks count as accepted, wrong ones as rejected."""
        target = self._sample.target
        return replace(
            self._propagation.progress(),
            target_quality=np.nan if target is None else target,
            note=self.certificate,
            state=self.state,
        )

    def clusters(self) -> pd.DataFrame:
        """An empty table: an audit has no clusters."""
        return self._propagation.clusters()

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of masks known to be right and wrong, ``{"right": [...], "wrong": [...]}``."""
        return self._propagation.examples(n)

    def to_certificate(self, name: str | None = None) -> Certificate:
        """What is known now, for ``ds.certify(a)`` to keep.

        Args:
            name: name of the set; None takes that of the audit.

        Raises:
            DataError: nothing was answered yet.
        """
        if not self.n_answers:
            raise DataError(f"nothing was answered yet of {self.name}: nl.Verify(a) asks")
        facts, sample = self._facts, self._sample
        wrong = self.wrong.index.to_numpy(np.int64) if facts.words.mended else np.zeros(0, np.int64)
        low, high = self.interval
        return Certificate(
            name=name or facts.name,
            what=facts.what,
            made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            who=", ".join(filter(None, self._propagation.annotators)),
            n_rows=len(self.rows),
            n_answers=self.n_answers,
            target=np.nan if sample.target is None else sample.target,
            alpha=sample.alpha,
            lower=low,
            upper=high,
            statement=self.statement,
            rest=self._rest,
            rest_lower=self.remaining if self._rest else np.nan,
            version=facts.version or "",
            dirty=facts.dirty,
            table=self.table,
            rows=facts.rows,
            prints=facts.prints,
            wrong=wrong,
            id=self.id,
        )

    def close(self) -> None:
        """Close the journal file."""
        self._propagation.close()

    def __repr__(self) -> str:
        low, high = self.interval
        known = f"{low:.1%} to {high:.1%} right after {self.n_answers:,} answers"
        return f"<Audit {self.name}: {self.state}, {known}>"

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        facts = [("state", self.state), ("known", self.statement)]
        if self._rest:
            facts.append(("then", self._rest))
        table = self.strata.to_html(float_format="{:.3f}".format) if len(self._rows.names) > 1 else ""
        return card(self.name, facts, extra_html=table)

    @property
    def _rest(self) -> str:
        return rest_statement(self._counts, self.remaining, self._sample.alpha, self._facts.words)

    @property
    def _sample(self) -> Sample:
        return cast(Sample, self._propagation.standing[0])

    @property
    def _ledger(self) -> Ledger:
        return self._propagation.standing[1]

    @property
    def _bounds(self) -> Bounds:
        return self._sample.bounds

    @property
    def _counts(self) -> Counts:
        return self._sample.counts(self._ledger)

    def _answered(self, code: int) -> npt.NDArray[np.bool_]:
        ledger = self._ledger
        return (ledger.answer == code) & (ledger.known == UNKNOWN)
