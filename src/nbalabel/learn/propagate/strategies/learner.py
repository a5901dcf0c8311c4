"""The probability that each mask is right, learned from the answers so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ....core.errors import MissingExtraError
from ...embed.reducers import Pca
from ..state.standardised import Standardised
from .described import Described, InParts, Joint

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_FEW = 5  # with fewer answers of the rarer kind, only the score is used
_COLUMNS = 24
_SAMPLE = 20_000
_ALONE, _BESIDE = 5.0, 2.5  # standard deviation of all features together, without hints and beside them
_MOST = 1_500  # most answers to learn from
_SOME = 300  # masks whose distances set the width of the kernel
_WIDTH = 0.4  # width of the Gaussian kernel, in median squared distances
_SLOPE = 0.15  # weight of the linear kernel that is added
_RIDGE = 3.0
_LANDMARKS = (64, 320)  # fewest and most masks whose similarity to a mask describes it
_VALUES = 20_000_000  # most similarities that are kept
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


@dataclass(frozen=True, eq=False)
class Learner:
    """Chances of masks to be right, from features and score.

    Kernel ridge regression of the answers, with a Gaussian and a linear kernel. The Gaussian one is
    approximated by the similarity to at most 320 landmarks, so that learning takes milliseconds. Platt
    scaling of leave-one-out predictions, which have a closed form, makes probabilities of them. With fewer
    than five answers of either kind the score is used instead.

    Attributes:
        columns: features, log-odds of the score, and hints of each mask, ``(n, d + 1 + h)`` float32;
            of millions of masks made when they are looked at.
        scores: 0..1, ``(n,)``.
        supervised: whether features are used, or the score alone.

    Source: Rifkin, Yeo & Poggio 2003, "Regularized least-squares classification"; Platt 1999, "Probabilistic
    outputs for support vector machines"; landmarks: Williams & Seeger 2001, "Using the Nystrom method to
    speed up kernel machines".
    """

    columns: Floats | Joint
    scores: Floats
    supervised: bool = True

    @classmethod
    def of(
        cls,
        features: Floats | Standardised,
        scores: Floats,
        hints: Floats | None = None,
        *,
        supervised: bool = True,
    ) -> Learner:
        """A learner for masks with any number of features.

        Args:
            features: what masks look like, ``(n, d)``; reduced to 24 principal components. Those that are
                standardised when they are looked at are looked at a part at a time.
            scores: 0..1, ``(n,)``.
            hints: further columns that tell right from wrong, ``(n, h)``, each of a standard deviation near
                1; the features then count half.
            supervised: False uses the scores alone.
        """
        if isinstance(features, Standardised):
            return cls(_joint(features, scores, hints, supervised), scores, supervised)
        few = principal(features) if supervised else features[:, :0]
        hints = hints if hints is not None and supervised else features[:, :0]
        scale = (
            float(np.sqrt(few.var(axis=0).sum())) / (_BESIDE if hints.size else _ALONE) if few.size else 1.0
        )
        joint = np.column_stack([few / (scale or 1.0), logit(scores), hints])
        return cls(np.asarray(joint, np.float32), scores, supervised)

    def __deepcopy__(self, memo: object) -> Learner:
        return self  # never changes, and may describe a million masks

    @cached_property
    def described(self) -> Described:
        """Coordinates whose inner products approximate the kernel, ``(n, m)`` float32."""
        n = len(self.columns)
        m = min(n, int(np.clip(_VALUES // max(n, 1), *_LANDMARKS)))
        landmarks = self.columns[np.sort(np.random.default_rng(0).permutation(n)[:m])]
        some = landmarks[:_SOME]
        width = _WIDTH * float(np.median(_apart(some, some))) or 1.0
        values, vectors = np.linalg.eigh(_gaussian(landmarks, landmarks, width).astype(np.float64))
        kept = values > 1e-6 * values[-1]
        turn = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
        if isinstance(self.columns, Joint):
            return InParts(self.columns, lambda part: _coordinates(part, landmarks, width, turn))
        near = np.concatenate([_gaussian(part, landmarks, width) @ turn for part in _parts(self.columns)])
        slope = np.float32(np.sqrt(_SLOPE)) * self.columns
        return np.column_stack([near, slope, np.ones(n, np.float32)])

    def chances(self, rows: Ints, right: Bools, own: Bools | None = None) -> Doubles:
        """Chance of every mask to be right, given answers about some.

        Args:
            rows: positions of the masks answered, ``(k,)``.
            right: the answers, ``(k,)``.
            own: which of them are about the masks in question, ``(k,)`` bool, rather than about labeled
                images: the mean chance follows them, and where there are more than 1,500 answers they are
                preferred; None makes no difference between them.

        Returns:
            0..1, ``(n,)`` float64.
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
            own = None if own is None else own[chosen]
        with threadpool_limits(1):  # threads wait more than they work
            weights, unseen = _ridge(self.described[rows], np.where(right, 0.5, -0.5))
            said = self.described @ weights.astype(np.float32)
            platt.fit(unseen[:, None], right)
        slope, offset = platt.coef_[0, 0], platt.intercept_[0]
        if own is not None and own.any() and not own.all():
            offset += _shift(slope * unseen[own] + offset, right[own])
        return sigmoid(slope * np.asarray(said, np.float64) + offset)

    def _scored(self, right: npt.NDArray[np.bool_]) -> Doubles:
        """The scores, shifted in log-odds so that their mean agrees with the answers."""
        x = logit(self.scores)
        if not len(right):
            return sigmoid(x)
        share = (right.sum() + 1) / (len(right) + 2)
        return sigmoid(x + logit(share) - logit(float(sigmoid(x).mean())))


