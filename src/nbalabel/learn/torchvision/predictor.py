"""Mask R-CNN on a batch of images: boxes, scores, masks at full resolution, and feature maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..libraries.torch_threads import considerate
from ..prediction.found import Found, Maps
from ..prediction.letterbox import Letterbox
from .package import torchvision
from .stacks import Pixels, listening, maps_of, stacks


class MaskPredictor:
    """A Mask R-CNN ready to predict, which also records the feature maps of its backbone."""

    def __init__(self, network: Any, device: str) -> None:
        self.network = network.to(device)
        self.device = device

    def find(
        self,
        images: Sequence[Pixels],
        imgsz: int,
        *,
        score: float,
        iou: float,
        max_detections: int,
        embed: bool,
    ) -> list[Found]:
        """Predict on images of any sizes; those that letterbox to one shape run as one batch."""
        ready = self.prepare(images, imgsz)
        return self.look(ready, score=score, iou=iou, max_detections=max_detections, embed=embed)()

    def prepare(self, images: Iterable[Pixels], imgsz: int) -> list[tuple[list[int], list[Letterbox], Any]]:
        """Images scaled to the input, in stacks of one shape; any thread may do it."""
        return list(stacks(images, imgsz))

    def look(
        self,
        ready: Sequence[tuple[list[int], list[Letterbox], Any]],
        *,
        score: float,
        iou: float,
        max_detections: int,
        embed: bool,
    ) -> Callable[[], list[Found]]:
        """The network on what was prepared; what is returned makes masks of it, in any thread."""
        import torch

        image_list = torchvision("models.detection.image_list").ImageList
        heads = self.network.roi_heads
        heads.score_thresh, heads.nms_thresh, heads.detections_per_img = score, iou, max_detections
        seen = []
        for at, boxes, batch in ready:
            batch = batch.to(self.device)
            sizes = [tuple(batch.shape[2:])] * len(at)
            with (
                considerate(),
                torch.inference_mode(),
                evaluating(self.network),
                listening(self._stages() if embed else [], batch.shape[2:]) as heard,
            ):
                features = self.network.backbone(batch)
                proposals, _ = self.network.rpn(image_list(batch, sizes), features)
                found, _ = heads(features, proposals, sizes)
            seen.append((at, boxes, found, heard))

        def finish() -> list[Found]:
            out: list[Any] = [None] * sum(len(at) for at, *_ in seen)
            for at, boxes, found, heard in seen:
                maps = maps_of(heard, len(at)) if embed else [None] * len(at)
                for i, box, one, map_ in zip(at, boxes, found, maps, strict=True):
                    out[i] = _found(one, box, map_)
            return out

        return finish

    def maps(self, images: Sequence[Pixels], imgsz: int) -> list[tuple[Maps, Letterbox]]:
        """Feature maps of each image, and where it lies in the input."""
        import torch

        out: list[Any] = [None] * len(images)
        for at, boxes, batch in stacks(images, imgsz):
            with (
                considerate(),
                torch.inference_mode(),
                evaluating(self.network),
                listening(self._stages(), batch.shape[2:]) as heard,
            ):
                self.network.backbone.body(batch.to(self.device))
            for i, box, found in zip(at, boxes, maps_of(heard, len(at)), strict=True):
                out[i] = found, box
        return out

    def _stages(self) -> list[Any]:
        return list(self.network.backbone.body.children())


@contextmanager
def evaluating(network: Any) -> Iterator[None]:
    """Set a network to evaluation mode, and restore the mode of each layer at the end."""
    modes = [(layer, layer.training) for layer in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def _found(one: dict[str, Any], letterbox: Letterbox, maps: Maps | None) -> Found:
    boxes = one["boxes"].float().cpu().numpy()
    gain_y, gain_x = letterbox.gain
    boxes = boxes / np.array([gain_x, gain_y, gain_x, gain_y], np.float32)
    pasted = [
        paste(mask, box, *letterbox.size)
        for mask, box in zip(one["masks"][:, 0].float().cpu().numpy(), boxes, strict=True)
    ]
    kept = [i for i, (crop, _, _) in enumerate(pasted) if crop.any()]
    crops = [pasted[i][0] for i in kept]
    corners = np.array([pasted[i][1:] for i in kept], np.int64).reshape(-1, 2)
    blank = np.zeros((len(kept), 0), np.float32)
    return Found(
        crops,
        corners,
        one["scores"].float().cpu().numpy()[kept],
        one["labels"].cpu().numpy().astype(np.int64)[kept],
        maps.image(letterbox) if maps else np.zeros(0, np.float32),
        maps.instances(crops, corners, letterbox) if maps and kept else blank,
    )


def paste(
    mask: npt.NDArray[np.float32], box: npt.NDArray[np.float32], height: int, width: int
) -> tuple[npt.NDArray[np.bool_], int, int]:
    """Turn a mask of probabilities within a box into pixels of the image, interpolated at pixel centres.

    Args:
        mask: ``(m, m)``, 0..1 over the box.
        box: (x1, y1, x2, y2), pixels of the image, with fractions.
        height: height of the image.
        width: width of the image.

    Returns:
        The crop ``(h, w)`` bool of pixels of at least one half, and x and y of its corner.

    Example:
        >>> paste(np.ones((4, 4), np.float32), np.array([1, 0, 3, 2], np.float32), 4, 5)[0].shape
        (2, 2)
    """
    rows, y = _line(float(box[1]), float(box[3]), height, mask.shape[0])
    columns, x = _line(float(box[0]), float(box[2]), width, mask.shape[1])
    return rows @ mask @ columns.T >= 0.5, x, y


def _line(begin: float, end: float, n: int, cells: int) -> tuple[npt.NDArray[np.float32], int]:
    """Along one axis: the weight of each cell for each pixel centred in the box, and the first pixel."""
    first = max(0, int(np.ceil(begin - 0.5)))
    last = min(n, int(np.ceil(end - 0.5)))
    centres = np.arange(first, max(first, last)) + 0.5
    at = np.clip((centres - begin) / max(end - begin, 1e-6) * cells - 0.5, 0, cells - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(cells))).astype(np.float32), first
