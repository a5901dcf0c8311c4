"""Greedy suppression: which masks of one image overlap, and which of them to drop."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..masks.groups import Groups
from ..masks.runs import Ints
from .pairs import Pairs, mask_pairs


def overlapping(
    image_id: npt.ArrayLike,
    masks: Any,
    others_image_id: npt.ArrayLike | None = None,
    others_masks: Any = None,
    *,
    above: float,
    ids: npt.ArrayLike | None = None,
) -> Pairs:
    """Masks of the same image that overlap by more than ``above``.

    Args:
        image_id: image of each mask, ``(n,)`` integers, in any order.
        masks: compressed masks, ``(n,)``: a Series or an array.
        others_image_id: images of a second table, ``(m,)``; None compares the first table with itself.
        others_masks: its masks, ``(m,)``.
        above: mask IoU, 0..1; pairs at it or below are left out.
        ids: names of the masks of the first table for messages, ``(n,)``; default their positions.

    Returns:
        Positions in the tables as given, ordered by left, then right. For one table each pair occurs in
        both directions, and no mask is paired with itself.

    Raises:
        MaskError: a mask is malformed, or masks of one image have different numbers of pixels.

    Example:
        >>> masks = np.array([b"04", b"04", b"13"])
        >>> overlapping([4, 2, 4], masks, above=0.5).left.tolist()
        [0, 2]
    """
    alone = others_image_id is None
    own, order = _by_image(image_id)
    other, other_order = (own, order) if alone else _by_image(others_image_id)
    left = _rows(masks, order)
    right = left if alone else _rows(others_masks, other_order)
    names = None if ids is None else np.asarray(ids)[order]
    pairs = mask_pairs(
        left, right, Groups.of(own, other), minimum=above, left_ids=names, right_ids=names if alone else None
    )
    over = pairs.iou > above
    if alone:
        over &= pairs.left != pairs.right
    i, j, iou = order[pairs.left[over]], other_order[pairs.right[over]], pairs.iou[over]
    sort = np.lexsort((j, i))
    return Pairs(i[sort], j[sort], iou[sort])


def losers(pairs: Ints, order: Ints) -> Ints:
    """Rows to drop: each overlaps a better row that is kept.

    Source: greedy suppression by score, as in Papadopoulos, Weber & Torralba 2021, between rounds.

    Args:
        pairs: rows that overlap, ``(k, 2)``, in one direction or both.
        order: rows, best first; a pair counts only if both of its rows are in ``order``.

    Returns:
        Ascending, ``(m,)`` int64.

    Example:
        >>> losers(np.array([[0, 1], [1, 2]]), np.array([0, 1, 2])).tolist()
        [1]
    """
    if not len(pairs):
        return np.zeros(0, np.int64)
    place = np.full(int(max(pairs.max(), order.max(initial=0))) + 1, -1, np.int64)
    place[order] = np.arange(len(order))
    near: dict[int, list[int]] = {}
    for a, b in pairs[(place[pairs] >= 0).all(axis=1)].tolist():
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    kept: set[int] = set()
    for row in sorted(near, key=lambda r: int(place[r])):
        if kept.isdisjoint(near[row]):
            kept.add(row)
    return np.array(sorted(near.keys() - kept), np.int64)


def _by_image(image_id: Any) -> tuple[Ints, Ints]:
    """The image ids in ascending order, and the original position of each, ``(n,)`` each."""
    image = np.asarray(image_id, np.int64)
    order = np.argsort(image, kind="stable")
    return image[order], order


def _rows(masks: Any, order: Ints) -> Any:
    return masks.iloc[order] if hasattr(masks, "iloc") else masks.take(order)
