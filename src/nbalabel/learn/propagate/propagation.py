"""Ask about a few masks, record the answers, and derive decisions about all other masks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, HistoryError, UnknownNameError, first
from ...core.question import Answers, Outlook, Progress, Question
from ...core.tables.names import instead_of
from ...engine.run import On
from ..cluster.cell_forest import CellForest
from ..cluster.forest import Forest
from ..embed.vectors import Vectors
from ..runs.run import libraries, new_id
from .in_cells import in_cells
from .replay.course import Course, Setup, as_answers
from .replay.journal import Journal
from .replay.timeline import Past
from .reports import cluster_table, status_table
from .state.inputs import Inputs, Known
from .state.ledger import ACCEPTED, NO, OPEN, REJECTED, UNKNOWN, YES, Ledger
from .state.reviewers import Reviewers
from .strategies.protocol import HasTargets, Strategy, StrategyClass
from .strategies.registry import check, name_of
from .trees import Elsewhere, forest_of

Ints = npt.NDArray[np.int64]


class Propagation:
    """Label propagation over the masks of any model: a few answers decide about whole clusters.

    ``ask`` returns a question, ``tell`` takes the answers; ``accepted`` and ``rejected`` hold the decisions
    at any time. The state follows from the inputs, the seed and the recorded answers, so `undo` is exact and
    the journal is enough to resume after a crash.

    Args:
        features: features of each mask, ``(n, d)`` numbers; they are standardised. Of more than 500,000 masks
            they are read a part at a time, and float16 stays what it is (see docs/propagation.md).
        scores: score of each mask, ``(n,)``, 0..1.
        labels: label of each mask, a name or code, ``(n,)``; None where there is only one label.
        strategy: "certified" (default), "paper" (= "score"), "bfs", "dfs", "dfs-score", "universal" or
            "verify-all"; or a class of your own, see docs/propagation.md.
        target_quality: share of accepted masks that must be right, within 0..1.
        alpha: probability that a guarantee fails.
        budget: most yes / no answers to ask for; None sets no limit. A resumed propagation may get another
            budget.
        seed: seed of all random choices.
        known: masks whose answer is known beforehand, row -> bool, or ``(n,)`` int8 of -1 unknown, 0 wrong, 1
            right. They get no decision: they calibrate the strategy and serve as honeypots.
        rivals: pairs of rows that overlap, ``(k, 2)``: at most one of each pair is accepted.
        hints: further columns that tell right from wrong masks, ``(n, h)`` finite numbers of a standard
            deviation near 1, such as the log-odds of a predicted IoU: what learns from answers uses them,
            clusters do not.
        ids: ids of the rows in questions, ``(n,)`` int64; None takes positions.
        forest: cluster trees over the candidates, in row positions; None builds them.
        journal: journal file. If the file exists, the propagation resumes from it. In a folder (a name
            without a suffix) the file is named after the inputs and arguments, so the same call resumes where
            it stopped, and a different call starts anew. None keeps the journal in memory.
        honeypots: known masks mixed in per mask asked about, 0..1; more at first if the strategy wants them.
        repeats: masks answered before that are mixed in again per mask asked about, 0..1.
        targets: label -> its own target, within 0..1: a statement of its own about the accepted masks of this
            label; all other labels share ``target_quality``. Only for "certified".
        on: where masks are sorted into cells, as for `nl.propagate`.
        folder: where parts are kept meanwhile, as for `nl.propagate`.
        id: name of the propagation, unless the journal holds one; None makes one.
        **options: options of the strategy.

    Raises:
        DataError: arrays do not fit together, hold nan, or numbers are out of range.
        UnknownNameError: there is no such strategy or option.
        HistoryError: the journal belongs to a propagation with other inputs or arguments.

    Source: Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label propagation", ICCV 2021.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> features, right = rng.normal(size=(60, 2)), np.arange(60) < 30
        >>> features[right] += 9
        >>> p = Propagation(features, np.where(right, 0.8, 0.4), strategy="paper")
        >>> while (q := p.ask()) is not None:
        ...     p.tell(q, right[q.rows])
        >>> p.accepted.tolist() == list(range(30)), p.n_answers
        (True, 37)
    """

    def __init__(
        self,
        features: npt.ArrayLike | Vectors,
        scores: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        strategy: str | StrategyClass = "certified",
        target_quality: float = 0.85,
        alpha: float = 0.05,
        budget: int | None = None,
        seed: int = 0,
        known: Known = None,
        rivals: npt.ArrayLike | None = None,
        hints: npt.ArrayLike | None = None,
        ids: npt.ArrayLike | None = None,
        forest: Forest | CellForest | None = None,
        journal: str | Path | None = None,
        honeypots: float = 0.0,
        repeats: float = 0.0,
        targets: Mapping[str, float] | None = None,
        on: On = None,
        folder: str | Path | None = None,
        id: str | None = None,  # noqa: A002  # as the attribute is called
        **options: Any,
    ) -> None:
        check(strategy, options)
        _check_numbers(target_quality, alpha, budget, honeypots, repeats)
        elsewhere = Elsewhere(on, folder)
        features = in_cells(features, strategy, forest, journal)
        self._inputs = Inputs.of(features, scores, labels, known, rivals, hints, ids)
        own = _checked_targets(targets or {}, self._inputs.names, strategy)
        self._setup = Setup(strategy, target_quality, alpha, seed, options, honeypots, repeats, own)
        self.budget = budget
        header = {"id": id or new_id("propagate"), "versions": libraries(), **_arguments(self._setup)}
        header["inputs"] = self._inputs.fingerprint()
        if isinstance(features, Vectors):
            header["tree"] = "cells"
        self._journal = Journal(_file(journal, header), header)
        self.id: str = self._journal.header["id"]
        self._forest = forest_of(self._inputs, forest, self._journal.path, elsewhere, header["inputs"])
        self._past = Past(self._inputs, self._forest, self._setup, budget, self._journal)

    def ask(self) -> Question | None:
        """The open question, the same one until it is answered or skipped; None when done."""
        return self._course.shown.question if self._course.shown else None

    def tell(
        self, question: Question, answers: Answers, *, annotator: str = "", seconds: float = 0.0
    ) -> None:
        """Answer a question; the answers are in the journal when this returns.

        Args:
            question: the open question.
            answers: whether each mask is right, ``(len(question.rows),)`` True or False.
            annotator: who answered.
            seconds: time spent on the question, >= 0.

        Raises:
            HistoryError: this is not the open question.
            DataError: answers or seconds do not fit.
        """
        self._check_open(question)
        said = as_answers(answers, len(question.rows))
        if said is None:
            raise DataError(
                f"question {question.number} takes {len(question.rows)} answers of True or False, got "
                f"{len(answers)}: {first(answers)}"
            )
        if not 0 <= seconds < np.inf:
            raise DataError(f"seconds must be a number >= 0, got {seconds}")
        record = {
            "op": "tell",
            "number": question.number,
            "rows": question.rows.tolist(),
            "answers": "".join("1" if yes else "0" for yes in said),
            "annotator": annotator,
            "seconds": float(seconds),
        }
        self._past.do(record)

    def skip(self, question: Question) -> None:
        """Skip a question; the masks of its cluster stay open.

        Raises:
            HistoryError: this is not the open question.
        """
        self._check_open(question)
        self._past.do({"op": "skip", "number": question.number})

    def finish(self) -> None:
        """End the questions and decide as far as the answers allow. `undo` opens the question again.

        Raises:
            HistoryError: there is no open question.
        """
        if self.ask() is None:
            raise HistoryError("there is no open question: this propagation has ended")
        self._past.do({"op": "finish", "number": self._course.number})

    def undo(self) -> Question:
        """Undo the last ``tell``, ``skip`` or ``finish``; returns its question, which is open again.

        Raises:
            HistoryError: there is nothing to undo.
        """
        self._past.undo()
        question = self.ask()
        assert question is not None
        return question

    def outlook(self, question: Question, answers: Sequence[bool | None]) -> Outlook:
        """What answers to the open question would lead to; None where not answered yet. Changes nothing.

        Raises:
            HistoryError: this is not the open question.
            DataError: there are not as many answers as masks.
        """
        self._check_open(question)
        if len(answers) != len(question.rows):
            raise DataError(
                f"question {question.number} shows {len(question.rows)} masks, got {len(answers)} answers"
            )
        return self._course.outlook(answers)

    @property
    def accepted(self) -> Any:
        """Rows accepted so far, ``(k,)`` int64, ascending."""
        return self._rows(ACCEPTED)

    @property
    def rejected(self) -> Any:
        """Rows rejected so far, ``(k,)`` int64, ascending."""
        return self._rows(REJECTED)

    @property
    def open(self) -> Any:
        """Rows without a decision, ``(k,)`` int64, ascending; rows known beforehand are not included."""
        return self._rows(OPEN)

    @property
    def rest(self) -> Any:
        """Rows without a decision, those most likely right first, ``(k,)`` int64."""
        chance = getattr(self._course.strategy, "chance", self._inputs.scores)
        return self.open[np.argsort(-chance[self.open], kind="stable")]

    @property
    def n_answers(self) -> int:
        """Number of yes / no answers, those to mixed-in masks included."""
        return self._course.ledger.n_answers

    @property
    def forest(self) -> Forest | CellForest:
        """The cluster trees; clusters are named by their positions in its order."""
        return self._forest

    @property
    def reviewers(self) -> Reviewers:
        """How often each annotator was right about honeypots, and agreed with themselves about repeats."""
        return self._course.ledger.reviewers

    @property
    def annotators(self) -> list[str]:
        """Who answered, in the order in which they came; answers taken back do not count."""
        return self._past.annotators

    @property
    def standing(self) -> tuple[Strategy, Ledger]:
        """The strategy and the ledger as they are now, to be read only; `undo` replaces both."""
        return self._course.strategy, self._course.ledger

    @property
    def predictions(self) -> pd.DataFrame:
        """Label and score of every row, indexed by the ids in questions."""
        names = np.array(self._inputs.names, object)[self._inputs.labels]
        index = pd.Index(self._inputs.ids, name="prediction_id")
        return pd.DataFrame({"label": names, "score": self._inputs.scores}, index=index)

    @property
    def certificate(self) -> str:
        """The quality that is proved or estimated for the accepted masks, in one sentence."""
        return self._course.strategy.estimate(self._course.ledger)[2]

    def decided_by(self, row: int) -> str:
        """The origin of a row: the cluster that decided about it; "" for an open row."""
        return str(self.origins(np.array([row]))[0])

    def origins(self, rows: npt.ArrayLike | None = None) -> npt.NDArray[np.object_]:
        """The clusters that decided about rows: ``"{id}/{label}/{first}-{stop}"``, "" for open rows.

        The rows of a cluster are adjacent in the order of the tree, so the clusters below it are ranges
        within ``first-stop``.

        Args:
            rows: positions; None takes the accepted ones.
        """
        ledger, inputs = self._course.ledger, self._inputs
        at = self._rows(ACCEPTED) if rows is None else np.asarray(rows, np.int64)
        side = len(inputs) + 2
        key = (inputs.labels[at] * side + ledger.first[at] + 1) * side + ledger.last[at] + 1
        _, one, which = np.unique(key, return_index=True, return_inverse=True)
        names = [
            f"{self.id}/{inputs.names[inputs.labels[row]] or 'all'}/{ledger.first[row]}-{ledger.last[row]}"
            for row in at[one]
        ]
        return np.where(ledger.decision[at] == OPEN, "", np.array(names, object)[which])

    def progress(self) -> Progress:
        """Phase, counts and estimates so far."""
        course, setup = self._course, self._setup
        estimate, lower, note = course.strategy.estimate(course.ledger)
        count = np.bincount(course.ledger.decision[self._inputs.candidates], minlength=3)
        return Progress(
            strategy=name_of(setup.strategy),
            phase=course.strategy.phase if course.shown else "done",
            target_quality=self._target(),
            alpha=setup.alpha if course.strategy.guarantees else np.nan,
            n_masks=int(count.sum()),
            n_accepted=int(count[ACCEPTED]),
            n_rejected=int(count[REJECTED]),
            n_open=int(count[OPEN]),
            n_answers=course.ledger.n_answers,
            n_questions=course.n_told,
            budget=self.budget,
            estimate=float(estimate),
            lower=float(lower),
            seconds=course.seconds,
            note=note,
            curve=tuple(course.curve),
            together=note if setup.targets and not np.isnan(lower) else "",
        )

    def _target(self) -> float:
        """The target that the open question is about; when done, the lowest of all."""
        course, setup = self._course, self._setup
        if course.shown:
            strategy = course.strategy
            return strategy.target_now if isinstance(strategy, HasTargets) else setup.target_quality
        return min([setup.target_quality, *setup.targets.values()])

    def status(self) -> pd.DataFrame:
        """Masks, decisions and answers, one row per label and one for all."""
        strategy, ledger = self._course.strategy, self._course.ledger
        own = strategy.by_label(ledger) if isinstance(strategy, HasTargets) else {}
        return status_table(ledger, self._inputs, self.progress(), own)

    def clusters(self) -> pd.DataFrame:
        """Clusters examined so far, parents first; see ``core.question.Verifiable.clusters``."""
        return cluster_table(
            self._course.ledger, self._inputs, self._course.strategy.seen(self._course.ledger)
        )

    def examples(self, n: int = 4) -> dict[str, Any]:
        """Ids of masks known to be right and wrong, known ones before answered ones.

        Args:
            n: most ids of each kind.
        """
        ledger = self._course.ledger
        return {
            name: [
                int(self._inputs.ids[row])
                for source in (ledger.known, np.where(ledger.known == UNKNOWN, ledger.answer, UNKNOWN))
                for row in np.flatnonzero(source == code)
            ][:n]
            for name, code in (("right", YES), ("wrong", NO))
        }

    def close(self) -> None:
        """Close the journal file."""
        self._journal.close()

    def __repr__(self) -> str:
        now = self.progress()
        return (
            f"Propagation({self.id!r}, {now.strategy}, {now.phase}: {now.n_accepted:,} accepted, "
            f"{now.n_rejected:,} rejected, {now.n_open:,} open after {now.n_answers:,} answers)"
        )

    def _repr_html_(self) -> str:
        from ...core.show.card import escape

        table = self.status().to_html(na_rep="", float_format="{:.3f}".format)
        return f"<div>{escape(repr(self))}<br>{escape(self.certificate)}{table}</div>"

    def _rows(self, decision: int) -> Ints:
        candidates = self._inputs.candidates
        return candidates[self._course.ledger.decision[candidates] == decision]

    @property
    def _course(self) -> Course:
        return self._past.course

    def _check_open(self, question: Question) -> None:
        now = self.ask()
        if now is not None and now.number == question.number and np.array_equal(now.rows, question.rows):
            return
        state = "none is open: this propagation has ended" if now is None else f"{now.number} is open"
        what = "is not the open one" if now is None or question.number >= now.number else "came before"
        raise HistoryError(f"question {question.number} {what}; {state}. ask() gives the open question")


def _arguments(setup: Setup) -> dict[str, Any]:
    """The setup as a journal's header holds it; options that JSON cannot hold become their repr."""
    said: dict[str, Any] = json.loads(
        json.dumps({**asdict(setup), "strategy": name_of(setup.strategy)}, default=repr, sort_keys=True)
    )
    if not said["targets"]:
        del said["targets"]  # as in journals from before there were any
    return said


