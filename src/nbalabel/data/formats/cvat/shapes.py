"""Shapes of CVAT files to masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import numpy as np

from ....core.errors import FormatError, short
from ..masks.drawn import box_corners, check_work, drawn, ellipse_corners, turned
from ..records.xml import number, whole_number
from .attributes import read_attributes
from .crops import Crop, from_crop

AREAS = frozenset({"mask", "polygon", "box", "ellipse"})
OTHERS = frozenset({"polyline", "points", "cuboid", "skeleton", "tag"})


@dataclass(frozen=True)
class Shape:
    """One shape of an image.

    Attributes:
        label: its label.
        image: position of its image.
        where: its name for messages.
        outline: corners, ``(k, 2)`` pixels; None for a mask.
        crop: the mask; None for an outline.
        box: whether it is an upright rectangle, which says nothing about the outline.
        attributes: name -> text.
        z_order: later ones lie on top.
        occluded: whether something hides a part of it.
        group: shapes of one group belong together; 0 is none.
    """

    label: str
    image: int
    where: str
    outline: np.ndarray | None
    crop: Crop | None
    box: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    z_order: int = 0
    occluded: bool = False
    group: int = 0


def read_shape(found: Element, image: int, where: str) -> Shape:
    """A shape from its XML.

    Raises:
        FormatError: it is malformed; the message names ``where``.
    """
    label = found.get("label")
    if label is None or not label.strip():
        raise FormatError(f"{where}: a shape needs a label, got {short(label)}")
    crop = outline = None
    if found.tag == "mask":
        sides = [whole_number(found.get(k), f"{where}: {k}") for k in ("left", "top", "width", "height")]
        crop = Crop(found.get("rle", ""), *sides)
    else:
        outline = _OUTLINES[found.tag](found, where)
    return Shape(
        label,
        image,
        where,
        outline,
        crop,
        found.tag == "box" and not _turn(found, where),
        read_attributes(found, where),
        whole_number(found.get("z_order", "0"), f"{where}: z_order"),
        found.get("occluded") == "1",
        whole_number(found.get("group_id", "0"), f"{where}: group_id"),
    )


def draw(shapes: Sequence[Shape], sizes: np.ndarray, n_bytes: int) -> list[bytes]:
    """One mask per shape; outlines are drawn as pycocotools does.

    Args:
        shapes: the shapes, ``(n,)``.
        sizes: height and width of each shape's image, ``(n, 2)`` int64 pixels.
        n_bytes: size of the file, which bounds the work.

    Raises:
        FormatError: a shape is malformed, or all masks together are far larger than their file.
    """
    pixels = sum(max(s.crop.width, 0) * max(s.crop.height, 0) for s in shapes if s.crop is not None)
    check_work(pixels, n_bytes, shapes[0].where if shapes else "")
    masks = [
        None if s.crop is None else from_crop(s.crop, h, w, s.where)
        for s, (h, w) in zip(shapes, sizes.tolist(), strict=True)
    ]
    outlines = [[] if s.outline is None else [s.outline] for s in shapes]
    return drawn(masks, outlines, sizes, [s.where for s in shapes])


def _turn(found: Element, where: str) -> float:
    return number(found.get("rotation", "0"), f"{where}: rotation")


def _polygon(found: Element, where: str) -> np.ndarray:
    text = found.get("points", "")
    try:
        points = np.array([pair.split(",") for pair in text.split(";")], np.float64)
    except ValueError as error:
        raise FormatError(f'{where}: points must be "x,y;x,y;...", got {short(text)}') from error
    if points.ndim != 2 or points.shape[1] != 2:
        raise FormatError(f'{where}: points must be "x,y;x,y;...", got {short(text)}')
    return points


def _box(found: Element, where: str) -> np.ndarray:
    x0, y0, x1, y1 = (number(found.get(k), f"{where}: {k}") for k in ("xtl", "ytl", "xbr", "ybr"))
    return turned(box_corners(x0, y0, x1, y1), _turn(found, where))


def _ellipse(found: Element, where: str) -> np.ndarray:
    x, y, rx, ry = (number(found.get(k), f"{where}: {k}") for k in ("cx", "cy", "rx", "ry"))
    return turned(ellipse_corners(x, y, rx, ry), _turn(found, where))


_OUTLINES = {"polygon": _polygon, "box": _box, "ellipse": _ellipse}
