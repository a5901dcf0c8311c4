"""Outlines of a mask through pixel centres, for readers that also paint the outline itself.

The outline along the pixel edges is moved inwards by half a pixel, and every hole is connected to the outline
straight above it by a bridge inside the mask that is walked down and up again. A reader that paints the
inside (by the even-odd rule) and the outline itself, as OpenCV and Pillow do, gets exactly the same pixels
back. All edges are horizontal or vertical, so that interpolated points lie on the same pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import MaskError
from ..masks.runs import parse
from ..masks.varints import Ints
from .polygon import Points
from .simplify import simplify
from .trace import Rings, trace


def centre_outlines(mask: bytes, height: int, width: int, tolerance: float = 0.0) -> list[Points]:
    """One closed outline for each connected part of a mask; :func:`.painted.paint` gives the mask back.

    Args:
        mask: compressed run lengths.
        height: of the image, pixels.
        width: of the image, pixels.
        tolerance: largest distance of a simplified outline from the exact one, pixels (Douglas-Peucker).

    Returns:
        ``(k, 2)`` float64 outlines, at least three corners each, x and y of pixels; none for an empty mask.

    Raises:
        MaskError: the mask is malformed or of another size.

    Example:
        >>> [outline.tolist() for outline in centre_outlines(b"222", 2, 3)]
        [[[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]]
    """
    runs = parse([mask]).canonical()
    if runs.totals()[0] != height * width:
        raise MaskError(
            f"the mask must be {height} x {width} = {height * width} pixels, it has {runs.totals()[0]}"
        )
    rings = trace(runs, height)
    centres = _centres(rings)
    detours = _detours(rings, centres)
    exteriors = np.flatnonzero(rings.above < 0).tolist()
    outlines = [np.array(list(_walk(i, rings, centres, detours)), np.float64) for i in exteriors]
    return [_simplified(outline, tolerance) for outline in outlines]


def _centres(rings: Rings) -> Ints:
    """The pixel inside the mask at each corner, ``(n_corners, 2)``."""
    corners = rings.corners
    sizes = np.diff(rings.starts)
    outer = np.repeat(rings.above < 0, sizes)
    rightward = (np.diff(corners[:, 0].reshape(-1, 2), axis=1) > 0).ravel().repeat(2)
    before = np.arange(-1, len(corners) - 1)
    before[rings.starts[:-1]] = rings.starts[1:] - 1
    vertical = corners[:, 1] - corners[before, 1]  # of the edge that ends here, or else begins here
    after = np.arange(1, len(corners) + 1)
    after[rings.starts[1:] - 1] = rings.starts[:-1]
    odd = np.arange(len(corners)) % 2 == 1
    downward = np.where(odd, corners[after, 1] - corners[:, 1], vertical) > 0
    x = corners[:, 0] - (downward == outer)
    y = corners[:, 1] - (rightward != outer)
    return np.stack([x, y], axis=1)


def _detours(rings: Rings, centres: Ints) -> dict[int, list[tuple[int, int]]]:
    """Where an outline branches off to holes: edge -> (column, ring) of each hole, in walking order."""
    found: dict[int, list[tuple[int, int]]] = {}
    for hole in np.flatnonzero(rings.above >= 0).tolist():
        column = int(rings.corners[rings.starts[hole], 0])
        found.setdefault(int(rings.above[hole]), []).append((column, hole))
    for edge, holes in found.items():
        holes.sort(reverse=bool(centres[edge + 1, 0] < centres[edge, 0]))
    return found


def _walk(
    exterior: int, rings: Rings, centres: Ints, detours: dict[int, list[tuple[int, int]]]
) -> Iterator[tuple[int, int]]:
    """Corners of an exterior and of its holes, as one closed line."""
    stack = [_around(exterior, rings, centres, detours)]
    last: tuple[int, int] | None = None
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
        elif isinstance(step, int):
            stack.append(_around(step, rings, centres, detours))
        elif step != last:
            last = step
            yield step


def _around(
    ring: int, rings: Rings, centres: Ints, detours: dict[int, list[tuple[int, int]]]
) -> Iterator[tuple[int, int] | int]:
    """Corners of one ring, and the ring number of each hole where the walk branches off to the hole."""
    start, end = rings.starts[ring : ring + 2].tolist()
    hole = rings.above[ring] >= 0
    door = (int(rings.corners[start, 0]), int(centres[start, 1]))  # below its bridge, on the first edge
    points: list[tuple[int, int]] = list(map(tuple, centres[start:end].tolist()))
    if hole:
        yield door
    for i in range(1 if hole else 0, end - start):
        yield points[i]
        for column, other in detours.get(start + i, ()):
            yield column, points[i][1]
            yield other
            yield column, points[i][1]
    if hole:
        yield points[0]
        yield door


def _simplified(outline: Points, tolerance: float) -> Points:
    if tolerance > 0:
        outline = outline[simplify(outline, np.array([0, len(outline)]), tolerance)]
    if len(outline) > 1 and (outline[0] == outline[-1]).all():
        outline = outline[:-1]
    return outline if len(outline) >= 3 else outline[[0, -1, 0]]
