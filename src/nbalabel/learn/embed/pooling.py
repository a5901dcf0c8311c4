"""Embeddings: one vector per image and one per instance, from the same feature maps.

An image's vector is the average of the last backbone map (the pooled output of the SPPF layer) over the
image. An instance's vector is mask-attention pooling: at each of several scales, the average of the backbone
map weighted by how much of each cell the mask covers; the scales are normalised to unit length and joined.
Instances and predictions go through the same function, so they share one space.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.arrays import positions

Floats = npt.NDArray[np.float32]
_BLOCK = 1 << 20  # ids looked through at once


@dataclass(frozen=True)
class Embeddings:
    """Vectors of images and of instances, row by row.

    Attributes:
        image_ids: ``(n,)`` int64.
        image: ``(n, d)`` float32; of a loaded run perhaps float16, in its file.
        instance_ids: ``(m,)`` int64: prediction ids of a Run, or instance ids of a dataset.
        instance: ``(m, e)`` float32; of a loaded run perhaps float16, in its file.
    """

    image_ids: npt.NDArray[np.int64]
    image: Floats
    instance_ids: npt.NDArray[np.int64]
    instance: Floats

    def __post_init__(self) -> None:
        for ids, vectors, name in (
            (self.image_ids, self.image, "image"),
            (self.instance_ids, self.instance, "instance"),
        ):
            if vectors.ndim != 2 or len(ids) != len(vectors):
                raise DataError(f"{name} embeddings must be ({len(ids)}, d), got {vectors.shape}")

    @classmethod
    def none(cls) -> Embeddings:
        """No vectors at all."""
        ids, vectors = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        return cls(ids, vectors, ids, vectors)

    def images(self, ids: npt.ArrayLike) -> Floats:
        """Vectors of these images, in this order; rows of NaN where there is none."""
        return _rows(self.image, self.image_ids, ids)

    def instances(self, ids: npt.ArrayLike) -> Floats:
        """Vectors of these instances, in this order; rows of NaN where there is none."""
        return _rows(self.instance, self.instance_ids, ids)

    def instance_places(self, ids: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The row of each of these instances in ``instance``, ``(n,)``; -1 where there is none."""
        return _places(self.instance_ids, np.asarray(ids, np.int64))

    def __repr__(self) -> str:
        return f"Embeddings(image {self.image.shape}, instance {self.instance.shape})"


def cell_weights(
    crop: npt.ArrayLike, x: float, y: float, gain: tuple[float, float], cell: float, grid: tuple[int, int]
) -> Floats:
    """How much of each cell of a feature map a mask covers.

    Args:
        crop: the mask around its pixels, ``(h, w)`` bool.
        x: left edge of the crop, pixels of the original.
        y: top edge of the crop, pixels of the original.
        gain: input pixels per original pixel along y and x.
        cell: side of a cell, input pixels (the map's stride).
        grid: rows and columns of the map.

    Returns:
        ``grid`` float32, 0..1.

    Example:
        >>> cell_weights([[True, True, True]], 1, 0, (8.0, 8.0), 16, (1, 3)).tolist()
        [[0.25, 0.5, 0.0]]
    """
    mask = np.asarray(crop, np.float32)
    out = np.zeros(grid, np.float32)
    if mask.size:
        rows, part = _covered(mask, y * gain[0], gain[0], cell, grid[0])
        columns, part = _covered(np.ascontiguousarray(part.T), x * gain[1], gain[1], cell, grid[1])
        out[rows, columns] = part.T
    return out


def cells_inside(size: tuple[int, int], cell: float, grid: tuple[int, int]) -> Floats:
    """As :func:`cell_weights`, of a rectangle of so many pixels at the top left.

    Example:
        >>> cells_inside((2, 3), 2, (1, 2)).tolist()
        [[1.0, 0.5]]
    """
    (rows, high), (columns, wide) = (
        _covered(np.ones((n, 1), np.float32), 0, 1, cell, n_cells)
        for n, n_cells in zip(size, grid, strict=True)
    )
    out = np.zeros(grid, np.float32)
    out[rows, columns] = high * wide.T
    return out


