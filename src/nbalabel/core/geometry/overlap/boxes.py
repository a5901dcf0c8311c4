"""Boxes: how far they overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def box_iou(
    a: npt.ArrayLike, b: npt.ArrayLike, crowd: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Intersection over union of every box of ``a`` with every box of ``b``, bit for bit pycocotools'.

    Args:
        a: ``(n, 4)`` (x, y, w, h) pixels.
        b: ``(m, 4)`` likewise.
        crowd: ``(m,)`` bool; the union with a crowd is the area of the box of ``a`` alone. Default: no
            crowds.

    Returns:
        ``(n, m)`` float64; 0 where boxes do not overlap.

    Raises:
        ValueError: a shape is another.

    Source: the COCO mask API, ``bbIou``, https://github.com/cocodataset/cocoapi.

    Example:
        >>> box_iou([[0, 0, 2, 2]], [[1, 0, 2, 2], [5, 5, 1, 1]]).round(3).tolist()
        [[0.333, 0.0]]
    """
    p, q = _boxes(a, "a"), _boxes(b, "b")
    is_crowd = np.zeros(len(q), bool) if crowd is None else np.asarray(crowd, bool)
    if is_crowd.shape != (len(q),):
        raise ValueError(f"crowd must be one flag for each box of b, ({len(q)},), got {is_crowd.shape}")
    left, right = p[:, None], q[None]
    w = np.minimum(left[..., 2] + left[..., 0], right[..., 2] + right[..., 0]) - np.maximum(
        left[..., 0], right[..., 0]
    )
    h = np.minimum(left[..., 3] + left[..., 1], right[..., 3] + right[..., 1]) - np.maximum(
        left[..., 1], right[..., 1]
    )
    overlap = (w > 0) & (h > 0)
    shared = w * h
    area_a, area_b = p[:, 2] * p[:, 3], q[:, 2] * q[:, 3]
    either = np.where(is_crowd, area_a[:, None], area_a[:, None] + area_b - shared)
    return np.asarray(np.divide(shared, either, out=np.zeros(shared.shape), where=overlap))


def _boxes(boxes: npt.ArrayLike, name: str) -> npt.NDArray[np.float64]:
    array = np.asarray(boxes, np.float64)
    if array.size == 0:
        array = array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name} must be (n, 4) boxes (x, y, w, h), got shape {array.shape}")
    return array
