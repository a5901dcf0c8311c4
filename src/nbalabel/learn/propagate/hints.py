"""What tells right masks from wrong ones beside looks and score: predicted IoU, size, shape, overlaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.of_images import labeled_all_over
from ..quality.features import features, scaled
from ..quality.fit import FEW
from ..quality.predicted_iou import MaskQuality, mask_quality
from ..runs.run import Run

Floats = npt.NDArray[np.float32]

_SHAPE = 0.5  # standard deviation of the columns of size, shape and overlaps, beside 1 of the predicted IoU


def hints(of: Run | pd.DataFrame, frame: pd.DataFrame, quality: pd.Series | str | None) -> Floats:
    """Columns for what learns from answers.

    Args:
        of: the run that predicted, or a table of predictions, of which no shape is known.
        frame: its predictions.
        quality: as for `nbalabel.propagate`.

    Returns:
        ``(n, h)`` float32, each column of mean 0 and of a standard deviation of 1 (predicted IoU, and the
        chance of an IoU of 0.75) or 0.5 (the others); h may be 0.

    Raises:
        DataError: ``quality`` is a text other than "auto".
    """
    if isinstance(quality, str) and quality != "auto":
        raise DataError(f"quality must be 'auto', a Series by prediction id, or None, got {quality!r}")
    columns = []
    if isinstance(quality, str):
        found = _predicted(of)
        if found is not None:
            columns += [scaled(_logit(part.reindex(frame.index))) for part in (found.iou, found.chance)]
    elif quality is not None:
        columns.append(scaled(_logit(quality.reindex(frame.index))))
    if isinstance(of, Run) and of.tables is not None and len(frame):
        described = features(
            frame, of.tables.images, of.embeddings, groups=("size", "shape", "rivals", "label")
        )
        columns.append(_SHAPE * scaled(described.columns[:, 1:]))
    return np.column_stack([np.zeros((len(frame), 0), np.float32), *columns]).astype(np.float32)


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