def _covered(values: Floats, start: float, step: float, cell: float, n_cells: int) -> tuple[slice, Floats]:
    """Sums over the pixels in each cell along the first axis, by the share of the cell that each covers.

    Args:
        values: ``(n, k)``, one row per pixel.
        start: where the first pixel begins.
        step: length of a pixel.
        cell: length of a cell.
        n_cells: cells there are, the first beginning at 0.

    Returns:
        The cells that pixels lie in, and their sums, ``(cells, k)``.
    """
    n = len(values)
    first = int(np.clip(np.floor(start / cell), 0, n_cells))
    last = int(np.clip(np.ceil((start + step * n) / cell), first, n_cells))
    edges = np.clip((cell * np.arange(first, last + 1) - start) / step, 0, n)
    low = np.minimum(edges.astype(np.int64), n - 1)
    begun = (edges - low).astype(np.float32)[:, None] * values[low]  # of the pixels that edges lie in
    sums = np.add.reduceat(values, low, axis=0)[:-1]  # of the pixels from one of these to the next
    sums[low[:-1] == low[1:]] = 0
    return slice(first, last), (sums + np.diff(begun, axis=0)) * np.float32(step / cell)


def _coarser(weights: Floats) -> Floats:
    """Weights ``(h, w)`` on cells twice the size, ``(h // 2, w // 2)``."""
    h, w = weights.shape
    return weights.reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))


def pool_masks(maps: Sequence[Floats], weights: Floats) -> Floats:
    """Mask-attention pooling over several scales.

    Args:
        maps: feature maps ``(c, h, w)`` from fine to coarse, each half the size of the one before or the
            same.
        weights: ``(n, h, w)`` on the finest.

    Returns:
        ``(n, sum of c)`` float32; each scale's block has length 1 / sqrt(number of scales), so the vector has
        unit length.
    """
    height = weights.shape[1]
    found = [_pooled(maps, one, height) for one in weights]
    return np.array(found, np.float32).reshape(len(weights), sum(map(len, maps)))


def _pooled(maps: Sequence[Floats], weights: Floats, height: int) -> Floats:
    """The vector of one mask, from its weights on the finest map; where they are not 0.

    The sums are NumPy's: so few products are no work for several threads of BLAS, which would wait for each
    other while the network needs the processor.
    """
    y, x, weights = _window(weights, max((height // fmap.shape[1] for fmap in maps), default=1))
    blocks, times = [], 1
    for fmap in maps:
        while times * fmap.shape[1] < height:
            weights, times = _coarser(weights), 2 * times
        (h, w), top, left = weights.shape, y // times, x // times
        mean = np.einsum("chw,hw->c", fmap[:, top : top + h, left : left + w], weights)
        mean /= np.maximum(weights.sum(), 1e-12)
        blocks.append(mean / np.maximum(np.linalg.norm(mean), 1e-12))
    return np.asarray(np.concatenate(blocks) / np.sqrt(len(blocks)), np.float32)


def _window(weights: Floats, times: int) -> tuple[int, int, Floats]:
    """The part of the weights that is not 0, its ends multiples of ``times``, and where it begins: y, x."""
    spans = []
    for axis in (1, 0):
        there = np.flatnonzero(weights.any(axis=axis))
        low, high = (int(there[0]), int(there[-1]) + 1) if len(there) else (0, 1)
        spans.append(slice(low // times * times, -(-high // times) * times))
    return spans[0].start, spans[1].start, weights[spans[0], spans[1]]


def pool_image(fmap: Floats, inside: Floats) -> Floats:
    """Average of a map ``(c, h, w)`` over the image only, weights ``(h, w)``; returns ``(c,)`` float32."""
    return np.asarray(np.einsum("chw,hw->c", fmap, inside) / inside.sum(), np.float32)


def concatenate(parts: Sequence[Floats]) -> Floats:
    """Rows of all parts, ``(n, d)``; ``(0, 0)`` when there are none (parts without rows need not know d)."""
    filled = [part for part in parts if part.size]
    return np.concatenate(filled) if filled else np.zeros((0, 0), np.float32)


def as_mapping(embeddings: Embeddings) -> Mapping[str, npt.NDArray]:
    """The four arrays by name, for saving."""
    return {name: getattr(embeddings, name) for name in ("image_ids", "image", "instance_ids", "instance")}


def _overlapping(ids: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    return (ids[start : start + _BLOCK + 1] for start in range(0, len(ids), _BLOCK))


def _rows(vectors: Floats, known: npt.NDArray[np.int64], ids: npt.ArrayLike) -> Floats:
    at = _places(known, np.asarray(ids, np.int64))
    out = np.full((len(at), vectors.shape[1]), np.nan, np.float32)
    out[at >= 0] = vectors[at[at >= 0]]
    return out


def _places(known: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each id among those known, -1 for an id that is not there."""
    ascending = all((part[1:] > part[:-1]).all() for part in _overlapping(known))
    if ascending:  # pandas would hash all of millions of ids to find some
        return positions(pd.Index(known), wanted)
    return np.asarray(pd.Index(known).get_indexer(pd.Index(wanted)), np.int64)
