"""Rasterise polygons of many instances, in few calls of pycocotools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from pycocotools import _mask

from ....core.errors import FormatError, first
from ....core.geometry.masks.varints import MAX_PIXELS

_REACH = 16  # largest coordinate of a corner, in image sizes
_FARTHEST = 1e8  # largest coordinate, pixels; the rasteriser counts fifths of a pixel in 32 bits
_PERIMETER = 5e6  # longest outline, pixels; the rasteriser allocates 80 bytes per pixel

Namer = Callable[[np.ndarray], list[object]]


@dataclass(frozen=True)
class Parts:
    """Polygon parts of many instances, concatenated.

    Attributes:
        values: x and y alternating, pixels, ``(n_values,)`` float64.
        lengths: number of values of each part, ``(n_parts,)`` int64.
        per_row: number of parts of each instance, ``(n_rows,)`` int64.
    """

    values: np.ndarray
    lengths: np.ndarray
    per_row: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[np.ndarray]]) -> Parts:
        """Build from one list of parts per instance, each part ``(k, 2)`` or ``(2k,)``."""
        parts = [np.asarray(part, np.float64).ravel() for row in rows for part in row]
        return cls(
            np.concatenate(parts) if parts else np.zeros(0),
            np.array([part.size for part in parts], np.int64),
            np.array([len(row) for row in rows], np.int64),
        )

    @property
    def row(self) -> np.ndarray:
        """Position of each part's instance, ``(n_parts,)``."""
        return np.repeat(np.arange(len(self.per_row)), self.per_row)


def rasterize(parts: Parts, sizes: np.ndarray, names: Namer) -> list[bytes]:
    """One mask per instance, the union of its parts, exactly as pycocotools draws them.

    Args:
        parts: polygon parts of ``n_rows`` instances, each instance with at least one.
        sizes: height and width of each instance's image, ``(n_rows, 2)`` int64 pixels.
        names: maps positions of instances to their names in error messages.

    Returns:
        Compressed run lengths, one ``bytes`` per instance.

    Raises:
        FormatError: a part has fewer than three points, an odd number of values, lies too far outside its
            image, or has too long an outline.

    Source: ``rleFrPoly`` of the COCO mask API, https://github.com/cocodataset/cocoapi
    """
    sizes = sizes.reshape(-1, 2)
    check(parts, sizes, names)
    drawn = _draw(parts, sizes[parts.row])
    if len(drawn) == len(parts.per_row):
        return [rle["counts"] for rle in drawn]
    ends = np.cumsum(parts.per_row).tolist()
    begins = [0, *ends[:-1]]
    return [
        drawn[a]["counts"] if b - a == 1 else _mask.merge(drawn[a:b])["counts"]
        for a, b in zip(begins, ends, strict=True)
    ]


def _draw(parts: Parts, sizes: np.ndarray) -> list[dict[str, bytes]]:
    """Draw every part separately, with one call for all parts on images of equal size."""
    ends = np.cumsum(parts.lengths)
    slices = [parts.values[a:b] for a, b in zip((ends - parts.lengths).tolist(), ends.tolist(), strict=True)]
    key = sizes[:, 0] * (1 << 32) + sizes[:, 1]
    order = np.argsort(key, kind="stable")
    bounds = [0, *(np.flatnonzero(np.diff(key[order])) + 1).tolist(), len(order)]
    drawn: list[dict[str, bytes]] = [{}] * len(slices)
    for a, b in pairwise(bounds):
        group = order[a:b].tolist()
        if group:
            found = _mask.frPoly([slices[i] for i in group], *sizes[group[0]].tolist())
            for i, rle in zip(group, found, strict=True):
                drawn[i] = rle
    return drawn


def check(parts: Parts, sizes: np.ndarray, names: Namer) -> None:
    """Refuse polygons that are invalid or unsafe; arguments and errors as in :func:`rasterize`."""
    row = parts.row
    _refuse(sizes.prod(axis=1) >= MAX_PIXELS, f"images must have fewer than {MAX_PIXELS:,} pixels", names)
    _refuse(parts.per_row == 0, "a polygon needs at least one part", names)
    _refuse_parts((parts.lengths < 6) | (parts.lengths % 2 == 1), row, _SHAPE, names)
    if not len(row):
        return
    starts = np.cumsum(parts.lengths) - parts.lengths
    _refuse_parts(
        ~np.isfinite(np.add.reduceat(parts.values, starts)), row, "coordinates must be finite numbers", names
    )
    farthest = np.maximum(
        np.maximum.reduceat(parts.values, starts), -np.minimum.reduceat(parts.values, starts)
    )
    limit = np.minimum(_REACH * sizes.max(axis=1), _FARTHEST)[row]
    _refuse_parts(
        farthest > limit, row, f"polygons must lie within {_REACH} image sizes of their image", names
    )
    suspect = np.flatnonzero(farthest * parts.lengths > _PERIMETER)
    too_long = np.zeros(len(row), bool)
    for i in suspect:
        points = parts.values[starts[i] : starts[i] + parts.lengths[i]].reshape(-1, 2)
        too_long[i] = np.abs(np.diff(points, axis=0, append=points[:1])).max(axis=1).sum() > _PERIMETER
    _refuse_parts(too_long, row, f"outlines must be shorter than {_PERIMETER:,.0f} pixels", names)


_SHAPE = "each part of a polygon must be at least three points, x and y alternating"


def _refuse_parts(bad: np.ndarray, row: np.ndarray, rule: str, names: Namer) -> None:
    if bad.any():
        _refuse(np.isin(np.arange(row[-1] + 1), row[bad]), rule, names)


def _refuse(bad: np.ndarray, rule: str, names: Namer) -> None:
    if bad.any():
        raise FormatError(f"{rule}; {int(bad.sum())} do not: {first(names(np.flatnonzero(bad)))}")
