"""How the answers that are left are shared among several searches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

PARTS = 24
"""Parts in which answers are handed out."""


def expected(answers: Doubles, have: float, took: Doubles, stay: Doubles, alone: float) -> Doubles:
    """Masks accepted after so many answers: the best set that they certify, and one by one with the others.

    Args:
        answers: numbers of answers, ``(k,)``.
        have: masks accepted by now.
        took: answers that each set takes to certify, ``(m,)``; inf where none suffice.
        stay: masks that are accepted with it, ``(m,)``.
        alone: masks per answer where they are asked about one by one.

    Example:
        >>> expected(np.array([0.0, 50, 100]), 10, np.array([80.0]), np.array([400.0]), 0.5).tolist()
        [10.0, 35.0, 410.0]
    """
    took, stay = np.append(took, 0.0), np.append(stay, have)
    spare = answers[:, None] - took
    value = np.where(spare >= 0, stay + alone * np.maximum(spare, 0), have)
    return np.asarray(value.max(axis=1))


def shares(value: Doubles, answers: int, first: Sequence[int] = ()) -> Ints:
    """Answers for each search, so that together they are expected to accept the most masks.

    Each step gives the next parts to the search in which they bring the most masks per answer, looking ahead
    over any number of parts: an audit brings nothing before it is through.

    Args:
        value: masks that each search is expected to accept with 0, 1, ... parts, ``(searches, parts + 1)``.
        answers: answers to share.
        first: searches that are served before the others, each with up to an equal share: as many parts as
            still bring it masks.

    Returns:
        ``(searches,)`` int64; their sum is ``answers``.

    Example:
        >>> shares(np.array([[0, 1, 2, 3, 4.0], [0, 0, 0, 9, 9.0]]), 4).tolist()
        [1, 3]
        >>> shares(np.array([[0, 1, 2, 3, 4.0], [0, 3, 6, 9, 12.0]]), 4, first=[0]).tolist()
        [2, 2]
    """
    n, parts = value.shape[0], value.shape[1] - 1
    given = np.zeros(n, np.int64)
    for at in first:
        given[at] = min(parts // n, int(np.argmax(value[at] >= value[at].max() - 0.5)))
    while (left := parts - int(given.sum())) > 0:
        step = np.arange(1, left + 1)
        rate = np.array([(value[i, g + step] - value[i, g]) / step for i, g in enumerate(given.tolist())])
        best, ahead = np.unravel_index(int(np.argmax(rate)), rate.shape)
        given[best] += int(ahead) + 1
    edges = np.round(np.cumsum(given) * (answers / parts)).astype(np.int64)
    return np.diff(edges, prepend=0)
