"""Which instances something may hide: their masks touch others, overlap them, or lie in pieces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.geometry.masks.groups import Groups
from ...core.geometry.overlap.pairs import box_pairs
from ...core.opencv import opencv
from ...core.tables.of_images import sizes_of

_RING = 2  # pixels around a mask that count as its outline
_MOST_TOUCHED = 0.25  # of the outline; what is in front of a thing borders on its mask
_MOST_SHARED = 0.1  # of the mask; shared pixels may show the other thing
_LEAST_WHOLE = 0.8  # of the mask, in its largest piece; something without a mask may lie over it

Flags = npt.NDArray[np.bool_]


def perhaps_hidden(rows: pd.DataFrame, others: pd.DataFrame, images: pd.DataFrame) -> Flags:
    """Which instances are perhaps mostly hidden by others, or show parts of others, ``(n,)``.

    Masks are only what is seen of a thing, so that this is a guess: others touch more than a quarter of the
    outline, or cover more than a tenth of the mask.

    Args:
        rows: the instances to look at.
        others: all instances that may hide them, perhaps with ``rows`` among them.
        images: the table of images.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    near = _neighbours(rows, others, images)
    sizes = sizes_of(images, rows["image_id"])
    masks, of_others = rows["mask"].array, others["mask"].array
    found = np.zeros(len(rows), np.bool_)
    for at, beside in near.items():
        height, width = sizes[at].tolist()
        found[at] = _is_hidden(masks[at], [of_others[i] for i in beside], height, width)
    return found


def in_pieces(rows: pd.DataFrame, images: pd.DataFrame) -> Flags:
    """Which masks lie in pieces, as where grass or branches without a mask are in front of a thing, ``(n,)``.

    Args:
        rows: the instances to look at.
        images: the table of images.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    cv2 = opencv("nl.paste")
    largest = []
    for mask, (height, width) in zip(rows["mask"].array, sizes_of(images, rows["image_id"]), strict=True):
        crop = rle.decode_crop(mask, int(height), int(width))[0]
        _, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(crop).view(np.uint8))
        areas = stats[1:, cv2.CC_STAT_AREA]
        largest.append(areas.max() / areas.sum() if len(areas) else 0.0)
    return np.array(largest) < _LEAST_WHOLE


def _neighbours(rows: pd.DataFrame, others: pd.DataFrame, images: pd.DataFrame) -> dict[int, list[int]]:
    """Position of each row -> positions of the others whose box meets its own, grown by the ring."""
    order, other_order = (np.argsort(f["image_id"].to_numpy(), kind="stable") for f in (rows, others))
    groups = Groups.of(rows["image_id"].to_numpy()[order], others["image_id"].to_numpy()[other_order])
    boxes = rle.boxes(rows["mask"], sizes_of(images, rows["image_id"])[:, 0])
    other_boxes = rle.boxes(others["mask"], sizes_of(images, others["image_id"])[:, 0])
    boxes[:, :2] -= _RING
    boxes[:, 2:] += 2 * _RING
    pairs = box_pairs(boxes[order], other_boxes[other_order], groups)
    left, right = order[pairs.left], other_order[pairs.right]
    apart = rows.index.to_numpy()[left] != others.index.to_numpy()[right]
    found: dict[int, list[int]] = {}
    for one, other in zip(left[apart].tolist(), right[apart].tolist(), strict=True):
        found.setdefault(one, []).append(other)
    return found


def _is_hidden(mask: bytes, others: list[bytes], height: int, width: int) -> bool:
    cv2 = opencv("nl.paste")
    crop, x, y = rle.decode_crop(mask, height, width)
    box = (x - _RING, y - _RING, crop.shape[1] + 2 * _RING, crop.shape[0] + 2 * _RING)
    own = rle.decode_crop(mask, height, width, box)[0]
    over = np.logical_or.reduce([rle.decode_crop(other, height, width, box)[0] for other in others])
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _RING + 1, 2 * _RING + 1))
    ring = cv2.dilate(own.astype(np.uint8), kernel).astype(bool) & ~own
    return _share(over, ring) > _MOST_TOUCHED or _share(over, own) > _MOST_SHARED


def _share(over: Flags, of: Flags) -> float:
    """Share of some pixels that are covered, 0..1."""
    return float(over[of].mean()) if of.any() else 0.0
