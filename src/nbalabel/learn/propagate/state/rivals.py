"""At most one accepted mask an object: of masks that overlap, the best stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .ledger import ACCEPTED, REJECTED, YES, Ledger

Ints = npt.NDArray[np.int64]


def suppress(ledger: Ledger) -> None:
    """Reject accepted rows that overlap a better accepted one.

    Better is what a person said yes to, then the higher score, then the earlier row. A row that was itself
    suppressed suppresses no other.

    Args:
        ledger: whose decisions are changed; a suppressed row keeps the name of its cluster.

    Source: greedy suppression by score, as in Papadopoulos, Weber & Torralba 2021, between rounds.
    """
    pairs = ledger.rivals
    pairs = pairs[(ledger.decision[pairs] == ACCEPTED).all(axis=1)]
    rank = np.lexsort((-ledger.scores, ledger.answer != YES))
    ledger.decision[losers(pairs, rank)] = REJECTED


def losers(pairs: Ints, order: Ints) -> Ints:
    """Rows that overlap one that comes before them and is no loser itself.

    Args:
        pairs: rows that overlap, ``(k, 2)``.
        order: rows, best first; pairs of which a row is not among them do not count.

    Returns:
        Ascending, ``(m,)`` int64.
    """
    if not len(pairs):
        return np.zeros(0, np.int64)
    place = np.full(int(max(pairs.max(), order.max(initial=0))) + 1, -1, np.int64)
    place[order] = np.arange(len(order))
    near: dict[int, list[int]] = {}
    for a, b in pairs[(place[pairs] >= 0).all(axis=1)].tolist():
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    kept: set[int] = set()
    for row in sorted(near, key=lambda r: int(place[r])):
        if kept.isdisjoint(near[row]):
            kept.add(row)
    return np.array(sorted(near.keys() - kept), np.int64)
