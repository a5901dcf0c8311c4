"""The network on a batch of images: boxes, scores, mask logits, and feature maps for embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...core.errors import ModelError
from ..libraries.quiet_ultralytics import quiet, ultralytics
from ..libraries.torch_threads import considerate
from ..prediction.found import Found, Maps
from ..prediction.letterbox import Letterbox, fitted, mask_crops
from .half import half_for, lighter, with_exact_head
from .mirrored import again

_MIRRORED = (3, 2)  # axes of the batch
_MOST = 4 * 640 * 640  # pixels of one pass on a processor; what a layer makes of more leaves its caches
_STRIDES = (8, 16)  # backbone maps that instances are pooled from, besides SPPF's


class _Stack(NamedTuple):
    """Images that letterbox to one shape: their positions, how each lies in the input, and the input."""

    at: list[int]
    letterboxes: list[Letterbox]
    pixels: npt.NDArray[np.uint8]


class Predictor:
    """A network ready to predict: fused, in evaluation mode, with hooks on its backbone.

    Args:
        network: a network of ultralytics.
        device: where it runs; "" is a GPU where there is one.
        half: the type of its convolutions; None takes that of the device, see ``half.py``.
    """

    def __init__(self, network: Any, device: str = "", half: Any = None) -> None:
        import torch

        with quiet():
            self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
            fused = deepcopy(network).float().eval().fuse(verbose=False)
        self.network = fused.to(self.device, memory_format=torch.channels_last)
        self.half = half_for(self.device) if half is None else half
        if self.half is not None:
            with_exact_head(self.network)
        self.n_labels = len(network.names)
        self.end2end = bool(getattr(fused, "end2end", False))
        self.stride = int(fused.stride.max())
        self.flips = False
        self._taps = _backbone_taps(self.network)

    def find(
        self,
        images: Sequence[npt.NDArray[np.uint8]],
        imgsz: int,
        *,
        score: float,
        iou: float,
        max_detections: int,
        embed: bool,
    ) -> list[Found]:
        """Predict on images of any sizes; those that letterbox to one shape run together."""
        ready = self.prepare(images, imgsz)
        return self.look(ready, score=score, iou=iou, max_detections=max_detections, embed=embed)()

    def prepare(self, images: Iterable[npt.NDArray[np.uint8]], imgsz: int) -> list[_Stack]:
        """Images scaled to the input, in stacks of one shape; any thread may do it."""
        out = []
        for at, boxes, inputs in fitted(images, imgsz, self.stride):
            n = max(1, _MOST // inputs[0][..., 0].size) if self.device.type == "cpu" else len(at)
            cuts = [slice(begin, begin + n) for begin in range(0, len(at), n)]
            out += [_Stack(at[cut], boxes[cut], np.stack(inputs[cut])) for cut in cuts]
        return out

    def look(
        self, ready: Sequence[_Stack], *, score: float, iou: float, max_detections: int, embed: bool
    ) -> Callable[[], list[Found]]:
        """The network on what was prepared; what is returned makes masks of it, in any thread."""
        seen = []
        for stack, batch, raw, heard in self._forward(ready, listen=embed):
            outputs, protos = _outputs(raw)
            kept = self._suppress(outputs, score, iou, max_detections)
            masks = [_logits(rows[:, 6:], proto) for rows, proto in zip(kept, protos, strict=True)]
            if self.flips:
                self._average(batch, kept, masks)
            seen.append((stack, kept, masks, heard))

        def finish() -> list[Found]:
            out: list[Any] = [None] * sum(len(stack.at) for stack, *_ in seen)
            for stack, kept, masks, heard in seen:
                maps = _scales(heard, len(stack.at))
                for i, letterbox, rows, logits, map_ in zip(
                    stack.at, stack.letterboxes, kept, masks, maps, strict=True
                ):
                    out[i] = _found(rows, logits.cpu().numpy(), letterbox, map_, embed=embed)
            return out

        return finish

    def mirrored(self) -> Predictor:
        """The same network, which looks at mirrored images, too, and averages boxes and masks."""
        other = copy(self)
        other.flips = True
        return other

    def _average(self, batch: Any, kept: list[Any], masks: list[Any]) -> None:
        """Average boxes and logits, in place, with those of the mirrored images where the object is there."""
        import torch

        times = [torch.ones(len(rows), 1, device=rows.device) for rows in kept]
        for axis in _MIRRORED:
            outputs, protos = _outputs(self._raw(batch.flip(axis)))
            for i, rows in enumerate(kept):
                boxes, found, there = again(
                    rows, outputs[i], axis, batch.shape[axis], self.n_labels, end2end=self.end2end
                )
                share = there[:, None] / (times[i] + 1)
                kept[i] = torch.cat([torch.lerp(rows[:, :4], boxes, share), rows[:, 4:]], dim=1)
                masks[i] = torch.lerp(masks[i], _logits(found, protos[i]).flip(axis - 1), share[:, None])
                times[i] = times[i] + there[:, None]

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> list[tuple[Maps, Letterbox]]:
        """Feature maps of each image, and where it lies in the input."""
        out: list[Any] = [None] * len(images)
        for stack, _, _, heard in self._forward(self.prepare(images, imgsz), listen=True):
            maps = _scales(heard, len(stack.at))
            for i, letterbox, map_ in zip(stack.at, stack.letterboxes, maps, strict=True):
                out[i] = (map_, letterbox)
        return out

    def _forward(
        self, ready: Sequence[_Stack], *, listen: bool
    ) -> Iterator[tuple[_Stack, Any, Any, dict[int, Any]]]:
        for stack in ready:
            batch = self._there(stack.pixels).permute(0, 3, 1, 2).float().div_(255)
            with _listening(self._taps if listen else {}, batch.shape[2]) as heard:
                raw = self._raw(batch)
            yield stack, batch, raw, heard

    def _there(self, pixels: npt.NDArray[np.uint8]) -> Any:
        """Pixels on the device; to a GPU from pinned memory, so that the copy does not wait for its work."""
        import torch

        here = torch.from_numpy(pixels)
        if self.device.type == "cuda":
            return here.pin_memory().to(self.device, non_blocking=True)
        return here.to(self.device)

    def _raw(self, batch: Any) -> Any:
        """What the network returns for a batch."""
        import torch

        with considerate(), torch.inference_mode(), lighter(self.device, self.half):
            return self.network(batch)

    def _suppress(self, outputs: Any, score: float, iou: float, max_detections: int) -> list[Any]:
        nms = ultralytics("utils.nms")
        return nms.non_max_suppression(
            outputs,
            score,
            iou,
            nc=self.n_labels,
            max_det=max_detections,
            max_time_img=60.0,  # no time-out: results must not depend on speed
            end2end=self.end2end,
        )


def _outputs(raw: Any) -> tuple[Any, Any]:
    """Detections and mask prototypes from what a segmentation network returns in evaluation mode."""
    first = raw[0]
    return (first[0], first[1]) if isinstance(first, tuple) else (first, raw[1])


def _logits(coefficients: Any, proto: Any) -> Any:
    """Logits of masks over the input, ``(n, h, w)``."""
    channels, h, w = proto.shape
    return (coefficients.float() @ proto.float().reshape(channels, -1)).reshape(-1, h, w)


def _found(
    rows: Any, logits: npt.NDArray[np.float32], letterbox: Letterbox, maps: Maps | None, *, embed: bool
) -> Found:
    detections = rows.float().cpu().numpy()
    boxes = letterbox.boxes_back(detections[:, :4])
    crops = mask_crops(logits, boxes, letterbox)
    filled = [i for i, crop in enumerate(crops) if crop.any()]
    crops = [crops[i] for i in filled]
    corners = boxes[filled, :2].reshape(-1, 2)
    blank = np.zeros((len(filled), 0), np.float32)
    return Found(
        crops,
        corners,
        detections[filled, 4].astype(np.float32),
        detections[filled, 5].astype(np.int64),
        maps.image(letterbox) if embed and maps else np.zeros(0, np.float32),
        maps.instances(crops, corners, letterbox) if embed and maps and filled else blank,
    )


def _backbone_taps(network: Any) -> dict[int, Any]:
    """SPPF (or, where there is none, the last backbone layer) and the layers before it."""
    layers = list(network.model)
    n_backbone = len(network.yaml["backbone"])
    sppf = [i for i, layer in enumerate(layers) if type(layer).__name__ == "SPPF"]
    last = sppf[-1] if sppf else n_backbone - 1
    if not 0 < last < len(layers):
        raise ModelError("the network has no backbone to take embeddings from")
    return {i: layers[i] for i in range(last + 1)}


@contextmanager
def _listening(layers: dict[int, Any], height: int) -> Iterator[dict[int, Any]]:
    """Record the outputs of layers by stride: the deepest one per stride, and the last layer's under 0."""
    heard: dict[int, Any] = {}
    last = max(layers, default=-1)

    def listen(at: int, _layer: Any, _inputs: Any, output: Any) -> None:
        stride = 0 if at == last else round(height / output.shape[2])
        if stride == 0 or stride in _STRIDES:
            heard[stride] = output

    hooks = [layer.register_forward_hook(partial(listen, at)) for at, layer in layers.items()]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def _scales(heard: dict[int, Any], n: int) -> list[Maps | None]:
    """The backbone maps of each image from fine to coarse, SPPF's last."""
    if not heard:
        return [None] * n
    stacks = [heard[stride] for stride in sorted(heard) if stride] + [heard[0]]
    arrays = [np.ascontiguousarray(stack.float().cpu().numpy()) for stack in stacks]
    return [Maps([array[i] for array in arrays]) for i in range(n)]
