"""The batches that a training of YOLO would draw, made by its own trainer and data loader."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.tables.drawn import Drawn
from ..libraries.quiet_ultralytics import quiet, ultralytics
from ..training.balance import balance
from .prepared import Prepared
from .randomness import States, own_randomness
from .trainer import Progress, trainer_of


class YoloBatches:
    """An endless iterator over the batches of a training; see ``core/tables/drawn.py``.

    The trainer seeds the global random generators. Each batch is made with the states that the last one left,
    and the notebook's own states are put back after each.

    Args:
        prepared: the training.
        progress: as the trainer takes it; nothing is told to it.
        falling: the phase in which the rate falls: without mosaic, with the images that were put aside.
    """

    def __init__(self, prepared: Prepared, progress: Progress, *, falling: bool) -> None:
        examples = prepared.parts.all if falling else prepared.parts.learn
        self.names = prepared.labels
        self.n_images = len(examples)
        self.balance = balance(examples, prepared.labels)
        self._sets = tuple(tuple(codes) for codes in examples.open.labels)
        with own_randomness(), quiet(), tempfile.TemporaryDirectory(prefix="nbalabel-") as folder:
            # Worker processes have seeds of their own, and would live as long as the iterator.
            trainer = trainer_of(prepared, progress, folder, workers=0)
            ultralytics("utils.torch_utils").unset_deterministic()
            trainer.train_loader = trainer.get_dataloader()
            if falling:
                trainer.fall()
            self._overlap = bool(trainer.args.overlap_mask)
            self._batches = trainer.train_loader.one_by_one()
            self._states = States.now()

    def __iter__(self) -> YoloBatches:
        return self

    def __next__(self) -> Drawn:
        with own_randomness(), quiet():
            self._states.put()
            batch = next(self._batches)
            self._states = States.now()
        return drawn(batch, self._sets, overlap=self._overlap)


def drawn(batch: dict[str, Any], sets: tuple[tuple[int, ...], ...], *, overlap: bool) -> Drawn:
    """A batch of ultralytics as a value.

    Args:
        batch: as collated.
        sets: the sets of labels that open regions are about.
        overlap: whether the masks of a picture are one map of numbers (``overlap_mask``).
    """
    import torch

    of = batch["batch_idx"].numpy().astype(np.int64)
    classes = batch["cls"].numpy().reshape(-1).astype(np.int64)
    masks = batch["masks"].numpy()
    pictures = range(len(batch["img"]))
    return Drawn(
        np.ascontiguousarray(batch["img"].numpy().transpose(0, 2, 3, 1)),
        tuple(
            _apart(masks[i], int((of == i).sum())) if overlap else _shares(masks[of == i]) for i in pictures
        ),
        tuple(classes[of == i] for i in pictures),
        tuple(batch["image_ids"]),
        torch.stack(tuple(batch["open"])).numpy(),
        sets,
    )


def _shares(masks: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(masks, np.float32)


def _apart(numbers: npt.NDArray[Any], n: int) -> npt.NDArray[np.float32]:
    """The masks in a map of their numbers, from 1 on, ``(n, h, w)``."""
    return (numbers[None] == np.arange(1, n + 1)[:, None, None]).astype(np.float32)
