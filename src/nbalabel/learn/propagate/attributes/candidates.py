"""The instances that a question is about, what is claimed of each, and what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.asking.asked import Asking
from ....core.errors import DataError, UnknownNameError, first
from ....core.ontology.ontology import EMPTY, Ontology
from ....core.tables.answers import as_lists
from ....core.tables.names import instead_of
from ....core.tables.schema import LabeledImages
from ..state.ledger import UNKNOWN
from .claim import Claim
from .guesses import chance_of, likeliest
from .looks import Given, looks
from .under import Under

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Known = str | Mapping[int, bool] | pd.Series | None

_MOST_KNOWN = 4_000  # more answers are sampled


@dataclass(frozen=True, eq=False)
class Candidates:
    """The instances that are asked about or known, row by row.

    Attributes:
        claim: what is claimed.
        frame: the instances, by instance id.
        claimed: position of the value claimed of each row among those of the claim, ``(n,)``.
        features: what they look like, ``(n, d)`` float32.
        scores: how likely the claim is of each row, ``(n,)`` float32, 0..1.
        known: whether the claim about it holds: YES, NO or UNKNOWN, ``(n,)`` int8.
        hints: further columns that answers are learned from, ``(n, h)`` float32.
    """

    claim: Claim
    frame: pd.DataFrame
    claimed: Ints
    features: Floats
    scores: Floats
    known: npt.NDArray[np.int8]
    hints: Floats


def candidates(
    tables: LabeledImages,
    claim: Claim,
    *,
    rows: Any,
    labels: Sequence[str] | None,
    features: Given,
    known: Known,
    project: int | None,
    seed: int,
) -> Candidates:
    """Collect the instances that a question is about; see `nbalabel.propagate` for the arguments.

    Raises:
        DataError: no instance lacks the answer, or arguments do not fit.
        UnknownNameError: rows or labels do not exist.
    """
    every = tables.instances
    frame = every[~every["crowd"].to_numpy(bool)].copy(deep=False)
    if claim.kind == "label":
        claim, answers, open_ = _of_labels(tables, frame, claim, _chosen(frame, rows))
    else:
        answers, open_ = _of_attribute(tables, frame, claim, _chosen(frame, rows))
    open_ &= _labeled(frame, labels, tables.labels)
    told = answers.notna().to_numpy() & ~open_
    if claim.kind == "label" and rows is None:
        under = Under.of(_ontology(tables), tables.labels)
        told &= under.left_open(frame["label"], frame["label"][open_]).notna().to_numpy()
    if isinstance(known, Mapping | pd.Series):
        told = _named(frame, known, claim)
        open_ &= ~told
    elif known is None:
        told = np.zeros(len(frame), bool)
    elif known != "labels":
        raise DataError(f"known must be 'labels', ids with True or False, or None, got {known!r}")
    if not open_.any():
        raise DataError(_nobody(claim, rows))
    at = np.sort(np.concatenate([np.flatnonzero(open_), _some(np.flatnonzero(told), seed)]))
    frame, answers, told = frame.iloc[at], answers.iloc[at], told[at]
    seen = looks(
        tables, frame, features, every=every.index, by_label=claim.kind != "label", project=project, seed=seed
    )
    on = frame["image_id"].to_numpy(np.int64)
    if claim.one:
        claimed = np.zeros(len(frame), np.int64)
        holds = _holds(claim, answers, claimed, told, known)
        scores = chance_of(seen.columns, on, holds, seed)
    else:
        codes = np.where(told, claim.codes(answers), -1)
        allowed = _allowed(tables, claim, frame, told, rows)
        claimed, scores = likeliest(seen.columns, on, codes, allowed, claim.name, seed)
        holds = _holds(claim, answers, claimed, told, known)
    return Candidates(claim, frame, claimed, seen.vectors, scores, holds, seen.hints)


def asked_of(tables: LabeledImages, rows: pd.DataFrame, claim: Claim) -> Bools:
    """Which predictions an attribute is asked of, ``(n,)``.

    Other attributes that its condition names are not answered yet, so that no prediction meets it.
    """
    ontology = _ontology(tables)
    images = tables.images
    there = images.loc[pd.Index(rows["image_id"]).unique()]
    lacking = [name for name in ontology.instances if name not in rows]
    answered = tables.instances
    empty = {name: pd.Series(pd.array([pd.NA] * len(rows)), rows.index) for name in lacking}
    empty = {name: column.astype(answered[name].dtype) for name, column in empty.items()}
    return Asking(ontology, there, rows.assign(**empty)).of("instances", claim.name)


def _of_attribute(
    tables: LabeledImages, frame: pd.DataFrame, claim: Claim, chosen: Bools | None
) -> tuple[pd.Series, Bools]:
    """The answers, missing where there are none, and which rows are open."""
    asking = Asking(_ontology(tables), tables.images, frame)
    answers, open_ = asking.shown("instances", claim.name), asking.missing("instances", claim.name)
    if chosen is None:
        return answers, open_
    if claim.kind == "many":  # of rows that were named, those with other options are asked, too
        has = [x is not None and claim.values[0] in x for x in as_lists(answers)]
        open_ = asking.of("instances", claim.name) & ~np.array(has, bool)
    return answers, open_ & chosen


def _of_labels(
    tables: LabeledImages, frame: pd.DataFrame, claim: Claim, chosen: Bools | None
) -> tuple[Claim, pd.Series, Bools]:
    """The claim, the labels as answers, and which rows are open."""
    under = Under.of(_ontology(tables), tables.labels)
    if not claim.one:
        claim = replace(claim, values=under.finest)
    answers = under.answers(frame["label"], claim.values)
    if chosen is not None:
        has = (answers == claim.values[0]).to_numpy(bool) if claim.one else np.zeros(len(frame), bool)
        return claim, answers, chosen & ~has
    return claim, answers, answers.isna().to_numpy() & under.may_be(frame["label"], claim.values).any(axis=1)


def _allowed(
    tables: LabeledImages, claim: Claim, frame: pd.DataFrame, told: Bools, rows: Any
) -> npt.NDArray[np.bool_]:
    """Which values may be claimed of each row, ``(n, k)``: labels below its own, or below one beside it."""
    if claim.kind != "label" or rows is not None:
        return np.ones((len(frame), len(claim.values)), bool)
    under = Under.of(_ontology(tables), tables.labels)
    return under.may_be(under.left_open(frame["label"], frame["label"][~told]), claim.values)


def _holds(
    claim: Claim, answers: pd.Series, claimed: Ints, told: Bools, known: Known
) -> npt.NDArray[np.int8]:
    if isinstance(known, Mapping | pd.Series):
        said = pd.Series(known, dtype=bool).reindex(answers.index)
        return np.where(told, said.fillna(False).astype(bool), UNKNOWN).astype(np.int8)
    return np.where(told, claim.true_of(answers, claimed), UNKNOWN).astype(np.int8)


def _named(frame: pd.DataFrame, known: Mapping[int, bool] | pd.Series, claim: Claim) -> Bools:
    """Rows whose answer is given, ``(n,)``."""
    if not claim.one:
        raise DataError(f"known= says whether one answer is right, and {claim.name!r} claims several")
    said = pd.Series(known, dtype=bool)
    lost = said.index[~said.index.isin(frame.index)]
    if len(lost):
        raise UnknownNameError(f"known names instances that are not there: {first(lost)}")
    return frame.index.isin(said.index)


def _chosen(frame: pd.DataFrame, rows: Any) -> Bools | None:
    """The rows that are named; None where none are."""
    if rows is None:
        return None
    if isinstance(rows, str):
        rows = frame.query(rows)
    if isinstance(rows, pd.Series) and rows.dtype == bool:
        return rows.reindex(frame.index, fill_value=False).to_numpy(bool)
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(np.asarray(rows, np.int64))
    lost = ids[~ids.isin(frame.index)]
    if len(lost):
        raise UnknownNameError(f"rows name instances that are not there, or crowds: {first(lost)}")
    return frame.index.isin(ids)


def _labeled(frame: pd.DataFrame, labels: Sequence[str] | None, there: tuple[str, ...]) -> Bools:
    if labels is None:
        return np.ones(len(frame), bool)
    unknown = [name for name in labels if name not in there]
    if unknown:
        raise UnknownNameError(f"there is no label {first(unknown)}; {instead_of(unknown[0], there)}")
    return frame["label"].isin(labels).to_numpy()


def _nobody(claim: Claim, rows: Any) -> str:
    what = claim.said[0] if claim.one else claim.name
    if rows is not None:
        return (
            f"none of these rows can be asked whether {what}: they have the answer, or are not asked for one"
        )
    if claim.kind != "label":
        return (
            f"no instance lacks an answer to {claim.name!r}, or none is asked for it: "
            f"ds.unanswered('instances', {claim.name!r}) lists those that do"
        )
    return (
        f"no instance has a label that leaves open whether {what}: ds.define(label, parent='fish') says "
        "which labels a fish may have, or name the instances with rows="
    )


def _some(at: Ints, seed: int) -> Ints:
    """At most 4,000 of the rows, at random."""
    return at if len(at) <= _MOST_KNOWN else np.random.default_rng(seed).permutation(at)[:_MOST_KNOWN]


def _ontology(tables: LabeledImages) -> Ontology:
    found: Ontology = getattr(tables, "ontology", EMPTY)
    return found
