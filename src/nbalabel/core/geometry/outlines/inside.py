"""Which points lie inside a polygon: the Python counterpart of the browser's lasso."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...errors import DataError


def inside(points: npt.ArrayLike, polygon: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether points lie in a polygon, by the even-odd rule.

    The result equals that of the lasso of ``nl.Scatter`` exactly; code written by ``ws.code()`` calls it.

    Args:
        points: ``(n, 2)``, such as two columns of a table; points with a missing coordinate are outside.
        polygon: corners, ``(k, 2)``; the first need not be repeated at the end.

    Returns:
        ``(n,)`` bool.

    Raises:
        DataError: an argument has another shape, or is not numeric.

    Source:
        W. Randolph Franklin, "PNPOLY": a point is inside if a ray from it crosses an odd number of edges.

    Example:
        >>> inside([[1, 1], [5, 1]], [[0, 0], [2, 0], [2, 2], [0, 2]]).tolist()
        [True, False]
    """
    given = _pairs(points, "points")
    corners = _pairs(polygon, "polygon")
    out = np.zeros(len(given), np.bool_)
    if len(corners) < 3:
        return out
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((given >= low) & (given <= high)).all(axis=1))
    near = near[np.argsort(given[near, 1], kind="stable")]
    x, y = given[near, 0], given[near, 1]
    odd = np.zeros(len(near), np.bool_)
    for (xi, yi), (xj, yj) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        # In points sorted by y, those with (yi > y) != (yj > y) are contiguous.
        a, b = np.searchsorted(y, (min(yi, yj), max(yi, yj)))
        if a < b:
            odd[a:b] ^= x[a:b] < (xj - xi) * (y[a:b] - yi) / (yj - yi) + xi
    out[near] = odd
    return out


def _pairs(values: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    try:
        to_numpy = getattr(values, "to_numpy", None)  # DataFrames convert their missing values
        out = to_numpy(np.float64, na_value=np.nan) if to_numpy else np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be numbers (n, 2): {error}") from error
    if out.size == 0:
        return np.zeros((0, 2))
    if out.ndim != 2 or out.shape[1] != 2:
        raise DataError(f"{name} must be pairs (n, 2), got shape {out.shape}")
    return np.asarray(out, np.float64)
