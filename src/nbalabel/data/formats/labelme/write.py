"""Write LabelMe folders.

Source: https://github.com/wkentaro/labelme
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from ....core.errors import DataError
from ....core.geometry.masks import rle
from ....core.geometry.outlines.centres import centre_outlines
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES, LabeledImages
from ....core.urls import local_path
from ..records import columns
from ..records.answers import EVERYTHING, shown
from ..records.files import Images, by_stem, export_images, progress, relative_names, stem, write_bytes
from ..records.report import WriteReport, measured, report
from ..records.rows import pictures
from .read import FLAG, LABELS_FILE
from .shapes import Shape, draw, encode_pixels

_FIELDS = frozenset({"label", "points", "group_id", "shape_type", "flags", "mask", "attributes"})


def write_labelme(
    tables: LabeledImages,
    folder: str | Path,
    *,
    images: Images = "link",
    masks: Literal["polygons", "pixels"] = "polygons",
    tolerance: float = 0.0,
) -> WriteReport:
    """Write one LabelMe JSON file beside each image, except unlabeled images without instances.

    Outlines run through pixel centres, as LabelMe paints them. Parts of one mask share a ``group_id``;
    holes are bridged to their exterior (see docs/formats.md). Columns ``flag_<name>`` become flags,
    ``description`` the description and your other columns ``attributes``.

    Args:
        tables: a Dataset, Version or Tables.
        folder: folder to write to.
        images: "link" (hard links, or copies where links are impossible), "copy", or "none" for only the JSON
            files.
        masks: "polygons", or "pixels" for LabelMe's type "mask" (5.3 or later), which is always exact.
        tolerance: largest distance of simplified outlines from the exact ones, pixels.

    Returns:
        What was written; ``loss`` has the IoU of every mask that LabelMe draws differently, measured by
        drawing in the same way. Empty masks cannot be written and have IoU 0.

    Raises:
        DataError: images are URLs, or there are no image files to export.
        FormatError: images differ only in their suffix.

    Warns:
        LossWarning: masks are read back differently.
    """
    if masks not in ("polygons", "pixels"):
        raise DataError(f'masks must be "polygons" or "pixels", got {masks!r}')
    root = local_path(folder)
    files = relative_names(tables.images)
    by_stem(files)
    export_images(tables.image_root, tables.images, [root / file for file in files], images)
    instances = tables.instances
    rles = instances["mask"].tolist()
    sizes = sizes_of(tables.images, instances["image_id"])
    work = list(zip(rles, sizes.tolist(), strict=True))
    if masks == "polygons":
        rings = [centre_outlines(mask, h, w, tolerance) for mask, (h, w) in progress(work, "polygons")]
        parts = [[_polygon(ring) for ring in r] for r in rings]
        back = _redrawn(rings, sizes)
    else:
        parts = [_pixels(mask, h, w) for mask, (h, w) in progress(work, "masks")]
        back = [mask if part else None for mask, part in zip(rles, parts, strict=True)]
    _write_files(tables, root, files, parts)
    write_bytes(root / LABELS_FILE, "".join(f"{label}\n" for label in tables.labels).encode())
    return report(
        tables,
        root,
        instances.index.to_numpy(),
        measured(rles, back),
        "outlines hold no more, as LabelMe draws them",
        kept={"instances": EVERYTHING, "images": _flag_columns(tables.images)},
    )


def _flag_columns(images: pd.DataFrame) -> list[str]:
    """Columns of images that LabelMe keeps, as flags."""
    return [name for name in images.columns if name.startswith(FLAG) and name not in IMAGES]


def _polygon(ring: np.ndarray) -> dict[str, Any]:
    return {"points": ring.tolist(), "shape_type": "polygon"}


def _pixels(mask: bytes, height: int, width: int) -> list[dict[str, Any]]:
    crop, x, y = rle.decode_crop(mask, height, width)
    if not crop.size:
        return []
    h, w = crop.shape
    points = [[float(x), float(y)], [float(x + w - 1), float(y + h - 1)]]
    return [{"points": points, "shape_type": "mask", "mask": encode_pixels(crop)}]


def _redrawn(rings: Sequence[Sequence[np.ndarray]], sizes: np.ndarray) -> list[bytes | None]:
    shapes = [[Shape("", None, ring) for ring in parts] for parts in rings]
    some = [i for i, parts in enumerate(shapes) if parts]
    back: list[bytes | None] = [None] * len(rings)
    drawn = draw([shapes[i] for i in some], sizes[some], [str(i) for i in some])
    for i, mask in zip(some, drawn, strict=True):
        back[i] = mask
    return back


def _write_files(
    tables: LabeledImages, root: Path, files: Sequence[str], parts: Sequence[Sequence[dict[str, Any]]]
) -> None:
    described = _described(tables)
    flags = _flags(tables)
    rows = list(zip(pictures(tables.images, tables.instances), files, flags, strict=True))
    for picture, file, image_flags in progress(rows, "LabelMe files"):
        at = picture.at
        if not at and picture.unlabeled:
            continue
        shapes = []
        for group, i in enumerate(at, 1):
            together = {"group_id": group if len(parts[i]) > 1 else None}
            shapes += [{**described[i], **together, **part} for part in parts[i]]
        document = {
            "version": "5.5.0",
            "flags": image_flags,
            "shapes": shapes,
            "imagePath": PurePosixPath(file).name,
            "imageData": None,
            "imageHeight": picture.height,
            "imageWidth": picture.width,
        }
        write_bytes(root / f"{stem(file)}.json", orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _described(tables: LabeledImages) -> list[dict[str, Any]]:
    """Label, flags, description and attributes of each instance."""
    extra = columns.written(shown(tables)[1], INSTANCES, _FIELDS)
    out: list[dict[str, Any]] = []
    for i, label in enumerate(tables.instances["label"].tolist()):
        values = {name: found[i] for name, found in extra.items() if found[i] is not None}
        flags = {name[len(FLAG) :]: values.pop(name) for name in list(values) if name.startswith(FLAG)}
        shape: dict[str, Any] = {"label": label, "flags": flags, "description": values.pop("description", "")}
        out.append({**shape, **({"attributes": values} if values else {})})
    return out


def _flags(tables: LabeledImages) -> list[dict[str, Any]]:
    """Flags of each image: its columns ``flag_<name>``."""
    images = shown(tables)[0]
    extra = columns.written(images[_flag_columns(images)], {}, frozenset())
    rows = range(len(tables.images))
    return [{k[len(FLAG) :]: v[i] for k, v in extra.items() if v[i] is not None} for i in rows]
