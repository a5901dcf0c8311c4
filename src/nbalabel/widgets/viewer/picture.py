"""What the viewer shows on pages that run no widgets."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from PIL import Image

from ...core.errors import NbalabelError
from ...core.geometry.masks import rle
from ...core.show.masks_on_image import overlay
from ...data.images.files import Pixels
from ..bridge.static_output import few_bytes
from ..pixels.pictures import image_source, pictures_of
from ..workspace.workspace import Workspace

_LONGEST = 480  # pixels
_MASKS = 300  # largest ones drawn


class Layers(Protocol):
    """A viewer: its workspace, and which layers it shows."""

    workspace: Workspace
    errors: Any
    show_image: Any
    show_labels: Any
    show_predictions: Any
    fill: Any
    outlines: Any
    opacity: Any


def viewer_picture(viewer: Layers, row: int) -> Image.Image:
    """An image of the workspace with the masks the viewer shows, few colors, at most 60 KB as PNG.

    Args:
        viewer: gives the layers, and keeps errors.
        row: row of ``images``.
    """
    ws = viewer.workspace
    image = ws.frame("images").iloc[row]
    width, height = int(image["width"]), int(image["height"])
    pixels = _pixels(viewer, row, width, height)
    scale = pixels.shape[1] / width, pixels.shape[0] / height
    layers = [("instances", viewer.show_labels), ("predictions", viewer.show_predictions)]
    rows = {
        of: np.flatnonzero(ws.image_row(of) == row) if shown else np.zeros(0, int) for of, shown in layers
    }
    of = "instances" if len(rows["instances"]) else "predictions"
    area = ws.frame(of)["area"].to_numpy()[rows[of]]
    chosen = rows[of][np.argsort(-area, kind="stable")[:_MASKS]]
    masks = [_scaled(ws.frame(of)["mask"].iloc[i], height, width, pixels.shape, scale) for i in chosen]
    label = ws.column(of, "label")
    colors = [_rgb(label.colors[int(label.values[i])]) for i in chosen]
    picture = overlay(
        pixels,
        masks,
        np.array(colors, np.uint8).reshape(-1, 3),
        alpha=viewer.opacity if viewer.fill else 0.0,
        outline=viewer.outlines,
        scale=max(1, _LONGEST // max(pixels.shape[:2])),
    )
    return few_bytes(picture)


def _pixels(viewer: Layers, row: int, width: int, height: int) -> Pixels:
    """The image, scaled down; gray where it cannot be read."""
    share = min(_LONGEST / max(width, height), 1.0)
    size = max(round(height * share), 1), max(round(width * share), 1)
    try:
        if not viewer.show_image:
            return np.full((*size, 3), 96, np.uint8)
        ws = viewer.workspace
        return np.array(pictures_of(ws).small(image_source(ws, row), _LONGEST, ws.display))
    except NbalabelError as error:
        viewer.errors.append(error)
        return np.full((*size, 3), 96, np.uint8)


def _scaled(
    mask: bytes, height: int, width: int, shape: tuple[int, ...], scale: tuple[float, float]
) -> bytes:
    """A mask of the image, scaled to the picture."""
    if shape[:2] == (height, width):
        return mask
    crop, x, y = rle.decode_crop(mask, height, width)
    out = np.zeros(shape[:2], np.uint8)
    if crop.size:
        left, top = int(x * scale[0]), int(y * scale[1])
        w = min(max(round(crop.shape[1] * scale[0]), 1), shape[1] - left)
        h = min(max(round(crop.shape[0] * scale[1]), 1), shape[0] - top)
        small = Image.fromarray(crop.astype(np.uint8) * 255).resize((w, h), Image.Resampling.BOX)
        out[top : top + h, left : left + w] = np.asarray(small) > 127
    return rle.encode(out)


def _rgb(color: str) -> tuple[int, int, int]:
    value = int(color[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255
