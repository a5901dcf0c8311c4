"""Fit images into a network's input, and map masks back to the images' own pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry.masks import runs
from ..training.examples import resized
from ..training.pixels import Pixels, resize

_GRAY = 114  # padding of ultralytics


@dataclass(frozen=True)
class Letterbox:
    """Where an image lies in the input: resized to ``inner``, at the top left of ``outer``.

    Attributes:
        size: height and width of the original, pixels.
        inner: height and width it is resized to.
        outer: height and width of the input, multiples of the network's largest stride.
    """

    size: tuple[int, int]
    inner: tuple[int, int]
    outer: tuple[int, int]

    @classmethod
    def fit(cls, height: int, width: int, imgsz: int, stride: int = 32) -> Letterbox:
        """Resize the long side to ``imgsz``, and pad both sides to the stride."""
        inner = resized(height, width, imgsz)
        return cls((height, width), inner, (-(-inner[0] // stride) * stride, -(-inner[1] // stride) * stride))

    @property
    def gain(self) -> tuple[float, float]:
        """Input pixels per original pixel along y and x."""
        return self.inner[0] / self.size[0], self.inner[1] / self.size[1]

    def fill(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The image ``(h, w, 3)`` uint8 in its input, ``outer`` + (3,)."""
        pixels = resize(pixels, *self.inner)
        if self.inner == self.outer:
            return pixels
        out = np.full((*self.outer, 3), _GRAY, np.uint8)
        out[: self.inner[0], : self.inner[1]] = pixels
        return out

    def boxes_back(self, boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Boxes (x1, y1, x2, y2) of the input as whole pixels of the original, clipped to it, ``(n, 4)``."""
        gain_y, gain_x = self.gain
        back = np.round(boxes / [gain_x, gain_y, gain_x, gain_y]).astype(np.int64)
        return np.clip(back, 0, [self.size[1], self.size[0], self.size[1], self.size[0]])


def fitted(
    images: Iterable[Pixels], imgsz: int, stride: int = 32
) -> list[tuple[list[int], list[Letterbox], list[Pixels]]]:
    """Images of any sizes in their inputs, those of one shape together.

    Each image is scaled as it comes: one at a time is held at its own size.

    Args:
        images: ``(h, w, 3)`` uint8 each.
        imgsz: long side of the input, pixels.
        stride: that both sides of the input are a multiple of.

    Returns:
        For each shape the positions of its images, how each lies in its input, and the inputs.

    Example:
        >>> found = fitted([np.zeros(size, np.uint8) for size in ((8, 8, 3), (4, 8, 3), (9, 9, 3))], 64)
        >>> [(at, inputs[0].shape) for at, _, inputs in found]
        [([0, 2], (64, 64, 3)), ([1], (32, 64, 3))]
    """
    shapes: dict[tuple[int, int], tuple[list[int], list[Letterbox], list[Pixels]]] = {}
    for i, pixels in enumerate(images):
        letterbox = Letterbox.fit(pixels.shape[0], pixels.shape[1], imgsz, stride)
        at, letterboxes, inputs = shapes.setdefault(letterbox.outer, ([], [], []))
        at.append(i)
        letterboxes.append(letterbox)
        inputs.append(letterbox.fill(pixels))
    return list(shapes.values())


def mask_crops(
    logits: npt.NDArray[np.float32], boxes: npt.NDArray[np.int64], letterbox: Letterbox
) -> list[npt.NDArray[np.bool_]]:
    """Masks at the original's resolution: logits interpolated linearly at each pixel's centre, within boxes.

    Args:
        logits: ``(n, h, w)`` over the whole input, > 0 inside.
        boxes: ``(n, 4)`` (x1, y1, x2, y2) pixels of the original.
        letterbox: how the original lies in the input.

    Returns:
        ``n`` crops ``(y2 - y1, x2 - x1)`` bool.
    """
    shape = logits.shape[1:]
    cell = letterbox.outer[0] / shape[0], letterbox.outer[1] / shape[1]
    rows = _taps(letterbox.size[0], letterbox.gain[0] / cell[0], shape[0])
    columns = _taps(letterbox.size[1], letterbox.gain[1] / cell[1], shape[1])
    crops = []
    for map_, (x1, y1, x2, y2) in zip(logits, boxes.tolist(), strict=True):
        low, high, share = (tap[y1:y2] for tap in rows)
        lines = map_[low] * (1 - share)[:, None] + map_[high] * share[:, None]
        low, high, share = (tap[x1:x2] for tap in columns)
        crops.append(lines[:, low] * (1 - share) + lines[:, high] * share > 0)
    return crops


def encode_crops(
    crops: list[npt.NDArray[np.bool_]], corners: npt.NDArray[np.int64], sizes: list[tuple[int, int]]
) -> runs.Runs:
    """Run lengths of crops within their images, without making full-size masks.

    Args:
        crops: ``n`` masks ``(h, w)`` bool.
        corners: ``(n, 2)`` x and y of each crop's first pixel.
        sizes: height and width of each image.
    """
    rows = []
    for crop, (x, y), (height, width) in zip(crops, corners.tolist(), sizes, strict=True):
        padded = np.zeros((crop.shape[1], crop.shape[0] + 2), np.int8)
        padded[:, 1:-1] = crop.T
        step = np.diff(padded, axis=1)
        offset = x * height + y
        column, row = np.nonzero(step == 1)
        begin = column * height + row + offset
        column, row = np.nonzero(step == -1)
        end = column * height + row + offset
        apart = begin[1:] != end[:-1]  # runs that touch across a column's end are one
        bounds = np.empty(2 * (int(apart.sum()) + bool(len(begin))), np.int64)
        bounds[0::2] = begin[np.concatenate([[True], apart])[: len(begin)]]
        bounds[1::2] = end[np.concatenate([apart, [True]])[-len(end) :]] if len(end) else end
        counts = np.diff(bounds, prepend=0, append=height * width)
        rows.append(counts if counts[-1] or len(counts) == 1 else counts[:-1])
    return runs.from_rows(rows)


def _taps(n: int, gain: float, cells: int) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """For each of ``n`` pixels along one axis: the two cells it lies between, and the share of the second."""
    at = np.clip((np.arange(n) + 0.5) * gain - 0.5, 0, cells - 1)
    low = np.floor(at).astype(np.int64)
    return low, np.minimum(low + 1, cells - 1), (at - low).astype(np.float32)
