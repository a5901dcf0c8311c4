"""Outcomes of predictions, by the instances as they are now; only changed images are judged again.

A prediction is right or wrong only where a person labeled; elsewhere the lack of an instance means nothing:

- *accepted*: a person or a bulk accept made an instance of it, as it is or with another mask or label;
- *true positive*: it was matched to an instance of its label;
- *false positive*: it was not matched, and its image or its region (kind "done") is completely labeled, or an
  instance is at its place, or a person rejected it;
- *not judged*: it was not matched, and its image is unlabeled, or partial with no instance near; or it lies
  on a crowd, which COCO's rules count neither way, or on a region of kind "ignore".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.decisions.decided import ACCEPTED, REJECTED, decided
from ...core.errors import DataError
from ...core.geometry.overlap.masks import Masks
from ...core.id_sets import distinct, union
from ...core.regions.measured import known_pairs, with_unknown
from ...core.regions.of_tables import regions_of
from ...core.tables.arrays import equal, same_buffer, values
from ..metrics.candidates import candidates, masks_of
from ..metrics.match import match_candidates

OUTCOMES = ("true positive", "false positive", "not judged", "accepted")
FOUND = ("found", "missed")
"""What an instance can turn out to be on an image that is labeled all over."""

NEAR = 0.1
"""Mask IoU from which an instance of any label is at the place of a prediction.

Source: D. Bolya et al., TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020,
    https://arxiv.org/abs/2008.08115, whose background threshold it is.
"""

Ints = npt.NDArray[np.int64]
_COLUMNS = {
    "predictions": ("image_id", "label", "mask", "score", "origin"),
    "instances": ("image_id", "label", "mask", "crowd", "origin"),
    "rejected": ("image_id", "label", "mask", "status", "origin"),
    "regions": ("image_id", "label", "mask", "kind"),
}


@dataclass(frozen=True, eq=False)
class Judged:
    """Outcomes of predictions; arrays ``(n,)``, one entry per prediction.

    Attributes:
        codes: index in ``OUTCOMES``, int32.
        iou: best mask IoU with an instance of the same label, float32; NaN where it was compared with none.
        matched: whether it was matched to such an instance.
        matched_id: id of this instance, int64; -1 for none.
        missed: ids of the instances on predicted images without a matched prediction, ascending int64.
        missed_on: their images.
    """

    codes: npt.NDArray[np.int32]
    iou: npt.NDArray[np.float32]
    matched: npt.NDArray[np.bool_]
    matched_id: Ints
    missed: Ints
    missed_on: Ints

    def frame(self, index: pd.Index) -> pd.DataFrame:
        """As a table: outcome, iou, matched, matched_id."""
        columns = {
            "outcome": pd.Categorical.from_codes(self.codes, categories=pd.Index(OUTCOMES, dtype="str")),
            "iou": self.iou,
            "matched": self.matched,
            "matched_id": pd.arrays.IntegerArray(self.matched_id.copy(), self.matched_id < 0),
        }
        return pd.DataFrame(columns, index=index)


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that outcomes depend on, at one moment; frames are shallow copies.

    Attributes:
        predictions: predictions of a run.
        images: images of the dataset.
        instances: of the dataset.
        rejected: of the dataset.
        regions: of the dataset.
        labels: the label list.
        predicted: ids of the images predicted on, int64.
        iou: lowest IoU of a match, in (0, 1].
    """

    predictions: pd.DataFrame
    images: pd.DataFrame
    instances: pd.DataFrame
    rejected: pd.DataFrame
    regions: pd.DataFrame
    labels: tuple[str, ...]
    predicted: Ints
    iou: float

    def on(self, ids: Ints) -> Scene:
        """The part of the scene on some images."""
        cut = {name: getattr(self, name) for name in _COLUMNS}
        cut = {name: frame[frame["image_id"].isin(ids).to_numpy()] for name, frame in cut.items()}
        return replace(self, images=self.images[self.images.index.isin(ids)], **cut)


class Judge:
    """Judges the predictions of a run; later calls judge again only the images that changed."""

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._judged: Judged | None = None

    @property
    def has_judged(self) -> bool:
        """Whether a call judges only what has changed."""
        return self._judged is not None

    def __call__(self, scene: Scene) -> Judged:
        """The outcomes of the predictions now.

        Raises:
            MaskError: masks are malformed, or those of one image differ in size.
        """
        changed = None if self._scene is None else changed_images(self._scene, scene)
        if self._judged is None or changed is None:
            self._judged = judge(scene)
        elif len(changed):
            at = np.flatnonzero(scene.predictions["image_id"].isin(changed))
            self._judged = _put(self._judged, judge(scene.on(changed)), at, changed)
        self._scene = scene
        return self._judged


