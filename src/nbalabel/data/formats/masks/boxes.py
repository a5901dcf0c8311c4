"""Boxes of many masks, from COCO files or computed from the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from ....core.geometry.masks import rle


def read_boxes(found: Sequence[Any]) -> np.ndarray:
    """Boxes as ``(n, 4)`` float64 (x, y, w, h), NaN where a box is missing or invalid."""
    try:
        regular = set(map(type, found)) <= {list} and set(map(len, found)) <= {4}
        boxes = np.fromiter(chain.from_iterable(found), np.float64, 4 * len(found)) if regular else None
    except (TypeError, ValueError):
        boxes = None
    boxes = np.array([_box(value) for value in found]) if boxes is None else boxes
    return valid_boxes(boxes.astype(np.float64).reshape(-1, 4))


def valid_boxes(boxes: np.ndarray) -> np.ndarray:
    """Boxes, ``(n, 4)`` float64, in place, with NaN for those that are none."""
    with np.errstate(over="ignore"):
        valid = np.isfinite(boxes.astype(np.float32)).all(axis=1) & (boxes[:, 2:] >= 0).all(axis=1)
    boxes[~valid] = np.nan
    return boxes


def sides(masks: Any, given: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """Columns x, y, w, h, each ``(n,)`` float32: boxes as given, or from the (valid) masks where invalid."""
    invalid = np.flatnonzero(~np.isfinite(given).all(axis=1))
    if len(invalid):
        given[invalid] = rle.boxes(masks[invalid], sizes[invalid, 0])
    return {name: given[:, i].astype(np.float32) for i, name in enumerate("xywh")}


def _box(value: Any) -> list[float]:
    ok = type(value) is list and len(value) == 4 and set(map(type, value)) <= {int, float}
    return value if ok else [np.nan] * 4
