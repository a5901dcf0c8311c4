"""Sprites: textures that bend, turn, shrink and cover each other.

Everything that stands before the water is one: fish, weed, coral, stones, bubbles. A texture is painted once,
in the thing's own frame: u along it from 0 to 1, v across it in the same unit, v = 0 its axis. To draw one,
every pixel of a small window is carried back into that frame, unbent, and looked up. Colors are kept in
planes, ``(3, h, w)``, where NumPy is twice as fast as on interleaved ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .noise import Floats

_LEVELS = 6
_BENDS = 256  # steps in which the bend along the axis is worked out


class Atlas:
    """Many textures in one flat array, each with its ladder of halved sizes (mip levels).

    Args:
        textures: straight-alpha images, each ``(h, w, 4)`` float32 in 0..1.
    """

    def __init__(self, textures: Sequence[Floats]) -> None:
        flat: list[NDArray[np.uint8]] = []
        self.size = np.zeros((len(textures), _LEVELS, 2), np.int64)
        self.start = np.zeros((len(textures), _LEVELS), np.int64)
        position = 0
        for i, texture in enumerate(textures):
            level = np.concatenate([texture[..., :3] * texture[..., 3:], texture[..., 3:]], -1)
            for k in range(_LEVELS):
                padded = np.pad(level, ((1, 1), (1, 1), (0, 0)))
                flat.append(np.rint(padded.clip(0, 1) * 255).astype(np.uint8).reshape(-1, 4))
                self.size[i, k] = level.shape[:2]
                self.start[i, k] = position
                position += len(flat[-1])
                level = _halve(level)
        self.texels = np.concatenate(flat).view(np.uint32).ravel()

    @property
    def half_height(self) -> Floats:
        """Half of each texture's extent across, in units of its length, ``(n,)`` float32."""
        return (self.size[:, 0, 0] / self.size[:, 0, 1] / 2).astype(np.float32)


