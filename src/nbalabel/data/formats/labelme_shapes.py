"""Shapes of LabelMe files to masks."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.errors import FormatError
from ...core.geometry import rle
from .columns import Record
from .pixels import BROKEN
from .polygons import Parts, rasterize

AREAS = frozenset({"polygon", "rectangle", "circle", "mask"})
OTHERS = frozenset({"point", "points", "line", "linestrip"})

_KNOWN = frozenset({"label", "points", "group_id", "shape_type", "flags", "mask", "attributes"})
_CIRCLE = np.stack([np.cos(t := np.linspace(0, 2 * np.pi, 128, endpoint=False)), np.sin(t)], axis=1)


@dataclass(frozen=True)
class Shape:
    """One shape: a polygon, or pixels placed somewhere.

    Attributes:
        label: its label.
        group: shapes of one label and group are one instance; None stands alone.
        points: corners ``(k, 2)``, pixels; of pixels, where their upper left corner goes.
        pixels: ``(h, w)`` bool, for the kind "mask".
        extra: flags, attributes and further fields.
    """

    label: str
    group: int | str | None
    points: np.ndarray
    pixels: np.ndarray | None = None
    extra: Record = field(default_factory=dict)


def parse_shape(found: Any, flag: str) -> Shape:
    """A shape from its JSON.

    Args:
        found: the JSON value.
        flag: prefix for the names of flags.

    Raises:
        ValueError: saying what is wrong with it.
    """
    if not isinstance(found, dict):
        raise ValueError(f"must be an object, got {type(found).__name__}")
    label, group, kind = found.get("label"), found.get("group_id"), found.get("shape_type") or "polygon"
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"label must be text, got {label!r}")
    if group is not None and type(group) not in (int, str):
        raise ValueError(f"group_id must be a whole number or nothing, got {group!r}")
    if not isinstance(kind, str) or kind not in AREAS:
        raise ValueError(f"shape_type {kind!r} has no area; {', '.join(sorted(AREAS))} have")
    points = _points(found.get("points"))
    pixels = _pixels(found.get("mask")) if kind == "mask" else None
    if kind in ("rectangle", "circle"):
        if len(points) != 2 and not (kind == "rectangle" and len(points) == 4):
            raise ValueError(f"a {kind} has two points, got {len(points)}")
        points = _rectangle(points) if kind == "rectangle" else _circle(points)
    return Shape(label, group, points, pixels, _extra(found, flag))


def draw(groups: Sequence[Sequence[Shape]], sizes: np.ndarray, where: Sequence[str]) -> list[bytes]:
    """One mask per group of shapes.

    Args:
        groups: the parts of each instance, ``n`` lists.
        sizes: height and width of each instance's image, ``(n, 2)`` int64.
        where: what a message calls each.

    Raises:
        FormatError: polygons of too few points, pixels outside their image.
    """
    polygons = [[s.points for s in group if s.pixels is None] for group in groups]
    some = [i for i, parts in enumerate(polygons) if parts]
    drawn = rasterize(
        Parts.of([polygons[i] for i in some]), sizes[some], lambda at: [where[some[i]] for i in at]
    )
    masks: list[list[bytes]] = [[] for _ in groups]
    for i, mask in zip(some, drawn, strict=True):
        masks[i].append(mask)
    for i, group in enumerate(groups):
        masks[i] += [_placed(s.pixels, s.points, sizes[i], where[i]) for s in group if s.pixels is not None]
    return [m[0] if len(m) == 1 else rle.union(m, *sizes[i].tolist()) for i, m in enumerate(masks)]


def encode_pixels(pixels: np.ndarray) -> str:
    """A mask as LabelMe keeps it: a PNG in base64."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.where(pixels, 255, 0).astype(np.uint8)).convert("1").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _points(found: Any) -> np.ndarray:
    try:
        points = np.array(found, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("points must be a list of [x, y]") from error
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"points must be a list of [x, y], got {found!r:.60}")
    return points


def _rectangle(points: np.ndarray) -> np.ndarray:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _circle(points: np.ndarray) -> np.ndarray:
    """128 corners around the first point, through the second."""
    return np.asarray(points[0] + np.hypot(*(points[1] - points[0])) * _CIRCLE)


def _pixels(found: Any) -> np.ndarray:
    from PIL import Image

    try:
        data = base64.b64decode(found, validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as file:
            return np.asarray(file.convert("L")) > 0
    except (*BROKEN, binascii.Error, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"mask must be a PNG in base64: {error}") from error


def _placed(pixels: np.ndarray | None, points: np.ndarray, size: np.ndarray, where: str) -> bytes:
    assert pixels is not None
    height, width = size.tolist()
    x, y = np.rint(points.min(axis=0)).astype(np.int64).tolist() if abs(points).max() < 2**31 else (-1, -1)
    h, w = pixels.shape
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise FormatError(
            f"{where}: a mask of {w} x {h} pixels at ({x}, {y}) does not fit its image of {width} x {height}"
        )
    whole = np.zeros((height, width), bool, order="F")
    whole[y : y + h, x : x + w] = pixels
    return rle.encode(whole)


def _extra(found: Record, flag: str) -> Record:
    flags, attributes = found.get("flags"), found.get("attributes")
    extra = {k: v for k, v in found.items() if k not in _KNOWN and v not in (None, "")}
    extra.update(attributes if isinstance(attributes, dict) else {})
    extra.update({flag + k: v for k, v in flags.items()} if isinstance(flags, dict) else {})
    return extra
