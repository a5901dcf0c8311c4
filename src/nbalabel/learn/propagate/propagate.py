"""Label propagation over the predictions of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ...engine.run import On
from ..cluster.cell_forest import CellForest
from ..cluster.forest import Forest
from ..runs.run import Run
from .answers import AnswerPropagation
from .claimed import answers_of
from .propagation import Propagation
from .proposals import proposals
from .rounds import Round, earlier, no_promise, share_of_alpha
from .run_propagation import RunPropagation
from .strategies.protocol import StrategyClass
from .strategies.registry import name_of, promises


def propagate(
    run_or_predictions: Run | pd.DataFrame | LabeledImages,
    *,
    question: str | None = None,
    rows: Any = None,
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
    forest: Forest | CellForest | None = None,
    honeypots: float = 0.0,
    repeats: float = 0.0,
    after: Round | Sequence[Round] = (),
    rounds: int | None = None,
    on: On = None,
    folder: str | Path | None = None,
    **options: Any,
) -> RunPropagation:
    """Label thousands of masks, or answer a question about them, by yes or no about some of them.

    Predictions of a score above ``min_score`` and a box larger than ``min_area`` are clustered by label, what
    they look like and their score; a person answers whether a few masks of a cluster are right. Predictions
    matched to an existing instance, and those on crowds, are left out.

    With ``question``, an answer is propagated instead: ``nl.propagate(ds, question="sex=f")`` asks about the
    instances that lack the answer, those that look alike together, and learns from the answers that are there
    (4,000 at most, drawn at random). ``ds.apply(p)`` writes the answers.

    Args:
        run_or_predictions: a Run, or a table of predictions (then ``features`` are needed). With
            ``question``, a Dataset, a Version or Tables; or a Run, of which predictions are accepted that
            have a right mask and the answer.
        question: "sex=f", "dead=yes", "'net' in damage" or "label=cod" asks about one answer; "sex" or
            "label" claims the likeliest answer of each instance, for which some must be known. An instance
            can be asked for its label if its label has others below it.
        rows: with a question about a dataset, which instances: ids, rows, a True / False column, or a query.
            Those among them that have an answer are not asked, except about another option of an attribute
            that may have many, and about labels. None takes all that are asked and lack the answer.
        strategy: how to search; see `nbalabel.Propagation`.
        target_quality: share of accepted masks that must be right, within 0..1.
        budget: most yes / no answers to ask for; None sets no limit.
        alpha: probability that a guarantee fails; with ``after`` or ``rounds``, that the statement about all
            rounds together fails.
        seed: seed of all random choices.
        min_score: lowest score (times ``quality``), exclusive, 0..1.
        min_area: smallest box, exclusive, pixels of area.
        labels: only these; None takes all. Or label -> target quality: all labels are candidates, each of
            these has a statement of its own, and the others share ``target_quality``. With a question about
            all options, answer -> target quality.
        features: of each prediction, ``(n, d)`` in their order or a table by prediction id; None takes the
            run's embeddings. Of instances, also `nbalabel.Embeddings`; None takes crops of their masks.
        known: "labels": on completely labeled images, a prediction is right where its IoU with an instance is
            at least 0.75; such predictions are no candidates: they calibrate the strategy and serve as
            honeypots. Of a question: the answers that are there. Or a mapping of id to bool; or None.
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
        on: where more than 500,000 masks are sorted into cells of masks that look alike: None is here, a
            number that many processes, a ``dask.distributed.Client`` the workers of its cluster; see
            docs/cluster.md. Questions and decisions are the same wherever it was.
        folder: where parts of that are kept until all are made, so that an interrupted call continues; a
            cluster needs it.
        **options: options of the strategy.

    Returns:
        The propagation: `nl.Verify` shows it, and ``ds.accept(p.accepted)`` takes its result, or, of a
        question about a dataset, ``ds.apply(p)``.

    Raises:
        DataError: the run has no embeddings, or arguments do not fit; nothing is left of ``alpha``; ``on`` is
            a cluster, and there is no ``folder``.
        UnknownNameError: there is no such strategy, option, label, attribute or answer.
    """
    before = earlier(after)
    if before or rounds is not None:
        if not promises(strategy):
            raise DataError(no_promise(f"strategy={name_of(strategy)!r}"))
        alpha = share_of_alpha(alpha, before, rounds)
    targets = labels if isinstance(labels, Mapping) else None
    of = run_or_predictions
    given: dict[str, Any] = {"features": features, "known": known, "project": project, "seed": seed}
    given |= {"labels": None if isinstance(labels, Mapping) else labels}
    few: dict[str, Any] = {"min_score": min_score, "min_area": min_area, "quality": quality}
    if question is None:
        if not isinstance(of, Run | pd.DataFrame):
            raise DataError(
                f"expected a Run or a table of predictions, got {type(of).__name__}: "
                'nl.propagate(model.predict(ds)), or name a question about its instances, question="sex=f"'
            )
        found, claims = proposals(of, **given, **few), None
    else:
        found, claims = answers_of(of, question, rows, given, few)
        targets = None if targets is None else claims.targets(targets)
    propagation = Propagation(
        found.features,
        found.scores,
        found.frame["label"] if claims is None else claims.names,
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
        journal=_folder(of) if journal is True else (journal or None),
        honeypots=honeypots,
        repeats=repeats,
        targets=targets,
        on=on,
        folder=folder,
        **options,
    )
    if claims is None:
        return RunPropagation(propagation, found.frame, getattr(of, "tables", None), before)
    tables = of.tables if isinstance(of, Run) else None if isinstance(of, pd.DataFrame) else of
    table = "predictions" if isinstance(of, Run) else "instances"
    return AnswerPropagation(propagation, found.frame, claims.of_row, claims.claim, table, tables, before)


def _folder(of: Run | pd.DataFrame | LabeledImages) -> Path | None:
    """The folder for the journals of a dataset; each propagation names its own file in it."""
    folder = getattr(getattr(of, "tables", of), "runs_folder", None)
    return None if folder is None else Path(folder) / "propagations"
