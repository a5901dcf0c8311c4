"""ultralytics' loss in full precision, without class loss in open regions.

In an open region it is not known whether there is an object of some labels, or background. So an anchor
there that is no instance's foreground has no class loss for these labels. Boxes and masks have a loss only on
instances anyway.

Source: COCO's crowd regions and A. Gupta et al., "LVIS" (2019): a detector is not taught what is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .half import as_float

OPEN = -1.0
"""Class of the paths of open regions among the labels of an example; removed before the loss.

A region about the set ``i`` of labels has the class ``OPEN - i``.
"""


class Criterion:
    """A loss of ultralytics, on float32 predictions, without open regions.

    Args:
        theirs: the result of ``network.init_criterion()``.
        sets: which labels the open regions are about, ``(n_sets, n_labels)`` of 0 and 1; see
            ``training.open_regions``.
    """

    def __init__(self, theirs: Any, sets: Any) -> None:
        self._theirs = theirs
        self._sets = sets
        self._known: Any = None
        parts: list[Any] = [theirs.one2many, theirs.one2one] if hasattr(theirs, "one2one") else [theirs]
        for part in parts:
            part.bce = _Known(part.bce, self)

    def __call__(self, predictions: Any, batch: dict[str, Any]) -> Any:
        """The loss of one batch, and its parts.

        Args:
            predictions: predictions of the network, in any precision.
            batch: as collated; ``open``, if present, is ``(b, n_sets, h, w)`` bool, True in open regions.
        """
        import torch

        predictions = as_float(predictions)
        where = batch.get("open")
        self._known = None
        if where is not None and bool(where.any()):
            shapes = next(_features(predictions))
            parts = [_sampled(where, feature.shape[2:]) for feature in shapes]
            sets = torch.as_tensor(self._sets, device=where.device)
            self._known = (torch.cat(parts, dim=1) @ sets == 0).float()
        with torch.autocast(batch["img"].device.type, enabled=False):
            return self._theirs(predictions, batch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_theirs"], name)


class _Known:
    """Binary cross-entropy ``(b, anchors, labels)``, 0 for open labels at anchors without a target."""

    def __init__(self, theirs: Any, criterion: Criterion) -> None:
        self._theirs = theirs
        self._criterion = criterion

    def __call__(self, logits: Any, targets: Any) -> Any:
        loss = self._theirs(logits, targets)
        known = self._criterion._known
        if known is None:
            return loss
        return loss * known.maximum((targets.sum(dim=-1, keepdim=True) > 0).to(loss.dtype))


def _sampled(where: Any, shape: tuple[int, int]) -> Any:
    """Whether the centre of each cell of a feature map is open, ``(b, cells, n_sets)`` float32."""
    import torch

    cells = torch.nn.functional.interpolate(where.float(), size=tuple(shape), mode="nearest-exact")
    return cells.flatten(2).transpose(1, 2)


def _features(predictions: Any) -> Iterator[Any]:
    """The feature maps among the predictions, whatever they are nested in."""
    if isinstance(predictions, dict):
        if "feats" in predictions:
            yield predictions["feats"]
        for value in predictions.values():
            yield from _features(value)
    elif isinstance(predictions, tuple | list):
        for value in predictions:
            yield from _features(value)
