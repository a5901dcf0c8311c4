"""Sprites: textures that bend, turn, shrink and cover each other.

Everything that stands before the water is one: fish, weed, coral, stones, bubbles. A texture is painted once in the
thing's own frame (u along it from 0 to 1, v across it in the same unit, v = 0 its axis). To draw one, every pixel of
a small window is carried back into that frame, unbent, and looked up; all sprites of a sequence in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .noise import Floats

LEVELS = 6


class Atlas:
    """Many textures in one flat array, each with its ladder of halved sizes (mip levels).

    Args:
        textures: straight-alpha images, each ``(h, w, 4)`` float32 in 0..1.
    """

    def __init__(self, textures: Sequence[Floats]) -> None:
        flat: list[NDArray[np.uint8]] = []
        self.size = np.zeros((len(textures), LEVELS, 2), np.int64)
        self.start = np.zeros((len(textures), LEVELS), np.int64)
        position = 0
        for i, texture in enumerate(textures):
            level = np.concatenate([texture[..., :3] * texture[..., 3:], texture[..., 3:]], -1)
            for k in range(LEVELS):
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
    The axis is displaced across by ``(bend0 + bend1 u + bend2 u^2) sin(2 pi (waves u - phase)) + curve (u - anchor)^2``.
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

    def take(self, rows: NDArray[np.int64]) -> Sprites:
        """Some of the sprites, ``(k,)`` row numbers."""
        return Sprites(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def boxes(self, atlas: Atlas, height: int, width: int) -> NDArray[np.int64]:
        """Windows that hold the sprites, clipped to the canvas: ``(n, 4)`` left, top, right, bottom, pixels."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        bend = abs(self.bend0) + abs(self.bend1) + abs(self.bend2) + abs(self.curve)
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
    """One sprite drawn: premultiplied colors ``(h, w, 4)`` float32 in 0..1 at pixel (x, y) of the canvas."""

    x: int
    y: int
    pixels: Floats


def draw(sprites: Sprites, atlas: Atlas, height: int, width: int) -> list[Patch]:
    """Render sprites into patches, all in one pass.

    Args:
        sprites: n of them.
        atlas: their textures.
        height: rows of the canvas.
        width: columns of the canvas.

    Returns:
        n patches, clipped to the canvas; a sprite wholly outside has one of no pixels.
    """
    if not len(sprites):
        return []
    box = sprites.boxes(atlas, height, width)
    widths, heights = (box[:, 2] - box[:, 0]).clip(0), (box[:, 3] - box[:, 1]).clip(0)
    counts = widths * heights
    starts = np.concatenate([[0], np.cumsum(counts)])
    owner = np.repeat(np.arange(len(sprites)), counts)
    step = (np.arange(starts[-1]) - starts[owner]).astype(np.int32)
    row = step // np.maximum(widths, 1).astype(np.int32)[owner]
    column = step - row * widths.astype(np.int32)[owner]
    dx = column + (box[:, 0] + np.float32(0.5) - sprites.x).astype(np.float32)[owner]
    dy = row + (box[:, 1] + np.float32(0.5) - sprites.y).astype(np.float32)[owner]
    u, v = _unbend(sprites, dx, dy, owner)
    colors = _look_up(sprites, atlas, u, v, owner)
    return [
        Patch(int(b[0]), int(b[1]), colors[s:e].reshape(h, w, 4))
        for b, s, e, h, w in zip(box, starts, starts[1:], heights, widths, strict=False)
    ]


def _unbend(s: Sprites, dx: Floats, dy: Floats, owner: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Pixels relative to the anchor, into the sprite's straight frame."""
    cos, sin = np.cos(s.angle), np.sin(s.angle)
    along, across = 1 / (s.length * s.stretch), s.flip / s.length
    anchor = s.anchor[owner]
    u = dx * (cos * along)[owner]
    u += dy * (sin * along)[owner]
    v = dy * (cos * across)[owner]
    v -= dx * (sin * across)[owner]
    v -= s.curve[owner] * u * u
    u += anchor
    if np.any(s.bend0) or np.any(s.bend1) or np.any(s.bend2):
        inside = u.clip(0, 1)
        sway = np.sin(np.float32(2 * np.pi) * (s.waves[owner] * inside - s.phase[owner]))
        v -= ((s.bend2[owner] * inside + s.bend1[owner]) * inside + s.bend0[owner]) * sway
    return u, v


def _look_up(s: Sprites, atlas: Atlas, u: Floats, v: Floats, owner: NDArray[np.int64]) -> Floats:
    """Bilinear texture lookup at the level that fits each sprite's size: ``(n_pixels, 4)`` float32 in 0..1."""
    full = atlas.size[s.texture, 0, 1]
    level = np.rint(np.log2(full / np.maximum(s.length, 1)) + s.blur).clip(0, LEVELS - 1).astype(np.int64)
    size = atlas.size[s.texture, level]
    start = atlas.start[s.texture, level]
    tall, wide = size[:, 0].astype(np.float32), size[:, 1].astype(np.float32)
    scale = (full / 2.0**level).astype(np.float32)
    x = u * scale[owner] + np.float32(0.5)
    y = v * scale[owner] + (tall / 2 + np.float32(0.5))[owner]
    np.clip(x, 0, (wide + np.float32(0.999))[owner], out=x)
    np.clip(y, 0, (tall + np.float32(0.999))[owner], out=y)
    column, row = x.astype(np.int32), y.astype(np.int32)
    x -= column
    y -= row
    pitch = (size[:, 1] + 2)[owner]
    index = start[owner] + row * pitch + column
    out = _texels(atlas, index) * ((1 - x) * (1 - y))[:, None]
    out += _texels(atlas, index + 1) * (x * (1 - y))[:, None]
    out += _texels(atlas, index + pitch) * ((1 - x) * y)[:, None]
    out += _texels(atlas, index + pitch + 1) * (x * y)[:, None]
    out *= np.float32(1 / 255)
    return out


def _texels(atlas: Atlas, index: NDArray[np.int64]) -> Floats:
    return atlas.texels.take(index).view(np.uint8).reshape(-1, 4).astype(np.float32)


def cover(canvas: Floats, patch: Patch, gain: Floats, haze: Floats) -> NDArray[np.bool_]:
    """Lay a patch over the canvas, in place.

    Args:
        canvas: ``(height, width, 3)`` float32.
        patch: what is drawn, inside the canvas.
        gain: ``(3,)`` its colors are multiplied by.
        haze: ``(3,)`` light that the water between adds where the sprite is.

    Returns:
        ``(h, w)`` bool, the patch's pixels that it covers by half or more.
    """
    height, width = patch.pixels.shape[:2]
    window = canvas[patch.y : patch.y + height, patch.x : patch.x + width]
    alpha = patch.pixels[..., 3:]
    window *= 1 - alpha
    window += patch.pixels[..., :3] * gain
    window += alpha * haze
    return np.asarray(alpha[..., 0] >= 0.5)
