"""From how often an error looks like this to the chance that it is one: learning from positives alone.

Planted errors are known; the labels as they are hold an unknown share of real ones. Where a region of the
evidence holds a share ``a`` of the planted errors of a kind and a share ``b`` of the labels, at most ``b / a``
of the labels can be errors that look like the planted ones. The smallest such bound estimates their share, and
Bayes' rule gives the chance of each row.

Source: G. Blanchard, G. Lee, C. Scott, Semi-supervised novelty detection, JMLR 11 (2010), for the bound;
    C. Elkan, K. Noto, Learning classifiers from only positive and unlabeled data, KDD 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..quality.fit import sklearn

Floats = npt.NDArray[np.float64]

_FEWEST = 20  # planted errors of a kind, at least
_TAIL = 0.05  # share of the planted errors in the smallest region that the bound looks at


def chances(planted: Floats, usual: Floats) -> tuple[Floats, float]:
    """Chance that each row is an error of a kind, and the share of all rows that are.

    Args:
        planted: how much each planted error of the kind looks like one, ``(k,)``, any increasing scale, by a
            classifier that did not learn its image.
        usual: the same for each row as it is, ``(n,)``.

    Returns:
        ``(n,)`` 0..1, and a share 0..1. Zeros if fewer than 20 errors were planted.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found, share = chances(rng.normal(4, 1, 500), np.append(rng.normal(0, 1, 950), rng.normal(4, 1, 50)))
        >>> 0.03 < share < 0.09, bool(found[950:].mean() > 0.7)
        (True, True)
    """
    k, n = len(planted), len(usual)
    if k < _FEWEST or n == 0:
        return np.zeros(n), 0.0
    share = _share(planted, usual)
    ratio = _ratio(planted, usual)
    return np.minimum(share * ratio, 1.0), share


def _share(planted: Floats, usual: Floats) -> float:
    """The least bound over thresholds, with two standard errors of the counts added."""
    edges = np.quantile(planted, np.linspace(0, 1 - _TAIL, 40))
    a = (planted[:, None] >= edges).mean(axis=0)
    count = (usual[:, None] >= edges).sum(axis=0)
    b = (count + 1 + np.sqrt(count)) / len(usual)
    return float(np.clip((b / a).min(), 0, 1))


def _ratio(planted: Floats, usual: Floats) -> Floats:
    """Density of planted errors over density of rows at each row, by isotonic regression, ``(n,)``."""
    score = np.concatenate([planted, usual])
    target = np.concatenate([np.ones(len(planted)), np.zeros(len(usual))])
    weight = np.concatenate([np.full(len(planted), 1 / len(planted)), np.full(len(usual), 1 / len(usual))])
    curve: Any = sklearn("isotonic", "chances are fitted").IsotonicRegression(
        y_min=0, y_max=1 - 1 / (1 + len(usual)), out_of_bounds="clip"
    )
    curve.fit(score, target, sample_weight=weight)
    odds = np.asarray(curve.predict(usual), np.float64)
    return odds / (1 - odds)
