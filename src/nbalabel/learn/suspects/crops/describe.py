"""A crop as a vector: colors inside and around, contrast at the outline, edges, shape; nothing is learned."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .cut import SIDE

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[Any]

_BLOCK = 1024  # crops described at once
_CELLS = 4  # per side, of orientations and of the small picture
_TURNS = 4  # orientations of edges


def describe(crops: Pixels, light: Floats) -> npt.NDArray[np.float32]:
    """Vectors of crops.

    Args:
        crops: ``(n, 32, 32, 4)`` uint8, see :func:`.cut.cut`.
        light: mean and standard deviation of the gray of each image, ``(n, 2)``.

    Returns:
        ``(n, d)`` float32: of gray and two color differences the mean and spread inside and around; gray in
        five bands from deep inside to far outside, less the mean of the image; edges inside, at the outline
        and around; edges by place and orientation (Dalal and Triggs), weighted by the mask; the picture in
        8 x 8 cells; and the mask in 4 x 4 cells.

    Source: N. Dalal, B. Triggs, Histograms of oriented gradients for human detection, CVPR 2005, for the
        edges by orientation.
    """
    parts = [_block(crops[i : i + _BLOCK], light[i : i + _BLOCK]) for i in range(0, len(crops), _BLOCK)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, _WIDTH), np.float32)


def _block(crops: Pixels, light: Floats) -> Floats:
    colors = crops[..., :3].astype(np.float32) / 255
    mask = crops[..., 3].astype(np.float32) / 255
    gray = colors.mean(axis=3)
    planes = [gray, colors[..., 0] - colors[..., 1], colors[..., 2] - (colors[..., 0] + colors[..., 1]) / 2]
    soft = _blurred(_blurred(mask))
    around = (1 - mask) * (_blurred(_blurred(soft)) > 0.02)
    columns: list[Floats] = []
    for plane in planes:
        inside, spread = _mean_spread(plane, mask)
        outside, other = _mean_spread(plane, around)
        columns += [inside, spread, outside, other, inside - outside]
    mean, deviation = light[:, 0], np.maximum(light[:, 1], 0.02)
    bands = [soft > 0.9, (soft > 0.6) & (soft <= 0.9), (soft > 0.35) & (soft <= 0.6),
             (soft > 0.08) & (soft <= 0.35), soft <= 0.08]  # fmt: skip
    profile = [_mean_spread(gray, band.astype(np.float32))[0] for band in bands]
    columns += [(p - mean) / deviation for p in profile] + [mean, deviation]
    columns += [a - b for a, b in pairwise(profile)]
    columns += _edges(gray, mask, around, bands[2].astype(np.float32))
    cells = [_orientations(gray, soft), _cells(gray * mask, 8) - _cells(mask, 8) * columns[0][:, None]]
    return np.concatenate([np.stack(columns, axis=1), *cells, _cells(mask, _CELLS)], axis=1)


def _edges(gray: Floats, mask: Floats, around: Floats, outline: Floats) -> list[Floats]:
    """Strength of edges inside, at the outline and around, and how much the outline stands out."""
    size = np.hypot(*_slopes(gray))
    inside, at, outside = (_mean_spread(size, where)[0] for where in (mask, outline, around))
    return [
        inside,
        at,
        outside,
        np.log((at + 0.01) / (inside + 0.01)),
        np.log((at + 0.01) / (outside + 0.01)),
    ]


def _orientations(gray: Floats, weight: Floats) -> Floats:
    """Edges by cell and orientation, of unit length, ``(n, 64)``."""
    dy, dx = _slopes(gray)
    turn = np.floor((np.arctan2(dy, dx) % np.pi) / np.pi * _TURNS).astype(np.int64) % _TURNS
    strength = np.hypot(dy, dx) * weight
    found = [_cells(np.where(turn == t, strength, 0).astype(np.float32), _CELLS) for t in range(_TURNS)]
    flat = np.concatenate(found, axis=1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6), np.float32)


def _slopes(gray: Floats) -> tuple[Floats, Floats]:
    dy, dx = np.zeros_like(gray), np.zeros_like(gray)
    dy[:, 1:-1] = gray[:, 2:] - gray[:, :-2]
    dx[:, :, 1:-1] = gray[:, :, 2:] - gray[:, :, :-2]
    return dy, dx


def _mean_spread(plane: Floats, weight: Floats) -> tuple[Floats, Floats]:
    total = np.maximum(weight.sum(axis=(1, 2)), 1e-3)
    mean = (plane * weight).sum(axis=(1, 2)) / total
    square = (plane**2 * weight).sum(axis=(1, 2)) / total
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def _cells(plane: Floats, n: int) -> Floats:
    step = SIDE // n
    return plane.reshape(len(plane), n, step, n, step).mean(axis=(2, 4)).reshape(len(plane), n * n)


def _blurred(plane: Floats) -> Floats:
    """Averages of 3 x 3 pixels; the border repeats."""
    p = np.pad(plane, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = p[:, :-2] + p[:, 1:-1] + p[:, 2:]
    return np.asarray((rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9, np.float32)


_WIDTH = len(_block(np.zeros((1, SIDE, SIDE, 4), np.uint8), np.zeros((1, 2), np.float32))[0])
