"""Carried masks as a table of predictions, each thing once on an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.overlap.keep_best import losers, overlapping
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages, conform
from .walk import Carried

_TWICE = 0.5  # IoU above which two carried masks of one label are the same thing
_COLUMNS = ["image_id", "label", "mask", "score", "parent", "distance"]


def table(found: Carried, tables: LabeledImages, name: str) -> pd.DataFrame:
    """The predictions, of masks that are the same thing only the best."""
    frame = pd.DataFrame(found.rows, columns=_COLUMNS)
    frame = frame.sort_values(["image_id", "parent"], kind="stable", ignore_index=True)
    frame = frame[~frame.index.isin(_doubles(frame))].reset_index(drop=True)
    frame = frame.astype(
        {"image_id": np.int64, "parent": np.int64, "distance": np.int32, "score": np.float32}
    )
    heights = sizes_of(tables.images, frame["image_id"])[:, 0]
    frame = frame.assign(source="model", origin=name, status="proposed")
    return conform(frame, "predictions", tables.labels, heights=heights)


def _doubles(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Rows that show the same thing as a better one."""
    pairs = overlapping(frame["image_id"], frame["mask"].to_numpy(), above=_TWICE)
    label = frame["label"].to_numpy()
    same = label[pairs.left] == label[pairs.right]
    order = np.lexsort([np.abs(frame["distance"].to_numpy(np.int64)), -frame["score"].to_numpy(np.float64)])
    return losers(np.column_stack([pairs.left[same], pairs.right[same]]), order)
