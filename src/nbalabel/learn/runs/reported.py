"""What is asked of a run by those who write about it: its card, its files, its measurements."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.tables.schema import LabeledImages
from ..embed.pooling import Embeddings
from ..metrics.coco_ap import Metrics


class Reported(Protocol):
    """A run; its attributes as :class:`nbalabel.Run` explains them."""

    id: str
    kind: str
    model: str
    version: str | None
    dirty: bool
    arguments: dict[str, Any]
    seed: int | None
    seconds: float
    interrupted: bool
    stopped: str
    missing: int | None
    n_images: int
    curves: pd.DataFrame
    predictions: pd.DataFrame
    missed: pd.DataFrame
    failed: pd.DataFrame
    embeddings: Embeddings
    predicted_ids: npt.NDArray[np.int64]
    tables: LabeledImages | None

    @property
    def measured_images(self) -> pd.DataFrame:
        """Images that mAP is measured on."""
        ...

    @property
    def metrics(self) -> Metrics:
        """On all of them."""
        ...

    def evaluate(self, images: Any = None) -> Metrics:
        """On some of them."""
        ...

    def by(self, column: str) -> pd.DataFrame:
        """On the images of each value of a column."""
        ...

    def outcomes(self) -> pd.DataFrame:
        """What became of each prediction."""
        ...
