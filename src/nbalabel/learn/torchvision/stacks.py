"""Images of any sizes as batches for a network, and the network's feature maps of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..prediction.found import Maps
from ..prediction.letterbox import Letterbox, fitted

_STRIDES = (8, 16, 32)
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Pixels = npt.NDArray[np.uint8]


def stacks(images: Iterable[Pixels], imgsz: int) -> Iterator[tuple[list[int], list[Letterbox], Any]]:
    """Batches of images that letterbox to the same shape.

    Yields:
        Their positions, how each lies in the input, and the input, ``(n, 3, h, w)`` float32.
    """
    for at, boxes, inputs in fitted(images, imgsz):
        yield at, boxes, normalized(inputs)


def normalized(pixels: Sequence[Pixels]) -> Any:
    """RGB images of one size as torchvision's networks expect them, ``(n, 3, h, w)`` float32."""
    import torch

    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float().div_(255)
    return (batch - torch.tensor(_MEAN).view(1, 3, 1, 1)) / torch.tensor(_STD).view(1, 3, 1, 1)


@contextmanager
def listening(layers: Sequence[Any], size: Sequence[int]) -> Iterator[dict[int, Any]]:
    """Record the outputs of layers for an input of (height, width): the last output per stride."""
    heard: dict[int, Any] = {}

    def listen(_layer: Any, _inputs: Any, output: Any) -> None:
        if getattr(output, "ndim", 0) != 4:
            return
        for stride in _STRIDES:  # both sides: some transformers put channels last
            if tuple(output.shape[2:]) == (size[0] // stride, size[1] // stride):
                heard[stride] = output

    hooks = [layer.register_forward_hook(listen) for layer in layers]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def maps_of(heard: dict[int, Any], n: int) -> list[Maps]:
    """The maps of each image, from fine to coarse."""
    arrays = [np.ascontiguousarray(heard[stride].float().cpu().numpy()) for stride in sorted(heard)]
    return [Maps([array[i] for array in arrays]) for i in range(n)]
