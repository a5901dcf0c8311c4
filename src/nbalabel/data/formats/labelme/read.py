"""Read LabelMe folders: one JSON file per image.

Source: https://github.com/wkentaro/labelme (``labelme/_label_file.py``, ``labelme/utils/shape.py``)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import FormatError, UnsafePathError, first, short
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES
from ...images.remote.folder import Root
from ...tables.tables import Tables
from ..records import columns
from ..records.columns import Record
from ..records.documents import inside, load, text
from ..records.files import (
    Unannotated,
    check_names,
    existing_folder,
    image_folder,
    list_files,
    list_images,
    progress,
    read_sizes,
)
from ..records.rows import assemble
from .shapes import OTHERS, Shape, draw, parse_shape

LABELS_FILE = "labels.txt"

FLAG = "flag_"
"""Prefix of the columns for LabelMe's flags."""


@dataclass
class _Found:
    """The contents of one JSON file."""

    name: str
    file: str
    size: tuple[Any, Any]
    shapes: list[Shape]
    extra: Record = field(default_factory=dict)


def read_labelme(
    folder: str | Path,
    images: str | Path | None = None,
    *,
    labels: Collection[str] | None = None,
    skip: Collection[str] = (),
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read a folder of LabelMe files: polygons, rectangles, circles and masks.

    Shapes of one label with the same ``group_id`` are parts of one instance. Flags become columns
    ``flag_<name>``, descriptions and attributes columns of their own names. An image whose JSON file has no
    shapes gets state "empty" and weight 1.

    Args:
        folder: folder of the JSON files.
        images: folder of the images, in the same subfolders as their JSON files, with the file name of
            ``imagePath``; None resolves ``imagePath`` relative to the JSON file.
        labels: labels in order; None takes ``labels.txt`` in the folder, or the labels found sorted by name.
        skip: types of shape to leave out ("point", "points", "line", "linestrip"); they have no area and are
            refused otherwise.
        unannotated: state of images without a JSON file: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of the JSON files.

    Raises:
        FormatError: a file is malformed, or a type of shape or a label is unknown; the message names the
            files.
        UnsafePathError: an ``imagePath`` leaves the folder (pass ``images=``).
        ImageError: the size of an image is neither in its JSON file nor readable from the image.

    Source: https://github.com/wkentaro/labelme
    """
    base = existing_folder(folder)
    root = base if images is None else image_folder(images)
    names = list_files(base, [".json"])
    found = [_file(base, name, images is not None, skip) for name in progress(names, "LabelMe files")]
    check_names([f.file for f in found], [f.name for f in found])
    repeated = pd.Index([f.file for f in found])
    if repeated.has_duplicates:
        raise FormatError(
            f"several JSON files are about one image: {first(repeated[repeated.duplicated()].unique())}"
        )
    table = _images(root, found)
    labels = _listed(base) if labels is None else labels
    blank = [i for i, f in enumerate(found, 1) if not f.shapes]
    return assemble(table, *_instances(found, table, labels), root, unannotated, blank)


def _listed(base: Path) -> list[str] | None:
    """The labels of ``labels.txt``, one per line; names such as ``__ignore__`` are not for shapes."""
    path = base / LABELS_FILE
    if not path.is_file():
        return None
    lines = [line.strip() for line in text(path, base, 1 << 24).split("\n")]
    return [line for line in lines if line and not (line.startswith("_") and line.endswith("_"))]


def _file(base: Path, name: str, elsewhere: bool, skip: Collection[str]) -> _Found:
    if not inside(base, base / name):
        raise UnsafePathError(f"{base / name} must stay below {base}: a link leads out of it")
    document = load(base / name)
    if not isinstance(document, dict) or not isinstance(document.get("shapes"), list):
        raise FormatError(f"{base / name} must be an object with a list of shapes")
    image = document.get("imagePath")
    if not isinstance(image, str):
        raise FormatError(f"{base / name}: imagePath must be a file name, got {short(image)}")
    if elsewhere:
        image = image.replace("\\", "/").rpartition("/")[2]
    shapes = []
    for i, shape in enumerate(document["shapes"]):
        kind = shape.get("shape_type") or "polygon" if isinstance(shape, dict) else None
        if isinstance(kind, str) and kind in skip and kind in OTHERS:
            continue
        try:
            shapes.append(parse_shape(shape, FLAG))
        except ValueError as error:
            hint = (
                f'; skip=["{kind}"] leaves such shapes out'
                if isinstance(kind, str) and kind in OTHERS
                else ""
            )
            raise FormatError(f"{base / name}, shapes[{i}]: {error}{hint}") from error
    flags = document.get("flags")
    extra = {FLAG + k: v for k, v in flags.items()} if isinstance(flags, dict) else {}
    size = (document.get("imageWidth"), document.get("imageHeight"))
    at = PurePosixPath(name).parent / image if not image.startswith(("/", "\\")) else PurePosixPath(image)
    return _Found(name, str(at), size, shapes, extra)


def _images(root: Root, found: list[_Found]) -> pd.DataFrame:
    sizes = [f.size for f in found]
    unknown = [i for i, (w, h) in enumerate(sizes) if not (_is_side(w) and _is_side(h))]
    if unknown:
        measured = read_sizes(root, [found[i].file for i in unknown])
        for i, w, h in zip(unknown, measured["width"].tolist(), measured["height"].tolist(), strict=True):
            sizes[i] = (w, h)
    there = {f.file for f in found}
    others = read_sizes(root, [file for file in list_images(root) if file not in there])
    data = {
        "file": [*(f.file for f in found), *others["file"]],
        "width": [*(w for w, _ in sizes), *others["width"]],
        "height": [*(h for _, h in sizes), *others["height"]],
    }
    data.update(
        columns.extras([*(f.extra for f in found), *({} for _ in range(len(others)))], frozenset(), IMAGES)
    )
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(data["file"]) + 1, name="image_id"))


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31


def _instances(
    found: list[_Found], table: pd.DataFrame, labels: Collection[str] | None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    grouped = [(i, group) for i, f in enumerate(found, 1) for group in _grouped(f.shapes)]
    names = [group[0].label for _, group in grouped]
    ordered = tuple(sorted(set(names)) if labels is None else labels)
    strange = sorted(set(names) - set(ordered))
    if strange:
        raise FormatError(f"labels must be among {first(ordered)}, got {first(strange)}")
    ids = np.array([i for i, _ in grouped], np.int64)
    sizes = sizes_of(table, ids)
    where = [f"{found[i - 1].name} ({group[0].label})" for i, group in grouped]
    masks = draw([group for _, group in grouped], sizes, where)
    rows = {"image_id": ids, "label": names, "mask": masks}
    extra = [{k: v for shape in reversed(group) for k, v in shape.extra.items()} for _, group in grouped]
    rows.update(columns.extras(extra, frozenset(), INSTANCES))
    return rows, ordered


def _grouped(shapes: list[Shape]) -> list[list[Shape]]:
    """Group the shapes of each instance, in the order of their first part."""
    groups: dict[object, list[Shape]] = {}
    for i, shape in enumerate(shapes):
        key = ("shape", i) if shape.group is None else (shape.label, shape.group)
        groups.setdefault(key, []).append(shape)
    return list(groups.values())
