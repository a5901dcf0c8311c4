"""From how much a row looks like a planted error to the chance that it is a real one.

Planted errors of a kind have some density over the evidence, right labels have another. Where the first is
``r`` times the second, and there are ``e`` errors of this kind per right label, Bayes' rule gives odds of
``e * r``. The ratio is measured, the share is assumed (answers correct it).

Source: C. Elkan, K. Noto, Learning classifiers from only positive and unlabeled data, KDD 2008; M. Sugiyama
    et al., Density ratio estimation in machine learning (2012), 4, by a classifier of the two samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..quality.fit import sklearn

Floats = npt.NDArray[np.float64]

_FEWEST = 10  # planted errors of a kind, at least


def chances(planted: Floats, usual: Floats, weight: Floats, share: float) -> Floats:
    """Chance that each row is an error of a kind.

    Args:
        planted: how much each planted error of the kind looks like one, ``(k,)``, any increasing scale, by a
            classifier that did not learn its image.
        usual: the same for each row as it is, ``(n,)``.
        weight: how much each row counts as a right one, ``(n,)`` 0..1.
        share: share of the rows that are assumed to be errors of the kind, 0..1.

    Returns:
        ``(n,)`` 0..1; zeros if fewer than 10 errors were planted.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows = np.append(rng.normal(0, 1, 950), rng.normal(4, 1, 50))
        >>> right = np.append(np.ones(950), np.full(50, 0.1))
        >>> found = chances(rng.normal(4, 1, 500), rows, right, 0.05)
        >>> bool(found[950:].mean() > 0.6), bool(found[:950].mean() < 0.02)
        (True, True)
    """
    k, n = len(planted), len(usual)
    if k < _FEWEST or n == 0:
        return np.zeros(n)
    odds = share / (1 - share) * _ratio(planted, usual, np.maximum(weight, 1e-3))
    return np.asarray(odds / (1 + odds))


def _ratio(planted: Floats, usual: Floats, right: Floats) -> Floats:
    """Density of planted errors over density of right rows at each row, by isotonic regression, ``(n,)``."""
    score = np.concatenate([planted, usual])
    target = np.concatenate([np.ones(len(planted)), np.zeros(len(usual))])
    weight = np.concatenate([np.full(len(planted), 1 / len(planted)), right / right.sum()])
    curve: Any = sklearn("isotonic", "chances are fitted").IsotonicRegression(
        y_min=0, y_max=1 - 1 / (1 + len(usual)), out_of_bounds="clip"
    )
    curve.fit(score, target, sample_weight=weight)
    odds = np.asarray(curve.predict(usual), np.float64)
    return odds / (1 - odds)
