"""Noise: the raw material of sand, rock, murk and light on the sea floor.

Every texture is drawn on a grid of fixed size, so that a scene looks the same at any resolution.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.floating[Any]]  # float32 wherever it is large

TILE = 256


def resize(field: Floats, height: int, width: int) -> Floats:
    """A 2-D field at another size, bicubic: ``(h, w)`` to ``(height, width)`` float32."""
    image = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def fractal(rng: np.random.Generator, height: int, width: int, cells: int = 4, octaves: int = 4) -> Floats:
    """Cloudy value noise in 0..1.

    Args:
        rng: source of randomness; the draws do not depend on height and width.
        height: rows.
        width: columns.
        cells: lattice cells across the coarsest octave.
        octaves: how many lattices are added, each twice as fine and half as strong.

    Returns:
        ``(height, width)`` float32.

    Source:
        Value noise, Perlin, "An Image Synthesizer", SIGGRAPH 1985.

    Example:
        >>> fractal(np.random.default_rng(0), 8, 16).shape
        (8, 16)
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        lattice = rng.random((cells << octave, cells << octave), dtype=np.float32) - 0.5
        total += resize(lattice, height, width) * np.float32(0.5**octave)
    return np.clip(total * 0.75 + 0.5, 0, 1)


@lru_cache(maxsize=8)
def tile(seed: int, power: float) -> Floats:
    """Periodic noise of a given roughness, mean 0 and standard deviation 1, ``(256, 256)`` float32.

    Args:
        seed: which of them.
        power: amplitude falls as frequency ** -power; 0 is white, 1 is stone, 2 is cloud.
    """
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((TILE, TILE))) * frequency**-power
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (TILE, TILE))
    return np.ascontiguousarray(field / field.std(), np.float32)


@lru_cache(maxsize=16)
def fine_tile(seed: int, power: float, factor: int) -> Floats:
    """:func:`tile` with ``factor`` times as many texels on each axis."""
    return _enlarge(tile(seed, power), factor)


def _enlarge(field: Floats, factor: int) -> Floats:
    """A periodic tile, bicubic, without a seam."""
    if factor == 1:
        return field
    edge = 4
    large = (TILE + 2 * edge) * factor
    return resize(np.pad(field, edge, mode="wrap"), large, large)[
        edge * factor : -edge * factor, edge * factor : -edge * factor
    ]


@lru_cache(maxsize=4)
def caustics(factor: int = 1) -> Floats:
    """The net of light that waves throw on the floor, periodic, 0..1.

    Args:
        factor: how many times 256 texels on each axis.

    Returns:
        The tile twice over on both axes, ``(512 factor, 512 factor)`` float32: a shifted look
        needs no modulo.

    Source:
        Ridges between the cells of a warped pattern; Worley, "A Cellular Texture Basis Function", 1996.
    """
    from scipy.spatial import cKDTree

    points = np.random.default_rng(11).random((70, 2)) * TILE
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float64)
    warped = np.stack([x + 5 * tile(12, 2.0), y + 5 * tile(13, 2.0)], -1) % TILE
    distance = cKDTree(points, boxsize=TILE).query(warped.reshape(-1, 2), k=2)[0]
    ridge = np.exp(-(distance[:, 1] - distance[:, 0]) / 4.0)
    return np.tile(_enlarge(ridge.reshape(TILE, TILE).astype(np.float32), factor), (2, 2))
