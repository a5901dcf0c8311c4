"""Convert shapes of LabelMe files to masks."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....core.errors import FormatError, first, short
from ....core.geometry.masks import rle
from ....core.geometry.outlines.painted import paint
from ...images.files import MAX_PIXELS
from ...images.opening import open_picture
from ..masks.placed import placed
from ..masks.polygons import Namer, Parts, check
from ..rasters.pixels import BROKEN
from ..records.columns import Record

_AREAS = frozenset({"polygon", "rectangle", "oriented_rectangle", "circle", "mask"})
OTHERS = frozenset({"point", "points", "line", "linestrip"})

_KNOWN = frozenset({"label", "points", "group_id", "shape_type", "flags", "mask", "attributes"})


@dataclass(frozen=True)
class Crop:
    """A small mask, stored as run lengths to save memory."""

    mask: bytes
    height: int
    width: int


@dataclass(frozen=True)
class Shape:
    """One shape: corners, or a small mask with its position.

    Attributes:
        label: label of the shape.
        group: shapes of one label and group are one instance; None: the shape is an instance of its own.
        points: corners ``(k, 2)``, pixels; for a circle its centre and a point on it; for a mask its corners.
        pixels: the mask, for LabelMe's type "mask"; else None.
        extra: flags, attributes and further fields.
        kind: "polygon", "rectangle" (two opposite corners) or "circle".
    """

    label: str
    group: int | str | None
    points: np.ndarray
    pixels: Crop | None = None
    extra: Record = field(default_factory=dict)
    kind: str = "polygon"


def parse_shape(found: Any, flag: str) -> Shape:
    """A shape from its JSON.

    Args:
        found: the JSON value.
        flag: prefix for the names of flags.

    Raises:
        ValueError: the shape is invalid; the message says why.
    """
    if not isinstance(found, dict):
        raise ValueError(f"must be an object, got {type(found).__name__}")
    label, group, kind = found.get("label"), found.get("group_id"), found.get("shape_type") or "polygon"
    if not isinstance(label, str) or not label.strip():
        raise ValueError(f"label must be text, got {short(label)}")
    if group is not None and type(group) not in (int, str):
        raise ValueError(f"group_id must be a whole number or nothing, got {short(group)}")
    if not isinstance(kind, str) or kind not in _AREAS:
        raise ValueError(f"shape_type {short(kind)} has no area; {', '.join(sorted(_AREAS))} have")
    points = _points(found.get("points"))
    pixels = _pixels(found.get("mask")) if kind == "mask" else None
    if kind in ("rectangle", "circle"):
        if len(points) != 2 and not (kind == "rectangle" and len(points) == 4):
            raise ValueError(f"a {kind} has two points, got {len(points)}")
        points = np.stack([points.min(axis=0), points.max(axis=0)]) if kind == "rectangle" else points
    kind = kind if kind in ("rectangle", "circle") else "polygon"
    return Shape(label, group, points, pixels, _extra(found, flag), kind)


def draw(groups: Sequence[Sequence[Shape]], sizes: np.ndarray, where: Sequence[str]) -> list[bytes]:
    """One mask per group of shapes.

    Args:
        groups: the parts of each instance, ``n`` lists.
        sizes: height and width of each instance's image, ``(n, 2)`` int64.
        where: name of each instance for messages, ``n``.

    Raises:
        FormatError: a polygon has too few points, or a mask lies outside its image.

    Source: ``shape_to_mask`` of https://github.com/wkentaro/labelme (``labelme/utils/shape.py``).
    """
    masks: list[list[bytes]] = []
    for group, (height, width), name in zip(groups, sizes.tolist(), where, strict=True):
        masks.append([_placed(s, height, width, name) if s.pixels else b"" for s in group])
    flat = [(i, k, s) for i, group in enumerate(groups) for k, s in enumerate(group) if s.pixels is None]
    _check(
        [s for _, _, s in flat], sizes[[i for i, _, _ in flat]], lambda at: [where[flat[j][0]] for j in at]
    )
    for i, k, shape in flat:
        masks[i][k] = painted(shape.points, shape.kind, *sizes[i].tolist())
    return [m[0] if len(m) == 1 else rle.union(m, *sizes[i].tolist()) for i, m in enumerate(masks)]


def painted(points: np.ndarray, kind: str, height: int, width: int) -> bytes:
    """Draw a shape as LabelMe does: with Pillow, inside and outline; Pillow truncates coordinates.

    Args:
        points: corners; see :class:`Shape`.
        kind: "polygon", "rectangle" or "circle".
        height: of the image, pixels.
        width: of the image, pixels.
    """
    from PIL import Image, ImageDraw

    outline = np.trunc(_outline(points, kind)).astype(np.int64)
    left, top = np.maximum(outline.min(axis=0), 0).tolist()
    right, bottom = np.minimum(outline.max(axis=0) + 1, (width, height)).tolist()
    if right <= left or bottom <= top:
        return rle.from_counts([height * width])
    if (right - left) * (bottom - top) > _LARGE:
        return paint(outline, np.array([len(outline)]), np.array([[height, width]]))[0]
    image = Image.new("1", (right - left, bottom - top))
    pen = ImageDraw.Draw(image)
    corners = (outline - (left, top)).ravel().tolist()
    if kind == "circle":
        pen.ellipse([*corners[:2], *corners[4:6]], outline=1, fill=1)
    else:
        pen.polygon(corners, outline=1, fill=1)
    return placed(np.asarray(image), left, top, height, width)


_LARGE = 1 << 26
"""Larger shapes are not drawn as pixels: a file of few bytes could otherwise use all memory."""


def encode_pixels(pixels: np.ndarray) -> str:
    """A mask in LabelMe's format: a PNG in base64."""
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
        raise ValueError(f"points must be a list of [x, y], got {short(found)}")
    return points


