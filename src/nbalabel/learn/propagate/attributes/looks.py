"""What instances look like: vectors for clusters, and columns that answers are learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError, first
from ....core.tables.schema import LabeledImages
from ...embed.pooling import Embeddings
from ...embed.random_projection import project_features
from ...quality.features import features, scaled
from ...suspects.crops.axes import spread
from ...suspects.crops.cut import cut
from ...suspects.crops.describe import describe

Floats = npt.NDArray[np.float32]
Given = npt.ArrayLike | pd.DataFrame | Embeddings | None

_SHAPE = 0.5  # standard deviation of the columns of size, shape and label


@dataclass(frozen=True, eq=False)
class Looks:
    """What instances look like, row by row.

    Attributes:
        vectors: what clusters are made of, ``(n, d)`` float32.
        hints: size, shape and label, ``(n, h)`` float32 of a standard deviation of 0.5.
        columns: all that is known of a row, for a classifier, ``(n, m)`` float32.
    """

    vectors: Floats
    hints: Floats
    columns: Floats


def looks(
    tables: LabeledImages,
    frame: pd.DataFrame,
    given: Given,
    *,
    every: pd.Index,
    by_label: bool,
    project: int | None,
    seed: int,
) -> Looks:
    """Describe instances by crops of their masks, or by vectors that are given.

    Args:
        tables: tables whose images are read.
        frame: the instances.
        given: vectors of the instances: a table by instance id, embeddings, or ``(len(every), d)``; None cuts
            crops.
        every: ids of all instances of the tables, the order of an array.
        by_label: whether the label is one of the columns.
        project: dimensions of a random projection of the vectors; None keeps them.
        seed: seed of the axes and of the projection.

    Raises:
        DataError: vectors are missing.
    """
    groups = ("size", "shape", "label") if by_label else ("size", "shape")
    described = features(frame.assign(score=0.5), tables.images, Embeddings.none(), groups=groups)
    hints = np.asarray(_SHAPE * scaled(described.columns[:, 1:]), np.float32)
    if given is None:
        on = frame["image_id"].to_numpy(np.int64)
        raw = describe(*cut(tables, on, list(frame["mask"])))
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):  # the same to the last bit each time: a journal knows its inputs by them
            vectors = spread(raw, len(frame), seed)
    else:
        raw = vectors = _given(given, frame.index, every)
    if project is not None:
        vectors = project_features(vectors, project, seed)
    return Looks(vectors, hints, np.column_stack([raw, hints]))


def _given(given: Given, ids: pd.Index, every: pd.Index) -> Floats:
    if isinstance(given, Embeddings):
        found = given.instances(ids.to_numpy(np.int64))
    elif isinstance(given, pd.DataFrame):
        found = given.reindex(ids).to_numpy(np.float32)
    else:
        found = np.asarray(given, np.float32)
        if found.ndim != 2 or len(found) != len(every):
            raise DataError(
                f"features must hold one row per instance, ({len(every)}, d), or be a table by instance id, "
                f"got {found.shape}"
            )
        found = found[every.get_indexer(ids)]
    whole = np.asarray(np.isfinite(found).all(axis=1), np.bool_)
    lacking = ~whole if found.shape[1] else np.ones(len(ids), np.bool_)
    if lacking.any():
        raise DataError(
            f"features lack {int(lacking.sum())} of {len(ids)} instances: {first(ids[lacking])}. "
            "nl.instance_embeddings(ds).embeddings() has all; without features= crops of masks are taken"
        )
    return np.asarray(found, np.float32)
