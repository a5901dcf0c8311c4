"""What tells right masks from wrong ones beside looks and score: predicted IoU, size, shape, overlaps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..quality.features import features, scaled
from ..quality.fit import FEW
from ..quality.predicted_iou import MaskQuality, mask_quality
from ..runs.run import Run
from .in_cells import many

Floats = npt.NDArray[np.float32]

_PART = 100_000  # predictions described at once, and the rest of the last image
_SHAPE = 0.5  # standard deviation of the columns of size, shape and overlaps, beside 1 of the predicted IoU


def hints(
    of: Run | pd.DataFrame, frame: pd.DataFrame, quality: pd.Series | str | None
) -> npt.NDArray[np.floating[Any]]:
    """Columns for what learns from answers.

    Args:
        of: the run that predicted, or a table of predictions, of which no shape is known.
        frame: its predictions.
        quality: as for `nbalabel.propagate`.

    Returns:
        ``(n, h)`` float32, of more than 500,000 predictions float16; each column of mean 0
        and of a standard deviation of 1 (predicted IoU, and the chance of an IoU of 0.75) or 0.5 (the
        others); h may be 0.

    Raises:
        DataError: ``quality`` is a text other than "auto".
    """
    if isinstance(quality, str) and quality != "auto":
        raise DataError(f"quality must be 'auto', a Series by prediction id, or None, got {quality!r}")
    columns: list[npt.NDArray[np.floating[Any]]] = []
    if isinstance(quality, str):
        found = _predicted(of)
        if found is not None:
            columns += [scaled(_logit(part.reindex(frame.index))) for part in (found.iou, found.chance)]
    elif quality is not None:
        columns.append(scaled(_logit(quality.reindex(frame.index))))
    if isinstance(of, Run) and of.tables is not None and len(frame):
        columns.append(_shapes(of, of.tables, frame))
    kind = np.float16 if many(len(frame)) else np.float32
    return np.column_stack([np.zeros((len(frame), 0), kind), *(c.astype(kind, copy=False) for c in columns)])


def _shapes(run: Run, tables: LabeledImages, frame: pd.DataFrame) -> npt.NDArray[np.floating[Any]]:
    """Size, shape, overlaps and label of each prediction; of many a part at a time, as float16."""

    def described(rows: pd.DataFrame) -> Floats:
        found = features(rows, tables.images, run.embeddings, groups=("size", "shape", "rivals", "label"))
        return found.columns[:, 1:]

    if not many(len(frame)):
        return np.asarray(_SHAPE * scaled(described(frame)))
    on = frame["image_id"].to_numpy(np.int64)
    order = None if (on[1:] >= on[:-1]).all() else np.argsort(on, kind="stable")
    ends = np.flatnonzero(np.diff(on if order is None else on[order])) + 1  # masks of an image stay together
    at = np.searchsorted(ends, np.arange(_PART, len(on), _PART))
    cuts = np.unique(ends[at[at < len(ends)]])
    parts = [
        described(frame.iloc[slice(*span) if order is None else order[slice(*span)]]).astype(np.float32)
        for span in pairwise([0, *cuts.tolist(), len(on)])
    ]
    out = np.empty((len(on), parts[0].shape[1]), np.float16)
    for column in range(out.shape[1]):
        whole = np.concatenate([part[:, column] for part in parts])
        out[slice(None) if order is None else order, column] = _SHAPE * scaled(whole[:, None])[:, 0]
    return out


def _predicted(of: Run | pd.DataFrame) -> MaskQuality | None:
    """The predicted IoU of a run, where enough of its images are completely labeled."""
    if not isinstance(of, Run) or of.tables is None:
        return None
    labeled = of.tables.images.index[labeled_all_over(of.tables.images)]
    on = of.predictions["image_id"]
    on = on[on.isin(labeled)]
    if len(on) < FEW or on.nunique() < 2:
        return None
    return mask_quality(of)


def _logit(share: pd.Series) -> npt.NDArray[np.float64]:
    p = np.clip(share.to_numpy(np.float64), 1e-3, 1 - 1e-3)
    return np.asarray(np.log(p / (1 - p)))
