"""Descriptions of crops along their main axes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...embed.reducers import Pca

AXES = 32
"""Number of axes."""

_SAMPLE = 20_000


def spread(raw: npt.NDArray[np.float32], n: int, seed: int) -> npt.NDArray[np.float32]:
    """The first rows along the main axes of the standardised columns, ``(n, k)`` float32 of unit variance."""
    some = np.random.default_rng(seed).permutation(n)[:_SAMPLE]
    if not n:
        return np.zeros((0, 0), np.float32)
    deviation = np.maximum(raw[some].std(axis=0), 1e-3)
    rows = raw[:n] / deviation
    pca = Pca.fit(rows[some], min(AXES, rows.shape[1]))
    along = pca.transform(rows)
    return np.asarray(along / np.maximum(along[some].std(axis=0), 1e-6), np.float32)
