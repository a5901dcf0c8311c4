"""How much of a label's outline touches another label: parts of one thing touch along a line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.masks import rle
from ....core.tables.of_images import sizes_of


def touching(rows: pd.DataFrame, images: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Share of the outline of each mask that touches other masks, and the one it touches most, ``(n, 2)``.

    Args:
        rows: ``image_id`` and ``mask``.
        images: their images.
    """
    out = np.zeros((len(rows), 2))
    masks = rows["mask"].to_numpy(object)
    sizes = sizes_of(images, rows["image_id"])
    for at in rows.groupby("image_id").indices.values():
        height, width = (int(v) for v in sizes[at[0]])
        crops = [rle.decode_crop(masks[i], height, width) for i in at]
        owner = np.full((height + 2, width + 2), -1, np.int32)  # a frame of one pixel, so that rings fit
        for k, (crop, x, y) in enumerate(crops):
            owner[y + 1 : y + 1 + crop.shape[0], x + 1 : x + 1 + crop.shape[1]][crop] = k
        for k, (crop, x, y) in enumerate(crops):
            if crop.size:
                out[at[k]] = _contact(crop, owner[y : y + crop.shape[0] + 2, x : x + crop.shape[1] + 2], k)
    return out


def _contact(crop: npt.NDArray[np.bool_], owner: npt.NDArray[np.int32], own: int) -> tuple[float, float]:
    """Shares of the ring around a mask that belong to any other mask, and to one."""
    inner = np.pad(crop, 1)
    ring = inner.copy()
    ring[1:] |= inner[:-1]
    ring[:-1] |= inner[1:]
    ring[:, 1:] |= inner[:, :-1]
    ring[:, :-1] |= inner[:, 1:]
    there = owner[ring & ~inner]
    others = there[(there >= 0) & (there != own)]
    n = max(len(there), 1)
    return len(others) / n, (np.bincount(others).max() / n if len(others) else 0.0)
