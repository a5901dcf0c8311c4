"""Write Label Studio's JSON, and the configuration of a project for it.

Source: https://labelstud.io/guide/predictions, https://labelstud.io/tags
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
import pandas as pd

from ....core.tables.of_images import sizes_of
from ....core.tables.schema import LabeledImages
from ....core.urls import local_path
from ..records import columns
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, export_images, progress, relative_names, write_bytes
from ..records.ids import still_boxes
from ..records.questions import Question, questions, said_in, to_choices
from ..records.report import WriteReport, measured, report
from ..records.rows import pictures
from .controls import CONFIG, OF_IMAGE, config_of
from .pack import packed, unpacked
from .read import FILE, OUR_FILE, OUR_SIZE, OURS

_LOCAL = "/data/local-files/?d=images/"


def write_labelstudio(
    tables: LabeledImages,
    path: str | Path,
    *,
    images: Images = "none",
    address: str = _LOCAL,
    predictions: bool = False,
) -> WriteReport:
    """Write Label Studio's JSON, one task per image, and beside it ``config.xml`` for the project.

    Masks are brush masks; instances of which only a box is known are rectangles. Your own columns of
    instances are choices, numbers and texts per region, those of images the same about the whole image. The
    id of each instance is in that of its region (``nb17``).

    Args:
        tables: a Dataset, Version or Tables.
        path: the JSON file to write, or a folder for ``tasks.json``.
        images: "copy" or "link" puts the image files into ``images/`` beside the file; "none" does not.
        address: what stands before the file name in the address of a picture; by default that of local files
            whose root holds ``images/``.
        predictions: write predictions, which people take over or correct, instead of annotations.

    Returns:
        What was written; ``loss`` is empty, since brush masks are exact.

    Raises:
        DataError: images are URLs, or a column cannot be written.

    Source: https://labelstud.io/guide/predictions
    """
    target = local_path(path)
    target = target if target.suffix.lower() == ".json" else target / FILE
    instances = shown(tables)[1]
    files = relative_names(tables.images)
    sizes = sizes_of(tables.images, instances["image_id"]).reshape(-1, 2).tolist()
    masks = instances["mask"].tolist()
    work = list(zip(masks, sizes, strict=True))
    brushes = [packed(mask, h, w) for mask, (h, w) in progress(work, "masks")]
    results = _results(instances, sizes, brushes, questions(tables, "instances"))
    about = _about(shown(tables)[0], questions(tables, "images"))
    tasks = []
    for at, (picture, file) in enumerate(zip(pictures(tables.images, instances), files, strict=True)):
        found = [*about[at], *(one for i in picture.at for one in results[i])]
        data = {"image": address + quote(file), OUR_FILE: file, OUR_SIZE: [picture.width, picture.height]}
        said: list[dict[str, Any]] = [] if picture.unlabeled and not found else [{"result": found}]
        key = "predictions" if predictions else "annotations"
        said = [{"model_version": "nbalabel", **one} for one in said] if predictions else said
        tasks.append({"data": data, key: said})
    text = orjson.dumps(tasks)
    if images != "none":
        targets = [target.parent / "images" / name for name in files]
        export_images(tables.image_root, tables.images, targets, images)
    write_bytes(target, text)
    write_bytes(target.with_name(CONFIG), config_of(tables).encode())
    back = [unpacked(b, h, w, str(target)) for b, (h, w) in zip(brushes, sizes, strict=True)]
    return report(
        tables,
        target,
        instances.index.to_numpy(),
        measured(masks, back),
        "brush masks",
        kept={"images": EVERYTHING, "instances": EVERYTHING},
    )


def _results(
    instances: pd.DataFrame,
    sizes: Sequence[Sequence[int]],
    brushes: Sequence[list[int]],
    asked: Sequence[Question],
) -> list[list[dict[str, Any]]]:
    """The results of each instance: its region, and what is said about it."""
    kinds = {one.name: one for one in asked} | {"crowd": Question("crowd", "yes/no")}
    texts = said_in(instances, asked, ("crowd",))
    boxes, labels = still_boxes(instances), instances["label"].astype(object).tolist()
    sides, crowds = instances[["x", "y", "w", "h"]].to_numpy(np.float64).tolist(), instances["crowd"].tolist()
    out = []
    for i, (row, (height, width)) in enumerate(zip(instances.index.tolist(), sizes, strict=True)):
        head = {"id": f"{OURS}{row}", "to_name": "image", "image_rotation": 0}
        head |= {"original_width": width, "original_height": height}
        if boxes[i]:
            x, y, w, h = (100 * v / s for v, s in zip(sides[i], (width, height) * 2, strict=True))
            value = {"x": x, "y": y, "width": w, "height": h, "rotation": 0, "rectanglelabels": [labels[i]]}
            region = {**head, "from_name": "box", "type": "rectanglelabels", "value": value}
        else:
            value = {"format": "rle", "rle": brushes[i], "brushlabels": [labels[i]]}
            region = {**head, "from_name": "brush", "type": "brushlabels", "value": value}
        said = texts[i] | ({"crowd": True} if crowds[i] else {})
        out.append([region, *({**head, **_said(name, one, kinds[name])} for name, one in said.items())])
    return out


def _about(images: pd.DataFrame, asked: Sequence[Question]) -> list[list[dict[str, Any]]]:
    """The results about each image as a whole."""
    kinds = {one.name: one for one in asked}
    return [
        [
            {
                "id": f"{OF_IMAGE}{image}_{k}",
                "to_name": "image",
                **_said(OF_IMAGE + name, row[name], kinds[name]),
            }
            for k, name in enumerate(row)
        ]
        for image, row in zip(images.index.tolist(), said_in(images, asked), strict=True)
    ]


def _said(name: str, value: Any, question: Question) -> dict[str, Any]:
    if question.kind in ("one", "many", "yes/no"):
        return {"from_name": name, "type": "choices", "value": {"choices": to_choices(value)}}
    if question.kind == "number":
        return {"from_name": name, "type": "number", "value": {"number": value}}
    text = value if isinstance(value, str) else columns.to_json(value, name)
    return {"from_name": name, "type": "textarea", "value": {"text": [text]}}
