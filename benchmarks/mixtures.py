"""Any number of candidates, drawn from Gaussian mixtures fitted on the predictions of a real run.

The paper's simulation (Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label
propagation", ICCV 2021, section 5.2): one mixture per label over features, score and IoU, so that draws keep
the dependence of the three.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_EDGE = 4.0  # logits of scores and IoU are kept within this


@dataclass(frozen=True)
class Candidates:
    """Simulated proposals of a model for one label, with the truth.

    Attributes:
        features: ``(n, d)`` float32.
        scores: 0..1, ``(n,)`` float32.
        ious: IoU with the true mask, 0..1, ``(n,)`` float32.
    """

    features: Floats
    scores: Floats
    ious: Floats

    def right(self, iou: float = 0.75) -> npt.NDArray[np.bool_]:
        """Whether a person would answer yes, ``(n,)``."""
        return np.asarray(self.ious >= iou)


@dataclass(frozen=True)
class Mixture:
    """The joint distribution of features, score and IoU (as log-odds) of one label.

    Attributes:
        weights: weights of the components, ``(k,)``.
        means: ``(k, d + 2)``.
        covariances: ``(k, d + 2, d + 2)``.
        low: lowest score that is drawn.
    """

    weights: Floats
    means: Floats
    covariances: Floats
    low: float

    @classmethod
    def fit(
        cls, features: Floats, scores: Floats, ious: Floats, *, parts: int = 10, seed: int = 0
    ) -> Mixture:
        """Fit on predictions of a real run.

        Args:
            features: ``(n, d)``, few columns (see :func:`reduced`).
            scores: 0..1, ``(n,)``; the lowest is the lowest that is drawn.
            ious: 0..1, ``(n,)``.
            parts: most components; fewer where there are fewer than 25 rows each.
            seed: seed of the fit.
        """
        from sklearn.mixture import GaussianMixture

        joint = np.column_stack([features, _logit(scores), _logit(ious)]).astype(np.float64)
        model = GaussianMixture(max(min(parts, len(joint) // 25), 1), reg_covar=1e-3, random_state=seed)
        model.fit(joint)
        parts_of = (model.weights_, model.means_, model.covariances_)
        return cls(*(np.asarray(part, np.float32) for part in parts_of), float(scores.min()))

    def sample(self, n: int, seed: int) -> Candidates:
        """Draw candidates; the same seed gives the same candidates."""
        rng = np.random.default_rng(seed)
        weights = self.weights.astype(np.float64)
        part = rng.choice(len(weights), n, p=weights / weights.sum())
        width = self.means.shape[1]
        out = np.empty((n, width), np.float32)
        for k, (mean, covariance) in enumerate(zip(self.means, self.covariances, strict=True)):
            own = np.flatnonzero(part == k)
            root = np.linalg.cholesky(covariance.astype(np.float64)).astype(np.float32)
            out[own] = rng.standard_normal((len(own), width), np.float32) @ root.T + mean
        scores = np.clip(_sigmoid(out[:, -2]), self.low, 1)
        return Candidates(np.ascontiguousarray(out[:, :-2]), scores, _sigmoid(out[:, -1]))


def save(mixtures: dict[str, Mixture], path: Path) -> None:
    """Write mixtures, by name, as one npz file."""
    arrays = {}
    for name, m in mixtures.items():
        arrays |= {f"{name}/weights": m.weights, f"{name}/means": m.means}
        arrays |= {f"{name}/covariances": m.covariances, f"{name}/low": np.float32(m.low)}
    np.savez_compressed(path, **arrays)


def load(path: Path) -> dict[str, Mixture]:
    """Read mixtures that :func:`save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        names = dict.fromkeys(key.split("/")[0] for key in file.files)
        parts = ("weights", "means", "covariances", "low")
        return {n: Mixture(*(file[f"{n}/{part}"] for part in parts)) for n in names}


def reduced(features: Floats, d: int = 16, seed: int = 0) -> Floats:
    """The first principal components, scaled to a total variance of 1, ``(n, d)`` float32."""
    from sklearn.decomposition import PCA

    d = min(d, *features.shape)
    found = PCA(d, random_state=seed).fit_transform(features)
    return np.asarray(found / np.sqrt(found.var(axis=0).sum()), np.float32)


def _logit(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.clip(np.asarray(values, np.float64), 1e-9, 1 - 1e-9)
    return np.clip(np.log(values / (1 - values)), -_EDGE, _EDGE)


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -_EDGE * 2, _EDGE * 2))), np.float32)
