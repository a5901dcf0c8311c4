"""Objects of Labelbox to masks and columns."""

from __future__ import annotations

import base64
import binascii
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ....core.errors import FormatError, short
from ....core.geometry.masks import rle
from ...images.files import MAX_PIXELS, safe_path
from ...images.opening import open_picture
from ..masks.drawn import box_corners
from ..rasters.pixels import BROKEN
from ..records.documents import content


@dataclass
class Object:
    """One object of an image.

    Attributes:
        image: position of its image.
        label: its label.
        where: its name for messages.
        uuid: its id in an import.
        mask: its pixels, ``(height, width)`` bool, of a mask.
        outline: its corners, ``(k, 2)`` pixels, of a polygon or a box.
        box: whether only a box is known.
        said: name -> answer of its classifications.
    """

    image: int
    label: str
    where: str
    uuid: str
    mask: bytes | None = None
    size: tuple[int, int] | None = None
    outline: np.ndarray | None = None
    box: bool = False
    said: dict[str, Any] = field(default_factory=dict)


ANSWERS = ("answer", "answers", "radio_answer", "text_answer", "checklist_answers")
"""Keys of a classification that hold its answer, in imports and in exports."""


def read_object(
    found: Mapping[str, Any], image: int, where: str, masks: Path | None, skipped: Counter[str]
) -> Object:
    """An object from its JSON: a mask, a polygon or a box.

    Args:
        found: the JSON value.
        image: position of its image.
        where: its name for messages.
        masks: folder of the masks of an export, by feature id; None: there is none.
        skipped: counts what is left out.

    Raises:
        FormatError: it is malformed, or has no area.
    """
    label, number = found.get("name"), found.get("uuid") or found.get("feature_id") or ""
    if not isinstance(label, str) or not label.strip():
        raise FormatError(f"{where}: an object needs a name, got {short(label)}")
    out = Object(image, label, where, str(number), said=said_in(found.get("classifications"), where, skipped))
    box = found.get("bbox") or found.get("bounding_box")
    if isinstance(found.get("mask"), dict):
        out.mask, out.size = _mask(found["mask"], str(number), where, masks)
    elif isinstance(found.get("polygon"), list):
        out.outline = np.array([_numbers(p, ("x", "y"), where) for p in found["polygon"]]).reshape(-1, 2)
    elif isinstance(box, dict):
        x, y, w, h = _numbers(box, ("left", "top", "width", "height"), where)
        out.outline, out.box = box_corners(x, y, x + w, y + h), True
    else:
        raise FormatError(f"{where} ({short(label)}) has no area; masks, polygons and boxes have")
    return out


def to_png(mask: bytes, height: int, width: int) -> str:
    """A mask as a PNG of values 0 and 1, in base64."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rle.decode(mask, height, width).astype(np.uint8)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def from_png(data: bytes, where: str) -> tuple[bytes, tuple[int, int]]:
    """The mask of a PNG, every pixel above 0, and its height and width.

    Raises:
        FormatError: it is no PNG, or too large.
    """
    from PIL import Image

    try:
        with open_picture(io.BytesIO(data), ("PNG",)) as file:
            width, height = file.size
            if width * height > MAX_PIXELS:
                raise FormatError(f"{where}: a mask may have {MAX_PIXELS:,} pixels, got {width} x {height}")
            pixels = np.asarray(file if file.mode in ("1", "L", "P") else file.convert("RGB"))
    except (*BROKEN, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{where}: a mask must be a PNG: {error}") from error
    inside = pixels > 0 if pixels.ndim == 2 else (pixels > 0).any(axis=2)
    return rle.encode(inside), (height, width)


def _mask(
    found: Mapping[str, Any], number: str, where: str, masks: Path | None
) -> tuple[bytes, tuple[int, int]]:
    png = found.get("png")
    if isinstance(png, str):
        try:
            return from_png(base64.b64decode(png, validate=True), where)
        except (binascii.Error, ValueError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{where}: png must be base64: {error}") from error
    if masks is None:
        raise FormatError(
            f"{where}: its mask is at an address, which nbalabel does not load: download the masks of the "
            "export and pass masks=FOLDER, with files FEATURE_ID.png"
        )
    path = safe_path(masks, f"{number}.png")
    return from_png(content(path, 1 << 28), f"{where}: {path}")


def _numbers(found: Any, names: tuple[str, ...], where: str) -> list[float]:
    values: list[Any] = [found.get(name) for name in names] if isinstance(found, dict) else [None]
    if not all(type(v) in (int, float) and abs(v) < 1e9 for v in values):
        raise FormatError(f"{where}: {', '.join(names)} must be numbers, got {short(found)}")
    return [float(v) for v in values]


def said_in(listed: Any, where: str, skipped: Counter[str]) -> dict[str, Any]:
    """Name -> answer of classifications: a text, a flag, or the options of a checklist as a list.

    Args:
        listed: the JSON value; None for none.
        where: its name for messages.
        skipped: counts classifications within answers, which have no place in a table.

    Raises:
        FormatError: these are no classifications.
    """
    listed = listed or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise FormatError(f"{where}: classifications must be a list of objects, got {short(listed)}")
    out: dict[str, Any] = {}
    for one in listed:
        answer = next((one[key] for key in ANSWERS if one.get(key) is not None), None)
        if isinstance(answer, dict):
            skipped["classification in an answer"] += bool(answer.get("classifications"))
            answer = answer.get("name", answer.get("content"))
        elif isinstance(answer, list):
            parts = [each for each in answer if isinstance(each, dict)]
            skipped["classification in an answer"] += sum(bool(p.get("classifications")) for p in parts)
            answer = [each.get("name") if isinstance(each, dict) else each for each in answer]
        if isinstance(one.get("name"), str):
            out[one["name"]] = (
                {"true": True, "false": False}.get(answer, answer) if isinstance(answer, str) else answer
            )
    return out
