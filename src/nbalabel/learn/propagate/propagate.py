"""Label propagation over the predictions of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.question import Answers, Outlook, Progress, Question
from ...core.tables.schema import LabeledImages
from ..cluster.forest import Forest
from ..runs.run import Run
from .propagation import Propagation
from .proposals import Proposals, proposals
from .rounds import Round, earlier, no_promise, share_of_alpha, together
from .state.reviewers import Reviewers
from .strategies.protocol import StrategyClass
from .strategies.registry import name_of, promises


def propagate(
    run_or_predictions: Run | pd.DataFrame,
    *,
    strategy: str | StrategyClass = "certified",
    target_quality: float = 0.85,
    budget: int | None = None,
    alpha: float = 0.05,
    seed: int = 0,
    min_score: float = 0.2,
    min_area: float = 1000,
    labels: Sequence[str] | Mapping[str, float] | None = None,
    features: npt.ArrayLike | pd.DataFrame | None = None,
    known: str | Mapping[int, bool] | pd.Series | None = "labels",
    quality: pd.Series | str | None = "auto",
    project: int | None = None,
    journal: str | Path | bool = True,
    forest: Forest | None = None,
    honeypots: float = 0.0,
    repeats: float = 0.0,
    after: Round | Sequence[Round] = (),
    rounds: int | None = None,
    **options: Any,
) -> RunPropagation:
    """Label thousands of masks by answering yes or no about some of them.

    Predictions of a score above ``min_score`` and a box larger than ``min_area`` are clustered by label, what
    they look like and their score; a person answers whether a few masks of a cluster are right. Predictions
    matched to an existing instance, and those on crowds, are left out.

    Args:
        run_or_predictions: a Run, or a table of predictions (then ``features`` are needed).
        strategy: how to search; see `nbalabel.Propagation`.
        target_quality: share of accepted masks that must be right, within 0..1.
        budget: most yes / no answers to ask for; None sets no limit.
        alpha: probability that a guarantee fails; with ``after`` or ``rounds``, that the statement about all
            rounds together fails.
        seed: seed of all random choices.
        min_score: lowest score (times ``quality``), exclusive, 0..1.
        min_area: smallest box, exclusive, pixels of area.
        labels: only these; None takes all. Or label -> target quality: all labels are candidates, each of
            these has a statement of its own, and the others share ``target_quality``.
        features: of each prediction, ``(n, d)`` in their order or a table by prediction id; None takes the
            run's embeddings.
        known: "labels": on completely labeled images, a prediction is right where its IoU with an instance is
            at least 0.75; such predictions are no candidates: they calibrate the strategy and serve as
            honeypots. Or a mapping of prediction id to bool; or None.
        quality: "auto": where completely labeled images are there to learn it from, the mask IoU that
            `nl.mask_quality` predicts helps to tell right masks from wrong ones. Or a predicted mask IoU by
            prediction id, 0..1; scores are multiplied by it, too. None uses none.
        project: dimensions of a random projection of the features; None keeps them as they are.
        journal: journal file; True puts it beside the runs of the dataset (in memory without a dataset),
            under a name made from all arguments, so that the same call resumes where it stopped; False keeps
            it in memory.
        forest: cluster trees over the candidates, in row positions; None builds them.
        honeypots: known masks mixed in per mask asked about, 0..1; more at first if the strategy wants them.
        repeats: masks answered before that are mixed in again per mask asked about, 0..1.
        after: the propagation of the round before (which knows its own earlier rounds), or several:
            `RunPropagation.together` is then one statement about what was accepted in all of them.
        rounds: rounds that are planned, earlier ones included, which share ``alpha``; None plans no more.
        **options: options of the strategy.

    Returns:
        The propagation: `nl.Verify` shows it, and ``ds.accept(p.accepted)`` takes its result.

    Raises:
        DataError: the run has no embeddings, or arguments do not fit; nothing is left of ``alpha``.
        UnknownNameError: there is no such strategy, option or label.
    """
    before = earlier(after)
    if before or rounds is not None:
        if not promises(strategy):
            raise DataError(no_promise(f"strategy={name_of(strategy)!r}"))
        alpha = share_of_alpha(alpha, before, rounds)
    found = proposals(
        run_or_predictions,
        min_score=min_score,
        min_area=min_area,
        labels=None if isinstance(labels, Mapping) else labels,
        features=features,
        known=known,
        quality=quality,
        project=project,
        seed=seed,
    )
    propagation = Propagation(
        found.features,
        found.scores,
        found.frame["label"],
        strategy=strategy,
        target_quality=target_quality,
        alpha=alpha,
        budget=budget,
        seed=seed,
        known=found.known,
        rivals=found.rivals,
        hints=found.hints,
        ids=found.frame.index.to_numpy(np.int64),
        forest=forest,
        journal=_folder(run_or_predictions) if journal is True else (journal or None),
        honeypots=honeypots,
        repeats=repeats,
        targets=labels if isinstance(labels, Mapping) else None,
        **options,
    )
    return RunPropagation(propagation, found, getattr(run_or_predictions, "tables", None), before)


def _folder(of: Run | pd.DataFrame) -> Path | None:
    """The folder for the journals of a dataset; each propagation names its own file in it."""
    folder = getattr(getattr(of, "tables", None), "runs_folder", None)
    return None if folder is None else Path(folder) / "propagations"


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
        found: Proposals,
        tables: LabeledImages | None = None,
        after: tuple[Round, ...] = (),
    ) -> None:
        self.propagation, self.tables, self.after = propagation, tables, after
        self._frame = found.frame

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
