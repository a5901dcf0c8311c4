"""How many masks to audit: more masks are worth more, more certain masks cost fewer answers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_OVERHEAD = 1.15  # answers of an audit, relative to what its growth rate alone predicts
_LEAST = 8.0


class Plan(NamedTuple):
    """What to audit: the ``size`` most certain masks, at ``cost`` expected answers, worth ``value``."""

    size: int
    cost: float
    value: float


def worth(masks: npt.ArrayLike, answers: npt.ArrayLike, eagerness: float) -> Doubles:
    """The worth of masks that cost answers: ``masks ** eagerness / answers``."""
    return np.asarray(np.asarray(masks, np.float64) ** eagerness / np.maximum(answers, 1.0))


def audit_cost(quality: npt.ArrayLike, size: npt.ArrayLike, target: float, alpha: float) -> Doubles:
    """Answers that an audit of masks is expected to take; inf where they fall short of the target.

    Args:
        quality: expected share of right masks, 0..1, ``(k,)``.
        size: number of masks, ``(k,)``; no audit takes more answers than masks.
        target: share of right masks to prove.
        alpha: error probability.

    Source: the best growth of a bet against ``target`` is the divergence of Kullback and Leibler: Kelly 1956.
    """
    q, target = np.clip(np.asarray(quality, np.float64), 1e-4, 1 - 1e-4), min(target, 1 - 1e-9)
    growth = q * np.log(q / target) + (1 - q) * np.log((1 - q) / (1 - target))
    with np.errstate(divide="ignore"):
        cost = np.where(q > target, -np.log(alpha) * _OVERHEAD / growth + _LEAST, np.inf)
    return np.where(q > target, np.minimum(cost, size), np.inf)


def plan(
    chance: Doubles,
    n_right: int,
    asked: int,
    *,
    target: float,
    alpha: float,
    eagerness: float,
    budget: int | None,
) -> Plan:
    """How many of the most certain masks to audit.

    Args:
        chance: chance of each mask to be right, falling, ``(n,)``.
        n_right: masks known to be right already, accepted anyway.
        asked: answers spent so far.
        target: share of right masks to prove.
        alpha: error probability of the audit.
        eagerness: with 1, masks per answer count; with 2 twice the masks are worth four times the answers.
        budget: answers left; None without a limit. With a budget, all of it may be spent.
    """
    if not len(chance):
        return Plan(0, np.inf, 0.0)
    size = np.arange(1, len(chance) + 1)
    quality = (np.cumsum(chance) + n_right) / (size + n_right)
    cost = audit_cost(quality, size, target, alpha)
    value = worth(size + n_right, asked + cost, eagerness)
    value[~np.isfinite(cost) if budget is None else cost > budget] = 0.0
    best = int(np.argmax(value))
    return Plan(best + 1, float(cost[best]), float(value[best])) if value[best] > 0 else Plan(0, np.inf, 0.0)
