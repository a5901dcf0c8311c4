"""One mask in a review: its surroundings, its outline, and facts beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.geometry.masks import rle
from ..pixels.imagery import part_of
from ..pixels.pictures import image_row

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

Box = tuple[int, int, int, int]

_LEAST = 48  # pixels of the image that are shown at least
_OVERLAP = 0.1  # lowest IoU at which an instance below a prediction is shown
_SHOWN = ("label", "score", "source", "status", "outcome", "iou", "file", "area")
_OF_IMAGES = ("file", "state", "split")


class Crop(NamedTuple):
    """A part of an image with one mask.

    Attributes:
        box: left, top, right, bottom, pixels of the image.
        mask: COCO run-length bytes of the mask in the box, ``height`` x ``width``.
        width: of the mask, pixels; the width of the box, or less if the box is large.
        height: of the mask, pixels.
    """

    box: Box
    mask: bytes
    width: int
    height: int


def crop_box(
    box: Sequence[float], size: tuple[int, int], context: float, aspect: float, zoom: float = 1.0
) -> Box:
    """The part of an image to show around a mask.

    Args:
        box: (x, y, w, h) of the mask, pixels.
        size: width and height of the image, pixels.
        context: margin on every side, as a share of the longer side of the box.
        aspect: width / height of the view.
        zoom: above 1 shows less, below 1 more.

    Returns:
        left, top, right, bottom, pixels, within the image.

    Example:
        >>> crop_box((50, 40, 40, 20), (400, 200), 0.5, 1.0)
        (30, 10, 110, 90)
    """
    x, y, w, h = (float(value) for value in box)
    more = context * max(w, h)
    wide, high = max(w + 2 * more, _LEAST) / zoom, max(h + 2 * more, _LEAST) / zoom
    wide, high = max(wide, high * aspect), max(high, wide / aspect)
    left, right = _span(x + w / 2, wide, size[0])
    top, bottom = _span(y + h / 2, high, size[1])
    return left, top, right, bottom


def crop_of(ws: Workspace, of: str, row: int, box: Box, longest: int) -> Crop:
    """The mask of a row within a box.

    Args:
        ws: the workspace.
        of: "instances", "predictions" or "images", of which nothing is outlined.
        row: row number.
        box: left, top, right, bottom; clipped to the image.
        longest: longer side of the mask that is returned at most, pixels.
    """
    image = ws.frame("images").iloc[image_row(ws, of, row)]
    width, height = int(image["width"]), int(image["height"])
    left, top = min(max(box[0], 0), width - 1), min(max(box[1], 0), height - 1)
    right, bottom = min(max(box[2], left + 1), width), min(max(box[3], top + 1), height)
    inside: npt.NDArray[Any] = np.zeros((bottom - top, right - left), np.uint8)
    if of != "images":  # these have no mask
        mask: bytes = ws.frame(of)["mask"].iloc[row]
        inside, _, _ = rle.decode_crop(mask, height, width, (left, top, right - left, bottom - top))
    small = scaled(inside, longest)
    return Crop((left, top, right, bottom), rle.encode(small), small.shape[1], small.shape[0])


def pixels_of(ws: Workspace, of: str, row: int, box: Box, longest: int) -> bytes:
    """The pixels of a box as a JPEG, its longer side at most ``longest``.

    Raises:
        ImageError: the file is missing, damaged or too large.
    """
    return part_of(ws, image_row(ws, of, row), box, longest)


def facts_of(ws: Workspace, of: str, row: int, order: Sequence[str]) -> list[list[Any]]:
    """Names and values to show beside the mask, with those of the columns in ``order``.

    Returns:
        [name, value, kind] of each; the kind as in :class:`Column`, or "whole"; missing values are None.
    """
    told = [name for name in _SHOWN if of == "instances" or name != "status"]  # the same for all predictions
    told = list(_OF_IMAGES) if of == "images" else told
    names = [name for name in dict.fromkeys((*told, *order)) if ws.has_column(of, name)]
    out = []
    for name in names:
        column = ws.column_part(of, name, np.array([row]))
        value = column.values[0]
        if column.kind in ("category", "boolean"):
            value = column.categories[value] if value >= 0 else None
        elif column.kind == "text":
            value = str(value) or None
        out.append([name, value, "whole" if column.whole else column.kind])
    if of == "images":
        return out
    box = ws.frame(of)[["w", "h"]].iloc[row]
    return [*out, ["box", f"{int(box['w'])} × {int(box['h'])} px", "text"]]


def below(ws: Workspace, row: int) -> dict[str, Any] | None:
    """The instance that a prediction overlaps most: id, label and IoU; None if no IoU reaches 0.1."""
    frame = ws.frame("predictions")
    rows = np.flatnonzero(ws.image_row("instances") == ws.image_row("predictions")[row])
    labels = ws.frame("instances").iloc[rows]
    labels = labels[~labels["crowd"].to_numpy()]
    if not len(labels):
        return None
    mine = frame["mask"].iloc[[row] * len(labels)]
    iou = rle.iou_pairs(mine.array, labels["mask"].array)
    best = int(np.argmax(iou))
    if iou[best] < _OVERLAP:
        return None
    return {"id": int(labels.index[best]), "label": str(labels["label"].iloc[best]), "iou": float(iou[best])}


def _span(middle: float, length: float, limit: int) -> tuple[int, int]:
    """A span around a middle, shifted into 0..limit."""
    length = min(max(round(length), 1), limit)
    start = min(max(round(middle - length / 2), 0), limit - length)
    return start, start + length


def scaled(mask: npt.NDArray[Any], longest: int) -> npt.NDArray[np.uint8]:
    """A mask scaled down to at most ``longest`` pixels; one that has pixels does not become empty."""
    height, width = mask.shape
    scale = longest / max(height, width)
    plain: npt.NDArray[np.uint8] = np.asarray(mask, np.uint8)
    if scale >= 1:
        return plain
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    shares = np.asarray(Image.fromarray(plain * 255).resize(size, Image.Resampling.BOX))
    out = shares > 127
    return np.asarray(out if out.any() or not plain.any() else shares == max(shares.max(), 1), np.uint8)
