"""How likely images hold anything, from their own predictions and those of similar images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ..runs.run import Run
from .vectors import Floats, vectors

_CHUNK = 2_048
_AMONG = 20_000  # images that the nearest are sought among
_TILE = 128


def objectness(run: Run, neighbours: int = 5) -> pd.DataFrame:
    """How likely something is on each image: the best score on it, and on the images most like it.

    A model that missed an object on one image seldom misses such objects on all similar images.

    Args:
        run: predictions with image embeddings.
        neighbours: number of most similar images (cosine of the centred embeddings) to use, at least 1. Of
            more than 20,000 images they are sought among so many, drawn at random, the same each time.

    Returns:
        One row per image with an embedding, index ``image_id``: ``own``, its best score, 0..1, 0 without
        predictions; ``nearby``, the mean of ``own`` over its neighbours, missing where it is the only image.

    Raises:
        DataError: the run has no image embeddings.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=6, n_test=4, size=96)
        >>> found = objectness(nl.demo.simulated_run(ds))
        >>> list(found), len(found)
        (['own', 'nearby'], 24)
    """
    if neighbours < 1:
        raise DataError(f"neighbours must be at least 1, got {neighbours}")
    ids = run.embeddings.image_ids
    found = vectors(run, ids)
    best = run.predictions.groupby("image_id")["score"].max().reindex(ids).astype(np.float64).fillna(0.0)
    nearby = np.full(len(ids), np.nan)
    if len(ids) > 1:
        nearby = best.to_numpy()[_nearest(found, min(neighbours, len(ids) - 1))].mean(axis=1)
    index = pd.Index(ids, name="image_id")
    return pd.DataFrame({"own": best.to_numpy(), "nearby": nearby}, index=index)


def likely_empty(
    tables: LabeledImages, run: Run, own: float = 0.15, nearby: float = 0.4, neighbours: int = 5
) -> pd.DataFrame:
    """Unlabeled images that seem to hold nothing, most certain first: look them over, then confirm.

        quiet = nl.likely_empty(ds, run)
        ws.select(quiet); nl.Gallery(ws)            # those with something on them: pick, and "clear"
        ds.mark_empty(quiet.index)

    Args:
        tables: a Dataset, a Version or Tables; images of state unlabeled are considered.
        run: predictions on them, with image embeddings.
        own: best score on the image is below this, 0..1.
        nearby: mean best score on its neighbours is below this, 0..1.
        neighbours: as in :func:`objectness`.

    Returns:
        The rows of :func:`objectness`, in ascending order of the sum of the two.

    Raises:
        DataError: the run has no image embeddings.
    """
    seen = quiet(objectness(run, neighbours), own, nearby)
    images = tables.images
    return seen[seen.index.isin(images.index[(images["state"] == "unlabeled").to_numpy()])]


def quiet(seen: pd.DataFrame, own: float, nearby: float) -> pd.DataFrame:
    """The rows of :func:`objectness` below both scores, in ascending order of their sum."""
    found = seen[(seen["own"] < own) & (seen["nearby"].fillna(0.0) < nearby)]
    return found.loc[found.sum(axis=1).sort_values(kind="stable").index]


def _nearest(found: Floats, n: int) -> np.ndarray:
    """Positions of the ``n`` other vectors nearest to each, ``(len(found), n)``, among at most 20,000."""
    among = np.arange(len(found))
    if len(found) > _AMONG:
        among = np.sort(np.random.default_rng(0).choice(len(found), _AMONG, replace=False))
    others = found[among].T
    place = np.full(len(found), -1)
    place[among] = np.arange(len(among))
    out = np.zeros((len(found), n), np.int64)
    for start in range(0, len(found), _CHUNK):
        near = found[start : start + _CHUNK] @ others
        own = place[start : start + _CHUNK]
        near[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf  # not itself
        out[start : start + _CHUNK] = among[_largest(near, n)]
    return out


def _largest(values: Floats, n: int) -> np.ndarray:
    """Positions of the ``n`` largest values of each row, in any order, ``(len(values), n)``.

    They lie in the ``n`` tiles of columns with the largest maxima, so most columns are looked at once.

    Example:
        >>> _largest(np.array([[0.0, 3.0, 1.0]], np.float32), 1).tolist()
        [[1]]
    """
    rows, columns = values.shape
    if columns <= 2 * n * _TILE:
        return np.argpartition(values, columns - n, axis=1)[:, columns - n :]
    full = columns // _TILE * _TILE
    tiles = values[:, :full].reshape(rows, -1, _TILE)
    which = _largest(tiles.max(axis=2), n)
    few = np.take_along_axis(tiles, which[:, :, None], axis=1).reshape(rows, -1)
    place = (which[:, :, None] * _TILE + np.arange(_TILE)).reshape(rows, -1)
    few = np.concatenate([few, values[:, full:]], axis=1)
    place = np.concatenate([place, np.broadcast_to(np.arange(full, columns), (rows, columns - full))], axis=1)
    at = np.argpartition(few, few.shape[1] - n, axis=1)[:, few.shape[1] - n :]
    return np.take_along_axis(place, at, axis=1)
