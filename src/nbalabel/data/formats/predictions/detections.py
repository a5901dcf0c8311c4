"""Read the predictions of other libraries for one image: masks, boxes, scores and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....core.errors import DataError, MaskError
from ....core.geometry.masks import rle
from ....core.tables.mask_inputs import pixels


@dataclass(frozen=True)
class Detections:
    """The predictions on one image.

    Attributes:
        masks: ``(n,)`` run lengths; None if there are only boxes.
        boxes: ``(n, 4)`` (x, y, w, h) pixels; None if there are masks.
        scores: ``(n,)`` float64.
        labels: ``(n,)`` names or numbers.
    """

    masks: list[bytes] | None
    boxes: np.ndarray | None
    scores: np.ndarray
    labels: list[Any]


def detections(value: Any, name: object, height: int, width: int) -> Detections:
    """Read a model's predictions on one image.

    Args:
        value: a mapping with ``masks`` (``(n, height, width)`` or ``(n, 1, height, width)``, bool or
            probabilities with threshold 0.5) or ``boxes`` (``(n, 4)`` x1, y1, x2, y2), ``scores`` and
            ``labels``, as torchvision's models return; supervision's ``Detections``; or ultralytics'
            ``Results``.
        name: name of the image, for messages.
        height: of the image, pixels.
        width: likewise.

    Raises:
        DataError: a part is missing, or the lengths differ.
        MaskError: masks are of another size than the image.
    """
    masks, boxes, scores, labels = _fields(value, name)
    if scores is None or labels is None or (masks is None and boxes is None):
        raise DataError(
            f"image {name}: predictions need masks or boxes, scores and labels; "
            f"missing: {_missing(masks if masks is not None else boxes, scores, labels)}"
        )
    given = np.atleast_1d(np.asarray(pixels(scores), np.float64))
    names = [_plain(label) for label in np.atleast_1d(pixels(labels)).tolist()]
    found = None if masks is None else _masks(pixels(masks), len(given), name, height, width)
    sides = None if boxes is None else _boxes(pixels(boxes), len(given), name)
    counts = {len(given), len(names), len(given if found is None else found)}
    if len(counts) > 1:
        n_masks = "no" if found is None else len(found)
        raise DataError(
            f"image {name}: as many labels and masks as scores expected, got {len(given)} scores, "
            f"{len(names)} labels, {n_masks} masks"
        )
    return Detections(found, sides if found is None else None, given, names)


def _fields(value: Any, name: object) -> tuple[Any, Any, Any, Any]:
    """Masks, boxes (x1, y1, x2, y2), scores and labels, from the fields of each library."""
    if isinstance(value, Mapping):
        return value.get("masks"), value.get("boxes"), value.get("scores"), value.get("labels")
    if hasattr(value, "xyxy") and hasattr(value, "class_id"):  # supervision
        data = getattr(value, "data", None) or {}
        return value.mask, value.xyxy, value.confidence, data.get("class_name", value.class_id)
    boxes = getattr(value, "boxes", None)
    if boxes is not None and hasattr(boxes, "cls"):  # ultralytics
        names = getattr(value, "names", {})
        labels = [names.get(int(code), int(code)) for code in pixels(boxes.cls)]
        masks = getattr(value, "masks", None)
        return None if masks is None else masks.data, boxes.xyxy, boxes.conf, labels
    raise DataError(
        f"image {name}: expected a mapping with masks, scores and labels, supervision's Detections or "
        f"ultralytics' Results, got {type(value).__name__}"
    )


def _missing(shapes: Any, scores: Any, labels: Any) -> str:
    parts = {"masks or boxes": shapes, "scores": scores, "labels": labels}
    return ", ".join(what for what, part in parts.items() if part is None)


def _masks(masks: Any, n: int, name: object, height: int, width: int) -> list[bytes]:
    if not n:
        return []
    if masks.ndim == 4 and masks.shape[1] == 1:
        masks = masks[:, 0]
    if masks.shape[1:] != (height, width) or masks.ndim != 3:
        raise MaskError(
            f"image {name}: masks must be (n, {height}, {width}), the size of the image, got {masks.shape}; "
            "bring them to it first (ultralytics: predict(..., retina_masks=True))"
        )
    inside = masks > 0.5 if masks.dtype.kind == "f" else masks
    return rle.encode_many(inside)


def _boxes(boxes: Any, n: int, name: object) -> np.ndarray:
    corners = np.asarray(boxes, np.float64).reshape(-1, 4) if np.size(boxes) % 4 == 0 else np.zeros((0, 4))
    if len(corners) != n:
        raise DataError(f"image {name}: boxes must be ({n}, 4), x1, y1, x2, y2, got {np.shape(boxes)}")
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)


def _plain(label: Any) -> Any:
    """A label number as an int, also if it was stored as a float."""
    return int(label) if isinstance(label, float) and label.is_integer() else label


def plain_labels(labels: Sequence[Any]) -> list[Any]:
    """Labels as Python str and int, converted from NumPy scalars, for use as dictionary keys."""
    return [_plain(label.item() if isinstance(label, np.generic) else label) for label in labels]
