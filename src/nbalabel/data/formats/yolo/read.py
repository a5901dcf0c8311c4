"""Read YOLO segmentation folders.

Source: https://docs.ultralytics.com/datasets/segment/ (one text file per image, a line ``class x1 y1 x2 y2
...`` per instance, coordinates divided by the image's width and height; class names and split folders in
``data.yaml``)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import UnsafePathError, first, short
from ....core.geometry.outlines.painted import paint
from ....core.tables.of_images import sizes_of
from ....core.tables.schema import SPLITS
from ...tables.tables import Tables
from ..coco.masks import Boxes
from ..masks.polygons import Parts, check, rasterize
from ..records.documents import inside, text
from ..records.files import (
    IMAGE_SUFFIXES,
    Unannotated,
    by_stem,
    existing_folder,
    list_images,
    read_sizes,
    stem,
)
from ..records.rows import assemble, categorical, pictures
from .config import Config, read_config
from .lines import Lines, parse


def read_yolo(
    folder: str | Path,
    *,
    labels: Sequence[str] | None = None,
    unannotated: Unannotated = "unlabeled",
    boxes: Boxes = "error",
) -> Tables:
    """Read a YOLO segmentation folder: ``data.yaml``, images, and ``labels/`` beside ``images/``.

    An image with an empty label file gets state "empty" and weight 1.

    Args:
        folder: the folder of data.yaml; it becomes the image root.
        labels: label names in order, for folders without a yaml file.
        unannotated: state of images without a label file: "unlabeled" (weight 0) or "empty" (weight 1).
        boxes: how to treat lines that have only a box (class x y w h): "error", or "mask" for filled
            rectangles.

    Returns:
        The tables; images and instances are numbered from 1 in the order of their file names.

    Raises:
        FormatError: there are no label names, a split does not exist, or lines are malformed (the message
            names file and line).
        UnsafePathError: a split lies outside the folder.
        ImageError: an image's size cannot be read.

    Source: https://docs.ultralytics.com/datasets/segment/
    """
    root = existing_folder(folder)
    config = read_config(root, labels)
    files = _image_files(root, config)
    images = read_sizes(root, list(files)).assign(split=pd.array(list(files.values()), dtype="str"))
    names = {picture.image_id: label_file(picture.file) for picture in pictures(images)}
    texts = {i: _text(root / name, root) for i, name in names.items()}
    lines = parse(texts, names, len(config.labels), boxes)
    rows = {
        "image_id": lines.image_id,
        "label": categorical(lines.label, config.labels),
        "mask": _masks(lines, sizes_of(images, lines.image_id)),
    }
    verified = [i for i, text in texts.items() if text is not None and not text.strip()]
    return assemble(images, rows, config.labels, root, unannotated, verified)


def draw(parts: Parts, sizes: np.ndarray, names: Any) -> list[bytes]:
    """Draw polygons with coordinates relative to their image, as ultralytics does.

    Ultralytics multiplies each coordinate by the image's side, truncates it to a whole pixel, and lets
    OpenCV's ``fillPoly`` paint the inside and the outline.

    Args:
        parts: polygons, x and y alternating, 0..1; one per mask.
        sizes: height and width of each polygon's image, ``(n, 2)`` int64.
        names: maps positions to their names in error messages.

    Source: ``polygon2mask`` of https://github.com/ultralytics/ultralytics (``ultralytics/data/utils.py``).
    """
    sides = np.repeat(sizes[parts.row][:, ::-1], parts.lengths // 2, axis=0).ravel()
    check(Parts(parts.values * sides, parts.lengths, parts.per_row), sizes.reshape(-1, 2), names)
    pixels = np.trunc(parts.values.astype(np.float32) * sides.astype(np.float32)).astype(np.int64)
    return paint(pixels.reshape(-1, 2), parts.lengths // 2, sizes)


def _masks(lines: Lines, sizes: np.ndarray) -> list[bytes]:
    """Masks of the lines: polygons as ultralytics draws them, boxes as filled rectangles."""

    def drawn(at: np.ndarray, how: Any) -> list[bytes]:
        where = [lines.where[i] for i in at.tolist()]
        polygons = Parts.of([[lines.polygons[i]] for i in at.tolist()])
        return list(how(polygons, sizes[at], lambda k: [where[i] for i in k.tolist()]))

    masks = np.empty(len(lines.polygons), object)
    boxes = np.flatnonzero(lines.box)
    masks[boxes] = drawn(boxes, _filled)
    polygons = np.flatnonzero(~lines.box)
    masks[polygons] = drawn(polygons, draw)
    return list(masks)


def _filled(parts: Parts, sizes: np.ndarray, names: Any) -> list[bytes]:
    sides = np.repeat(sizes[:, ::-1], parts.lengths // 2, axis=0).ravel()
    return rasterize(Parts(parts.values * sides, parts.lengths, parts.per_row), sizes, names)


def _image_files(root: Path, config: Config) -> dict[str, str | None]:
    """Image file -> its split, sorted; a file in two splits gets the first."""
    found: dict[str, str | None] = {}
    for split, folders in config.splits.items():
        for at in folders:
            for file in _split_files(root, at):
                found.setdefault(file, split if split in SPLITS else None)
    by_stem(found)
    return dict(sorted(found.items()))


def _split_files(root: Path, at: str) -> list[str]:
    path = root / at
    if path.is_dir():
        return [(PurePosixPath(at) / name).as_posix() for name in list_images(path)]
    lines = [line.strip() for line in text(path, root).splitlines()]
    files = [root / line if not line.startswith("./") else path.parent / line for line in lines if line]
    bad = [
        f for f in files if "\x00" in str(f) or f.suffix.lower() not in IMAGE_SUFFIXES or not inside(root, f)
    ]
    if bad:
        raise UnsafePathError(
            f"{path}: must list image files inside {root}, got {first(map(short, map(str, bad)))}"
        )
    return [f.resolve().relative_to(root.resolve()).as_posix() for f in files]


def label_file(file: str) -> str:
    """The label file of an image: the last folder ``images`` becomes ``labels``.

    Example:
        >>> label_file("images/train/day 1/a.jpg"), label_file("a.jpg")
        ('labels/train/day 1/a.txt', 'a.txt')
    """
    parts = list(PurePosixPath(stem(file) + ".txt").parts)
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] == "images":
            parts[i] = "labels"
            break
    return "/".join(parts)


def _text(path: Path, root: Path) -> str | None:
    return text(path, root) if os.path.lexists(path) else None
