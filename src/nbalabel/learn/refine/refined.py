"""Sharper masks proposed for instances: a preview, and the Change that takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from ...core.change.change import Cells, Change, TableChange
from ...core.geometry.masks import rle
from ...core.show.card import card
from ...core.show.display import Display
from ...core.show.masks_on_image import overlay
from ...core.tables.arrays import take, values
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages

_SHOWN = 8
_SIDE = 150  # pixels of a preview


@dataclass(frozen=True, eq=False, repr=False)
class Refined:
    """Masks that :func:`nbalabel.refine` proposes for instances; ``ds.apply(refined)`` takes them.

    Attributes:
        id: origin of the change; ``ds.revert(refined)`` takes it back.
        rows: one row per instance whose mask would change, by ``instance_id``, the largest change first:
            ``image_id``, ``label``, ``mask_before``, ``mask``, and ``iou`` of the two, 0..1.
        tables: the tables that the instances are of, as they were.
        n_instances: number of instances that were looked at.
    """

    id: str
    rows: pd.DataFrame
    tables: LabeledImages
    n_instances: int

    @property
    def change(self) -> Change:
        """The change of the masks, their boxes and areas."""
        rows = self.rows.sort_index()
        if not len(rows):
            return Change({}, None, self.id)
        there = self.tables.instances
        at = there.index.get_indexer(rows.index)
        ids = rows.index.to_numpy(np.int64)
        masks = rows["mask"].tolist()
        box = rle.boxes(masks, sizes_of(self.tables.images, rows["image_id"])[:, 0])
        new = {name: box[:, i].astype(np.float32) for i, name in enumerate("xywh")}
        new |= {"area": rle.areas(masks).astype(np.int32)}
        columns = {name: take(values(there[name]), at) for name in ("mask", *new)}
        as_masks = pd.Series(masks, dtype=there["mask"].dtype).array
        cells = {name: Cells(ids, old, new.get(name, as_masks)) for name, old in columns.items()}
        note = f"refined {len(ids):,} of {self.n_instances:,} masks"
        return Change({"instances": TableChange(updated=cells)}, None, self.id, note)

    def __repr__(self) -> str:
        return f"Refined({self.id}: {len(self.rows):,} of {self.n_instances:,} masks would change)"

    def _repr_html_(self) -> str:
        iou = self.rows["iou"]
        facts = [("masks", f"{len(self.rows):,} of {self.n_instances:,} would change")]
        if len(iou):
            facts.append(("IoU with before", f"median {iou.median():.2f}, lowest {iou.min():.2f}"))
        facts.append(("take them", "ds.apply(refined); some: ds.apply(refined.only(rows)); back: ds.undo()"))
        return card(f"{self.id}: before | after", facts, images=self.preview())

    def only(self, rows: pd.DataFrame) -> Refined:
        """Some of the proposed masks: those of these rows."""
        return Refined(self.id, self.rows.loc[rows.index], self.tables, self.n_instances)

    def preview(self, n: int = _SHOWN) -> list[Image.Image]:
        """Crops of the masks that change most, each before and after, at most ``n``."""
        return [self._pair(int(row)) for row in self.rows.index[:n]]

    def _pair(self, instance_id: int) -> Image.Image:
        row: dict[Any, Any] = self.rows.loc[instance_id].to_dict()
        pixels = Display().of(self.tables.read_image(int(row["image_id"])))
        window = _around([row["mask_before"], row["mask"]], *pixels.shape[:2])
        sides = [_outlined(pixels, row[name], window) for name in ("mask_before", "mask")]
        out = Image.new("RGB", (2 * sides[0].width + 4, sides[0].height), (255, 255, 255))
        for k, side in enumerate(sides):
            out.paste(side, (k * (side.width + 4), 0))
        return out


def _around(masks: list[bytes], height: int, width: int) -> tuple[slice, slice]:
    x, y, w, h = rle.boxes([rle.union(masks, height, width)], height)[0]
    margin = max(4.0, 0.3 * max(w, h))
    rows = slice(max(int(y - margin), 0), min(int(y + h + margin) + 1, height))
    return rows, slice(max(int(x - margin), 0), min(int(x + w + margin) + 1, width))


def _outlined(pixels: npt.NDArray[np.uint8], mask: bytes, window: tuple[slice, slice]) -> Image.Image:
    """A part of an image with the outline of a mask, the longer side 150 pixels."""
    crop = np.ascontiguousarray(rle.decode(mask, *pixels.shape[:2])[window])
    part = np.ascontiguousarray(pixels[window])
    share = _SIDE / max(part.shape[:2])
    size = max(round(part.shape[1] * share), 1), max(round(part.shape[0] * share), 1)
    large = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BILINEAR))
    shape = Image.fromarray(crop.astype(np.uint8) * 255).resize(size, Image.Resampling.NEAREST)
    return overlay(large, [], np.zeros((0, 3), np.uint8), contours=[rle.encode(np.asarray(shape) > 127)])
