"""The batches that a training draws, as values.

They pass between the models that draw them (``learn``) and the view that shows them (``widgets.augment``);
neither imports the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from .schema import LabeledImages


@dataclass(frozen=True, eq=False)
class Drawn:
    """One batch, as the network and its loss get it.

    Attributes:
        pixels: ``(b, h, w, 3)`` uint8 RGB, after all random transforms.
        masks: for each picture how much of each cell its masks cover, ``(k, h // ratio, w // ratio)`` float32
            0..1, holes left out; YOLO's loss has one cell for 4 by 4 pixels.
        labels: for each picture the position of each mask's label in the label list, ``(k,)`` int64.
        image_ids: for each picture the images in it. The first was drawn by its weight, mosaic and the like
            added the others.
        open: where the label loss is silent for a set of labels, ``(b, n_sets, h // ratio, w // ratio)``
            bool.
        open_labels: the labels of each set, as positions in the label list.
    """

    pixels: npt.NDArray[np.uint8]
    masks: tuple[npt.NDArray[np.float32], ...]
    labels: tuple[npt.NDArray[np.int64], ...]
    image_ids: tuple[tuple[int, ...], ...]
    open: npt.NDArray[np.bool_]
    open_labels: tuple[tuple[int, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def counts(self, n_labels: int) -> npt.NDArray[np.int64]:
        """Masks of each label in this batch, ``(n_labels,)``."""
        every = np.concatenate([np.zeros(0, np.int64), *self.labels])
        return np.bincount(every, minlength=n_labels)


class Batches(Protocol):
    """An endless iterator of the batches of one training.

    Attributes:
        names: the labels, in order.
        n_images: images that they are drawn from.
        balance: one row per label: ``instances`` on these images, their ``share``, and the share that is
            expected where images are drawn by weight, ``drawn``.
    """

    names: tuple[str, ...]
    n_images: int
    balance: pd.DataFrame

    def __iter__(self) -> Iterator[Drawn]: ...

    def __next__(self) -> Drawn: ...


@runtime_checkable
class DrawsBatches(Protocol):
    """A model that shows what its training would draw."""

    def batches(self, tables: LabeledImages, *, falling: bool = False, **arguments: Any) -> Batches:
        """The batches of a training with these arguments.

        Args:
            tables: a Dataset, a Version or Tables.
            falling: those of the last phase, in which the learning rate falls.
            **arguments: arguments of ``train``.
        """
        ...
