"""At most one accepted mask per object: of masks that overlap, the best stays."""

from __future__ import annotations

import numpy as np

from ....core.geometry.overlap.keep_best import losers
from .ledger import ACCEPTED, REJECTED, YES, Ledger


def suppress(ledger: Ledger) -> None:
    """Reject accepted rows that overlap a better accepted one.

    Rows answered yes are best, then rows with a higher score, then earlier rows. A suppressed row suppresses
    no other row.

    Args:
        ledger: its decisions are changed; a suppressed row keeps the name of its cluster.

    Source: greedy suppression by score, as in Papadopoulos, Weber & Torralba 2021, between rounds.
    """
    pairs = ledger.rivals
    pairs = pairs[(ledger.decision[pairs] == ACCEPTED).all(axis=1)]
    rank = np.lexsort((-ledger.scores, ledger.answer != YES))
    ledger.decision[losers(pairs, rank)] = REJECTED
