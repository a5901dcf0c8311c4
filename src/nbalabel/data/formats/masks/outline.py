"""Masks as polygons along pixel edges, for readers that count crossings; and several rings joined into one.

A *bridge* joins a hole to its exterior and, where a format allows only one ring, an island to its neighbour:
the outline goes there and comes back along the same line. Rasterisers that count crossings, such as
pycocotools', count the line twice, so it has no effect; those that also paint outlines, such as OpenCV's,
leave a one-pixel seam. For these, :func:`..centres.centre_outlines` joins holes inside the mask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ....core.geometry.outlines.polygon import Polygon, rle_to_polygons


def outlines(mask: bytes, height: int, width: int, tolerance: float = 0.0) -> list[np.ndarray]:
    """One ring for each connected part of a mask, with its holes bridged.

    Args:
        mask: compressed run lengths.
        height: of the image, pixels.
        width: of the image, pixels.
        tolerance: largest distance of a simplified outline from the exact one, pixels.

    Returns:
        Rings of ``(k, 2)`` float64 (x, y) corners in pixels; none for an empty mask.

    Example:
        >>> outlines(b"222", 2, 3)[0].tolist()
        [[1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0]]
    """
    return [
        _keyhole(part) for part in rle_to_polygons(mask, height, width, tolerance) if len(part.exterior) >= 3
    ]


def bridge(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Join rings into one, each to the nearest corner of the rings joined before.

    Args:
        rings: at least one, ``(k, 2)`` corners each.

    Example:
        >>> left, right = [[0, 0], [1, 0], [1, 1]], [[3, 0], [4, 0], [4, 1]]
        >>> bridge([np.array(left), np.array(right)]).tolist()
        [[0, 0], [1, 0], [3, 0], [4, 0], [4, 1], [3, 0], [1, 0], [1, 1]]
    """
    children: list[list[tuple[int, np.ndarray]]] = [[] for _ in rings]
    for ring, owner, corner, own in reversed(_attach(rings)):
        walk = _around(rings[ring], children[ring], own)
        children[owner].append((corner, np.concatenate([walk, walk[:1]])))
    return _around(rings[0], children[0], 0)


def _keyhole(part: Polygon) -> np.ndarray:
    return bridge([part.exterior, *(hole for hole in part.holes if len(hole) >= 3)])


def _attach(rings: Sequence[np.ndarray]) -> list[tuple[int, int, int, int]]:
    """Prim's minimum spanning tree of the rings: (ring, owner, corner of the owner, own corner), in order."""
    nearest = dict.fromkeys(range(1, len(rings)), (np.inf, 0, 0, 0))
    attached = []
    last = 0
    while nearest:
        tree = _tree(rings[last])
        for i in nearest:
            distance, corner = tree(rings[i])
            own = int(np.argmin(distance))
            nearest[i] = min(nearest[i], (float(distance[own]), last, int(corner[own]), own))
        last = min(nearest, key=lambda i: nearest[i][0])
        attached.append((last, *nearest.pop(last)[1:]))
    return attached


def _tree(ring: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    from scipy.spatial import KDTree

    found: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] = KDTree(ring).query
    return found


def _around(ring: np.ndarray, children: list[tuple[int, np.ndarray]], start: int) -> np.ndarray:
    """Once around a ring from a corner, with a detour to each child at its corner."""
    rolled = np.roll(ring, -start, axis=0)
    pieces: list[np.ndarray] = []
    at = 0
    for corner, walk in sorted(((c - start) % len(ring), i) for i, (c, _) in enumerate(children)):
        pieces += [rolled[at : corner + 1], children[walk][1]]
        at = corner
    return np.concatenate([*pieces, rolled[at:]])
