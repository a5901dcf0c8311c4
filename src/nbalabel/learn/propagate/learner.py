"""How likely each mask is right, learned from the answers so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import MissingExtraError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_FEW = 5  # answers of the rarer kind below which nothing but the score is believed
_COLUMNS = 24
_SAMPLE = 20_000
_LARGE = 200_000


def logit(p: npt.ArrayLike) -> Doubles:
    """Log-odds, of probabilities kept a little off 0 and 1."""
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
    mean = features[rows].mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(features[rows] - mean, rowvar=False))
    return np.asarray((features - mean) @ axes[:, ::-1][:, :columns], np.float32)


@dataclass(frozen=True)
class Learner:
    """Chances of masks to be right, from features and score.

    The mean of a regularised logistic regression and of gradient-boosted trees, made a probability by
    Platt's scaling of what both say of rows they were not fitted on. With fewer than five answers of either
    kind the score stands for the chance.

    Attributes:
        columns: what is known of each mask: features and the score's log-odds, ``(n, d + 1)`` float32.
        scores: 0..1, ``(n,)``.
        supervised: whether features count, or the score alone.
    """

    columns: Floats
    scores: Floats
    supervised: bool = True

    @classmethod
    def of(cls, features: Floats, scores: Floats, *, supervised: bool = True) -> Learner:
        """Of these masks, in whatever number of features."""
        few = principal(features) if supervised else features[:, :0]
        scale = float(np.sqrt(few.var(axis=0).sum())) / 5 if few.size else 1.0
        joint = np.column_stack([few / (scale or 1.0), logit(scores)])
        return cls(np.asarray(joint, np.float32), scores, supervised)

    def chances(self, rows: Ints, right: npt.NDArray[np.bool_]) -> Doubles:
        """Chance of every mask to be right, given answers about some.

        Args:
            rows: positions of the masks answered, ``(k,)``.
            right: the answers, ``(k,)``.

        Returns:
            0..1, ``(n,)`` float64.

        Source: Platt 1999, "Probabilistic outputs for support vector machines".
        """
        few = int(min(right.sum(), len(right) - right.sum()))
        if few < _FEW:
            return self._scored(right)
        models = _models(self.supervised)
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        known = self.columns[rows]
        with threadpool_limits(1 if len(self.columns) < _LARGE else None):  # threads wait more than they work
            apart = np.mean([_left_out(m, known, right) for m in models], axis=0)
            said = np.mean([m.fit(known, right).predict_proba(self.columns)[:, 1] for m in models], axis=0)
        scale = LogisticRegression(C=1.0).fit(logit(apart)[:, None], right)
        return sigmoid(scale.coef_[0, 0] * logit(said) + scale.intercept_[0])

    def _scored(self, right: npt.NDArray[np.bool_]) -> Doubles:
        """The score, moved so far that its mean agrees with what was answered."""
        x = logit(self.scores)
        if not len(right):
            return sigmoid(x)
        share = (right.sum() + 1) / (len(right) + 2)
        return sigmoid(x + logit(share) - logit(float(sigmoid(x).mean())))


def _models(supervised: bool) -> list[Any]:
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError(
            "label propagation learns from answers with scikit-learn, which is not installed: "
            "pip install 'nbalabel[propagate]'"
        ) from error
    line = LogisticRegression(C=0.05, max_iter=300)
    if not supervised:
        return [line]
    trees = HistGradientBoostingClassifier(
        max_depth=3,
        max_iter=50,
        learning_rate=0.08,
        min_samples_leaf=8,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=0,
    )
    return [line, trees]


def _left_out(model: Any, columns: Floats, right: npt.NDArray[np.bool_]) -> Doubles:
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(_FEW, shuffle=True, random_state=0)
    said = cross_val_predict(model, columns, right, cv=folds, method="predict_proba")
    return np.asarray(said[:, 1], np.float64)
