"""The interface of a run that its card, its files and its measurements use."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import pandas as pd

from ...core.tables.predicted import Predicted
from ..embed.pooling import Embeddings
from ..metrics.coco_ap import Metrics


class Reported(Predicted):
    """Interface of a run; see :class:`nbalabel.Run` for the meaning of its attributes."""

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
        """Metrics on all measured images."""

    @abstractmethod
    def evaluate(self, images: Any = None) -> Metrics:
        """Metrics on some of the measured images."""

    @abstractmethod
    def by(self, column: str) -> pd.DataFrame:
        """Metrics on the images of each value of a column."""

    @abstractmethod
    def outcomes(self) -> pd.DataFrame:
        """The outcome of each prediction."""
