"""How far two answers about the same task agree."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...core.errors import MaskError
from ...core.geometry.masks import rle

_LEAST_IOU = 0.5
"""Mask IoU from which on two instances are the same thing."""


class Agreement(NamedTuple):
    """Things of two answers.

    Attributes:
        same: things that both have, with the same label.
        all: things that either has.
    """

    same: int
    all: int


def agreement(a: dict[str, Any], b: dict[str, Any]) -> Agreement:
    """Compare two answers; of images where both are empty one thing agrees: that nothing is there."""
    if "what" in a or "what" in b:
        return Agreement(int(_said(a) == _said(b)), 1)
    left, right = a["instances"], b["instances"]
    if not left and not right:
        return Agreement(1, 1)
    pairs = _pairs([row["mask"] for row in left], [row["mask"] for row in right])
    same = sum(left[i]["label"] == right[j]["label"] for i, j in pairs)
    return Agreement(same, len(left) + len(right) - len(pairs))


def differing_columns(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Columns of your own that two answers fill in differently, of the image and of things both have."""
    own = [one.get("own", {}) for one in (a, b)]
    pairs = [tuple(each.get("images", {}) for each in own)]
    told = [each.get("instances", {}) for each in own]
    if "what" in a:  # both are about one row
        pairs += [tuple(each.get(row, {}) for each in told) for row in {*told[0], *told[1]}]
    elif any(told):
        left, right = a["instances"], b["instances"]
        found = _pairs([row["mask"] for row in left], [row["mask"] for row in right])
        sides = zip(told, (left, right), strict=True)
        of = [[each.get(str(row["id"]), {}) for row in rows] for each, rows in sides]
        pairs += [(of[0][i], of[1][j]) for i, j in found]
    return sorted({name for x, y in pairs for name in {*x, *y} if x.get(name) != y.get(name)})


def _said(answer: dict[str, Any]) -> tuple[Any, Any]:
    return answer.get("what"), answer.get("label") if answer.get("what") == "relabel" else None


def _pairs(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    """Pairs of masks, each mask in one at most, those of the highest IoU first."""
    if not left or not right:
        return []
    a = [left[i].encode() for i in range(len(left)) for _ in right]
    b = [mask.encode() for _ in left for mask in right]
    try:
        iou = rle.iou_pairs(a, b).reshape(len(left), len(right))
    except MaskError:
        return []  # a mask that is none is like no other
    out: list[tuple[int, int]] = []
    for at in np.argsort(-iou, axis=None, kind="stable"):
        i, j = divmod(int(at), len(right))
        if iou[i, j] < _LEAST_IOU:
            break
        if all(i != x and j != y for x, y in out):
            out.append((i, j))
    return out
