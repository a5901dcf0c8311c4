"""Write Labelbox's NDJSON for imports.

Source: https://docs.labelbox.com/reference/import-image-annotations
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson

from ....core.errors import DataError, first
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import LabeledImages
from ....core.urls import local_path
from ..records import columns
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, export_images, progress, relative_names, write_bytes
from ..records.ids import still_boxes
from ..records.questions import Question, questions, said_in, to_choices
from ..records.report import WriteReport, measured, report
from .objects import from_png, to_png
from .read import FILE, IMAGES_FILE, OUR_UUID

_NAMESPACE = UUID(f"{OUR_UUID}000000000000")


def write_labelbox(tables: LabeledImages, path: str | Path, *, images: Images = "none") -> WriteReport:
    """Write Labelbox's NDJSON for an import of labels or pre-labels, one line per instance.

    Masks are PNG files within the lines, instances of which only a box is known are boxes. Images are named
    by their files, as global keys; ``images.json`` beside the file lists them with their sizes, which this
    format has no place for. Your own columns are classifications, of an object or, of images, of a data row:
    flags and options as radio answers, several options as checklists, all else as text. The id of each
    instance is the end of its uuid.

    Args:
        tables: a Dataset, Version or Tables.
        path: the NDJSON file to write, or a folder for ``annotations.ndjson``.
        images: "copy" or "link" puts the image files into ``images/`` beside the file; "none" does not.

    Returns:
        What was written; ``loss`` is empty, since masks are exact.

    Raises:
        DataError: images are URLs, an id has more than 48 bits, or a column cannot be written.

    Source: https://docs.labelbox.com/reference/import-image-annotations
    """
    target = local_path(path)
    target = target if target.suffix.lower() in (".ndjson", ".json") else target / FILE
    instances = shown(tables)[1]
    files = dict(zip(tables.images.index.tolist(), relative_names(tables.images), strict=True))
    large = [i for i in instances.index.tolist() if i >= 1 << 48]
    if large:
        raise DataError(f"ids must be below 2^48 to stand in a uuid, got {first(large)}")
    sizes = sizes_of(tables.images, instances["image_id"]).reshape(-1, 2).tolist()
    masks = instances["mask"].tolist()
    work = list(zip(masks, sizes, strict=True))
    pngs = [to_png(mask, h, w) for mask, (h, w) in progress(work, "masks")]
    asked = questions(tables, "instances")
    texts = said_in(instances, asked)
    boxes, sides = still_boxes(instances), instances[["x", "y", "w", "h"]].to_numpy(float).tolist()
    on = instances["image_id"].tolist()
    lines = _about(tables, files)
    for i, (row, label) in enumerate(zip(instances.index.tolist(), instances["label"].tolist(), strict=True)):
        said = _answers(texts[i], asked)
        place = dict(zip(("left", "top", "width", "height"), sides[i], strict=True))
        line = {"uuid": f"{OUR_UUID}{row:012x}", "name": label, "dataRow": {"globalKey": files[on[i]]}}
        line |= {"bbox": place} if boxes[i] else {"mask": {"png": pngs[i]}}
        lines.append(orjson.dumps({**line, **({"classifications": said} if said else {})}))
    if images != "none":
        targets = [target.parent / "images" / name for name in files.values()]
        export_images(tables.image_root, tables.images, targets, images)
    listed = [
        {"file": file, "width": int(w), "height": int(h)}
        for file, w, h in zip(files.values(), tables.images["width"], tables.images["height"], strict=True)
    ]
    write_bytes(target, b"".join(line + b"\n" for line in lines))
    write_bytes(target.with_name(IMAGES_FILE), orjson.dumps(listed))
    back = [from_png(base64.b64decode(png), str(target))[0] for png in pngs]
    iou, kept = measured(masks, back), {"images": EVERYTHING, "instances": EVERYTHING}
    return report(tables, target, instances.index.to_numpy(), iou, "masks are PNG files", kept=kept)


def _about(tables: LabeledImages, files: Mapping[int, str]) -> list[bytes]:
    """One line per answer about a whole image: a classification of its data row."""
    images, asked = shown(tables)[0], questions(tables, "images")
    lines = []
    for image, row in zip(images.index.tolist(), said_in(images, asked), strict=True):
        for one in _answers(row, asked):
            number = uuid5(_NAMESPACE, f"{files[image]}\n{one['name']}")
            lines.append(orjson.dumps({"uuid": str(number), **one, "dataRow": {"globalKey": files[image]}}))
    return lines


def _answers(row: Mapping[str, Any], asked: Sequence[Question]) -> list[dict[str, Any]]:
    """Classifications: of options a radio answer, of several a checklist, all else is text."""
    out = []
    for one in asked:
        value = row.get(one.name)
        if value is None:
            continue
        if one.kind == "many":
            answer: Any = [{"name": option} for option in to_choices(value)]
        elif one.kind in ("one", "yes/no"):
            answer = {"name": to_choices(value)[0]}
        else:
            answer = value if isinstance(value, str) else columns.to_json(value, one.name)
        out.append({"name": one.name, "answer": answer})
    return out