def _file(journal: str | Path | None, header: dict[str, Any]) -> Path | None:
    """The journal file; in a folder, a file named after the inputs and arguments."""
    if journal is None or Path(journal).suffix:
        return None if journal is None else Path(journal)
    given = {key: value for key, value in header.items() if key not in ("id", "versions")}
    name = hashlib.blake2b(json.dumps(given, sort_keys=True).encode(), digest_size=8).hexdigest()
    return Path(journal) / f"{name}.jsonl"


def _checked_targets(
    targets: Mapping[str, float], names: tuple[str, ...], strategy: str | StrategyClass
) -> dict[str, float]:
    if targets and name_of(strategy) != "certified":
        raise DataError(
            "labels with a target of their own need strategy='certified', which proves it; "
            f"{name_of(strategy)!r} has one target for all"
        )
    for name, goal in targets.items():
        if name not in names:
            raise UnknownNameError(f"there is no label {name!r}; {instead_of(name, names)}")
        if not _is_share(goal):
            raise DataError(f"the target of {name!r} must be a number between 0 and 1, got {goal!r}")
    return {name: float(goal) for name, goal in targets.items()}


def _is_share(value: object) -> bool:
    return isinstance(value, int | float | np.floating) and bool(0 < value < 1)


def _check_numbers(
    target_quality: float, alpha: float, budget: int | None, honeypots: float, repeats: float
) -> None:
    for name, value, strict in (
        ("target_quality", target_quality, True),
        ("alpha", alpha, True),
        ("honeypots", honeypots, False),
        ("repeats", repeats, False),
    ):
        if not (0 < value < 1 if strict else 0 <= value <= 1):
            raise DataError(f"{name} must lie {'between 0 and 1' if strict else 'within 0..1'}, got {value}")
    if budget is not None and budget < 0:
        raise DataError(f"budget must be a number of answers >= 0, got {budget}")
