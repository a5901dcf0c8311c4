"""Write Labelbox's NDJSON for imports.

Source: https://docs.labelbox.com/reference/import-image-annotations
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson

from ....core.errors import DataError, first
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import INSTANCES, LabeledImages
from ....core.urls import local_path
from ..records import columns
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, export_images, progress, relative_names, write_bytes
from ..records.ids import IS_BOX, NB_ID, still_boxes
from ..records.report import WriteReport, measured, report
from .objects import from_png, to_png
from .read import FILE, IMAGES_FILE, OUR_UUID


def write_labelbox(tables: LabeledImages, path: str | Path, *, images: Images = "none") -> WriteReport:
    """Write Labelbox's NDJSON for an import of labels or pre-labels, one line per instance.

    Masks are PNG files within the lines, instances of which only a box is known are boxes. Images are named
    by their files, as global keys; ``images.json`` beside the file lists them with their sizes, which this
    format has no place for. Your own columns are classifications: flags as choices, all else as text. The id
    of each instance is the end of its uuid.

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
    own = [name for name in instances.columns if name not in INSTANCES and name not in (NB_ID, IS_BOX)]
    texts = columns.written(instances[own], {}, frozenset())
    boxes, sides = still_boxes(instances), instances[["x", "y", "w", "h"]].to_numpy(float).tolist()
    on = instances["image_id"].tolist()
    lines = []
    for i, (row, label) in enumerate(zip(instances.index.tolist(), instances["label"].tolist(), strict=True)):
        said = [_answer(name, found[i]) for name, found in texts.items() if found[i] is not None]
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
    iou, kept = measured(masks, back), {"instances": EVERYTHING}
    return report(tables, target, instances.index.to_numpy(), iou, "masks are PNG files", kept=kept)


def _answer(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"name": name, "answer": {"name": str(value).lower()}}
    text = value if isinstance(value, str) else columns.to_json(value, name)
    return {"name": name, "answer": text}
