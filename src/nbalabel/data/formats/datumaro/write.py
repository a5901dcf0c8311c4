"""Write Datumaro's JSON.

Source: https://open-edge-platform.github.io/datumaro/latest/docs/data-formats/formats/datumaro.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from ....core.tables.of_images import sizes_of
from ....core.tables.schema import SPLITS, LabeledImages
from ....core.urls import local_path
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, export_images, relative_names, stem, write_bytes
from ..records.ids import NB_ID, still_boxes
from ..records.questions import questions, said_in
from ..records.report import WriteReport, report
from ..records.rows import pictures
from .read import ANNOTATIONS, CROWD, ITEM_ATTRIBUTES, NO_SPLIT, PICTURES

_FIELDS = ("z_order", "group_id")
_IMAGE = 2  # Datumaro's number for datasets of images


def write_datumaro(tables: LabeledImages, folder: str | Path, *, images: Images = "none") -> WriteReport:
    """Write Datumaro's JSON: ``annotations/train.json`` and so on, ``default.json`` for images without split.

    Masks are COCO's run lengths, instances of which only a box is known are boxes. Your own columns become
    attributes of annotations and of items, ``z_order`` and ``group_id`` those of Datumaro. The id of each
    instance travels in an attribute ``nb_id``.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "copy" or "link" puts the image files into ``images/``, in a folder of their part.

    Returns:
        What was written; ``loss`` is empty.

    Raises:
        DataError: images are URLs, or a column cannot be written.

    Source: https://open-edge-platform.github.io/datumaro/latest/docs/data-formats/formats/datumaro.html
    """
    root = local_path(folder)
    files = relative_names(tables.images)
    split = (
        tables.images["split"].astype(object).tolist() if "split" in tables.images else [None] * len(files)
    )
    parts = [part if part in SPLITS else NO_SPLIT for part in split]
    shapes = _shapes(tables)
    about = said_in(shown(tables)[0], questions(tables, "images"))
    items: dict[str, list[dict[str, Any]]] = {part: [] for part in parts or [NO_SPLIT]}
    rows = zip(pictures(tables.images, tables.instances), files, parts, about, strict=True)
    for picture, file, part, said in rows:
        image = {"path": file, "size": [picture.height, picture.width]}
        item = {"id": stem(file), "annotations": [shapes[i] for i in picture.at], "image": image}
        items[part].append(item | ({ITEM_ATTRIBUTES: said} if said else {}))
    targets = [root / PICTURES / part / file for part, file in zip(parts, files, strict=True)]
    export_images(tables.image_root, tables.images, targets, images)
    for part, listed in items.items():
        document = {
            "dm_format_version": "1.0",
            "media_type": _IMAGE,
            "infos": {},
            "categories": {"label": _labels(tables)},
            "items": listed,
        }
        write_bytes(root / ANNOTATIONS / f"{part}.json", orjson.dumps(document))
    n, kept = len(tables.instances), {"images": EVERYTHING, "instances": EVERYTHING}
    return report(tables, root, tables.instances.index.to_numpy(), np.ones(n), "run lengths", kept=kept)


def _labels(tables: LabeledImages) -> dict[str, Any]:
    """The labels; attributes that are not declared here are left out where Datumaro converts."""
    own = [one.name for one in questions(tables, "instances", _FIELDS)]
    listed = [{"name": label, "parent": "", "attributes": []} for label in tables.labels]
    return {"labels": listed, "label_groups": [], "attributes": [NB_ID, CROWD, *own]}


def _shapes(tables: LabeledImages) -> list[dict[str, Any]]:
    """The record of each instance."""
    instances = shown(tables)[1]
    own = said_in(instances, questions(tables, "instances", _FIELDS), (CROWD,))
    sizes = sizes_of(tables.images, instances["image_id"]).reshape(-1, 2).tolist()
    sides = instances[["x", "y", "w", "h"]].to_numpy(np.float64).tolist()
    codes, crowds = instances["label"].cat.codes.tolist(), instances["crowd"].tolist()
    boxes, masks, ids = still_boxes(instances), instances["mask"].tolist(), instances.index.tolist()
    orders, groups = (_whole(instances, name) for name in _FIELDS)
    out = []
    for i, row in enumerate(ids):
        said = {NB_ID: row, CROWD: crowds[i], **own[i]}
        head = {"id": i, "attributes": said, "group": groups[i], "label_id": codes[i], "z_order": orders[i]}
        if boxes[i]:
            out.append({**head, "type": "bbox", "bbox": sides[i]})
        else:
            rle = {"counts": masks[i].decode("ascii"), "size": sizes[i]}
            out.append({**head, "type": "mask", "rle": rle})
    return out


def _whole(instances: pd.DataFrame, name: str) -> list[int]:
    if name not in instances:
        return [0] * len(instances)
    numbers = pd.to_numeric(instances[name], errors="coerce").astype("Float64").fillna(0.0)
    return [max(int(value), 0) for value in numbers.tolist()]
