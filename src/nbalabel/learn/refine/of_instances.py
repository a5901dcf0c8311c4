"""Sharper masks for instances that are there already: imported, bought, or drawn as boxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import ImageError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.segmenting.boxcut import BoxCut
from ...core.snapping.snap import snap
from ...core.tables.ahead import ahead
from ...core.tables.schema import LabeledImages
from ...engine.pictures import pictures
from ...engine.rows import RowsOf, Wanted, fingerprint, parts_of
from ...engine.run import On
from ...engine.shards import Shard, Shards
from ...engine.step import Tell, make, place
from ..runs.frozen_tables import Snapshot
from ..runs.run import new_id
from .refined import Refined

_COLUMNS = ("image_id", "mask", "x", "y", "w", "h", "area")
_LIKE_A_BOX = 0.97  # share of its box that a mask fills from which it is taken for a box


@dataclass(frozen=True)
class Sharpening:
    """Refine the masks on the images of a part.

    Attributes:
        method: "auto", "snap" or "box".
    """

    method: str

    def open(self) -> None:
        """Nothing is kept."""

    def make(self, held: None, argument: RowsOf, tell: Tell) -> Shard:  # noqa: ARG002  # nothing is held
        """The masks of the part's rows; those on images that cannot be read stay."""
        rows, tables = argument.rows, argument.tables
        new = rows["mask"].to_numpy(object).copy()
        on = rows["image_id"].to_numpy(np.int64)
        failed: dict[int, str] = {}
        for image_id in ahead(tables, argument.ids.tolist()):
            at = np.flatnonzero(on == image_id)
            try:
                pixels = np.asarray(tables.read_image(image_id))
                new[at] = _refined(pixels, rows.iloc[at], argument.wanted[at], self.method, image_id)
            except (ImageError, OSError) as error:
                failed[image_id] = str(error)
            tell(1)
        return Shard(pd.DataFrame({"place": argument.places, "mask": new}), {}, failed)


def refine_instances(
    tables: LabeledImages, method: str, rows: pd.DataFrame | None, folder: str | Path | None, on: On
) -> Refined:
    """Propose sharper masks for instances; see :func:`nbalabel.refine`.

    A mask that fills its box is taken for a box, and ``BoxCut`` finds the object in it. Another mask is moved
    to the edges of the picture where most ways to do so agree. Crowds stay.

    Args:
        tables: tables with the instances and their images.
        method: "auto", "snap" or "box" for all.
        rows: rows of the instances; None: all.
        folder: where parts are kept until all are done.
        on: where to refine; None is here. See :func:`nbalabel.engine.run.run`.

    Raises:
        UnknownNameError: there is no such method, or rows are not of the tables.
    """
    if method not in ("auto", "snap", "box"):
        raise UnknownNameError(f"method must be auto, snap or box for instances, got {method!r}")
    instances = tables.instances
    strange = instances.index[:0] if rows is None else rows.index[~rows.index.isin(instances.index)]
    if len(strange):
        raise UnknownNameError(f"rows must be of the tables' instances; {first(strange)} are none of them")
    chosen = np.ones(len(instances), bool) if rows is None else instances.index.isin(rows.index)
    some = Wanted(instances, chosen & ~instances["crowd"].to_numpy(bool))
    new = instances["mask"].to_numpy(object).copy()
    with place(folder, on) as where:
        mark = (
            "" if where is None else fingerprint([some], _COLUMNS, tables.images, [method, tables.image_root])
        )
        shards = Shards(None if where is None else where / "refining", mark, "refinement")
        parts = parts_of(some, pictures(tables, tables.images, travel=on is not None), _COLUMNS)
        sizes = [part.n_images for part in parts]
        done = make(Sharpening(method), lambda n: parts[n](), sizes, shards, on, "refining")
        for shard in done.whole():
            new[shard.rows["place"].to_numpy(np.int64)] = shard.rows["mask"].to_numpy(object)
    shards.clear()
    return _proposed(tables, new, int(some.wanted.sum()))


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
    for at in np.flatnonzero(boxes).tolist():
        x, y, w, h = rows[["x", "y", "w", "h"]].iloc[at].to_numpy(np.float64).tolist()
        found, _ = BoxCut().segment(pixels, nobody, np.zeros(0, np.bool_), (x, y, w, h), image_id)
        masks[at] = rle.encode(found) if found.any() else masks[at]
    return snap(pixels, masks, chosen & ~boxes)


def _proposed(tables: LabeledImages, new: npt.NDArray[np.object_], n_instances: int) -> Refined:
    instances = tables.instances
    before = instances["mask"].to_numpy(object)
    at = np.flatnonzero(before != new)
    rows = instances[["image_id", "label"]].iloc[at].assign(mask_before=before[at], mask=new[at])
    rows["iou"] = rle.iou_pairs(before[at].tolist(), new[at].tolist()) if len(at) else np.zeros(0)
    return Refined(new_id("refine"), rows.sort_values("iou", kind="stable"), Snapshot.of(tables), n_instances)
