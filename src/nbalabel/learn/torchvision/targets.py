"""Training examples of Mask R-CNN: pixels, boxes, labels and masks of a few images, at training size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.geometry.masks import rle
from ..embed.pooling import cell_weights
from ..prediction.letterbox import Letterbox
from ..training import pixels
from ..training.examples import Examples, draw, usable
from ..training.outlines import coverage, pad
from .open_regions import CELL
from .stacks import normalized


@dataclass(frozen=True)
class Lesson:
    """One training image.

    Attributes:
        image: RGB in its input, ``(h, w, 3)`` uint8.
        masks: how much of each pixel each mask covers, holes left out, ``(n, h, w)`` float32.
        boxes: ``(n, 4)`` float32 (x1, y1, x2, y2), pixels of the input.
        labels: ``(n,)`` int64, positions in the label list.
        image_id: the image.
        open: cells of open regions, where it is not known whether there is an object, ``(h // 4, w // 4)``
            bool; None where there are none.
    """

    image: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.float32]
    boxes: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    image_id: int
    open: npt.NDArray[np.bool_] | None = None

    def flipped(self) -> Lesson:
        """The lesson mirrored left to right."""
        width = self.image.shape[1]
        x1, y1, x2, y2 = self.boxes.T
        boxes = np.stack([width - x2, y1, width - x1, y2], axis=1)
        return Lesson(
            np.ascontiguousarray(self.image[:, ::-1]),
            np.ascontiguousarray(self.masks[..., ::-1]),
            boxes,
            self.labels,
            self.image_id,
            None if self.open is None else np.ascontiguousarray(self.open[:, ::-1]),
        )


class Lessons:
    """Lessons of examples, made on access; masks come from run lengths, not from outlines."""

    def __init__(self, examples: Examples, imgsz: int) -> None:
        self.examples = examples
        self.imgsz = imgsz
        rows = usable(examples.tables, examples.image_ids)
        self._rows = rows
        self._codes = rows["label"].cat.codes.to_numpy()
        self._of = rows.groupby("image_id").indices

    def __len__(self) -> int:
        return len(self.examples)

    def lesson(self, at: int) -> Lesson:
        """The lesson of one example, by position."""
        held = self.examples.pixels[at] if self.examples.pixels else None
        held = pixels.read(self.examples, at, self.imgsz) if held is None else held
        height, width = self.examples.sizes[at].tolist()
        letterbox = Letterbox.fit(height, width, self.imgsz)
        image = letterbox.fill(np.ascontiguousarray(held[..., ::-1]))
        image_id = int(self.examples.image_ids[at])
        own = self._of.get(image_id, np.zeros(0, np.int64))
        masks = np.zeros((len(own), *letterbox.outer), np.float32)
        boxes = np.zeros((len(own), 4), np.float32)
        gain_y, gain_x = letterbox.gain
        for row, mask, box in zip(masks, self._rows["mask"].iloc[own], boxes, strict=True):
            crop, x, y = rle.decode_crop(mask, height, width)
            row[:] = cell_weights(crop, x, y, letterbox.gain, 1, letterbox.outer)
            box[:] = x * gain_x, y * gain_y, (x + crop.shape[1]) * gain_x, (y + crop.shape[0]) * gain_y
        seen = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        codes = self._codes[own][seen].astype(np.int64)
        return Lesson(image, masks[seen], boxes[seen], codes, image_id, self._open(at, letterbox))

    def _open(self, at: int, letterbox: Letterbox) -> npt.NDArray[np.bool_] | None:
        """The open regions of one example; paths begin at the top left, as the image in its input."""
        paths, _ = self.examples.open.on(at)  # of any label: the heads have one background for all
        if not paths:
            return None
        filled = pad(paths, max(map(len, paths)))
        return np.asarray((coverage(filled, *letterbox.outer, CELL) >= 0.5).any(axis=0))


def drawn_lessons(examples: Examples, imgsz: int, n: int, seed: Sequence[int]) -> Iterator[list[Lesson]]:
    """Endless batches: images in proportion to their weights, half of them mirrored.

    Args:
        examples: examples to learn from.
        imgsz: long side of images, pixels.
        n: images per batch.
        seed: seed of the order of the images and of their flips.
    """
    made = Lessons(examples, imgsz)
    rng = np.random.default_rng(seed)
    order: list[int] = []
    while True:
        while len(order) < n:
            order += draw(examples.weights, rng).tolist()
        now, order = order[:n], order[n:]
        mirrored = rng.random(len(now)) < 0.5
        lessons = [made.lesson(at) for at in now]
        yield [one.flipped() if flip else one for one, flip in zip(lessons, mirrored, strict=True)]


def batch(lessons: Sequence[Lesson], device: str) -> tuple[Any, list[dict[str, Any]]]:
    """Lessons as one input, ``(n, 3, h, w)``, and the targets for torchvision's heads."""
    import torch

    height = max(lesson.image.shape[0] for lesson in lessons)
    width = max(lesson.image.shape[1] for lesson in lessons)
    images = [padded(lesson.image, height, width, 114) for lesson in lessons]
    targets: list[dict[str, Any]] = [
        {
            "boxes": torch.from_numpy(lesson.boxes).to(device),
            "labels": torch.from_numpy(lesson.labels + 1).to(device),  # 0 is the background
            "masks": torch.from_numpy(padded(lesson.masks, height, width, 0)).to(device),
        }
        for lesson in lessons
    ]
    for target, lesson in zip(targets, lessons, strict=True):
        if lesson.open is not None:
            target["open"] = torch.from_numpy(padded(lesson.open[None], height // CELL, width // CELL, 0)[0])
            target["open"] = target["open"].to(device)
    return normalized(images).to(device), targets


def padded(array: Any, height: int, width: int, value: int) -> Any:
    """An image ``(h, w, 3)`` or masks ``(n, h, w)``, padded at the right and below."""
    first = 0 if array.shape[-1] == 3 and array.dtype == np.uint8 else 1
    missing = [(0, 0)] * array.ndim
    missing[first] = (0, height - array.shape[first])
    missing[first + 1] = (0, width - array.shape[first + 1])
    return np.ascontiguousarray(np.pad(array, missing, constant_values=value))
