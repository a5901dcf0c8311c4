"""Sharper masks for instances that are there already: imported, bought, or drawn as boxes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm.auto import tqdm

from ...core.errors import ImageError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.segmenting.boxcut import BoxCut
from ...core.snapping.snap import snap
from ...core.tables.ahead import ahead
from ...core.tables.schema import LabeledImages
from ..runs.frozen_tables import Snapshot
from ..runs.run import new_id
from .refined import Refined

_LIKE_A_BOX = 0.97  # share of its box that a mask fills from which it is taken for a box


def refine_instances(tables: LabeledImages, method: str, on: pd.DataFrame | None) -> Refined:
    """Propose sharper masks for instances; see :func:`nbalabel.refine`.

    A mask that fills its box is taken for a box, and ``BoxCut`` finds the object in it. Another mask is moved
    to the edges of the picture where most ways to do so agree. Crowds stay.

    Args:
        tables: tables with the instances and their images.
        method: "auto", "snap" or "box" for all.
        on: rows of the instances; None: all.

    Raises:
        UnknownNameError: there is no such method, or rows are not of the tables.
    """
    if method not in ("auto", "snap", "box"):
        raise UnknownNameError(f"method must be auto, snap or box for instances, got {method!r}")
    instances = tables.instances
    strange = instances.index[:0] if on is None else on.index[~on.index.isin(instances.index)]
    if len(strange):
        raise UnknownNameError(f"on takes rows of the tables' instances; {first(strange)} are none of them")
    chosen = np.ones(len(instances), bool) if on is None else instances.index.isin(on.index)
    chosen &= ~instances["crowd"].to_numpy(bool)
    new = instances["mask"].to_numpy(object).copy()
    on_image = instances["image_id"].to_numpy(np.int64)
    ids = np.unique(on_image[chosen]).tolist()
    coming = ahead(tables, ids)
    for image_id in tqdm(coming, desc="refining", total=len(ids), unit="image", delay=1, leave=False):
        at = np.flatnonzero(on_image == image_id)
        try:
            pixels = np.asarray(tables.read_image(image_id))
        except (ImageError, OSError):
            continue
        new[at] = _refined(pixels, instances.iloc[at], chosen[at], method, image_id)
    return _proposed(tables, new, int(chosen.sum()))


def _refined(
    pixels: npt.NDArray[np.uint8],
    rows: pd.DataFrame,
    chosen: npt.NDArray[np.bool_],
    method: str,
    image_id: int,
) -> list[bytes]:
    """The masks of one image, those chosen refined."""
    filled = (rows["area"] >= _LIKE_A_BOX * rows["w"] * rows["h"]).to_numpy(bool)
    boxes = chosen & (filled if method == "auto" else np.full(len(rows), method == "box"))
    masks = list(rows["mask"])
    nobody: npt.NDArray[np.float64] = np.zeros((0, 2))
    for place in np.flatnonzero(boxes).tolist():
        x, y, w, h = rows[["x", "y", "w", "h"]].iloc[place].to_numpy(np.float64).tolist()
        found, _ = BoxCut().segment(pixels, nobody, np.zeros(0, np.bool_), (x, y, w, h), image_id)
        masks[place] = rle.encode(found) if found.any() else masks[place]
    return snap(pixels, masks, chosen & ~boxes)


def _proposed(tables: LabeledImages, new: npt.NDArray[np.object_], n_instances: int) -> Refined:
    instances = tables.instances
    before = instances["mask"].to_numpy(object)
    at = np.flatnonzero(before != new)
    rows = instances[["image_id", "label"]].iloc[at].assign(mask_before=before[at], mask=new[at])
    rows["iou"] = rle.iou_pairs(before[at].tolist(), new[at].tolist()) if len(at) else np.zeros(0)
    return Refined(new_id("refine"), rows.sort_values("iou", kind="stable"), Snapshot.of(tables), n_instances)
