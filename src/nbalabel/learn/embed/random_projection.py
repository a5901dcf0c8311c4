"""Random projection of long feature vectors to fewer columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError

_CHUNK = 4096


def project_features(features: npt.ArrayLike, dim: int = 512, seed: int = 0) -> npt.NDArray[np.float32]:
    """Random projection, which keeps distances up to a factor of about ``1 +- sqrt(2 / dim)``.

    Args:
        features: ``(n, d)``, any float type.
        dim: columns wanted; features of no more columns come back as they are.
        seed: seed of the directions.

    Returns:
        ``(n, min(d, dim))`` float32.

    Raises:
        DataError: features are not a table, or dim is below 1.

    Source: Johnson & Lindenstrauss, "Extensions of Lipschitz mappings into a Hilbert space", 1984.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(2, 4000))
        >>> y = project_features(x, 2000)
        >>> y.shape, round(float(np.linalg.norm(y[0] - y[1]) / np.linalg.norm(x[0] - x[1])), 1)
        ((2, 2000), 1.0)
    """
    given = np.asarray(features)
    if given.ndim != 2:
        raise DataError(f"features must be a table, (n, d), got shape {given.shape}")
    if dim < 1:
        raise DataError(f"dim must be 1 or more, got {dim}")
    n, d = given.shape
    if d <= dim:
        return given.astype(np.float32)
    directions = (np.random.default_rng(seed).normal(size=(d, dim)) / np.sqrt(dim)).astype(np.float32)
    out = np.empty((n, dim), np.float32)
    for start in range(0, n, _CHUNK):
        np.matmul(
            given[start : start + _CHUNK].astype(np.float32), directions, out=out[start : start + _CHUNK]
        )
    return out
