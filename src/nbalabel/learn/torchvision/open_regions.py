"""No background is learned in open regions, where it is not known whether there is an object.

Anchors and sampled regions there that are nobody's foreground get torchvision's label -1, which its samplers
leave out.

Source: COCO's crowd regions and A. Gupta et al., "LVIS" (2019): a detector is not taught what is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

CELL = 4
"""Pixels per side of a cell of the mask of open regions."""

_MOST = 0.5
"""A box is open if its centre is, or a larger share of its area."""


class Unknown:
    """What one step leaves out; counts what remains.

    Attributes:
        targets: the targets of the step; ``open``, where present, is ``(h, w)`` bool in cells, True in open
            regions.
        anchors: anchors with a target that is known, over all images.
        regions: likewise of the regions that the heads see.
    """

    def __init__(self, targets: Sequence[dict[str, Any]]) -> None:
        self.targets = targets
        self.anchors = self.regions = 1

    def silenced(self, losses: dict[str, Any]) -> dict[str, Any]:
        """The losses, without those over nothing known."""
        dropped = {
            name
            for name in losses
            if not (self.anchors if name in ("loss_objectness", "loss_rpn_box_reg") else self.regions)
        }
        return {name: loss.detach() * 0 if name in dropped else loss for name, loss in losses.items()}

    def without(self, labels: list[Any], boxes: Sequence[Any]) -> tuple[list[Any], int]:
        """Labels with -1 for background in open regions, and how many are not -1; all as given if none is."""
        found = []
        for label, box, target in zip(labels, boxes, self.targets, strict=True):
            where = target.get("open")
            kept = label if where is None else label.masked_fill((label == 0) & is_open(where, box), -1)
            found.append(kept)
        known = sum(int((label >= 0).sum()) for label in found)
        return (found if known else labels), known


@contextmanager
def left_out(network: Any, targets: Sequence[dict[str, Any]]) -> Iterator[Unknown]:
    """Leave open regions out of the losses of a Mask R-CNN while this lasts.

    Args:
        network: a Mask R-CNN of torchvision.
        targets: the targets of the step, see :class:`Unknown`.
    """
    unknown = Unknown(targets)
    if not any("open" in target for target in targets):
        yield unknown
        return
    rpn, heads = network.rpn, network.roi_heads
    of_anchors, of_regions = rpn.assign_targets_to_anchors, heads.assign_targets_to_proposals

    def anchors(boxes: list[Any], given: Any) -> tuple[list[Any], Any]:
        labels, matched = of_anchors(boxes, given)
        labels, unknown.anchors = unknown.without(labels, boxes)
        return labels, matched

    def regions(boxes: list[Any], *given: Any) -> tuple[Any, list[Any]]:
        matched, labels = of_regions(boxes, *given)
        labels, unknown.regions = unknown.without(labels, boxes)
        return matched, labels

    rpn.assign_targets_to_anchors, heads.assign_targets_to_proposals = anchors, regions
    try:
        yield unknown
    finally:
        del rpn.assign_targets_to_anchors, heads.assign_targets_to_proposals


def is_open(where: Any, boxes: Any) -> Any:
    """Whether the centre of each box, or more than half of it, lies in open regions.

    Args:
        where: tensor ``(h, w)`` bool in cells of ``CELL`` pixels.
        boxes: tensor ``(n, 4)`` (x1, y1, x2, y2), pixels; what lies outside of the image does not count.

    Returns:
        Tensor ``(n,)`` bool.
    """
    import torch

    height, width = where.shape
    above = torch.zeros((height + 1, width + 1), device=where.device)
    above[1:, 1:] = where.float().cumsum(0).cumsum(1)  # the sum over all cells above and to the left
    cells = boxes.float() / CELL
    middle = (cells[:, :2] + cells[:, 2:]) / 2
    inside = (middle >= 0).all(dim=1) & (middle[:, 0] < width) & (middle[:, 1] < height)
    x, y = middle[:, 0].long().clamp(0, width - 1), middle[:, 1].long().clamp(0, height - 1)
    corners = torch.stack([cells[:, 0::2].clamp(0, width), cells[:, 1::2].clamp(0, height)], dim=1).round()
    (x1, x2), (y1, y2) = corners[:, 0].long().T, corners[:, 1].long().T
    covered = above[y2, x2] - above[y1, x2] - above[y2, x1] + above[y1, x1]
    return (inside & where[y, x]) | (covered > _MOST * ((x2 - x1) * (y2 - y1)))