def _joint(features: Standardised, scores: Floats, hints: Floats | None, supervised: bool) -> Joint:
    """Columns made when they are looked at, scaled as those of few masks are, by a sample."""
    n, d = features.shape
    if hints is None or not supervised:
        hints = np.zeros((n, 0), np.float32)
    rows = np.sort(np.random.default_rng(0).permutation(n)[:_SAMPLE])
    seen = features[rows]
    pca = Pca.fit(seen, min(d, _COLUMNS))
    spread = float(np.sqrt(pca.transform(seen).var(axis=0).sum())) / (_BESIDE if hints.size else _ALONE)
    return Joint(features if supervised else None, pca, spread or 1.0, scores, hints)


def _coordinates(part: Floats, landmarks: Floats, width: float, turn: Floats) -> Floats:
    near = _gaussian(part, landmarks, width) @ turn
    slope = np.float32(np.sqrt(_SLOPE)) * part
    return np.column_stack([near, slope, np.ones(len(part), np.float32)])


def _apart(a: Floats, b: Floats) -> Floats:
    """Squared distances, ``(len(a), len(b))``."""
    squares = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
    return np.maximum(squares - 2 * a @ b.T, 0)


def _gaussian(a: Floats, b: Floats, width: float) -> Floats:
    """Similarity of masks, 0..1, ``(len(a), len(b))``."""
    near = _apart(a, b)
    near *= -1 / width
    return np.exp(near, out=near)


def _ridge(known: Floats, target: Doubles) -> tuple[Doubles, Doubles]:
    """Weights of the coordinates, and the leave-one-out prediction for each answer."""
    table = np.asarray(known, np.float64)
    inverse = np.linalg.inv(table.T @ table + _RIDGE * np.eye(table.shape[1]))
    weights = inverse @ (table.T @ target)
    pull = np.einsum("ij,jk,ik->i", table, inverse, table, optimize=True)
    return weights, target - (target - table @ weights) / np.maximum(1 - pull, 1e-9)


def _shift(odds: Doubles, right: Bools) -> float:
    """How far the log-odds must move to agree with the answers on average; Normal(0, 1) a priori."""
    moved = 0.0
    for _ in range(8):
        p = sigmoid(odds + moved)
        moved -= (float((p - right).sum()) + moved) / (float((p * (1 - p)).sum()) + 1)
    return moved


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
