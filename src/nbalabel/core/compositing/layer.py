"""A cutout turned, scaled and mirrored, with a soft edge, and how it is laid over a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..opencv import opencv
from .cutout import Cutout
from .light import Flags, Light, Pixels, relit

Floats = npt.NDArray[np.float32]


class Pose(NamedTuple):
    """How a cutout is laid over a picture.

    Attributes:
        x: column of its middle, pixels.
        y: row of its middle, pixels.
        scale: size, as a multiple of its size in the cutout, > 0.
        angle: degrees, counterclockwise.
        mirror: left becomes right, before it is turned.
    """

    x: float
    y: float
    scale: float = 1.0
    angle: float = 0.0
    mirror: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """Pixels to lay over a picture.

    Attributes:
        pixels: ``(h, w, 3)`` uint8, RGB.
        alpha: ``(h, w)`` float32, 0..1, how much of the picture they cover.
        x: column of the picture where they begin, pixels; may be negative.
        y: row of the picture where they begin, pixels; may be negative.
    """

    pixels: Pixels
    alpha: Floats
    x: int
    y: int

    @property
    def mask(self) -> Flags:
        """The pixels that cover at least half of what is beneath, ``(h, w)``."""
        return self.alpha >= np.float32(0.5)

    def within(self, height: int, width: int) -> Layer:
        """The part of the layer on a picture of this size; perhaps without pixels."""
        left, top = max(-self.x, 0), max(-self.y, 0)
        right, bottom = max(width - self.x, left), max(height - self.y, top)
        part = np.s_[top:bottom, left:right]
        return Layer(self.pixels[part], self.alpha[part], self.x + left, self.y + top)

    def relit(self, was: Light | None, now: Light | None, strength: float) -> Layer:
        """The layer in another light; see :func:`.light.relit`."""
        return replace(self, pixels=relit(self.pixels, self.mask, was, now, strength))


def layer_of(cutout: Cutout, pose: Pose, feather: float = 1.0) -> Layer:
    """Turn, scale and mirror a cutout, and soften its edge.

    Colors at the edge come from inside the mask alone. Coverage rises from the outermost pixels of the mask
    inwards, so nothing outside of it is covered.

    Args:
        cutout: the thing.
        pose: where it goes, and how it is turned.
        feather: width of the soft edge, pixels, >= 0; 0: a hard edge.

    Raises:
        MissingExtraError: OpenCV is not installed.

    Source: premultiplied colors: T. Porter, T. Duff, "Compositing digital images" (1984).

    Example:
        >>> red = Cutout(np.full((4, 4, 3), (255, 0, 0), np.uint8), np.ones((4, 4), bool), None)
        >>> layer = layer_of(red, Pose(10, 10, scale=2), feather=0)
        >>> layer.mask.shape, layer.x, layer.y
        ((8, 8), 6, 6)
    """
    pixels, coverage = _warped(cutout, pose)
    height, width = coverage.shape
    alpha = _feathered(coverage >= np.float32(0.5), feather)
    x, y = round(pose.x - width / 2), round(pose.y - height / 2)
    seen = alpha > 0
    if not seen.any():
        return Layer(pixels[:0, :0], alpha[:0, :0], x, y)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    tight = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Layer(pixels[tight], alpha[tight], x + int(columns[0]), y + int(rows[0]))


def lay(canvas: Pixels, layer: Layer) -> None:
    """Lay a layer over a picture, in place; parts beyond its borders are lost.

    Args:
        canvas: ``(height, width, 3)`` uint8, RGB.
        layer: the layer.

    Example:
        >>> canvas = np.zeros((2, 2, 3), np.uint8)
        >>> lay(canvas, Layer(np.full((1, 1, 3), 200, np.uint8), np.full((1, 1), 0.5, np.float32), 1, 0))
        >>> canvas[..., 0].tolist()
        [[0, 100], [0, 0]]
    """
    part = layer.within(*canvas.shape[:2])
    height, width = part.alpha.shape
    under = canvas[part.y : part.y + height, part.x : part.x + width]
    alpha = part.alpha[..., None]
    under[:] = np.rint(under * (1 - alpha) + part.pixels * alpha).astype(np.uint8)


def _warped(cutout: Cutout, pose: Pose) -> tuple[Pixels, Floats]:
    """Pixels, and how much of each the mask covers, 0..1, in a box that holds both."""
    cv2 = opencv("nl.paste")
    coverage = cutout.mask.astype(np.float32)
    joined = np.dstack([cutout.pixels * coverage[..., None], coverage]).astype(np.float32)
    if pose.mirror:
        joined = np.ascontiguousarray(joined[:, ::-1])
    if pose.scale != 1:
        size = [max(round(side * pose.scale), 1) for side in joined.shape[1::-1]]
        joined = cv2.resize(
            joined, size, interpolation=cv2.INTER_AREA if pose.scale < 1 else cv2.INTER_LINEAR
        )
    if pose.angle:
        joined = _turned(joined, pose.angle)
    coverage = joined[..., 3]
    colors = joined[..., :3] / np.maximum(coverage, np.float32(1e-3))[..., None]
    return np.clip(np.rint(colors), 0, 255).astype(np.uint8), coverage


def _turned(joined: Floats, angle: float) -> Floats:
    cv2 = opencv("nl.paste")
    height, width = joined.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    sides = np.abs(matrix[:, :2]) @ [width, height]
    larger = np.ceil(sides).astype(int)
    matrix[:, 2] += (larger - [width, height]) / 2
    turned: Floats = cv2.warpAffine(joined, matrix, larger.tolist(), flags=cv2.INTER_LINEAR)
    return turned


def _feathered(mask: Flags, feather: float) -> Floats:
    if feather == 0:
        return mask.astype(np.float32)
    cv2 = opencv("nl.paste")
    padded = np.pad(mask, 1).astype(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    alpha: Floats = np.clip((depth - 0.5) / feather, 0, 1).astype(np.float32)
    return alpha
