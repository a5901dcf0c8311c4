"""Embeddings: one vector per image and one per instance, from the same feature maps.

An image's vector is the average of the last backbone map (the pooled output of the SPPF layer) over the
image. An instance's vector is mask-attention pooling: at each of several scales, the average of the backbone
map weighted by how much of each cell the mask covers; the scales are normalised to unit length and joined.
Instances and predictions go through the same function, so they share one space.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.arrays import positions

if TYPE_CHECKING:
    pass

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
    rows = _overlap(y * gain[0], gain[0], mask.shape[0], cell, grid[0])
    columns = _overlap(x * gain[1], gain[1], mask.shape[1], cell, grid[1])
    return np.asarray(rows @ mask @ columns.T, np.float32)


def _overlap(start: float, step: float, n: int, cell: float, n_cells: int) -> Floats:
    """Share of each cell that each of ``n`` pixels covers along one axis, ``(n_cells, n)``."""
    low = start + step * np.arange(n)
    edge = cell * np.arange(n_cells)[:, None]
    shared = np.minimum(low + step, edge + cell) - np.maximum(low, edge)
    return (np.maximum(shared, 0) / cell).astype(np.float32)


def _coarser(weights: Floats) -> Floats:
    """Weights ``(n, h, w)`` on cells twice the size, ``(n, h // 2, w // 2)``."""
    n, h, w = weights.shape
    return weights.reshape(n, h // 2, 2, w // 2, 2).mean(axis=(2, 4))


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
    blocks = []
    for fmap in maps:
        while weights.shape[1] > fmap.shape[1]:
            weights = _coarser(weights)
        flat = weights.reshape(len(weights), -1)
        mean = flat @ fmap.reshape(len(fmap), -1).T / np.maximum(flat.sum(axis=1, keepdims=True), 1e-12)
        blocks.append(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12))
    return (np.concatenate(blocks, axis=1) / np.sqrt(len(blocks))).astype(np.float32)


def pool_image(fmap: Floats, inside: Floats) -> Floats:
    """Average of a map ``(c, h, w)`` over the image only, weights ``(h, w)``; returns ``(c,)`` float32."""
    flat = inside.ravel()
    return (fmap.reshape(len(fmap), -1) @ flat / flat.sum()).astype(np.float32)


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
