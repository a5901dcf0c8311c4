"""The interface of a run for views: ``learn`` implements it, ``widgets`` uses it; neither knows the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from .schema import LabeledImages


class LooksAlike(Protocol):
    """Gives look-alikes; :class:`nbalabel.Run` and :class:`nbalabel.InstanceEmbeddings` do."""

    def similar(self, rows: Any, n: int = 20, of: str = "instances") -> pd.DataFrame:
        """Rows of a table that look like some of its rows, nearest first, with their ``distance``."""


class Predicted(ABC):
    """Predictions on images, with their evaluation; :class:`nbalabel.Run` explains each name."""

    id: str
    curves: pd.DataFrame
    predictions: pd.DataFrame
    missed: pd.DataFrame
    predicted_ids: npt.NDArray[np.int64]
    tables: LabeledImages | None

    @property
    @abstractmethod
    def measured_ids(self) -> npt.NDArray[np.int64]:
        """Images with predictions that are fully labeled."""

    @abstractmethod
    def judged(
        self,
        images: pd.DataFrame,
        instances: pd.DataFrame,
        rejected: pd.DataFrame | None,
        regions: pd.DataFrame | None,
        on: npt.NDArray[np.int64] | None = None,
    ) -> Any:
        """The outcome of each prediction, given these tables; with ``on``, of those on these images."""

    @property
    @abstractmethod
    def is_judged(self) -> bool:
        """Whether the outcomes of all predictions are known, so that :meth:`judged` takes little time."""

    @abstractmethod
    def edited_ids(self, tables: LabeledImages | None) -> npt.NDArray[np.int64]:
        """Measured images that were edited since the run."""

    @abstractmethod
    def precision_recall(self, images: npt.ArrayLike | None = None) -> pd.DataFrame:
        """Precision and recall at each score."""

    @abstractmethod
    def calibration(self, images: npt.ArrayLike | None = None, bins: int = 10) -> pd.DataFrame:
        """Precision in bins of score."""

    @abstractmethod
    def confused(
        self, images: npt.ArrayLike | None = None, *, iou: float = 0.5, score: float = 0.25
    ) -> pd.DataFrame:
        """Confusion of labels: predicted label against true label."""

    @abstractmethod
    def similar(self, rows: Any, n: int = 20, of: str = "predictions") -> pd.DataFrame:
        """Look-alikes of predictions or images, nearest first."""

    @abstractmethod
    def layout(
        self, of: str = "images", method: str = "umap", *, background: bool = False, seed: int = 0
    ) -> Any:
        """Embeddings projected to two dimensions."""

    def embeds(self, of: str) -> bool:  # noqa: ARG002  # for runs that know
        """Whether :meth:`layout` can lay out a table's rows, asked without laying them out."""
        return False
