"""The interface of a model: train, predict, embed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import pandas as pd

from ..core.errors import ModelError, first
from ..core.tables.schema import LabeledImages
from .embed.pooling import Embeddings
from .runs.run import Run

Chosen: TypeAlias = "pd.DataFrame | pd.Series | pd.Index | list[int] | None"
"""Which images: ids, rows of ``images``, a boolean Series over them, or None for all."""


@runtime_checkable
class Model(Protocol):
    """Anything that learns from labeled images and proposes instances.

    Implement these three methods and everything else (matching, review, propagation, charts) works with it.
    """

    def train(self, tables: LabeledImages, *, seed: int = 0, **arguments: Any) -> Run:
        """Learn from images with weight > 0, drawn in proportion to it.

        Args:
            tables: a Dataset, a Version or Tables.
            seed: the same tables, arguments and seed give the same model on a CPU.
            **arguments: arguments of the model.

        Returns:
            A Run with curves and without predictions.
        """

    def predict(
        self,
        tables: LabeledImages,
        images: Chosen = None,
        *,
        score: float = 0.1,
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Propose instances.

        Args:
            tables: a Dataset, a Version or Tables.
            images: which of its images; None is all.
            score: proposals with a lower score are dropped, 0..1.
            folder: where parts are kept, so that an interrupted prediction continues.
            **arguments: arguments of the model.

        Returns:
            A Run with predictions matched to the instances, and embeddings.
        """

    def embed(self, tables: LabeledImages, images: Chosen = None, **arguments: Any) -> Embeddings:
        """Embeddings of images and of their instances.

        Args:
            tables: a Dataset, a Version or Tables.
            images: which of its images; None is all.
            **arguments: arguments of the model.
        """


def refuse_arguments(model: str, method: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that a method of a model does not have.

    Raises:
        ModelError: there are such arguments; the message names them.
    """
    if arguments:
        raise ModelError(
            f"{model}.{method} has no argument {first(arguments)}: see help(nl.{model}.{method})"
        )
