"""Parse lines of YOLO label files: ``class x1 y1 x2 y2 ...``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ....core.errors import FormatError, first
from ..coco.masks import Boxes
from ..records.files import progress

_OUTSIDE = 0.01
"""Tolerance of coordinates outside 0..1, because other tools round."""


@dataclass(frozen=True)
class Lines:
    """Parsed lines of many files.

    Attributes:
        image_id: image of each line, ``(n,)`` int64.
        label: label number of each line, ``(n,)`` int64.
        polygons: polygon of each line, x and y alternating, 0..1, ``n`` arrays.
        box: whether the line has only a box, ``(n,)`` bool.
        where: file and line number of each line, for messages.
    """

    image_id: np.ndarray
    label: np.ndarray
    polygons: list[np.ndarray]
    box: np.ndarray
    where: list[str]


def parse(texts: Mapping[int, str | None], files: Mapping[int, str], n_labels: int, boxes: Boxes) -> Lines:
    """Parse label files.

    Args:
        texts: content of each image's label file, by image id; None if there is no file.
        files: names of the label files, by image id.
        n_labels: number of labels; label numbers must be smaller.
        boxes: how to treat lines that have only a box (class x y w h): "error", or "mask" for filled
            rectangles.

    Raises:
        FormatError: lines are malformed; the message names file and line.
    """
    ids: list[int] = []
    labels: list[int] = []
    polygons: list[np.ndarray] = []
    box: list[bool] = []
    where: list[str] = []
    wrong: list[str] = []
    for image_id, text in progress(texts.items(), "label files", len(texts)):
        for number, line in enumerate((text or "").splitlines(), 1):
            if not line.strip():
                continue
            try:
                label, polygon = _line(line, n_labels, boxes)
            except ValueError as error:
                wrong.append(f"{files[image_id]} line {number}: {error}")
                continue
            ids.append(image_id)
            labels.append(label)
            polygons.append(np.array(polygon))
            box.append(len(line.split()) == 5)
            where.append(f"{files[image_id]} line {number}")
    if wrong:
        raise FormatError(f"{len(wrong)} lines are not 'class x1 y1 x2 y2 x3 y3 ...': {first(wrong, 3)}")
    return Lines(np.array(ids, np.int64), np.array(labels, np.int64), polygons, np.array(box, bool), where)


def _line(line: str, n_labels: int, boxes: Boxes) -> tuple[int, list[float]]:
    """Label number and polygon of one line; a ValueError says what is wrong with the line."""
    label, *polygon = [float(word) for word in line.split()]
    if not (label.is_integer() and 0 <= label < n_labels):
        raise ValueError(f"class must be a whole number below {n_labels}, got {label:g}")
    if len(polygon) == 4:
        if boxes != "mask":
            raise ValueError('a box without a mask; boxes="mask" fills it instead')
        x, y, w, h = polygon
        left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
        polygon = [left, top, right, top, right, bottom, left, bottom]
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"{len(polygon)} coordinates; at least 6 and an even number are expected")
    if not all(-_OUTSIDE <= v <= 1 + _OUTSIDE for v in polygon):  # also refuses nan
        raise ValueError("coordinates must lie between 0 and 1")
    return int(label), polygon
