"""What crops say of instances and predictions: vectors, guesses, chances of background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import UnknownNameError, first
from ....core.show.card import card
from ...embed.nearest import nearest
from ...embed.pooling import Embeddings

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class InstanceEmbeddings:
    """Vectors of masks that share one space, and what a cross-fitted classifier says of their crops.

    Attributes:
        instances: one row per instance, by ``instance_id``: ``image_id``, ``label``, ``guess`` (the likeliest
            label), ``chance`` (of the own label, 0..1) and ``background`` (chance of background, 0..1).
        predictions: the same by ``prediction_id``; None where no run was given.
        instance_vectors: ``(n, d)`` float32, in the order of ``instances``.
        prediction_vectors: ``(m, d)`` float32, in the order of ``predictions``.
        n_background: number of background crops that were learned from.
    """

    instances: pd.DataFrame
    predictions: pd.DataFrame | None
    instance_vectors: Floats
    prediction_vectors: Floats
    n_background: int

    def embeddings(self, of: str = "instances") -> Embeddings:
        """The vectors as :class:`nbalabel.Embeddings`, for a layout or a propagation.

        Args:
            of: "instances" or "predictions".
        """
        rows, vectors = self._of(of)
        nothing = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        return Embeddings(*nothing, rows.index.to_numpy(np.int64), vectors)

    def similar(self, rows: Any, n: int = 20, of: str = "instances") -> pd.DataFrame:
        """Look-alikes of some rows; see :func:`nbalabel.similar`.

        Args:
            rows: rows or ids of what is picked.
            n: most rows to return.
            of: "instances" or "predictions".
        """
        frame, vectors = self._of(of)
        ids = rows.index if isinstance(rows, pd.DataFrame) else pd.Index(rows)
        at = frame.index.get_indexer(ids)
        if (at < 0).any():
            raise UnknownNameError(f"no {of} are called {first(ids[at < 0])}; there are {len(frame):,}")
        places, distance = nearest(vectors, at, n)
        return frame.iloc[places].assign(distance=distance)

    def _of(self, of: str) -> tuple[pd.DataFrame, Floats]:
        if of == "instances":
            return self.instances, self.instance_vectors
        if of == "predictions" and self.predictions is not None:
            return self.predictions, self.prediction_vectors
        known = "instances" if self.predictions is None else "instances and predictions"
        raise UnknownNameError(f"there are vectors of {known}, got of={of!r}")

    def __repr__(self) -> str:
        n = 0 if self.predictions is None else len(self.predictions)
        return f"InstanceEmbeddings({len(self.instances):,} instances, {n:,} predictions)"

    def _repr_html_(self) -> str:
        said = self.instances
        facts = [
            ("instances", f"{len(said):,}"),
            (
                "guessed as labeled",
                f"{float((said['guess'] == said['label']).mean()):.0%}" if len(said) else "",
            ),
            ("more likely background", f"{int((said['background'] > 0.5).sum()):,}"),
            (
                "learned from",
                f"crops of instances and {self.n_background:,} of background, other images only",
            ),
        ]
        if self.predictions is not None:
            facts.insert(1, ("predictions", f"{len(self.predictions):,}"))
        return card("Instance embeddings", facts)
