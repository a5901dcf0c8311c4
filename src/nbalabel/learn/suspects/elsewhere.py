"""What is known about suspicions from elsewhere: audits, propagations, and what became of labels since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.decisions.decided import ACCEPTED, REJECTED, decided
from ...core.decisions.same_rows import MASK
from ...core.geometry.masks import rle
from ...core.tables.schema import LabeledImages
from .evidence.pairs import Overlaps

Bools = npt.NDArray[np.bool_]

_SAME = 0.75
"""IoU of a label with what it was below which the old one was wrong: what audits call right."""

_FOUND = 0.5  # IoU of a new label with a prediction from which it is the one that was missing
_OF_MASKS = ("outline", "merged", "split")  # kinds that a new mask settles, however little it differs


@runtime_checkable
class Answered(Protocol):
    """What a person has said about masks: ``nl.audit`` and ``nl.propagate`` return such a thing."""

    @property
    def answers(self) -> pd.DataFrame:
        """Masks with ``image_id``, ``label``, ``mask`` and ``right``, one row per answer."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known from elsewhere.

    Attributes:
        answers: whether something was wrong, by ``suspect_id``: what the ranking learns from.
        settled: ids of the suspicions that are none any more: their label was removed, renamed or redrawn
            since, or what was missing was added.
    """

    answers: pd.Series
    settled: pd.Index


def known_of(
    table: pd.DataFrame,
    before: LabeledImages,
    now: LabeledImages,
    predictions: pd.DataFrame,
    sources: Sequence[Answered],
) -> Known:
    """What answers and edits say about suspicions; an edit counts more than an answer.

    Args:
        table: the suspicions.
        before: the tables that were judged.
        now: the tables as they are now.
        predictions: those that the tables were judged by.
        sources: audits and propagations.
    """
    of_labels = table.dropna(subset="instance_id")
    of_missing = table[(table["kind"] == "missing").to_numpy()]
    of_images = table[(table["kind"] == "state").to_numpy()]
    said = [_said(of_labels, of_missing, before.instances, predictions, source) for source in sources]
    said += [
        _labels_since(of_labels, before, now),
        _missing_since(of_missing, predictions, now, before.instances.index),
        _states_since(of_images, before.images, now.images),
    ]
    what = pd.concat(said)
    known = what.dropna(subset="wrong")
    known = known[~known.index.duplicated(keep="last")]
    return Known(known["wrong"].astype(bool), what.index[what["settled"].to_numpy(bool)].unique())


def _what(ids: pd.Index, wrong: object, settled: bool) -> pd.DataFrame:
    """Rows that say the same of some suspicions: ``wrong`` is True, False or None (not known)."""
    return pd.DataFrame({"wrong": pd.Series([wrong] * len(ids), ids, dtype=object), "settled": settled}, ids)


def _said(
    labels: pd.DataFrame,
    missing: pd.DataFrame,
    instances: pd.DataFrame,
    found: pd.DataFrame,
    source: Answered,
) -> pd.DataFrame:
    """Answers about masks, for the labels and predictions that have the same image, label and mask.

    A yes about one of two masks of one thing is no word about the pair.
    """
    answers = source.answers
    right = dict(zip(_keys(answers), answers["right"].to_numpy(bool).tolist(), strict=True))
    own = _looked_up(labels, "instance_id", instances, right)
    free = _looked_up(missing, "prediction_id", found, right)
    twice = own.index.isin(labels.index[(labels["kind"] == "duplicate").to_numpy()])
    own = own[~(twice & own.to_numpy(bool))]
    wrong = pd.concat([~own.astype(bool), free.astype(bool)]).astype(object)
    return pd.DataFrame({"wrong": wrong, "settled": False})


def _keys(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(zip(*(rows[name].astype(object) for name in MASK), strict=True))


def _looked_up(
    rows: pd.DataFrame, name: str, masks: pd.DataFrame, right: dict[tuple[object, ...], bool]
) -> pd.Series:
    """Answers by ``suspect_id``, for the rows whose mask was asked about."""
    ids = rows[name].astype(np.int64)
    found = [right.get(key) for key in _keys(masks.loc[ids])]
    return pd.Series(found, rows.index, dtype=object).dropna()


def _labels_since(rows: pd.DataFrame, before: LabeledImages, now: LabeledImages) -> pd.DataFrame:
    """What became of labels: those removed, renamed, redrawn or verified since."""
    ids = rows["instance_id"].astype(np.int64)
    on_image = rows["image_id"].isin(now.images.index).to_numpy()
    there = ids.isin(now.instances.index).to_numpy()
    old, new = before.instances.loc[ids[there]], now.instances.loc[ids[there]]
    renamed = _differ(old, new, "label") & old["label"].isin(now.labels).to_numpy()
    changed = _differ(old, new, "mask")
    redrawn = changed.copy()
    masks = [frame["mask"].to_numpy()[changed].tolist() for frame in (old, new)]
    redrawn[changed] = rle.iou_pairs(*masks) < _SAME
    wrong = renamed | redrawn
    touched = changed & ~wrong & rows["kind"].isin(_OF_MASKS).to_numpy()[there]
    verified = ~wrong & ~changed & (new["status"] == "verified").to_numpy()
    verified &= (old["status"] != "verified").to_numpy()
    gone, left = rows.index[~there], rows.index[there]
    return pd.concat(
        [
            _what(left[verified], False, False),
            _what(left[touched], None, True),
            _what(gone[~on_image[~there]], None, True),
            _what(gone[on_image[~there]], True, True),
            _what(left[wrong], True, True),
        ]
    )


def _differ(old: pd.DataFrame, new: pd.DataFrame, name: str) -> Bools:
    a, b = (frame[name].astype(object).to_numpy() for frame in (old, new))
    return np.asarray(a != b, bool)


def _missing_since(
    rows: pd.DataFrame, predictions: pd.DataFrame, now: LabeledImages, old: pd.Index
) -> pd.DataFrame:
    """What became of predictions without label: accepted, drawn by hand, or rejected since."""
    found = predictions.loc[rows["prediction_id"].astype(np.int64)]
    rejected = getattr(now, "rejected", None)
    decision = np.zeros(len(found), np.int32)
    if rejected is not None and len(found):
        decision = decided(now.instances, rejected, found)
    new = now.instances[~now.instances.index.isin(old)]
    drawn = _drawn(found, new[new["image_id"].isin(found["image_id"])])
    gone = ~rows["image_id"].isin(now.images.index).to_numpy()
    taken = (drawn | (decision == ACCEPTED)) & ~gone
    return pd.concat(
        [
            _what(rows.index[(decision == REJECTED) & ~taken & ~gone], False, False),
            _what(rows.index[gone], None, True),
            _what(rows.index[taken], True, True),
        ]
    )


def _drawn(found: pd.DataFrame, new: pd.DataFrame) -> Bools:
    """Which predictions share half with a new label of their name, ``(n,)``."""
    out = np.zeros(len(found), bool)
    if len(new) and len(found):
        over = Overlaps.of(found, new)
        names = [frame["label"].astype(object).to_numpy() for frame in (found, new)]
        same = names[0][over.left] == names[1][over.right]
        out[over.left[same & (over.iou >= _FOUND)]] = True
    return out


def _states_since(rows: pd.DataFrame, before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """What became of images whose state is doubted."""
    ids = rows["image_id"].to_numpy(np.int64)
    there = np.asarray(pd.Index(ids).isin(now.index))
    old, new = before["state"].reindex(ids).astype(object), now["state"].reindex(ids).astype(object)
    other = there & (old.to_numpy() != new.to_numpy())
    return pd.concat([_what(rows.index[~there], None, True), _what(rows.index[other], True, True)])
