"""Features of a prediction, from which its IoU is predicted."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.masks.perimeter import perimeters
from ...core.tables.of_images import sizes_of
from ..embed.pooling import Embeddings
from ..embed.reducers import Pca
from .neighbours import Rivals

Floats = npt.NDArray[np.float64]

GROUPS = ("confidence", "size", "shape", "rivals", "label", "embedding", "agreement")
"""Groups of columns; agreement is used only where it is given."""

_AXES = 16  # of the embeddings; 8 and 32 did no better on the benchmark's runs
_SAMPLE = 20_000
_FAR = 4.0  # most standard deviations of a scaled column


@dataclass(frozen=True, eq=False)
class Features:
    """Columns of all predictions, without gaps.

    Attributes:
        columns: ``(n, d)`` float32, of which the first is the log-odds of the score.
        notes: what was missing, one sentence each.
    """

    columns: npt.NDArray[np.float32]
    notes: tuple[str, ...]


def features(
    predictions: pd.DataFrame,
    images: pd.DataFrame,
    embeddings: Embeddings,
    agreement: pd.Series | None = None,
    *,
    groups: Collection[str] = GROUPS,
    seed: int = 0,
) -> Features:
    """Describe predictions.

    The axes of the embeddings are principal components of all predictions; no instance is used for them.

    Args:
        predictions: a predictions table, see ``core.tables.schema``.
        images: their images, with ``height`` and ``width``.
        embeddings: of the predictions; rows that are missing or not finite take the mean.
        agreement: how far a prediction is found again in other views, 0..1, by prediction id; None leaves it
            out, and so does a group without it.
        groups: which of :data:`GROUPS` to use; the score is always used.
        seed: seed of the 20,000 predictions that the axes are fitted on where there are more.

    Raises:
        DataError: an image is missing, or agreement is out of range.
        UnknownNameError: there is no such group.
    """
    unknown = [name for name in groups if name not in GROUPS]
    if unknown:
        raise UnknownNameError(f"no features are called {first(unknown)}; there are {', '.join(GROUPS)}")
    sizes = _sizes(predictions, images)
    score = np.clip(predictions["score"].to_numpy(np.float64), 1e-3, 1 - 1e-3)
    notes: list[str] = []
    describe: dict[str, Callable[[], Floats]] = {
        "size": lambda: _size(predictions, sizes),
        "shape": lambda: _shape(predictions, sizes),
        "rivals": lambda: _rivals(predictions, score),
        "label": lambda: _label(predictions),
        "embedding": lambda: _embedding(predictions, embeddings, seed, notes),
        "agreement": lambda: _agreement(predictions, agreement, notes),
    }
    parts = [np.log(score / (1 - score))[:, None]]
    parts += [make() for name, make in describe.items() if name in groups]
    return Features(np.concatenate(parts, axis=1).astype(np.float32), tuple(notes))


def scaled(columns: npt.NDArray[np.floating]) -> Floats:
    """Columns of mean 0 and standard deviation 1, cut off at four; constant ones become 0, ``(n, d)``."""
    table = np.asarray(columns, np.float64)
    table = table - table.mean(axis=0)
    return np.clip(table / np.maximum(table.std(axis=0), 1e-9), -_FAR, _FAR)


def _sizes(predictions: pd.DataFrame, images: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Height and width of each prediction's image, ``(n, 2)``."""
    known = predictions["image_id"].isin(images.index)
    if not known.all():
        lost = predictions["image_id"][~known].unique()
        raise DataError(
            f"the tables lack {len(lost)} of the images predicted on: {first(lost)}; pass the tables that "
            "the run was made on, or newer ones of the same dataset"
        )
    return sizes_of(images, predictions["image_id"])


def _size(predictions: pd.DataFrame, sizes: npt.NDArray[np.int64]) -> Floats:
    area = predictions["area"].to_numpy(np.float64)
    return np.column_stack([np.log1p(area), np.log((area + 1) / sizes.prod(axis=1))])


def _shape(predictions: pd.DataFrame, sizes: npt.NDArray[np.int64]) -> Floats:
    """Elongation, share of the box that the mask fills, and raggedness of the edge."""
    area = np.maximum(predictions["area"].to_numpy(np.float64), 1)
    w, h = (predictions[name].to_numpy(np.float64) for name in ("w", "h"))
    long = np.log((np.maximum(w, h) + 1) / (np.minimum(w, h) + 1))
    edge = perimeters(predictions["mask"], sizes[:, 0])
    return np.column_stack([long, area / np.maximum(w * h, 1), np.log((edge + 1) / np.sqrt(area))])


def _rivals(predictions: pd.DataFrame, score: Floats) -> Floats:
    on_image = predictions.groupby("image_id")["image_id"].transform("size").to_numpy(np.float64)
    return np.column_stack([*Rivals.of(predictions).columns(score).values(), np.log(on_image)])


def _label(predictions: pd.DataFrame) -> Floats:
    codes = predictions["label"].cat.codes.to_numpy()
    n = len(predictions["label"].cat.categories)
    return np.eye(n)[codes] if n > 1 else np.zeros((len(codes), 0))


def _embedding(
    predictions: pd.DataFrame, embeddings: Embeddings, seed: int, notes: list[str]
) -> npt.NDArray[np.float64]:
    rows = embeddings.instances(predictions.index)
    known = np.flatnonzero(np.isfinite(rows).all(axis=1)) if rows.shape[1] else np.zeros(0, np.int64)
    if len(known) < len(rows):
        n = len(rows) - len(known)
        notes.append("the run has no embeddings" if not len(known) else f"{n} predictions have no embedding")
    if not len(known):
        return np.zeros((len(rows), 0))
    some = np.random.default_rng(seed).permutation(known)[:_SAMPLE]
    pca = Pca.fit(rows[some], min(_AXES, rows.shape[1]))
    out = np.zeros((len(rows), len(pca.axes)))
    out[known] = pca.transform(rows[known])
    return out


def _agreement(
    predictions: pd.DataFrame, agreement: pd.Series | None, notes: list[str]
) -> npt.NDArray[np.float64]:
    if agreement is None:
        return np.zeros((len(predictions), 0))
    given = agreement.reindex(predictions.index).to_numpy(np.float64)
    known = ~np.isnan(given)
    if not known.any() or not ((given[known] >= 0) & (given[known] <= 1)).all():
        raise DataError(
            "agreement must hold a number in 0..1 for the run's predictions, by prediction id, as "
            f"nbalabel.agreement gives it; got {int(known.sum())} numbers for {len(given)} predictions"
            + (f", {given[known].min():.3g} to {given[known].max():.3g}" if known.any() else "")
        )
    if not known.all():
        notes.append(f"{int((~known).sum())} predictions have no agreement")
    return np.where(known, given, given[known].mean())[:, None]
