"""Read Datumaro's JSON.

Source: https://open-edge-platform.github.io/datumaro/latest/docs/data-formats/formats/datumaro.html
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import FormatError, UnsafePathError, first, short
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import IMAGES, INSTANCES, SPLITS
from ....core.urls import local_path
from ...images.remote.folder import Root, is_there
from ...tables.tables import Tables
from ..coco.masks import read_masks
from ..masks.boxes import read_boxes
from ..masks.drawn import ellipse_corners
from ..records import columns
from ..records.columns import Record
from ..records.documents import inside, load, records
from ..records.files import Unannotated, check_names, existing_folder, image_folder, list_files, read_sizes
from ..records.ids import NB_ID, claimed_ids, marked_boxes
from ..records.questions import columns_of
from ..records.rows import assemble

ANNOTATIONS, PICTURES, NO_SPLIT = "annotations", "images", "default"
CROWD = "is_crowd"
ITEM_ATTRIBUTES = "attr"
"""Key of an item that holds its attributes."""

_AREAS = frozenset({"mask", "polygon", "bbox", "ellipse"})


@dataclass
class _Found:
    """What the files hold, as they are read."""

    skip: frozenset[str]
    root: Root | None
    labels: list[str] = field(default_factory=list)
    images: list[Record] = field(default_factory=list)
    shapes: list[tuple[int, str, Record, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def take(self, path: Path, subset: str) -> None:
        document = load(path)
        if not isinstance(document, dict):
            raise FormatError(f"{path} must be an object with categories and items, got {short(document)}")
        names = _names(document, path)
        self.labels += [name for name in names if name not in self.labels]
        for i, item in enumerate(records(document, "items", path), 1):
            where = f"{path}, item {i}"
            self.images.append(self._image(item, subset, where))
            for k, shape in enumerate(records(item, ANNOTATIONS, where, required=False), 1):
                self._shape(shape, names, f"{where}, annotation {k}")

    def _image(self, item: Record, subset: str, where: str) -> Record:
        image, name = item.get("image"), item.get("id")
        if not isinstance(image, dict):
            raise FormatError(f"{where} ({short(name)}) has no image")
        file = image.get("path") or f"{name}.jpg"
        check_names([file], [where])
        file = file.replace("\\", "/")
        if isinstance(self.root, Path) and os.path.isfile(self.root / subset / file):
            file = f"{subset}/{file}"
        size = image.get("size")
        sides = size if isinstance(size, list) and len(size) == 2 and all(map(_is_side, size)) else None
        part, said = subset if subset in SPLITS else None, item.get(ITEM_ATTRIBUTES) or {}
        if not isinstance(said, dict):
            raise FormatError(f"{where}: {ITEM_ATTRIBUTES} must be an object, got {short(said)}")
        return {"file": file, "size": sides, "split": part, "said": said}

    def _shape(self, shape: Record, names: list[str], where: str) -> None:
        kind, code = shape.get("type"), shape.get("label_id")
        if not isinstance(kind, str) or kind not in _AREAS:
            if isinstance(kind, str) and kind in self.skip:
                self.skipped[kind] += 1
                return
            raise FormatError(
                f"{where}: type {short(kind)} has no area; {', '.join(sorted(_AREAS))} have; skip=[...] "
                "leaves others out"
            )
        if type(code) is not int or not 0 <= code < len(names):
            raise FormatError(f"{where}: label_id must be one of the {len(names)} labels, got {short(code)}")
        if not isinstance(shape.get("attributes") or {}, dict):
            raise FormatError(f"{where}: attributes must be an object")
        self.shapes.append((len(self.images), names[code], shape, where))


def read_datumaro(
    path: str | Path,
    images: str | Path | None = None,
    *,
    skip: Collection[str] = (),
    unannotated: Unannotated = "unlabeled",
) -> Tables:
    """Read Datumaro's JSON: masks, polygons, boxes and ellipses.

    Attributes of annotations and items become columns of instances and images of their names, and so do
    ``z_order`` and ``group_id`` where they are used. Parts called train, val or test become splits. Boxes are
    marked in a column ``is_box``; their masks are the boxes filled.

    Args:
        path: the folder with ``annotations/*.json``, or one such file.
        images: folder of the images, which may lie in a folder of their part; None takes ``images`` beside
            ``annotations`` where it is there.
        skip: types to leave out, such as "label", "points", "polyline" or "caption"; they have no area and
            are refused otherwise. ``info["skipped"]`` counts them.
        unannotated: state of images without annotations: "unlabeled" (weight 0) or "empty" (weight 1).

    Returns:
        The tables, numbered from 1 in the order of the files.

    Raises:
        FormatError: a file is malformed; the message names the item.
        MaskError: run lengths are malformed or of another size than their image.
        UnsafePathError: a file name leaves its folder.

    Source: https://open-edge-platform.github.io/datumaro/latest/docs/data-formats/formats/datumaro.html
    """
    one = local_path(path)
    base = one.parent.parent if one.is_file() else existing_folder(one)
    root = image_folder(images) if images is not None else base / PICTURES
    found = _Found(frozenset(skip), root if is_there(root) else None)
    files = (
        [one]
        if one.is_file()
        else [base / ANNOTATIONS / f for f in list_files(base / ANNOTATIONS, [".json"])]
    )
    if not files:
        raise FormatError(f"{base / ANNOTATIONS} holds no JSON file")
    for file in files:
        if not inside(base, file):
            raise UnsafePathError(f"{file} must stay below {base}: a link leads out of it")
        found.take(file, file.stem)
    table = _images(found, base)
    ids = np.array([at for at, _, _, _ in found.shapes], np.int64)
    rows: dict[str, Any] = {
        "image_id": ids,
        "label": pd.Categorical([name for _, name, _, _ in found.shapes], categories=found.labels),
        "mask": _masks(found, sizes_of(table, ids).reshape(-1, 2)),
        **_extras([shape for _, _, shape, _ in found.shapes]),
    }
    info = {"skipped": dict(found.skipped)} if found.skipped else None
    return assemble(table, rows, found.labels, found.root, unannotated, info=info)


def _names(document: Mapping[str, Any], path: Path) -> list[str]:
    """Names of the labels by their number."""
    categories = document.get("categories")
    label = categories.get("label", {}) if isinstance(categories, dict) else None
    listed = records(label, "labels", path, required=False) if isinstance(label, dict) else None
    names = [one.get("name") for one in listed or []]
    bad = [name for name in names if not isinstance(name, str) or not name.strip()]
    if listed is None or bad or len(set(names)) != len(names):
        raise FormatError(
            f"{path}: categories need labels with names of their own, got {first(map(short, bad))}"
        )
    return [str(name) for name in names]


def _images(found: _Found, base: Path) -> pd.DataFrame:
    files = [image["file"] for image in found.images]
    repeated = [name for name, n in Counter(files).items() if n > 1]
    if repeated:
        raise FormatError(f"{base}: images must have names of their own, repeated: {first(repeated)}")
    sizes = [image["size"] for image in found.images]
    unknown = [i for i, size in enumerate(sizes) if size is None]
    if unknown and found.root is None:
        raise FormatError(
            f"{base}: {len(unknown)} images have no size in the file: {first(files[i] for i in unknown)}. "
            "images=FOLDER reads it from the pictures"
        )
    if unknown and found.root is not None:
        measured = read_sizes(found.root, [files[i] for i in unknown])
        for i, w, h in zip(unknown, measured["width"].tolist(), measured["height"].tolist(), strict=True):
            sizes[i] = [h, w]
    sides = np.array(sizes, np.int64).reshape(-1, 2)
    data: dict[str, Any] = {"file": files, "width": sides[:, 1], "height": sides[:, 0]}
    if any(image["split"] for image in found.images):
        data["split"] = [image["split"] for image in found.images]
    data |= columns_of([image["said"] for image in found.images], IMAGES)
    return pd.DataFrame(data, index=pd.RangeIndex(1, len(files) + 1, name="image_id"))


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**31


def _masks(found: _Found, sizes: np.ndarray) -> Any:
    segmentations: list[Any] = []
    boxes: list[Any] = []
    for _, _, shape, where in found.shapes:
        kind, box, outline = shape["type"], None, None
        if kind == "mask":
            outline = shape.get("rle")
            if not isinstance(outline, dict):
                raise FormatError(f"{where}: a mask needs rle, got {short(outline)}")
        elif kind == "bbox":
            box = shape.get("bbox")
        else:
            points = shape.get("points")
            if not isinstance(points, list) or not points or not all(type(v) in (int, float) for v in points):
                raise FormatError(f"{where}: points must be a list of numbers, got {short(points)}")
            outline = [_ellipse(points, where)] if kind == "ellipse" else [points]
        segmentations.append(outline)
        boxes.append(box)
    ids = np.arange(1, len(found.shapes) + 1)
    return read_masks(segmentations, ids, sizes, read_boxes(boxes))


def _ellipse(points: list[float], where: str) -> list[float]:
    if len(points) != 4 or not all(abs(v) < 1e9 for v in points):
        raise FormatError(f"{where}: an ellipse has four numbers, x1, y1, x2, y2, got {short(points)}")
    x0, y0, x1, y1 = points
    corners: list[float] = (
        ellipse_corners((x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2, (y1 - y0) / 2).ravel().tolist()
    )
    return corners


def _extras(shapes: list[Record]) -> dict[str, Any]:
    """Columns besides image, label and mask."""
    said = [shape.get("attributes") or {} for shape in shapes]
    out = claimed_ids([one.get(NB_ID) for one in said])
    crowds = np.array([one.get(CROWD) is True for one in said], np.bool_)
    out |= {"crowd": crowds} if crowds.any() else {}
    out |= marked_boxes([shape["type"] == "bbox" for shape in shapes])
    for name, key in (("z_order", "z_order"), ("group_id", "group")):
        numbers = [shape.get(key) or 0 for shape in shapes]
        if any(numbers):
            out[name] = columns.integers(numbers, f"{key} of annotations")
    own = [{k: v for k, v in one.items() if k not in (NB_ID, CROWD)} for one in said]
    return out | columns_of(own, {**INSTANCES, **out})
