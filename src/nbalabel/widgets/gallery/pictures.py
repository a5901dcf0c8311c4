"""Small pictures of whole images with their masks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.errors import ImageError, NbalabelError
from ...core.geometry.masks import rle
from ...core.show.palette import COLORS
from ...data.images.files import Pixels
from ..pixels.pictures import image_row, image_source, jpeg, pictures_of, stamp

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

_MASKS = 300  # largest ones drawn
_FINE = 2  # masks are drawn at this multiple of the resolution, then averaged
_FILL = 0.32
_LARGEST = 1024


def overlay_bytes(ws: Workspace, row: int, size: int) -> bytes:
    """A small JPEG of an image: its instances filled and outlined; if it has none, its predictions outlined.

    Args:
        ws: the workspace.
        row: row of ``images``.
        size: longer side, pixels, 8..1024; smaller images are enlarged, for fine outlines.

    Raises:
        ImageError: there is no such row, the file is missing, damaged or too large, or a mask is malformed.
    """
    size = min(max(int(size), 8), _LARGEST)
    try:
        source = image_source(ws, image_row(ws, "images", row))
        of, rows = _masks_on(ws, row)
        frame, label = ws.frame(of), ws.column(of, "label")
        masks = [bytes(mask) for mask in frame["mask"].iloc[rows]]
        codes = label.values[rows].tolist()
        colors = [label.colors[code] if code >= 0 else COLORS.neutral for code in codes]
        key = ("overlay", stamp(source), size, of, _digest(masks, colors), ws.display)
        kept = pictures_of(ws).encoded.get(key)
        if kept is not None:
            return kept
        image = ws.frame("images").iloc[row]
        shape = int(image["height"]), int(image["width"])
        fill = _FILL if of == "instances" else 0.0
        small = pictures_of(ws).small(source, size, ws.display)
        picture = with_masks(_enlarged(small, size), masks, colors, shape, fill)
        return pictures_of(ws).encoded.put(key, jpeg(picture))
    except ImageError:
        raise
    except NbalabelError as error:
        raise ImageError(str(error)) from error


def with_masks(
    pixels: Pixels, masks: Sequence[bytes], colors: Sequence[str], shape: tuple[int, int], fill: float
) -> Pixels:
    """A scaled picture of an image with masks filled and outlined, later ones on top.

    Args:
        pixels: ``(h, w, 3)`` uint8.
        masks: of the image, run-length encoded.
        colors: "#rrggbb" of each.
        shape: height and width of the image, pixels.
        fill: opacity of the fill, 0..1.
    """
    if not masks:
        return pixels
    height, width = pixels.shape[:2]
    labels = _label_map(masks, shape, (height * _FINE, width * _FINE))
    table = np.array([[0, 0, 0], *([int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colors)], np.float32)
    alpha = np.where(_edges(labels), 1.0, np.where(labels > 0, fill, 0.0)).astype(np.float32)
    ink = table[labels] * alpha[..., None]
    share = _averaged(alpha[..., None])
    out = pixels * (1 - share) + _averaged(ink)
    return np.asarray(np.rint(np.clip(out, 0, 255)), np.uint8)


def _label_map(
    masks: Sequence[bytes], shape: tuple[int, int], target: tuple[int, int]
) -> npt.NDArray[np.int32]:
    """Masks painted into a scaled picture: mask i as i + 1; tiny masks are kept."""
    labels = np.zeros(target, np.int32)
    down, across = target[0] / shape[0], target[1] / shape[1]
    for i, mask in enumerate(masks):
        crop, x, y = rle.decode_crop(mask, *shape)
        if not crop.size:
            continue
        top, left = min(int(y * down), target[0] - 1), min(int(x * across), target[1] - 1)
        h = min(max(round(crop.shape[0] * down), 1), target[0] - top)
        w = min(max(round(crop.shape[1] * across), 1), target[1] - left)
        small = Image.fromarray(crop.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BILINEAR)
        inside = np.asarray(small) > 127
        if not inside.any():
            inside = np.asarray(small) > 0
        labels[top : top + h, left : left + w][inside] = i + 1
    return labels


def _edges(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Pixels of masks within two pixels of another mask or of no mask; the picture's border is no edge."""
    near = np.pad(labels, _FINE, mode="edge")
    edge = np.zeros(labels.shape, np.bool_)
    height, width = labels.shape
    for by in range(1, _FINE + 1):
        for dy, dx in ((by, 0), (-by, 0), (0, by), (0, -by)):
            edge |= near[_FINE + dy : _FINE + dy + height, _FINE + dx : _FINE + dx + width] != labels
    return np.asarray(edge & (labels > 0))


def _averaged(fine: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    height, width, depth = fine.shape
    blocks = fine.reshape(height // _FINE, _FINE, width // _FINE, _FINE, depth)
    return np.asarray(blocks.mean((1, 3)))


def _enlarged(pixels: Pixels, size: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    if scale <= 1:
        return pixels
    target = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.BICUBIC))


def _masks_on(ws: Workspace, row: int) -> tuple[str, npt.NDArray[np.int64]]:
    """The table whose masks an image shows, and their rows, the largest first."""
    of = "instances"
    rows = np.flatnonzero(ws.image_row(of) == row)
    if not len(rows):
        of = "predictions"
        rows = np.flatnonzero(ws.image_row(of) == row)
    area = ws.frame(of)["area"].to_numpy()[rows]
    return of, rows[np.argsort(-area, kind="stable")[:_MASKS]]


def _digest(masks: Sequence[bytes], colors: Sequence[str]) -> str:
    return hashlib.blake2b(b"\n".join([*masks, *(c.encode() for c in colors)]), digest_size=16).hexdigest()
