"""The rows of a propagation of answers: instances of a dataset, or predictions of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.asking.asked import Asking
from ...core.errors import DataError, UnknownNameError
from ...core.ontology.ontology import EMPTY
from ...core.tables.names import instead_of
from ...core.tables.schema import LabeledImages
from ..runs.run import Run
from .attributes.candidates import asked_of, candidates
from .attributes.claim import Claim
from .proposals import RIGHT_IOU, Proposals, proposals
from .state.ledger import UNKNOWN

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Claims:
    """What is claimed of each row.

    Attributes:
        claim: the claim.
        of_row: position of the value claimed of each row, ``(n,)``.
    """

    claim: Claim
    of_row: Ints

    @property
    def names(self) -> npt.NDArray[np.object_]:
        """Name of the claim of each row, which clusters and origins go by, ``(n,)``."""
        return np.array(self.claim.names, object)[self.of_row]

    def targets(self, given: Mapping[str, float]) -> dict[str, float]:
        """Targets of answers by the names of their claims.

        Raises:
            UnknownNameError: there is no such answer.
        """
        by_word = dict(zip(self.claim.words, self.claim.names, strict=True))
        for word in given:
            if word not in by_word:
                raise UnknownNameError(
                    f"no answer to {self.claim.name!r} is {word!r}; {instead_of(word, by_word)}"
                )
        return {by_word[word]: goal for word, goal in given.items()}


def answers_of(
    of: Run | pd.DataFrame | LabeledImages,
    question: str,
    rows: Any,
    given: dict[str, Any],
    few: dict[str, Any],
) -> tuple[Proposals, Claims]:
    """The rows that a question is about; see `nbalabel.propagate`.

    Args:
        of: a dataset or other tables, or a run.
        question: such as "sex=f".
        rows: which instances; None takes all that lack the answer.
        given: labels, features, known, project and seed.
        few: min_score, min_area and quality, of predictions.

    Raises:
        DataError: there is nothing to ask, or arguments do not fit.
        UnknownNameError: attribute, option, label or rows do not exist.
    """
    if isinstance(of, Run):
        return _of_run(of, question, rows, given, few)
    if isinstance(of, pd.DataFrame):
        raise DataError(
            "a question is asked about the instances of a dataset or the predictions of a Run, got a table: "
            "nl.propagate(ds, question=..., rows=table) asks about some instances"
        )
    claim = Claim.of(question, getattr(of, "ontology", EMPTY), of.labels)
    found = candidates(of, claim, rows=rows, **given)
    none = np.zeros((0, 2), np.int64)  # instances do not rule each other out
    made = Proposals(found.frame, found.features, found.scores, found.known, none, found.hints)
    return made, Claims(found.claim, found.claimed)


def _of_run(
    run: Run, question: str, rows: Any, given: dict[str, Any], few: dict[str, Any]
) -> tuple[Proposals, Claims]:
    """Predictions of which the mask is right and the answer true."""
    if run.tables is None:
        raise DataError(
            f"{run.id} holds no tables, which have the attributes: Run.load(folder, ds) gives them"
        )
    claim = Claim.of(question, getattr(run.tables, "ontology", EMPTY), run.tables.labels)
    if claim.kind == "label":
        raise DataError(
            "whether a prediction has the right label is what nl.propagate(run) asks, of some labels with "
            "labels=['cod']; question='label=...' asks about instances: give it the dataset"
        )
    if not claim.one:
        raise DataError(
            f"of a run ask about one answer, question='{claim.name}={claim.words[0]}'; all options of "
            f"{claim.name} can be asked about instances: give it the dataset"
        )
    if rows is not None:
        raise DataError(
            "rows= names instances of a dataset; of a run, labels=, min_score= and min_area= choose"
        )
    if given["known"] == "labels":
        given = {**given, "known": _known(run, run.tables, claim)}
    found = proposals(run, **given, **few, among=asked_of(run.tables, run.predictions, claim))
    if not (found.known == UNKNOWN).any():
        raise DataError(
            f"no prediction is left to ask whether {claim.said[0]}: they are matched to instances "
            "(nl.propagate(ds, question=...) asks about those), below min_score or min_area, or the "
            f"condition of {claim.name} is not met"
        )
    return found, Claims(claim, np.zeros(len(found.frame), np.int64))


def _known(run: Run, tables: LabeledImages, claim: Claim) -> pd.Series:
    """Predictions on labeled images and on answered instances: whether mask and answer are right."""
    frame = run.predictions
    answers = Asking(getattr(tables, "ontology", EMPTY), tables.images, tables.instances).shown(
        "instances", claim.name
    )
    at = frame["matched_id"].fillna(-1).astype(np.int64)
    at = at.where(at.isin(answers.index), -1)
    met = (at >= 0).to_numpy()
    holds = np.full(len(frame), UNKNOWN, np.int8)
    holds[met] = claim.true_of(answers.loc[at[met]], np.zeros(int(met.sum()), np.int64))
    close = frame["iou"].to_numpy() >= RIGHT_IOU
    measured = frame["image_id"].isin(run.measured_ids).to_numpy()
    right = close & (holds == 1)
    wrong = (holds == 0) | (measured & ~close)
    return pd.Series(right[right | wrong], index=frame.index[right | wrong])
