"""What is asked of a run by those who write about it: its card, its files, its measurements."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import pandas as pd

from ...core.tables.predicted import Predicted
from ..embed.pooling import Embeddings
from ..metrics.coco_ap import Metrics


class Reported(Predicted):
    """A run as its helpers know it; its attributes as :class:`nbalabel.Run` explains them."""

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
    iou: float
    failed: pd.DataFrame
    embeddings: Embeddings

    @property
    @abstractmethod
    def measured_images(self) -> pd.DataFrame:
        """Images that mAP is measured on."""

    @property
    @abstractmethod
    def metrics(self) -> Metrics:
        """On all of them."""

    @abstractmethod
    def evaluate(self, images: Any = None) -> Metrics:
        """On some of them."""

    @abstractmethod
    def by(self, column: str) -> pd.DataFrame:
        """On the images of each value of a column."""

    @abstractmethod
    def outcomes(self) -> pd.DataFrame:
        """What became of each prediction."""
