"""Mean scores up to which a cluster is not worth a question, learned from masks of labeled images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..state.ledger import UNKNOWN, YES, Ledger

Doubles = npt.NDArray[np.float64]

_NEVER = -1.0  # below every score: nothing is decided unseen
_SURE = 0.95
_LEAST_ROWS = 5
_LEAST_CLUSTERS = 10


def learn_thresholds(ledger: Ledger, accept: float, sure: float = _SURE) -> tuple[float, float]:
    """Learn K_pr and K_pa from the rows of a ledger whose answer is known beforehand.

    These rows are clustered by themselves, and `thresholds` is fitted to their clusters.

    Args:
        ledger: what is known about the candidates.
        accept: K_a, the share of right masks that accepts a cluster.
        sure: see `thresholds`.

    Returns:
        (K_pr, K_pa); (-1, -1), which decide nothing unseen, where known rows are too few.
    """
    rows = np.flatnonzero(ledger.known != UNKNOWN)
    if len(rows) < _LEAST_ROWS * _LEAST_CLUSTERS:
        return _NEVER, _NEVER
    from ...cluster.trees import cluster

    forest = cluster(ledger.features[rows], ledger.scores[rows], ledger.labels[rows])
    big = np.flatnonzero(forest.size >= _LEAST_ROWS)
    right = (ledger.known[rows] == YES)[forest.order]
    score = ledger.scores[rows][forest.order]

    def mean(values: npt.NDArray[np.generic]) -> Doubles:
        total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        return np.asarray((total[forest.stop[big]] - total[forest.start[big]]) / forest.size[big])

    return thresholds(mean(score), mean(right), accept, sure)


def thresholds(
    score: npt.ArrayLike, quality: npt.ArrayLike, accept: float = 0.85, sure: float = _SURE
) -> tuple[float, float]:
    """Learn K_pr and K_pa from clusters whose quality is known.

    P(Q >= K_a | S) is fitted as a step function that rises with S, P(Q <= 1 - K_a | S) as one that falls;
    each step counts one extra cluster of either outcome, so a step of few clusters is never certain.

    Args:
        score: mean score S of each cluster, ``(k,)``, 0..1.
        quality: share Q of its masks that are right, ``(k,)``, 0..1.
        accept: K_a.
        sure: K_pr is the highest S up to which a cluster is to be rejected with at least this probability,
            K_pa the highest S up to which it is to be accepted with at most 1 minus this probability.

    Returns:
        (K_pr, K_pa), K_pr <= K_pa; -1 where no S is low enough.

    Source: Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label propagation", ICCV 2021,
    names the two probabilities; isotonic regression: Barlow et al. 1972.

    Example:
        >>> import numpy as np
        >>> score = np.linspace(0, 1, 101)
        >>> k_pr, k_pa = thresholds(score, np.where(score < 0.3, 0.0, np.where(score < 0.6, 0.5, 1.0)))
        >>> round(k_pr, 2), round(k_pa, 2)
        (0.29, 0.59)
    """
    s, q = np.asarray(score, np.float64), np.asarray(quality, np.float64)
    if len(s) < _LEAST_CLUSTERS:
        return _NEVER, _NEVER
    order = np.argsort(s, kind="stable")
    s, q = s[order], q[order]
    rejects = 1 - _rising(q > 1 - accept + 1e-9)
    accepts = _rising(q >= accept - 1e-9)
    k_pr = _last(s, rejects >= sure)
    return k_pr, max(k_pr, _last(s, accepts <= 1 - sure))


def _last(score: Doubles, holds: npt.NDArray[np.bool_]) -> float:
    """The highest score up to which ``holds`` is true of all clusters."""
    n = len(holds) if holds.all() else int(np.argmin(holds))
    while 0 < n < len(score) and score[n] == score[n - 1]:
        n -= 1
    return float(score[n - 1]) if n else _NEVER


def _rising(outcome: npt.NDArray[np.bool_]) -> Doubles:
    """Isotonic regression: pools neighbours that would fall; each pool gets one extra of either outcome."""
    pools: list[tuple[float, int]] = []
    for value in outcome.tolist():
        total, n = float(value), 1
        while pools and pools[-1][0] * n >= total * pools[-1][1]:
            other, more = pools.pop()
            total, n = total + other, n + more
        pools.append((total, n))
    return np.concatenate([np.full(n, (total + 1) / (n + 2)) for total, n in pools])
