"""The predicted IoU of a region with an instance of each label, by ridge regression on random features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

_HIDDEN, _PENALTY, _MOST_ROWS = 400, 3.0, 40_000


@dataclass(frozen=True, eq=False)
class Judge:
    """A fitted regression.

    Attributes:
        mean: of the columns, ``(d,)``.
        scale: their standard deviations, ``(d,)``.
        mixing: random directions, ``(d + 1, 400)``.
        weights: ``(1 + d + 400, n_labels)``.
    """

    mean: Floats
    scale: Floats
    mixing: Floats
    weights: Floats

    @classmethod
    def fit(cls, columns: Floats, iou: Floats, seed: int = 0) -> Judge:
        """Learn from regions whose IoU is known.

        Args:
            columns: ``(n, d)``.
            iou: IoU with the best instance of each label, ``(n, n_labels)``, 0..1.
            seed: seed of the random directions, and of the rows drawn where there are more than 40,000.

        Source: A. Rahimi and B. Recht, "Weighted sums of random kitchen sinks" (2008).
        """
        rng = np.random.default_rng(seed)
        if len(columns) > _MOST_ROWS:
            some = rng.permutation(len(columns))[:_MOST_ROWS]
            columns, iou = columns[some], iou[some]
        d = columns.shape[1]
        mixing = rng.standard_normal((d + 1, _HIDDEN)) / np.sqrt(d)
        mean, scale = columns.mean(axis=0), columns.std(axis=0) + 1e-6
        blank = cls(mean, scale, mixing, np.zeros((0, iou.shape[1])))
        hidden = blank._hidden(columns)
        gram = hidden.T @ hidden
        gram[np.diag_indices_from(gram)] += _PENALTY
        return cls(mean, scale, mixing, np.linalg.solve(gram, hidden.T @ iou))

    def __call__(self, columns: Floats) -> Floats:
        """Predicted IoU, ``(n, n_labels)``, 0..1."""
        return np.clip(self._hidden(columns) @ self.weights, 0, 1)

    def _hidden(self, columns: Floats) -> Floats:
        x = np.clip((columns - self.mean) / self.scale, -5, 5)
        one = np.ones((len(x), 1))
        return np.concatenate([one, x, np.maximum(np.concatenate([x, one], axis=1) @ self.mixing, 0)], axis=1)
