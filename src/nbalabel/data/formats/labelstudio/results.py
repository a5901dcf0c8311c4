"""Results of Label Studio, the parts of an annotation, to masks and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....core.errors import FormatError, short
from ..masks.drawn import box_corners, check_work, drawn, ellipse_corners, turned
from .pack import unpacked

AREAS = frozenset({"brush", "polygon", "rectangle", "ellipse"})
SAID = frozenset({"choices", "textarea", "number", "rating"})


@dataclass
class Region:
    """One region of an image.

    Attributes:
        image: position of its image.
        id: its id in Label Studio.
        where: its name for messages.
        kind: brush, polygon, rectangle or ellipse.
        value: where it is.
        labels: its labels, one.
        said: name -> value of what was said about it.
        annotator: who drew it; "" where the file does not say.
    """

    image: int
    id: str
    where: str
    kind: str
    value: Mapping[str, Any]
    labels: list[str] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    annotator: str = ""


def kind_of(result: Mapping[str, Any]) -> str:
    """The kind of a result without its ending: "brush" of "brushlabels"."""
    kind = result.get("type")
    return kind.removesuffix("labels") or kind if isinstance(kind, str) else ""


def labels_of(result: Mapping[str, Any], where: str) -> list[str]:
    """The labels of a result, if any.

    Raises:
        FormatError: they are no list of texts.
    """
    value = result["value"]
    found = value.get(result["type"]) if str(result["type"]).endswith("labels") else None
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) and one.strip() for one in found):
        raise FormatError(f"{where}: labels must be a list of texts, got {short(found)}")
    return found


def said_by(result: Mapping[str, Any]) -> Any:
    """What a result says: a text, a flag, a number, or the texts of several choices as a list."""
    value = result["value"]
    found = value.get({"textarea": "text"}.get(str(result["type"]), str(result["type"])))
    found = found[0] if isinstance(found, list) and len(found) == 1 else found
    return {"true": True, "false": False}.get(found, found) if isinstance(found, str) else found


def draw(regions: Sequence[Region], sizes: np.ndarray, n_bytes: int, path: str) -> list[bytes]:
    """One mask per region.

    Args:
        regions: the regions, ``(n,)``.
        sizes: height and width of each region's image, ``(n, 2)`` int64 pixels.
        n_bytes: size of the file, which bounds the work.
        path: name of the file for messages.

    Raises:
        FormatError: a region is malformed, or all masks together are far larger than their file.
    """
    brushes = np.array([region.kind == "brush" for region in regions], bool)
    check_work(int(sizes[brushes].prod(axis=1).sum()), n_bytes, path)
    masks: list[bytes | None] = []
    outlines: list[list[np.ndarray]] = []
    for region, (height, width) in zip(regions, sizes.tolist(), strict=True):
        brush = region.kind == "brush"
        masks.append(_brush(region, height, width) if brush else None)
        scale = np.array([width, height]) / 100
        outlines.append([] if brush else [_OUTLINES[region.kind](region, scale)])
    return drawn(masks, outlines, sizes, [region.where for region in regions])


def is_upright_box(region: Region) -> bool:
    """Whether only a box is known of a region."""
    return region.kind == "rectangle" and not region.value.get("rotation")


def _brush(region: Region, height: int, width: int) -> bytes:
    found = region.value.get("rle")
    if region.value.get("format") != "rle" or not isinstance(found, list):
        raise FormatError(f"{region.where}: a brush mask needs format rle and a list of bytes")
    return unpacked(found, height, width, region.where)


def _numbers(region: Region, *names: str) -> list[float]:
    found = [region.value.get(name, 0 if name == "rotation" else None) for name in names]
    if not all(type(one) in (int, float) and abs(one) < 1e6 for one in found):
        raise FormatError(f"{region.where}: {', '.join(names)} must be numbers, percent, got {short(found)}")
    return [float(one) for one in found]


def _polygon(region: Region, scale: np.ndarray) -> np.ndarray:
    try:
        points = np.array(region.value.get("points"), np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{region.where}: points must be a list of [x, y], percent") from error
    if points.ndim != 2 or points.shape[1] != 2:
        raise FormatError(f"{region.where}: points must be a list of [x, y], percent")
    found: np.ndarray = points * scale
    return found


def _rectangle(region: Region, scale: np.ndarray) -> np.ndarray:
    x, y, w, h, turn = _numbers(region, "x", "y", "width", "height", "rotation")
    corners = box_corners(x, y, x + w, y + h) * scale
    return turned(corners, turn, corners[0])


def _ellipse(region: Region, scale: np.ndarray) -> np.ndarray:
    x, y, rx, ry, turn = _numbers(region, "x", "y", "radiusX", "radiusY", "rotation")
    return turned(ellipse_corners(x, y, rx, ry) * scale, turn)


_OUTLINES = {"polygon": _polygon, "rectangle": _rectangle, "ellipse": _ellipse}