def _halve(level: Floats) -> Floats:
    """Average of 2 x 2 texels; an odd last row or column is paired with nothing (transparent)."""
    height, width = level.shape[:2]
    level = np.pad(level, ((0, height % 2), (0, width % 2), (0, 0)))
    return level.reshape((height + 1) // 2, 2, (width + 1) // 2, 2, 4).mean((1, 3), dtype=np.float32)


@dataclass
class Sprites:
    """Where and how each of n sprites is drawn; every field is ``(n,)`` float32 unless said otherwise.

    ``angle`` points from u = 0 to u = 1 (from snout to tail, from root to tip), radians, x right and y down.
    The axis is bent: at u it is displaced across, in lengths, by
    ``(bend0 + bend1 u + bend2 u^2) sin(2 pi (waves u - phase)) + curve (u - anchor)^2``.
    """

    texture: NDArray[np.int64]  # index into the atlas
    x: Floats  # pixels, of the anchor
    y: Floats
    length: Floats  # pixels
    angle: Floats
    flip: Floats  # -1 mirrors across the axis, else 1
    stretch: Floats  # foreshortening along the axis, 0..1
    anchor: Floats  # the u that lies at (x, y)
    bend0: Floats
    bend1: Floats
    bend2: Floats
    waves: Floats  # wavelengths along the body
    phase: Floats  # of the travelling wave, in turns
    curve: Floats
    blur: Floats  # mip levels above the sharp one

    def __len__(self) -> int:
        return len(self.x)

    def boxes(self, atlas: Atlas, height: int, width: int) -> NDArray[np.int64]:
        """Windows that hold the sprites, on the canvas: ``(n, 4)`` left, top, right, bottom, pixels."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        reach = np.maximum(self.anchor, 1 - self.anchor) ** 2
        bend = (
            np.maximum(abs(self.bend0), abs(self.bend0 + self.bend1 + self.bend2)) + abs(self.curve) * reach
        )
        across = (atlas.half_height[self.texture] + bend) * self.length
        near, far = -self.anchor * self.length * self.stretch, (1 - self.anchor) * self.length * self.stretch
        xs = np.stack([near * cos, far * cos])
        ys = np.stack([near * sin, far * sin])
        reach_x, reach_y = abs(across * sin) + 1, abs(across * cos) + 1
        box = np.stack([
            np.floor(self.x + xs.min(0) - reach_x), np.floor(self.y + ys.min(0) - reach_y),
            np.ceil(self.x + xs.max(0) + reach_x), np.ceil(self.y + ys.max(0) + reach_y),
        ], 1).astype(np.int64)  # fmt: skip
        box[:, 0::2] = box[:, 0::2].clip(0, width)
        box[:, 1::2] = box[:, 1::2].clip(0, height)
        return box


@dataclass(frozen=True)
class Patch:
    """One sprite drawn, its corner at pixel (x, y) of the canvas.

    Attributes:
        x: column of the left edge.
        y: row of the top edge.
        color: ``(3, h, w)`` float32 0..1, already multiplied by the coverage.
        clear: ``(h, w)`` float32, how much of what lies behind shows through.
        solid: ``(h, w)`` bool, the pixels it covers by half or more.
    """

    x: int
    y: int
    color: Floats
    clear: Floats
    solid: NDArray[np.bool_]

    def lit(self, gain: Floats, haze: Floats) -> Patch:
        """The patch in its light: colors times ``gain (3,)``, plus ``haze (3,)`` from the water before it."""
        color = self.color * gain[:, None, None]
        color += (1 - self.clear) * haze[:, None, None]
        return Patch(self.x, self.y, color, self.clear, self.solid)

    def cover(self, canvas: Floats, labels: NDArray[np.int32] | None = None, label: int = 0) -> None:
        """Lay the patch over a canvas ``(3, height, width)``, its label over labels ``(height, width)``."""
        height, width = self.clear.shape
        window = canvas[:, self.y : self.y + height, self.x : self.x + width]
        window *= self.clear
        window += self.color
        if labels is not None:
            np.copyto(labels[self.y : self.y + height, self.x : self.x + width], label, where=self.solid)


def draw(sprites: Sprites, atlas: Atlas, height: int, width: int) -> list[Patch]:
    """Render n sprites into n patches, clipped to the canvas; one wholly outside has no pixels.

    Args:
        sprites: what to draw.
        atlas: their textures.
        height: rows of the canvas.
        width: columns of the canvas.
    """
    if not len(sprites):
        return []
    boxes = sprites.boxes(atlas, height, width).tolist()
    size, start, scale = _levels(sprites, atlas)
    frames = _frames(sprites)
    return [
        _draw_one(atlas.texels, box, frame, int(start[i]), size[i], float(scale[i]))
        for i, (box, frame) in enumerate(zip(boxes, frames, strict=True))
    ]


def _levels(s: Sprites, atlas: Atlas) -> tuple[Any, Any, Any]:
    """The mip level that fits each sprite's size: its (h, w), first texel and texels per length."""
    full = atlas.size[s.texture, 0, 1]
    level = np.rint(np.log2(full / np.maximum(s.length, 1)) + s.blur).clip(0, _LEVELS - 1).astype(np.int64)
    return atlas.size[s.texture, level].tolist(), atlas.start[s.texture, level], full / 2.0**level


def _frames(s: Sprites) -> list[tuple[float, ...]]:
    """Per sprite: the linear map from pixels into its frame, and how its axis is bent."""
    cos, sin = np.cos(s.angle), np.sin(s.angle)
    along, across = 1 / (s.length * s.stretch), s.flip / s.length
    columns = (
        s.x, s.y, cos * along, sin * along, -sin * across, cos * across, s.anchor, s.curve, s.bend0, s.bend1,
        s.bend2, 2 * np.pi * s.waves, 2 * np.pi * s.phase,
    )  # fmt: skip
    return list(zip(*(np.asarray(c).tolist() for c in columns), strict=True))


def _draw_one(
    texels: NDArray[np.uint32],
    box: list[int],
    frame: tuple[float, ...],
    start: int,
    size: list[int],
    scale: float,
) -> Patch:
    """Carry the pixels of a window into the sprite's frame and look them up."""
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        none = np.zeros((0, 0), np.float32)
        return Patch(0, 0, np.zeros((3, 0, 0), np.float32), none, none > 0)
    x, y, *rest = frame
    dx = np.arange(right - left, dtype=np.float32) + np.float32(left + 0.5 - x)
    dy = np.arange(bottom - top, dtype=np.float32)[:, None] + np.float32(top + 0.5 - y)
    u, v = _unbend(dx, dy, rest)
    tall, wide = size
    u *= np.float32(scale)
    u += np.float32(0.5)
    v *= np.float32(scale)
    v += np.float32(tall / 2 + 0.5)
    np.minimum(np.maximum(u, 0, out=u), np.float32(wide + 0.999), out=u)
    np.minimum(np.maximum(v, 0, out=v), np.float32(tall + 0.999), out=v)
    planes = _bilinear(texels, u, v, start, wide + 2)
    return Patch(left, top, planes[:3], 1 - planes[3], planes[3] >= 0.5)


def _unbend(dx: Floats, dy: Floats, frame: Sequence[float]) -> tuple[Floats, Floats]:
    """Offsets from the anchor in pixels, ``(w,)`` and ``(h, 1)``, as u and v of the straight sprite."""
    ux, uy, vx, vy, anchor, curve, bend0, bend1, bend2, waves, phase = frame
    u = dx * np.float32(ux) + dy * np.float32(uy)
    v = dx * np.float32(vx) + dy * np.float32(vy)
    if curve:
        v -= np.float32(curve) * u * u
    u += np.float32(anchor)
    if bend0 or bend1 or bend2:
        t = np.arange(_BENDS, dtype=np.float32) / _BENDS
        sway = ((bend2 * t + bend1) * t + bend0) * np.sin(waves * t - phase)
        place = np.minimum(np.maximum(u * _BENDS, 0), _BENDS - 1).astype(np.int32)
        v -= sway.astype(np.float32).take(place)
    return u, v


def _bilinear(texels: NDArray[np.uint32], u: Floats, v: Floats, start: int, pitch: int) -> Floats:
    """Texture colors ``(4, h, w)`` in 0..1 at texel positions u, v, which are overwritten."""
    column, row = u.astype(np.int32), v.astype(np.int32)
    u -= column
    v -= row
    row *= pitch
    row += column
    row += start
    uv = u * v
    planes = _planes(texels, row + (pitch + 1)) * uv
    v -= uv
    planes += _planes(texels, row + pitch) * v
    u -= uv
    planes += _planes(texels, row + 1) * u
    planes += _planes(texels, row) * (1 - u - v - uv)
    planes *= np.float32(1 / 255)
    return planes


def _planes(texels: NDArray[np.uint32], index: NDArray[np.int32]) -> Floats:
    """Texels as four planes ``(4, h, w)`` float32 in 0..255."""
    packed = texels.take(index).view(np.uint8).reshape(*index.shape, 4)
    return packed.transpose(2, 0, 1).astype(np.float32, order="C")
