"""Candidates of any number, drawn from Gaussian mixtures fitted on the predictions of a real run.

The paper's simulation (Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label
propagation", ICCV 2021, section 5.2): one mixture a label over features, score and IoU, so that what is
drawn keeps how the three depend on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

Floats = npt.NDArray[np.float32]

_EDGE = 4.0  # logits of scores and IoU are kept within this


@dataclass(frozen=True)
class Candidates:
    """What a model proposes for one label, with the truth beside it.

    Attributes:
        features: ``(n, d)`` float32.
        scores: 0..1, ``(n,)`` float32.
        ious: IoU with the true mask, 0..1, ``(n,)`` float32.
    """

    features: Floats
    scores: Floats
    ious: Floats

    def right(self, iou: float = 0.75) -> npt.NDArray[np.bool_]:
        """Whether a person would say yes, ``(n,)``."""
        return np.asarray(self.ious >= iou)


@dataclass(frozen=True)
class Mixture:
    """The joint distribution of features, score and IoU of one label."""

    model: GaussianMixture
    d: int
    low: float

    @classmethod
    def fit(
        cls, features: Floats, scores: Floats, ious: Floats, *, parts: int = 12, seed: int = 0
    ) -> Mixture:
        """Fit on predictions of a real run.

        Args:
            features: ``(n, d)``, few columns (see :func:`reduced`).
            scores: 0..1, ``(n,)``; their least is the least that is drawn.
            ious: 0..1, ``(n,)``.
            parts: most components; fewer where there are fewer than 25 rows each.
            seed: of the fit.
        """
        joint = np.column_stack([features, _logit(scores), _logit(ious)]).astype(np.float64)
        model = GaussianMixture(max(min(parts, len(joint) // 25), 1), reg_covar=1e-3, random_state=seed)
        return cls(model.fit(joint), features.shape[1], float(scores.min()))

    def sample(self, n: int, seed: int) -> Candidates:
        """Draw candidates; the same seed draws the same ones."""
        rng = np.random.default_rng(seed)
        part = rng.choice(len(self.model.weights_), n, p=self.model.weights_)
        out = np.empty((n, self.d + 2), np.float32)
        for k, (mean, covariance) in enumerate(zip(self.model.means_, self.model.covariances_, strict=True)):
            own = np.flatnonzero(part == k)
            root = np.linalg.cholesky(covariance).astype(np.float32)
            noise = rng.standard_normal((len(own), self.d + 2), np.float32)
            out[own] = noise @ root.T + mean.astype(np.float32)
        scores = np.clip(_sigmoid(out[:, -2]), self.low, 1)
        return Candidates(np.ascontiguousarray(out[:, : self.d]), scores, _sigmoid(out[:, -1]))


def reduced(features: Floats, d: int = 24, seed: int = 0) -> Floats:
    """The first principal components, of unit variance in all, ``(n, d)`` float32."""
    d = min(d, *features.shape)
    found = PCA(d, random_state=seed).fit_transform(features)
    return np.asarray(found / np.sqrt(found.var(axis=0).sum()), np.float32)


def _logit(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.clip(np.asarray(values, np.float64), 1e-9, 1 - 1e-9)
    return np.clip(np.log(values / (1 - values)), -_EDGE, _EDGE)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -_EDGE * 2, _EDGE * 2))), np.float32)
