"""Keep proposals apart from accepted masks: no pixel of an accepted mask is proposed again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...core.geometry.masks import rle
from ...core.tables.schema import LabeledImages
from ..prediction.resumable import Part

LEAST = 0.5
"""Share of its pixels that must remain of a proposal without those of accepted masks, else it is left out."""

_BYTES: Any = pd.ArrowDtype(pa.large_binary())
_ACCEPTED = ("accepted", "verified")


def apart(found: Part, tables: LabeledImages) -> tuple[Part, int]:
    """Remove the pixels of accepted masks from proposals, and leave out proposals that mostly lay on them.

    Args:
        found: proposals.
        tables: their instances of status accepted or verified count, crowds included.

    Returns:
        The proposals that remain, and how many were left out.
    """
    instances = tables.instances
    accepted = instances[instances["status"].isin(_ACCEPTED)]
    taken: dict[Any, Any] = dict(list(accepted.groupby("image_id")["mask"]))
    sizes = tables.images[["height", "width"]]
    side: Any = sizes.to_dict("index")
    masks = found.rows["mask"].tolist()
    for image_id, at in found.rows.groupby("image_id").indices.items():
        if image_id in taken:
            height, width = side[image_id]["height"], side[image_id]["width"]
            union = rle.union(taken[image_id].tolist(), height, width)
            for i in at:
                masks[i] = rle.difference(masks[i], union, height, width)
    heights = sizes["height"].reindex(found.rows["image_id"]).to_numpy()
    area = rle.areas(masks) if masks else np.zeros(0, np.int64)
    kept = (area > 0) & (area >= LEAST * found.rows["area"].to_numpy())
    rows = _with_masks(found.rows, masks, heights, area)[kept].reset_index(drop=True)
    instance = found.instance[kept] if len(found.instance) else found.instance
    return replace(found, rows=rows, instance=instance), int((~kept).sum())


def _with_masks(
    rows: pd.DataFrame, masks: list[bytes], heights: np.ndarray, area: np.ndarray
) -> pd.DataFrame:
    if not masks:
        return rows
    box = rle.boxes(masks, heights).astype(np.float32)
    return rows.assign(
        mask=pd.array(masks, dtype=_BYTES),
        area=area.astype(np.int32),
        **{name: box[:, i] for i, name in enumerate("xywh")},
    )