def judge(scene: Scene) -> Judged:
    """The outcomes of predictions by the instances of a scene.

    Raises:
        MaskError: masks are malformed, or those of one image differ in size.
    """
    rows, labels = scene.predictions, scene.instances
    counted = with_unknown(labels, rows, scene.images, scene.regions, scene.labels)
    masks = masks_of(rows, scene.images), masks_of(counted, scene.images)
    few = rows[["image_id", "label"]].assign(score=rows["score"].fillna(0))
    found = match_candidates(candidates(few, counted, masks=masks), len(rows), scene.iou)
    matched, ignored = found.matched, found.ignored
    whole = known_pairs(rows, scene.images, scene.regions, scene.labels)
    compared = matched | (~ignored & whole)
    unsure = np.flatnonzero(~compared & ~ignored)
    if counted is not labels:
        masks = masks[0], masks_of(labels, scene.images)
    compared[unsure[_near(few, unsure, labels, masks)]] = True
    said = decided(labels, scene.rejected, rows, own=True)
    wrong = ~ignored & (compared | (said == REJECTED))
    codes = np.select([said == ACCEPTED, matched, wrong], [3, 0, 1], 2).astype(np.int32)
    iou = found.iou
    iou[~compared | (said == ACCEPTED)] = np.nan
    ids, on = counted.index.to_numpy(np.int64), counted["image_id"].to_numpy(np.int64)
    missed = found.missed[np.isin(on[found.missed], scene.predicted)]
    matched_id = np.where(matched, np.append(ids, -1)[found.instance], -1)
    return Judged(codes, iou, matched, matched_id, ids[missed], on[missed])


def changed_images(old: Scene, new: Scene) -> Ints | None:
    """Images on which anything that counts differs, ascending; None where all must be judged anew."""
    if old.iou != new.iou or not np.array_equal(old.predicted, new.predicted):
        return None
    if not old.predictions.index.equals(new.predictions.index):
        return None
    parts = [_changed_states(old.images, new.images)]
    for name, columns in _COLUMNS.items():
        part = _changed_rows(getattr(old, name), getattr(new, name), columns)
        if part is None:
            return None
        parts.append(part)
    return union(*parts)


def _changed_states(old: pd.DataFrame, new: pd.DataFrame) -> Ints:
    at = old.index.get_indexer(new.index)
    was = old["state"].array[at[at >= 0]]
    same = equal(was, new["state"].array[at >= 0])
    differ = new.index[at >= 0][~same]
    came, gone = new.index[at < 0], old.index[~old.index.isin(new.index)]
    return np.concatenate([ids.to_numpy(np.int64) for ids in (differ, came, gone)])


def _changed_rows(old: pd.DataFrame, new: pd.DataFrame, names: tuple[str, ...]) -> Ints | None:
    """Images of rows that came, went or changed in some columns; None where the tables cannot be compared."""
    if not (old.index.is_unique and new.index.is_unique):
        return None
    aligned = old.index.equals(new.index)
    at = np.arange(len(new)) if aligned else old.index.get_indexer(new.index)
    here = np.flatnonzero(at >= 0)
    differ = at < 0
    for name in names:
        a, b = values(old[name]), values(new[name])
        if aligned and same_buffer(a, b):
            continue
        if type(a) is not type(b):
            return None
        a, b = (a, b) if aligned else (a.take(at[here]), b.take(here))
        differ[here[~equal(a, b)]] = True
    gone = np.ones(len(old), bool)
    gone[at[here]] = False
    moved = at[differ & (at >= 0)]
    on_old, on_new = old["image_id"].to_numpy(np.int64), new["image_id"].to_numpy(np.int64)
    return union(on_new[differ], on_old[gone], on_old[moved])


def _near(few: pd.DataFrame, at: Ints, labels: pd.DataFrame, masks: tuple[Masks, Masks]) -> Ints:
    """Positions in ``at`` of predictions with an instance of any label at their place, crowds left out."""
    few = few.iloc[at]
    theirs = np.flatnonzero(labels["image_id"].isin(few["image_id"]) & ~labels["crowd"])
    if not len(few) or not len(theirs):
        return np.zeros(0, np.int64)
    labels = labels[["image_id", "label", "crowd"]].iloc[theirs]
    picked = masks[0].picked(at), masks[1].picked(theirs)
    case = candidates(few, labels, same_label=False, minimum=NEAR, masks=picked)
    return distinct(case.found.rows[case.pairs.left])


def _put(known: Judged, part: Judged, at: Ints, images: Ints) -> Judged:
    """Outcomes in which the rows ``at`` and the missed instances of some images are replaced."""
    new: dict[str, Any] = {}
    for name in ("codes", "iou", "matched", "matched_id"):
        new[name] = getattr(known, name).copy()
        new[name][at] = getattr(part, name)
    stays = ~np.isin(known.missed_on, images)
    missed = np.concatenate([known.missed[stays], part.missed])
    order = np.argsort(missed, kind="stable")
    on = np.concatenate([known.missed_on[stays], part.missed_on])
    return Judged(**new, missed=missed[order], missed_on=on[order])


def scene_of(
    predictions: pd.DataFrame, tables: Any, predicted: Ints, iou: float, rejected: pd.DataFrame | None = None
) -> Scene:
    """The scene now: everything that outcomes depend on.

    Args:
        predictions: predictions of a run.
        tables: a Dataset, a Version, Tables or a Snapshot.
        predicted: ids of the images predicted on.
        iou: lowest IoU of a match, in (0, 1].
        rejected: rejected predictions; None takes those of the tables, or none.

    Raises:
        DataError: the tables lack columns.
    """
    found = getattr(tables, "rejected", None) if rejected is None else rejected
    instances, images = tables.instances, tables.images
    found = instances.iloc[:0] if found is None else found
    lacking = [name for name in _COLUMNS["instances"] if name not in instances]
    if lacking or "state" not in images:
        raise DataError(
            f"instances need the columns {', '.join(lacking) or 'of the schema'}, and images a state"
        )
    return Scene(
        predictions.copy(deep=False),
        images.copy(deep=False),
        instances.copy(deep=False),
        found.copy(deep=False),
        regions_of(tables).copy(deep=False),
        tuple(tables.labels),
        np.sort(np.asarray(predicted, np.int64)),
        iou,
    )
