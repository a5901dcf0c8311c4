"""The same objects in the mirrored image: what a second look says of their boxes and masks."""

from __future__ import annotations

from typing import Any

_SAME = 0.5  # IoU of two boxes from which they are taken for one object


def again(
    rows: Any, outputs: Any, axis: int, length: int, n_labels: int, *, end2end: bool
) -> tuple[Any, Any, Any]:
    """Boxes and mask coefficients of objects in the mirrored image, and whether they are there at all.

    Nothing is suppressed there: of all boxes that overlap that of the object by an IoU above 0.5, the one is
    taken with the highest product of IoU and score of its label.

    Args:
        rows: the objects, ``(n, 6 + d)`` tensor: box (x1, y1, x2, y2), score, label, coefficients.
        outputs: of the network for the mirrored image, ``(4 + labels + d, m)``; ``(m, 6 + d)`` end to end.
        axis: of the batch that was mirrored, 2 (up and down) or 3 (left and right).
        length: of the input along that axis, pixels.
        n_labels: number of labels.
        end2end: whether the network suppresses duplicates itself.

    Returns:
        ``(n, 4)`` boxes in the image as it is, ``(n, d)`` coefficients, and ``(n,)`` bool.
    """
    import torch

    labels = rows[:, 5].long()
    if end2end:
        boxes, coefficients = outputs[:, :4].clone(), outputs[:, 6:]
        scores = outputs[:, 4] * (outputs[:, 5].long() == labels[:, None])
    else:
        half = outputs[2:4] / 2
        boxes = torch.cat([outputs[:2] - half, outputs[:2] + half]).T
        scores, coefficients = outputs[4 : 4 + n_labels][labels], outputs[4 + n_labels :].T
    low = 3 - axis
    boxes[:, [low, low + 2]] = length - boxes[:, [low + 2, low]]
    iou = _iou(rows[:, :4], boxes)
    best = (iou * scores * (iou > _SAME)).max(dim=1)
    return boxes[best.indices], coefficients[best.indices], best.values > 0


def _iou(a: Any, b: Any) -> Any:
    """IoU of all pairs of boxes, ``(n, m)``."""
    import torch

    corner = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])
    both = corner.clamp(min=0).prod(dim=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(dim=1) for boxes in (a, b)]
    return both / (areas[0][:, None] + areas[1] - both).clamp(min=1e-9)
