"""How a mask is spoiled: moved, grown, shrunk, cut in two. Pure functions of crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....core.geometry.masks import rle

Bools = npt.NDArray[np.bool_]

_STEPS = 40  # most pixels that an outline moves


@dataclass(frozen=True)
class Piece:
    """A mask as a crop, with room for its image.

    Attributes:
        crop: ``(h, w)`` bool.
        x: left edge, pixels.
        y: top edge, pixels.
        height: of the image, pixels.
        width: of the image, pixels.
    """

    crop: Bools
    x: int
    y: int
    height: int
    width: int

    @classmethod
    def of(cls, mask: bytes, height: int, width: int) -> Piece:
        """The piece of a compressed mask."""
        return cls(*rle.decode_crop(mask, height, width), height, width)

    def encode(self) -> bytes | None:
        """The compressed mask, cut at the border of the image; None where nothing is left."""
        top, left = max(-self.y, 0), max(-self.x, 0)
        y, x = max(self.y, 0), max(self.x, 0)
        part = self.crop[top : top + max(self.height - y, 0), left : left + max(self.width - x, 0)]
        if not part.any():
            return None
        return rle.encode_labels(np.ascontiguousarray(part, np.uint8), self.height, self.width, x, y)[1][0]


def shifted(piece: Piece, rng: np.random.Generator) -> bytes | None:
    """Moved in a random direction by 0.15 to 0.5 of the side of a square of its area."""
    turn, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.5) * np.sqrt(piece.crop.sum())
    dx, dy = round(far * np.cos(turn)), round(far * np.sin(turn))
    return Piece(piece.crop, piece.x + dx, piece.y + dy, piece.height, piece.width).encode()


def resized(piece: Piece, rng: np.random.Generator) -> bytes | None:
    """Grown or shrunk, pixel by pixel, until the IoU with the original is at most a random 0.4 to 0.75."""
    from scipy import ndimage

    grow, wanted = rng.random() < 0.5, rng.uniform(0.4, 0.75)
    area, steps = int(piece.crop.sum()), 0
    crop, cross = piece.crop, ndimage.generate_binary_structure(2, 1)
    while steps < _STEPS:
        if grow:
            crop = ndimage.binary_dilation(np.pad(crop, 1), cross)
        else:
            crop = ndimage.binary_erosion(crop, cross)
        steps += 1
        now = int(crop.sum())
        if now == 0:
            return None
        if min(now, area) / max(now, area) <= wanted:
            break
    side = steps if grow else 0
    return Piece(crop, piece.x - side, piece.y - side, piece.height, piece.width).encode()


def halved(piece: Piece, rng: np.random.Generator) -> tuple[bytes, bytes] | None:
    """Cut in two by a line near the middle, mostly across the longer axis; None where a part is tiny."""
    y, x = np.nonzero(piece.crop)
    if len(y) < 8:
        return None
    centred = np.stack([y - y.mean(), x - x.mean()])
    axis = np.linalg.eigh(centred @ centred.T)[1][:, 1]
    turn = rng.normal(0, 0.4)
    along = (np.cos(turn) * axis + np.sin(turn) * np.array([-axis[1], axis[0]])) @ centred
    first = along > np.quantile(along, rng.uniform(0.3, 0.7))
    parts = []
    for side in (first, ~first):
        crop = np.zeros_like(piece.crop)
        crop[y[side], x[side]] = True
        parts.append(Piece(crop, piece.x, piece.y, piece.height, piece.width).encode())
    a, b = parts
    return None if a is None or b is None else (a, b)


def copied(piece: Piece, rng: np.random.Generator) -> bytes | None:
    """Nearly the same again: smoothed, a pixel larger or smaller, or moved by at most a pixel."""
    from scipy import ndimage

    crop, side = piece.crop, 0
    if crop.sum() > 60:
        padded, side = np.pad(crop, 1), 1
        ways = (
            padded,
            ndimage.binary_opening(padded),
            ndimage.binary_dilation(padded),
            ndimage.binary_erosion(padded),
        )
        crop = ways[int(rng.integers(len(ways)))]
    dx, dy = (rng.integers(-1, 2, 2) if crop.sum() > 200 else np.zeros(2, np.int64)).tolist()
    return Piece(crop, piece.x - side + dx, piece.y - side + dy, piece.height, piece.width).encode()
