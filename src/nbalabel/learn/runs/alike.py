"""Look-alikes by the embeddings of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ..embed.nearest import nearest
from .reported import Reported


def similar(run: Reported, rows: Any, n: int, of: str) -> pd.DataFrame:
    """Rows whose vectors are nearest to those of some rows; see :meth:`nbalabel.Run.similar`."""
    if of == "images":
        if run.tables is None:
            raise DataError(f"{run.id} holds no tables: load it with Run.load(folder, tables)")
        frame, known, known_ids = run.tables.images, run.embeddings.image, run.embeddings.image_ids
    elif of == "predictions":
        frame, known, known_ids = run.predictions, run.embeddings.instance, run.embeddings.instance_ids
    else:
        raise UnknownNameError(f"a run has vectors of images and predictions, got of={of!r}")
    if not len(known_ids):
        raise DataError(f"{run.id} has no embeddings of {of}: predict with embed=True")
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(rows)
    at = frame.index.get_indexer(ids)
    if n < 1 or not len(at):
        raise DataError(f"expected at least one picked row and n of 1 or more, got {len(at)} rows and n={n}")
    if (at < 0).any():
        raise UnknownNameError(f"rows must be {of}; {first(ids[at < 0])} are none of them")
    rows_of = run.embeddings.images if of == "images" else run.embeddings.instances
    aligned = np.array_equal(frame.index, known_ids)  # then the vectors stay in their file
    vectors = known if aligned else rows_of(frame.index)
    places, distance = nearest(vectors, at.astype(np.int64), n, centred=True)
    return frame.iloc[places].assign(distance=distance)
