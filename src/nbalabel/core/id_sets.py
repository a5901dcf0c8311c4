"""Sets of ids as ascending arrays: in linear time where they are ascending already, as those of tables are.

NumPy's own functions hash all ids first. Of ten million rows that took most of the time of an edit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def distinct(ids: npt.ArrayLike) -> Ints:
    """The ids ascending, each once; the same array where it is that already.

    Args:
        ids: ``(n,)`` whole numbers, in any order.

    Example:
        >>> distinct([4, 1, 4]).tolist()
        [1, 4]
    """
    found = np.asarray(ids, np.int64)
    if _ascends(found):
        return found
    ordered = np.sort(found, kind="stable")  # of ascending runs: linear
    return np.asarray(ordered[_first(ordered)])


def union(*sets: npt.ArrayLike) -> Ints:
    """The ids that are in any of the sets, ascending, each once.

    Example:
        >>> union([4, 1], [2, 4]).tolist()
        [1, 2, 4]
    """
    filled = [found for ids in sets if len(found := np.asarray(ids, np.int64))]
    if not filled:
        return np.zeros(0, np.int64)
    return distinct(filled[0] if len(filled) == 1 else np.concatenate(filled))


def common(a: npt.ArrayLike, b: npt.ArrayLike) -> Ints:
    """The ids that are in both sets, ascending, each once.

    Example:
        >>> common([1, 2, 4], [4, 1, 9]).tolist()
        [1, 4]
    """
    mine = distinct(a)
    return np.asarray(mine[are_in(mine, distinct(b))])


def minus(a: npt.ArrayLike, b: npt.ArrayLike) -> Ints:
    """The ids of the first set that are not in the second, ascending, each once.

    Example:
        >>> minus([1, 2, 4], [4, 9]).tolist()
        [1, 2]
    """
    mine = distinct(a)
    return np.asarray(mine[~are_in(mine, distinct(b))])


def are_in(ids: Ints, known: Ints) -> npt.NDArray[np.bool_]:
    """Which ids are in an ascending set, ``(n,)`` bool, by binary search.

    Example:
        >>> are_in(np.array([4, 3]), np.array([1, 4])).tolist()
        [True, False]
    """
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    at = np.searchsorted(known, ids)
    at[at == len(known)] = 0
    return np.asarray(known[at] == ids)


def _ascends(ids: Ints) -> bool:
    return bool((ids[1:] > ids[:-1]).all())


def _first(ordered: Ints) -> npt.NDArray[np.bool_]:
    """Which are the first of equal ones."""
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return first
