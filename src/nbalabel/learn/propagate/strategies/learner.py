"""The probability that each mask is right, learned from the answers so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ....core.errors import MissingExtraError
from ...embed.reducers import Pca

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_FEW = 5  # with fewer answers of the rarer kind, only the score is used
_COLUMNS = 24
_SAMPLE = 20_000
_LARGE = 200_000
_MOST = 1_500  # most answers to learn from
_SOME = 300  # answers whose distances set the width of the kernel
_WIDTH = 0.4  # width of the Gaussian kernel, in median squared distances
_SLOPE = 0.15  # weight of the linear kernel that is added
_RIDGE = 3.0
_PART = 1 << 15  # rows per kernel block


def logit(p: npt.ArrayLike) -> Doubles:
    """Log-odds of probabilities, which are clipped away from 0 and 1."""
    p = np.clip(np.asarray(p, np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(p / (1 - p)))


def sigmoid(x: npt.ArrayLike) -> Doubles:
    """The inverse of :func:`logit`."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(x, np.float64))))


def principal(features: Floats, columns: int = _COLUMNS, seed: int = 0) -> Floats:
    """The first principal components of features, ``(n, columns)`` float32, fitted on at most 20,000 rows."""
    n, d = features.shape
    if d <= columns or n < 2:
        return features
    rows = np.random.default_rng(seed).permutation(n)[:_SAMPLE]
    return Pca.fit(features[rows], columns).transform(features)


@dataclass(frozen=True)
class Learner:
    """Chances of masks to be right, from features and score.

    Kernel ridge regression of the answers, with the sum of a Gaussian and a linear kernel. Platt scaling of
    its leave-one-out predictions, which have a closed form, makes them probabilities. With fewer than five
    answers of either kind the score is used instead.

    Attributes:
        columns: features and log-odds of the score of each mask, ``(n, d + 1)`` float32.
        scores: 0..1, ``(n,)``.
        supervised: whether features are used, or the score alone.
    """

    columns: Floats
    scores: Floats
    supervised: bool = True

    @classmethod
    def of(cls, features: Floats, scores: Floats, *, supervised: bool = True) -> Learner:
        """A learner for masks with any number of features."""
        few = principal(features) if supervised else features[:, :0]
        scale = float(np.sqrt(few.var(axis=0).sum())) / 5 if few.size else 1.0
        joint = np.column_stack([few / (scale or 1.0), logit(scores)])
        return cls(np.asarray(joint, np.float32), scores, supervised)

    def chances(self, rows: Ints, right: Bools, own: Bools | None = None) -> Doubles:
        """Chance of every mask to be right, given answers about some.

        Args:
            rows: positions of the masks answered, ``(k,)``.
            right: the answers, ``(k,)``.
            own: which of them are preferred, ``(k,)``, where there are more than 1,500 and as many are taken;
                None prefers none.

        Returns:
            0..1, ``(n,)`` float64.

        Source: Rifkin, Yeo & Poggio 2003, "Regularized least-squares classification"; Platt 1999,
        "Probabilistic outputs for support vector machines".
        """
        few = int(min(right.sum(), len(right) - right.sum()))
        if few < _FEW:
            return self._scored(right)
        platt = logistic(10.0)
        from threadpoolctl import threadpool_limits

        if len(rows) > _MOST:
            order = np.random.default_rng(0).permutation(len(rows))
            order = order if own is None else order[np.argsort(~own[order], kind="stable")]
            chosen = np.sort(order[:_MOST])
            rows, right = rows[chosen], right[chosen]
        known, target = self.columns[rows], np.where(right, 0.5, -0.5)
        with threadpool_limits(1 if len(self.columns) < _LARGE else None):  # threads wait more than they work
            width = _WIDTH * float(np.median(_apart(known[:_SOME], known[:_SOME]))) or 1.0
            weights, unseen = _ridge(_kernel(known, known, width), target)
            said = np.concatenate(
                [_kernel(part, known, width) @ weights.astype(np.float32) for part in _parts(self.columns)]
            )
        platt.fit(unseen[:, None], right)
        return sigmoid(platt.coef_[0, 0] * np.asarray(said, np.float64) + platt.intercept_[0])

    def _scored(self, right: npt.NDArray[np.bool_]) -> Doubles:
        """The scores, shifted in log-odds so that their mean agrees with the answers."""
        x = logit(self.scores)
        if not len(right):
            return sigmoid(x)
        share = (right.sum() + 1) / (len(right) + 2)
        return sigmoid(x + logit(share) - logit(float(sigmoid(x).mean())))


def _apart(a: Floats, b: Floats) -> Floats:
    """Squared distances, ``(len(a), len(b))``."""
    squares = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
    return np.maximum(squares - 2 * a @ b.T, 0)


def _kernel(a: Floats, b: Floats, width: float) -> Floats:
    """Similarity of masks: a Gaussian kernel, a linear kernel and a constant."""
    near = _apart(a, b)
    near *= -1 / width
    np.exp(near, out=near)
    near += np.float32(_SLOPE) * (a @ b.T) + np.float32(1)
    return near


def _ridge(kernel: Floats, target: Doubles) -> tuple[Doubles, Doubles]:
    """Weights of the answers, and the leave-one-out prediction for each answer."""
    inverse = np.linalg.inv(kernel + _RIDGE * np.eye(len(target)))
    weights = inverse @ target
    return weights, target - weights / np.diag(inverse)


def _parts(columns: Floats) -> Iterator[Floats]:
    """Blocks of rows, few enough to keep their kernel small."""
    for start in range(0, len(columns), _PART):
        yield columns[start : start + _PART]


def logistic(strength: float) -> Any:
    """Logistic regression, with the inverse strength of its regularisation.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError(
            "label propagation learns from answers with scikit-learn, which is not installed: "
            "pip install 'nbalabel[propagate]'"
        ) from error
    return LogisticRegression(C=strength, max_iter=1000)
