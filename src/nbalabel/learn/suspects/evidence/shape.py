"""Size, shape and place of masks, and how unusual they are for their label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.masks.perimeter import perimeters
from ....core.geometry.shapes.measure import measure
from ....core.tables.of_images import sizes_of

Floats = npt.NDArray[np.float64]

NAMES = (
    "log_area", "size", "long", "fill", "ragged", "centre_x", "centre_y", "border", "relative_area",
    "solidity",
)  # fmt: skip


def shape(rows: pd.DataFrame, images: pd.DataFrame, usual: Floats, codes: npt.NDArray[np.int64]) -> Floats:
    """Columns of :data:`NAMES`, ``(n, 10)``.

    Args:
        rows: ``image_id``, ``mask``, box and ``area``.
        images: their images.
        usual: median of the logarithm of the area of each label, ``(labels,)``.
        codes: label of each row.
    """
    sizes = sizes_of(images, rows["image_id"]).astype(np.float64)
    x, y, w, h = (rows[name].to_numpy(np.float64) for name in "xywh")
    area = np.maximum(rows["area"].to_numpy(np.float64), 1)
    edge = perimeters(rows["mask"], sizes[:, 0].astype(np.int64))
    gaps = np.stack([x, y, sizes[:, 1] - x - w, sizes[:, 0] - y - h])
    solid = measure(rows["mask"], sizes.astype(np.int64), ["solidity"])["solidity"]
    known = np.maximum(codes, 0)
    relative = np.log(area) - (usual[known] if len(usual) else 0)
    return np.column_stack(
        [
            np.log(area),
            np.log(area / sizes.prod(axis=1)),
            np.log((np.maximum(w, h) + 1) / (np.minimum(w, h) + 1)),
            area / np.maximum(w * h, 1),
            np.log((edge + 1) / np.sqrt(area)),
            (x + w / 2) / sizes[:, 1],
            (y + h / 2) / sizes[:, 0],
            np.log1p(gaps.min(axis=0)),
            relative,
            np.nan_to_num(solid, nan=1.0),
        ]
    )


def usual_area(area: Floats, codes: npt.NDArray[np.int64], n_labels: int) -> Floats:
    """Median of the logarithm of the area of each label, ``(n_labels,)``; of all where a label has none."""
    logs = np.log(np.maximum(area, 1))
    whole = float(np.median(logs)) if len(logs) else 0.0
    return np.array([np.median(logs[codes == k]) if (codes == k).any() else whole for k in range(n_labels)])
