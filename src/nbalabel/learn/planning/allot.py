"""Share out the minutes: always to the step that is worth most per second, of what is still open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .kinds import VERIFY
from .work import Work

Floats = npt.NDArray[np.float64]


def allot(
    works: Mapping[str, Work],
    minutes: float,
    worth: Mapping[str, float],
    block: tuple[float, float],
    open_after: Mapping[int, float],
) -> dict[str, float]:
    """Seconds for each kind of work.

    Verifying clusters is one block, since its masks are accepted at its end. It is done where it and the best
    steps of what it leaves open are worth more than the best steps without it. All other steps are single
    rows, taken by what they are worth per second.

    Args:
        works: the kinds of work but for clusters.
        minutes: in all.
        worth: of one unit gained, by kind.
        block: expected gain and seconds of verifying clusters.
        open_after: prediction id -> share that clusters leave open, 0..1.
    """
    limit = minutes * 60
    alone, without = _greedy(works, limit, worth, {})
    gain, seconds = block
    if not 0 < seconds <= limit + 1e-6:
        return {**alone, VERIFY: 0.0}
    rest, more = _greedy(works, limit - seconds, worth, open_after)
    chosen = gain * worth[VERIFY] + more > without
    return {**rest, VERIFY: seconds} if chosen else {**alone, VERIFY: 0.0}


def _greedy(
    works: Mapping[str, Work], limit: float, worth: Mapping[str, float], open_after: Mapping[int, float]
) -> tuple[dict[str, float], float]:
    """Seconds of each kind, and what all are worth."""
    names = list(works)
    left = [_left(work, open_after) for work in works.values()]
    gains = np.concatenate(
        [work.gains * worth[work.kind.name] * a for work, a in zip(works.values(), left, strict=True)]
    )
    seconds = np.concatenate([work.seconds * a for work, a in zip(works.values(), left, strict=True)])
    which = np.repeat(np.arange(len(names)), [len(work.rows) for work in works.values()])
    order = np.argsort(-gains / np.maximum(seconds, 1e-9), kind="stable")
    order = order[(gains[order] > 0) & (seconds[order] > 0)]
    share = np.clip((limit - (np.cumsum(seconds[order]) - seconds[order])) / seconds[order], 0, 1)
    used = np.bincount(which[order], seconds[order] * share, minlength=len(names))
    return dict(zip(names, used.tolist(), strict=True)), float((gains[order] * share).sum())


def _left(work: Work, open_after: Mapping[int, float]) -> Floats:
    """Share of each row that is still there; images always are."""
    if not open_after or work.kind.of != "predictions":
        return np.ones(len(work.rows))
    return np.array([open_after.get(int(row), 1.0) for row in work.rows], np.float64)
