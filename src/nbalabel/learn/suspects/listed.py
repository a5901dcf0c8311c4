"""The table of suspicions, from what was judged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.regions.of_tables import codes_of
from ...core.tables.of_images import labeled_all_over
from ..quality.fit import sklearn
from .rehearsal.plant import KINDS
from .work import Judged

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALL = ("missing", *KINDS, "odd", "state")
"""Kinds of suspicions."""

_DUPLICATE = 0.8  # IoU from which two labels are one
_APART = 0.3  # IoU below which they are not
_TWICE = 0.95  # chance that one of two masks of one label is too much
_ODD = 0.98  # rank from which a label is odd
_CLEAR = 0.5  # share of the chance that one kind has, if the kind is clear
_SURE = 0.5  # chance that something is missing on an image from which its state is a suspicion
_NEIGHBOURS = 10

_EVIDENCE = (
    "iou", "boundary_iou", "prediction_score", "predicted_iou", "label_iou", "n_parts", "background",
    "own_chance", "odd",
)  # fmt: skip


def listed(judged: Judged, images: pd.DataFrame, labels: tuple[str, ...]) -> tuple[pd.DataFrame, Floats]:
    """One row per label judged, per prediction without label, and per image whose state may be wrong.

    Returns:
        The table, by ``suspect_id``, the likeliest error first; and per row looks, size and place,
        standardised, for what answers say about others.
    """
    parts = [_of_labels(judged, labels), _of_open(judged, labels), _of_states(judged, images)]
    features = np.concatenate(
        [_features(judged, True), _features(judged, False), np.zeros((len(parts[2]), _WIDTH))]
    )
    table = pd.concat([p for p in parts if len(p)] or parts[:1], ignore_index=True)
    for name in ("instance_id", "prediction_id"):
        table[name] = (
            table[name].astype("Int64") if name in table else pd.array([pd.NA] * len(table), "Int64")
        )
    dtype = pd.CategoricalDtype(list(labels))
    for name in ("label", "guess"):
        table[name] = table[name].astype(object).where(table[name].notna(), None).astype(dtype)
    table["kind"] = pd.Categorical(table["kind"], categories=list(ALL))
    order = np.lexsort((np.arange(len(table)), -table["rank"].to_numpy(), -table["score"].to_numpy()))
    table = table.iloc[order].reset_index(drop=True).rename_axis("suspect_id")
    columns = ["kind", "score", "instance_id", "prediction_id", "image_id", "label", "guess", *_EVIDENCE]
    return table[columns].astype({"score": np.float32}), features[order]


def _of_labels(judged: Judged, labels: tuple[str, ...]) -> pd.DataFrame:
    rows, about = judged.scene.labels, judged.evidence
    value = dict(zip(about.names, about.columns.T.astype(np.float64), strict=True))
    chances = _one_of_two(judged, value["iou"], value["label_iou"])
    total = np.minimum(chances.sum(axis=1), 1)
    kind = np.array(KINDS, object)[chances.argmax(axis=1)]
    odd = _oddness(judged)
    unclear = chances.max(axis=1) < np.maximum(_CLEAR * total, 0.1)
    kind[(odd >= _ODD) & unclear] = "odd"
    found = judged.scene.predictions
    best = about.best
    named = judged.looks.chances[judged.looks.rows(rows), :-1]
    guess = np.array(labels, object)[_guess(judged, named, labels)] if labels else np.full(len(rows), None)
    ids = found.index.to_numpy(np.int64)
    return pd.DataFrame(
        {
            "kind": kind,
            "score": total,
            "rank": chances.sum(axis=1) + value["background"] * 1e-3,
            "instance_id": rows.index.to_numpy(np.int64),
            "prediction_id": pd.array(
                [int(ids[b]) if b >= 0 else pd.NA for b in best.tolist()], dtype="Int64"
            ),
            "image_id": rows["image_id"].to_numpy(np.int64),
            "label": rows["label"].astype(object).to_numpy(),
            "guess": guess,
            "iou": value["iou"],
            "boundary_iou": value["boundary_iou"],
            "prediction_score": value["score"],
            "predicted_iou": value["predicted_iou"],
            "label_iou": value["label_iou"],
            "n_parts": value["n_parts"],
            "background": value["background"],
            "own_chance": value["own_chance"],
            "odd": odd,
        }
    )


def _one_of_two(judged: Judged, iou: Floats, label_iou: Floats) -> Floats:
    """The chances, of duplicates only for the label of the two that fits the predictions worse.

    Two masks of one label that share 0.8 or more are one thing by definition, not by likeness.
    """
    chances, codes = judged.chances.copy(), judged.codes
    at = KINDS.index("duplicate")
    twin = judged.evidence.twin
    paired = (twin >= 0) & (label_iou >= _DUPLICATE)
    other, row = np.maximum(twin, 0), np.arange(len(iou))
    worse = (iou < iou[other]) | ((iou == iou[other]) & (row > other))
    twice = paired & worse & (codes == codes[other])
    chances[paired & ~worse, at] = 0
    chances[~paired & (label_iou < _APART), at] = 0
    chances[twice] *= 1 - _TWICE
    chances[twice, at] = _TWICE
    return chances


def _guess(judged: Judged, named: Floats, labels: tuple[str, ...]) -> Ints:
    """The label that crop and predictions speak for together, per label row."""
    over, found = judged.evidence.parts, judged.scene.predictions
    codes = codes_of(found["label"], labels)[over.right]
    known = np.flatnonzero(codes >= 0)  # a model may know other labels than the tables
    left, codes = over.left[known], codes[known]
    voice = named.copy()
    strength = over.iou[known] * judged.scene.quality[over.right[known], 0]
    np.maximum.at(voice, (left, codes), named[left, codes] + strength)
    return np.asarray(voice.argmax(axis=1), np.int64)


def _of_open(judged: Judged, labels: tuple[str, ...]) -> pd.DataFrame:
    rows = judged.scene.predictions.iloc[judged.open.rows]
    quality = judged.scene.quality[judged.open.rows]
    own = judged.looks.chances[judged.looks.rows(rows)]
    codes = codes_of(rows["label"], labels)
    nothing = np.full(len(rows), np.nan)
    return pd.DataFrame(
        {
            "kind": np.full(len(rows), "missing", object),
            "score": judged.missing,
            "rank": judged.missing + quality[:, 2] * 1e-3,
            "prediction_id": rows.index.to_numpy(np.int64),
            "image_id": rows["image_id"].to_numpy(np.int64),
            "label": rows["label"].astype(object).to_numpy(),
            "guess": rows["label"].astype(object).to_numpy(),
            "iou": judged.open.columns[:, 3],
            "boundary_iou": nothing,
            "prediction_score": quality[:, 0],
            "predicted_iou": quality[:, 1],
            "label_iou": nothing,
            "n_parts": nothing,
            "background": own[:, -1],
            "own_chance": own[np.arange(len(rows)), np.maximum(codes, 0)],
            "odd": nothing,
        }
    )


def _of_states(judged: Judged, images: pd.DataFrame) -> pd.DataFrame:
    """Images that are said to be complete or empty, though something is probably missing there."""
    on = judged.scene.predictions["image_id"].to_numpy(np.int64)[judged.open.rows]
    free = pd.Series(np.log1p(-np.minimum(judged.missing, 1 - 1e-6)), index=on).groupby(level=0).sum()
    chance: pd.Series = 1 - free.map(np.exp)
    chance = chance[(chance >= _SURE).to_numpy() & labeled_all_over(images.reindex(chance.index))]
    out = pd.DataFrame(
        {"kind": "state", "score": chance.to_numpy(), "rank": chance.to_numpy(), "image_id": chance.index}
    )
    return out.assign(**dict.fromkeys(_EVIDENCE, np.nan), label=None, guess=None)


_SHAPES = ("log_area", "long", "centre_x", "centre_y")
_AXES = 12
_WIDTH = len(_SHAPES) + _AXES


def _features(judged: Judged, of_labels: bool) -> Floats:
    """Looks, size and place, each of unit variance over the labels, ``(n, 16)``."""
    from .evidence.of_open import NAMES as OPEN_NAMES

    about = judged.evidence
    own, known = about.columns.astype(np.float64), about.names
    names = [*_SHAPES, *(f"axis_{i}" for i in range(_AXES))]
    usual = own[:, [known.index(n) for n in names]]
    rows = usual
    if not of_labels:
        rows = judged.open.columns.astype(np.float64)[:, [OPEN_NAMES.index(n) for n in names]]
    centre, spread = usual.mean(axis=0), np.maximum(usual.std(axis=0), 1e-6)
    return (rows - centre) / spread


def _oddness(judged: Judged) -> Floats:
    """How far each label lies from its neighbours of the same label, as a rank 0..1 within the label."""
    features, codes = _features(judged, True), judged.codes
    out = np.zeros(len(codes))
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        k = min(_NEIGHBOURS, len(rows) - 1)
        if k < 1:
            continue
        near = sklearn("neighbors", "odd labels are found").NearestNeighbors(n_neighbors=k + 1)
        distance = near.fit(features[rows]).kneighbors(features[rows])[0][:, -1]
        out[rows] = pd.Series(distance).rank(pct=True).to_numpy()
    return out
