"""Polygons to masks and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pycocotools import _mask as coco

from ..errors import MaskError
from . import rle

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Polygon:
    """One connected part of a mask.

    Attributes:
        exterior: ``(k, 2)`` float64 (x, y) corners in pixels, not repeated at the end.
        holes: corners of what is cut out of it, likewise.
    """

    exterior: Points
    holes: list[Points] = field(default_factory=list)


def polygons_to_rle(polygons: Sequence[npt.ArrayLike], height: int, width: int) -> bytes:
    """The union of polygons as a mask, rasterised exactly as pycocotools does.

    Args:
        polygons: each a flat [x0, y0, x1, y1, ...] or ``(k, 2)`` array of at least 3 corners, pixels.
        height: of the image, pixels.
        width: of the image, pixels.

    Raises:
        MaskError: fewer than 3 corners, an odd count, or corners that are not finite.

    Example:
        >>> polygons_to_rle([[1, 0, 2, 0, 2, 2, 1, 2]], 2, 3)
        b'222'
    """
    return polygon_batches_to_rle([polygons], [height], [width])[0]


def polygon_batches_to_rle(
    batches: Sequence[Sequence[npt.ArrayLike]], heights: npt.ArrayLike, widths: npt.ArrayLike
) -> list[bytes]:
    """One mask for each list of polygons; see :func:`polygons_to_rle`.

    Args:
        batches: ``n`` lists of polygons.
        heights: ``(n,)`` or one number, pixels.
        widths: likewise.
    """
    n = len(batches)
    sizes = zip(np.broadcast_to(heights, n).tolist(), np.broadcast_to(widths, n).tolist(), strict=True)
    out = []
    for polygons, (height, width) in zip(batches, sizes, strict=True):
        flat = [np.asarray(p, np.float64).ravel() for p in polygons]
        for p in flat:
            if len(p) < 6 or len(p) % 2 or not np.isfinite(p).all():
                raise MaskError(f"a polygon must be at least 3 finite corners (x, y), got {len(p)} numbers")
        if not flat:
            out.append(rle.from_counts([height * width]))
            continue
        out.append(coco.merge(coco.frPoly(flat, height, width))["counts"])
    return out


def rle_to_polygons(mask: bytes, height: int, width: int, tolerance: float = 0.0) -> list[Polygon]:
    """Trace a mask along the edges of its pixels.

    At tolerance 0 nothing is lost: corners are whole pixels, and each exterior minus its holes, rasterised by
    :func:`polygons_to_rle`, gives back the same mask. Parts that touch only at a corner become polygons of
    their own.

    Args:
        mask: compressed run-length mask.
        height: of the image, pixels.
        width: of the image, pixels.
        tolerance: how far, in pixels, a simplified outline may stray from the traced one (Douglas-Peucker).

    Returns:
        One polygon for each part, all outlines clockwise as seen on screen; none for an empty mask.

    Example:
        >>> rle_to_polygons(b"222", 2, 3)[0].exterior.tolist()
        [[1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0]]
    """
    crop, x, y = rle.decode_crop(mask, height, width)
    if not crop.size:
        return []
    rings, is_hole = _trace(crop)
    owner = _owners(crop, rings, is_hole)
    shifted = [_simplify(ring + np.array([x, y]), tolerance) for ring in rings]
    parts = {i: Polygon(shifted[i]) for i in np.flatnonzero(~is_hole).tolist()}
    for i in np.flatnonzero(is_hole).tolist():
        parts[owner[i]].holes.append(shifted[i])
    return list(parts.values())


def _trace(mask: npt.NDArray[np.bool_]) -> tuple[list[Points], npt.NDArray[np.bool_]]:
    """All outlines of a mask, each from its top left corner to the right, and which of them are holes.

    Outlines turn where one or three of the four pixels around are inside, or (twice) two diagonal ones. Along
    each row of the lattice these corners pair up to horizontal edges, along each column to vertical ones.
    """
    padded = np.pad(mask, 1).astype(np.uint8)
    code = padded[:-1, :-1] + 2 * padded[:-1, 1:] + 4 * padded[1:, :-1] + 8 * padded[1:, 1:]
    y, x = np.nonzero(_TURNS[code])
    kind = code[y, x]
    times = np.where((kind == 6) | (kind == 9), 2, 1)
    second = np.repeat(np.cumsum(times) - 1, times) == np.arange(times.sum())
    x, y, kind = (np.repeat(v, times) for v in (x, y, kind))
    # Of a doubled corner the first copy takes the edge to the left, the second that to the right. So that
    # diagonal pixels stay apart, the edge up goes to the first copy at code 9 (upper left inside), the second
    # at 6.
    up_last = np.where(kind == 6, ~second, second & (kind == 9))
    order = np.lexsort((up_last, y, x))
    across = np.empty(len(order), np.int64)
    across[order] = order[np.arange(len(order)) ^ 1]
    chains = _cycles(across.tolist())
    corners = np.stack([x, y], axis=1).astype(np.float64)
    heads = np.array([chain[0] for chain in chains], np.int64)
    return [corners[chain] for chain in chains], kind[heads] < 8  # no pixel inside to the lower right: a hole


_TURNS = np.isin(np.arange(16), [1, 2, 4, 8, 7, 11, 13, 14, 6, 9])


def _cycles(across: list[int]) -> list[list[int]]:
    """Walk i -> i ^ 1 (horizontal edge) -> its vertical partner -> ... until every corner is visited."""
    seen = bytearray(len(across))
    out = []
    for head in range(len(across)):
        if seen[head]:
            continue
        chain, at = [], head
        while not seen[at]:
            to = at ^ 1
            seen[at] = seen[to] = 1
            chain += [at, to]
            at = across[to]
        out.append(chain)
    return out


def _owners(
    crop: npt.NDArray[np.bool_], rings: list[Points], is_hole: npt.NDArray[np.bool_]
) -> dict[int, int]:
    """For each hole the index of the exterior it lies in."""
    holes, exteriors = np.flatnonzero(is_hole).tolist(), np.flatnonzero(~is_hole).tolist()
    if len(exteriors) == 1 or not holes:
        return dict.fromkeys(holes, exteriors[0])
    from scipy import ndimage

    parts, _ = ndimage.label(crop)
    inside = {i: parts[int(rings[i][0, 1]), int(rings[i][0, 0])] for i in exteriors}
    exterior_of = {part: i for i, part in inside.items()}
    return {i: exterior_of[parts[int(rings[i][0, 1]) - 1, int(rings[i][0, 0])]] for i in holes}


def _simplify(ring: Points, tolerance: float) -> Points:
    """Douglas-Peucker on a closed ring, split at its first corner and the one farthest from it.

    Source: Douglas and Peucker (1973), Algorithms for the reduction of the number of points.
    """
    if tolerance <= 0 or len(ring) <= 4:
        return ring
    closed = np.vstack([ring, ring[:1]])
    far = int(np.hypot(*(ring - ring[0]).T).argmax())
    keep = np.zeros(len(closed), bool)
    keep[[0, far, len(ring)]] = True
    todo = [(0, far), (far, len(ring))]
    while todo:
        a, b = todo.pop()
        if b - a < 2:
            continue
        distance = _distances(closed[a + 1 : b], closed[a], closed[b])
        k = int(distance.argmax())
        if distance[k] > tolerance:
            keep[a + 1 + k] = True
            todo += [(a, a + 1 + k), (a + 1 + k, b)]
    kept = closed[:-1][keep[:-1]]
    return kept if len(kept) >= 3 else ring


def _distances(points: Points, a: Points, b: Points) -> Points:
    """Distances of points from the line segment a-b."""
    along = b - a
    length = float(along @ along)
    t = np.clip((points - a) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.asarray(np.hypot(*(points - a - t[:, None] * along).T))
