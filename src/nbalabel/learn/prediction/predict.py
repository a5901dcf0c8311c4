"""The step of a prediction: a part of the images in, a shard out, here or in another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ...core.tables.schema import LabeledImages
from ...engine.pictures import Pictures
from ...engine.run import On
from ...engine.shards import Shard, Shards
from ...engine.step import Done, Tell, cuts, make
from . import inference
from .resumable import Part

_PART_IMAGES = 64

Opener: TypeAlias = Callable[[], inference.Finder]
"""Makes a network ready to predict; can be pickled where it goes to a worker."""

Argument: TypeAlias = tuple[LabeledImages, npt.NDArray[np.int64]]
"""Tables to read pictures from, and the ids of the images."""


@dataclass(frozen=True)
class Predicting:
    """Predict on the images of a part.

    Attributes:
        opener: makes the network.
        settings: how to predict.
        batch: images at once.
    """

    opener: Opener
    settings: inference.Settings
    batch: int

    def open(self) -> inference.Finder:
        """The network, kept for the parts that follow."""
        return self.opener()

    def make(self, held: Any, argument: Argument, tell: Tell) -> Shard:
        """The predictions on these images."""
        tables, ids = argument
        return inference.part_of(held, tables, ids, self.settings, self.batch, tell).shard()


def predict(
    step: Predicting, pictures: Pictures, ids: npt.NDArray[np.int64], shards: Shards, on: On = None
) -> Done:
    """Predict part by part.

    Args:
        step: how to predict.
        pictures: gives the tables that a part is read from.
        ids: ids of the images predicted on.
        shards: where parts are kept.
        on: where to predict; None is here. See :func:`nbalabel.engine.run.run`.
    """
    cut = cuts(ids, _PART_IMAGES)
    sizes = [len(part) for part in cut]
    return make(step, lambda number: (pictures(cut[number]), cut[number]), sizes, shards, on, "predicting")


def predict_here(
    finder: inference.Finder,
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: inference.Settings,
    batch: int,
) -> tuple[Part, bool]:
    """Predict in this process, and keep all in memory.

    Returns:
        What was found, and whether it was interrupted before the end.
    """
    step = Predicting(lambda: finder, settings, batch)
    done = predict(step, lambda _: tables, ids, Shards(None, ""))
    return inference.gathered(done.shards), done.interrupted
