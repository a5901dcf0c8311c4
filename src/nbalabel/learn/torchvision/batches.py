"""The batches that a training of Mask R-CNN would draw, as values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...core.tables.drawn import Drawn
from ..training.balance import balance
from ..training.examples import Parting
from .open_regions import CELL
from .targets import Lesson, drawn_lessons, padded

Flags = npt.NDArray[np.bool_]
Codes = tuple[int, ...]


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
            *self._open(lessons, height, width),
        )

    def _open(
        self, lessons: list[Lesson], height: int, width: int
    ) -> tuple[Flags, tuple[tuple[int, ...], ...]]:
        """Where the loss is silent, and for which labels: all of them, or nowhere."""
        if all(lesson.open is None for lesson in lessons):
            return np.zeros((len(lessons), 0, height, width), np.bool_), ()
        nothing = np.zeros((1, 1, 1), np.bool_)
        shape = height // CELL, width // CELL
        found = [nothing if one.open is None else one.open[None] for one in lessons]
        return np.stack([padded(part, *shape, 0) for part in found]), (tuple(range(len(self.names))),)
