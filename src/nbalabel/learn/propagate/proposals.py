"""Choose the predictions of a run that label propagation works on, and collect what is known about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.overlap.keep_best import overlapping
from ...core.tables.names import instead_of
from ..embed.random_projection import project_features
from ..embed.vectors import Vectors
from ..runs.run import Run
from .hints import hints
from .in_cells import many
from .state.ledger import UNKNOWN

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

RIGHT_IOU = 0.75
"""Lowest IoU with a perfect mask at which a mask is right. Source: Papadopoulos et al., ICCV 2021."""

_RIVAL_IOU = 0.5


@dataclass(frozen=True, eq=False)
class Proposals:
    """The chosen predictions, row by row.

    Attributes:
        frame: the predictions, indexed by prediction id.
        features: ``(n, d)`` float32; of more than 500,000 predictions of a run where they lie.
        scores: score times quality, ``(n,)`` float32, 0..1.
        known: 1 right, 0 wrong, -1 unknown, ``(n,)`` int8.
        hints: columns that tell right from wrong, see `hints`, ``(n, h)`` float32 or float16.
        rivals: pairs of positions whose masks overlap, ``(k, 2)`` int64.
    """

    frame: pd.DataFrame
    features: Floats | Vectors
    scores: Floats
    known: npt.NDArray[np.int8]
    rivals: Ints
    hints: Floats


def proposals(
    of: Run | pd.DataFrame,
    *,
    min_score: float,
    min_area: float,
    labels: Sequence[str] | None,
    features: npt.ArrayLike | pd.DataFrame | None,
    known: str | Mapping[int, bool] | pd.Series | None,
    quality: pd.Series | str | None,
    project: int | None,
    seed: int,
    among: npt.NDArray[np.bool_] | None = None,
) -> Proposals:
    """Choose predictions, and collect what is known about them; see `nbalabel.propagate` for the arguments.

    ``among``, ``(n,)``, leaves out predictions; None leaves out none.

    Raises:
        DataError: columns, embeddings or qualities are missing.
        UnknownNameError: there is no such label.
    """
    frame = of.predictions if isinstance(of, Run) else _checked(of)
    given = None if isinstance(quality, str) else quality
    scores = _scores(frame, given)
    box = frame["w"].to_numpy(np.float64) * frame["h"].to_numpy(np.float64)
    answers = _known(of, frame, known)
    chosen = (scores > min_score) & (box > min_area) & _labeled(frame, labels)
    chosen &= (answers != UNKNOWN) | ~_flag(frame, "matched")
    chosen &= ~_flag(frame, "ignored")
    if among is not None:
        chosen &= among
    at = np.flatnonzero(chosen)
    taken = frame if len(at) == len(frame) else frame.iloc[at]
    vectors = _projected(_features(of, frame, features, at), project, seed)
    told = hints(of, frame, quality)[at]
    return Proposals(taken, vectors, scores[at], answers[at], _rivals_of(taken), told)


def _rivals_of(frame: pd.DataFrame, iou: float = _RIVAL_IOU) -> Ints:
    """Pairs of masks on one image that overlap by more than ``iou``, whatever their labels.

    Args:
        frame: predictions with image_id and mask.
        iou: mask IoU, 0..1.

    Returns:
        Pairs of positions, the smaller first, ``(k, 2)`` int64.
    """
    pairs = overlapping(frame["image_id"], frame["mask"], above=iou)
    once = pairs.left < pairs.right
    return np.column_stack([pairs.left[once], pairs.right[once]])


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    needed = ["image_id", "label", "mask", "score", "w", "h"]
    missing = [name for name in needed if name not in frame]
    if missing:
        raise DataError(f"predictions need the columns {', '.join(missing)}; they have {list(frame.columns)}")
    if not frame.index.is_unique:
        twice = first(frame.index[frame.index.duplicated()])
        raise DataError(f"predictions need unique ids; these occur twice: {twice}")
    return frame


def _scores(frame: pd.DataFrame, quality: pd.Series | None) -> Floats:
    scores = frame["score"].to_numpy(np.float32)
    if quality is None:
        return scores
    found = quality.reindex(frame.index).to_numpy(np.float32)
    bad = ~((found >= 0) & (found <= 1))
    if bad.any():
        raise DataError(
            f"quality must hold a number in 0..1 for every prediction; {int(bad.sum())} of {len(bad)} have "
            f"none: {first(frame.index[bad])}"
        )
    return np.asarray(scores * found, np.float32)


def _labeled(frame: pd.DataFrame, labels: Sequence[str] | None) -> npt.NDArray[np.bool_]:
    if labels is None:
        return np.ones(len(frame), np.bool_)
    names = frame["label"].astype(object)
    there = list(frame["label"].cat.categories) if hasattr(frame["label"], "cat") else list(names.unique())
    unknown = [name for name in labels if name not in there]
    if unknown:
        raise UnknownNameError(f"there is no label {first(unknown)}; {instead_of(unknown[0], there)}")
    return names.isin(labels).to_numpy()


def _flag(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    return frame[name].to_numpy(np.bool_) if name in frame else np.zeros(len(frame), np.bool_)


def _known(
    of: Run | pd.DataFrame, frame: pd.DataFrame, known: str | Mapping[int, bool] | pd.Series | None
) -> npt.NDArray[np.int8]:
    out = np.full(len(frame), UNKNOWN, np.int8)
    if isinstance(known, str):
        if known != "labels":
            raise DataError(f"known must be 'labels', ids with True or False, or None, got {known!r}")
        if isinstance(of, Run) and of.tables is not None:
            on = frame["image_id"].isin(of.measured_ids).to_numpy()
            out[on] = frame["iou"].to_numpy()[on] >= RIGHT_IOU
    elif known is not None:
        said = pd.Series(known, dtype=bool)
        at = frame.index.get_indexer(said.index)
        if (at < 0).any():
            strange = first(x for x in said.index if x not in frame.index)
            raise UnknownNameError(f"known names predictions that are not there: {strange}")
        out[at] = said.to_numpy()
    return out


def _features(
    of: Run | pd.DataFrame, frame: pd.DataFrame, features: npt.ArrayLike | pd.DataFrame | None, at: Ints
) -> Floats | Vectors:
    """Feature vectors of the predictions at positions ``at``."""
    ids = frame.index[at]
    if features is None:
        if not isinstance(of, Run):
            raise DataError(
                f"predictions without a run need features=, ({len(frame)}, d) or a table by prediction id"
            )
        if many(len(at)):
            return _where_they_lie(of, ids)
        vectors = of.embeddings.instances(ids.to_numpy(np.int64))
        lacking = np.isnan(vectors).any(axis=1) if vectors.shape[1] else np.ones(len(ids), np.bool_)
        _check_all_there(of, ids, np.flatnonzero(lacking))
        return vectors
    if isinstance(features, pd.DataFrame):
        return features.reindex(ids).to_numpy(np.float32)
    vectors = np.asarray(features, np.float32)
    if vectors.ndim != 2 or len(vectors) != len(frame):
        raise DataError(f"features must hold one row per prediction, ({len(frame)}, d), got {vectors.shape}")
    return vectors[at]


def _where_they_lie(of: Run, ids: pd.Index) -> Vectors:
    """Embeddings of predictions, not read beyond whether they are numbers."""
    at = of.embeddings.instance_places(ids.to_numpy(np.int64))
    _check_all_there(
        of, ids, np.flatnonzero(at < 0) if of.embeddings.instance.shape[1] else np.arange(len(at))
    )
    found = Vectors(of.embeddings.instance, at)
    lacking = [part.start + np.flatnonzero(np.isnan(found[part]).any(axis=1)) for part in found.parts()]
    _check_all_there(of, ids, np.concatenate(lacking))
    return found


def _check_all_there(of: Run, ids: pd.Index, lacking: Ints) -> None:
    if len(lacking):
        raise DataError(
            f"{of.id} holds no embedding of {len(lacking)} of {len(ids)} predictions: "
            f"{first(ids[lacking])}. model.predict(ds, embed=True) makes them, or give features="
        )


def _projected(vectors: Floats | Vectors, project: int | None, seed: int) -> Floats | Vectors:
    if project is None:
        return vectors
    if project < 1:
        raise DataError(f"project must be a number of dimensions >= 1, got {project}")
    return project_features(vectors[slice(None)] if isinstance(vectors, Vectors) else vectors, project, seed)