def _check(shapes: Sequence[Shape], sizes: np.ndarray, names: Namer) -> None:
    """Refuse outlines with too few points, or far outside; a circle counts as its bounding square."""
    parts = [_outline(s.points, s.kind) if len(s.points) > 1 else s.points for s in shapes]
    check(Parts.of([[part] for part in parts]), sizes.reshape(-1, 2), names)


def _outline(points: np.ndarray, kind: str) -> np.ndarray:
    """Corners of a polygon or rectangle; for a circle, of its bounding square."""
    if kind == "polygon":
        return points
    if kind == "circle":
        radius = np.hypot(*(points[1] - points[0]))
        points = np.stack([points[0] - radius, points[0] + radius])
    (left, top), (right, bottom) = points
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def _pixels(found: Any) -> Crop:
    from PIL import Image

    try:
        data = base64.b64decode(found, validate=True)
        with open_picture(io.BytesIO(data), ("PNG",)) as file:
            if file.size[0] * file.size[1] > MAX_PIXELS:
                raise ValueError(f"{file.size[0]} x {file.size[1]} pixels are more than {MAX_PIXELS:,}")
            pixels = np.asarray(file.convert("L")) > 0
    except (*BROKEN, binascii.Error, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"mask must be a PNG in base64: {first([error])}") from error
    return Crop(rle.encode(pixels), *pixels.shape)


def _placed(shape: Shape, height: int, width: int, where: str) -> bytes:
    assert shape.pixels is not None
    corner = shape.points.min(axis=0)
    x, y = np.rint(corner).astype(np.int64).tolist() if abs(corner).max() < 2**31 else (-1, -1)
    h, w = shape.pixels.height, shape.pixels.width
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise FormatError(
            f"{where}: a mask of {w} x {h} pixels at ({x}, {y}) does not fit its image of {width} x {height}"
        )
    return placed(rle.decode(shape.pixels.mask, h, w), x, y, height, width)


def _extra(found: Record, flag: str) -> Record:
    flags, attributes = found.get("flags"), found.get("attributes")
    extra = {k: v for k, v in found.items() if k not in _KNOWN and v not in (None, "")}
    extra.update(attributes if isinstance(attributes, dict) else {})
    extra.update({flag + k: v for k, v in flags.items()} if isinstance(flags, dict) else {})
    return extra
