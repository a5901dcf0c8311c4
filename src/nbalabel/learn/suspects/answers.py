"""Chances after some answers: a Gaussian process over looks, place and kind corrects them.

The rehearsed chance is the mean; an answer moves rows that look alike, lie alike and are of the same kind.

Source: C. Rasmussen, C. Williams, Gaussian processes for machine learning (2006), 3.4, Laplace approximation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ALIKE, _KIND, _ALL = 16.0, 1.0, 0.25
"""Variance of the correction, in log-odds: by looks and place, by kind, of everything."""

_NOT_REHEARSED = 0.01
"""Chance of an error that no rehearsal knows, where somebody found one."""

_MOST = 1000  # answers that the ranking learns from; of more, as many drawn at random
_STEPS = 50
_BLOCK = 8192


def corrected(
    chance: Floats, features: Floats, kinds: Ints, answered: Ints, wrong: npt.NDArray[np.bool_]
) -> Floats:
    """Chances of all rows, given answers about some.

    Args:
        chance: rehearsed chances, ``(n,)``.
        features: looks and place, standardised, ``(n, d)``.
        kinds: code of the kind of each row, ``(n,)``.
        answered: positions of the answered rows, ``(k,)``.
        wrong: whether each of them is an error, ``(k,)``.

    Returns:
        ``(n,)`` 0..1; answered rows take what was answered.
    """
    if not len(answered):
        return chance
    out = _learned(chance, features, kinds, *_some(answered, wrong))
    out[answered] = wrong
    return out


def _some(answered: Ints, wrong: npt.NDArray[np.bool_]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    if len(answered) <= _MOST:
        return answered, wrong
    at = np.random.default_rng(0).choice(len(answered), _MOST, replace=False)
    return answered[at], wrong[at]


def _learned(
    chance: Floats, features: Floats, kinds: Ints, answered: Ints, wrong: npt.NDArray[np.bool_]
) -> Floats:
    scale = _scale(features)
    found = features[answered[wrong]]
    odds = log_odds(np.maximum(chance, _NOT_REHEARSED * _nearness(features, found, scale)))
    covariance = _kernel(features[answered], kinds[answered], features[answered], kinds[answered], scale)
    weights = _fit(covariance, odds[answered], wrong.astype(np.float64))
    out = np.empty(len(chance))
    for start in range(0, len(out), _BLOCK):
        rows = slice(start, start + _BLOCK)
        near = _kernel(features[rows], kinds[rows], features[answered], kinds[answered], scale)
        out[rows] = 1 / (1 + np.exp(-np.clip(odds[rows] + near @ weights, -30, 30)))
    return out


def log_odds(chance: Floats) -> Floats:
    """Logarithm of the odds of chances, ``(n,)``; chances are cut at 0.00001 and 0.999."""
    p = np.clip(chance, 1e-5, 1 - 1e-3)
    return np.log(p / (1 - p))


def _scale(features: Floats) -> float:
    """Half of the median distance of rows: what is nearer is alike."""
    some = features[np.linspace(0, len(features) - 1, min(len(features), 400)).astype(np.int64)]
    square = ((some[:, None] - some[None]) ** 2).sum(axis=2)
    return max(float(np.sqrt(np.median(square))) / 2, 1e-6)


def _kernel(a: Floats, a_kind: Ints, b: Floats, b_kind: Ints, scale: float) -> Floats:
    return _ALIKE * _alike(a, b, scale) + _KIND * (a_kind[:, None] == b_kind) + _ALL


def _alike(a: Floats, b: Floats, scale: float) -> Floats:
    square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.asarray(np.exp(-np.maximum(square, 0) / (2 * scale**2)))


def _nearness(features: Floats, found: Floats, scale: float) -> Floats:
    """How alike each row is to the nearest error that was found, ``(n,)`` 0..1."""
    out = np.zeros(len(features))
    for start in range(0, len(out) if len(found) else 0, _BLOCK):
        rows = slice(start, start + _BLOCK)
        out[rows] = _alike(features[rows], found, scale).max(axis=1)
    return out


def _fit(covariance: Floats, odds: Floats, wrong: Floats) -> Floats:
    """Weights of the answers at the mode, ``(k,)``, by Newton's method with steps that are halved."""

    def worth(weights: Floats) -> float:
        f = covariance @ weights
        sign = 2 * wrong - 1
        return float(-0.5 * weights @ f - np.logaddexp(0, -sign * (odds + f)).sum())

    weights = np.zeros(len(wrong))
    best = worth(weights)
    for _ in range(_STEPS):
        f = covariance @ weights
        p = 1 / (1 + np.exp(-np.clip(odds + f, -30, 30)))
        w = np.maximum(p * (1 - p), 1e-9)
        target = w * f + wrong - p
        root = np.sqrt(w)
        inner = np.eye(len(w)) + root[:, None] * covariance * root
        step = target - root * np.linalg.solve(inner, root * (covariance @ target)) - weights
        while (now := worth(weights + step)) < best and np.abs(step).max() > 1e-8:
            step = step / 2
        if now < best or np.abs(step).max() < 1e-7:
            break
        weights, best = weights + step, now
    return weights
