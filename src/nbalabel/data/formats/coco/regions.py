"""Regions in COCO files: crowds for other programs, and a list of their own for nbalabel.

COCO has crowds, which evaluation ignores and some trainings leave out. A region of kind "ignore" is written
as a crowd of its label, or of every label. All regions are written into a field that only nbalabel reads; the
crowds made of them are marked, and left out when the file is read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first
from ....core.geometry.masks import rle
from ....core.regions.of_tables import regions_of
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import LabeledImages
from ..records import columns
from ..records.columns import Record
from .masks import read_masks

FIELD = "nbalabel_regions"
_MARK = "region"
_TEXTS = ("kind", "label", "source", "origin")


def write_regions(
    tables: LabeledImages, images: pd.DataFrame, categories: Mapping[str, Record], first_id: int, ours: str
) -> tuple[list[Record], list[Record]]:
    """The regions on some images as records, and crowd annotations for those of kind "ignore".

    Args:
        tables: the tables to write.
        images: rows of the images that are written.
        categories: label -> its category record.
        first_id: id of the first crowd.
        ours: the field that marks what is nbalabel's.
    """
    regions = regions_of(tables)
    regions = regions[regions["image_id"].isin(images.index).to_numpy()]
    if not len(regions):
        return [], []
    sizes = sizes_of(images, regions["image_id"]).tolist()
    boxes = rle.boxes(regions["mask"].tolist(), np.array(sizes)[:, 0])
    areas = rle.areas(regions["mask"].tolist())
    listed: list[Record] = []
    crowds: list[Record] = []
    for at, (row, size) in enumerate(zip(regions.reset_index().to_dict("records"), sizes, strict=True)):
        mask = {"size": size, "counts": bytes(row["mask"]).decode("ascii")}
        place = {"image_id": int(row["image_id"]), "segmentation": mask}
        texts = {name: None if pd.isna(row[name]) else str(row[name]) for name in _TEXTS}
        listed.append({"id": int(row["region_id"]), **place, **texts})
        if row["kind"] != "ignore":
            continue
        for label in categories if texts["label"] is None else [texts["label"]]:
            crowd = {"id": first_id + len(crowds), "category_id": categories[label]["id"], **place}
            crowd |= {"bbox": boxes[at].tolist(), "area": float(areas[at]), "iscrowd": 1}
            crowds.append({**crowd, ours: {_MARK: int(row["region_id"])}})
    return listed, crowds


def is_of_region(annotation: Any, ours: str) -> bool:
    """Whether an annotation is a crowd that :func:`write_regions` made of a region."""
    found = annotation.get(ours) if isinstance(annotation, dict) else None
    return isinstance(found, dict) and _MARK in found


def read_regions(found: list[Record], images: pd.DataFrame) -> pd.DataFrame:
    """The table of regions from their records.

    Args:
        found: the records of the file.
        images: the images of the file.

    Raises:
        FormatError: a record has no id, or a text is none.
        DataError: its image is not in the file.
        MaskError: run lengths are malformed or of another size than their image.
    """
    ids = columns.unique(columns.integers(columns.values(found, "id"), "region ids"), "region ids")
    image_ids = columns.integers(columns.values(found, "image_id"), "image_id of regions")
    sizes = sizes_of(images, image_ids, ids, "regions")
    data: dict[str, Any] = {"image_id": image_ids}
    data["mask"] = read_masks(columns.values(found, "segmentation"), ids, sizes, None)
    for name in _TEXTS:
        texts = columns.values(found, name)
        bad = [i for i, text in zip(ids.tolist(), texts, strict=True) if not isinstance(text, str | None)]
        if bad:
            raise FormatError(f"{name} of regions must be text; it is not in regions {first(bad)}")
        data[name] = pd.Series(texts, index=ids, dtype=object)
    given = {name: column for name, column in data.items() if name == "label" or not _all_missing(column)}
    return pd.DataFrame(given, index=pd.Index(ids, name="region_id"))


def _all_missing(column: Any) -> bool:
    return isinstance(column, pd.Series) and bool(column.isna().all())
