"""At most one accepted mask an object: of masks that overlap, the best stays."""

from __future__ import annotations

import numpy as np

from .ledger import ACCEPTED, REJECTED, YES, Ledger


def suppress(ledger: Ledger) -> None:
    """Reject accepted rows that overlap a better accepted one.

    Better is what a person said yes to, then the higher score, then the earlier row. A row that was itself
    suppressed suppresses no other.

    Args:
        ledger: whose decisions are changed; a suppressed row keeps the name of its cluster.

    Source: greedy suppression by score, as in Papadopoulos, Weber & Torralba 2021, between rounds.
    """
    pairs = ledger.rivals
    if not len(pairs):
        return
    pairs = pairs[(ledger.decision[pairs] == ACCEPTED).all(axis=1)]
    rank = (ledger.answer == YES).astype(np.int8)
    kept: set[int] = set()
    near: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    for row in sorted(near, key=lambda r: (-int(rank[r]), -float(ledger.scores[r]), r)):
        if kept.isdisjoint(near[row]):
            kept.add(row)
        else:
            ledger.decision[row] = REJECTED
