"""The batches that a training of Mask R-CNN would draw, as values."""

from __future__ import annotations

import numpy as np

from ...core.tables.drawn import Drawn
from ..training.balance import balance
from ..training.examples import Parting
from .targets import drawn_lessons, padded


class MaskRCNNBatches:
    """An endless iterator over the batches of a training; see ``core/tables/drawn.py``.

    Args:
        parts: the examples of the training.
        names: the labels, in order.
        imgsz: long side of images, pixels.
        batch: images per step.
        seed: seed of the training.
        falling: the phase in which the rate falls, with the images that were put aside.
    """

    def __init__(
        self, parts: Parting, names: tuple[str, ...], imgsz: int, batch: int, seed: int, *, falling: bool
    ) -> None:
        examples = parts.all if falling else parts.learn
        self.names = names
        self.n_images = len(examples)
        self.balance = balance(examples, names)
        self._lessons = drawn_lessons(examples, imgsz, batch, [seed, int(falling)])

    def __iter__(self) -> MaskRCNNBatches:
        return self

    def __next__(self) -> Drawn:
        lessons = next(self._lessons)
        height = max(lesson.image.shape[0] for lesson in lessons)
        width = max(lesson.image.shape[1] for lesson in lessons)
        return Drawn(
            np.stack([padded(lesson.image, height, width, 114) for lesson in lessons]),
            tuple(padded(lesson.masks, height, width, 0) for lesson in lessons),
            tuple(lesson.labels for lesson in lessons),
            tuple((lesson.image_id,) for lesson in lessons),
            np.zeros((len(lessons), 0, height, width), np.bool_),
        )
