"""What looks like some rows, as a clause of the selection and the column ``distance``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.tables.predicted import LooksAlike
from .clauses import Rows
from .selection import Ids

SOURCE = "similar"
"""Source of the clause of look-alikes, whichever view asked for them."""


def look_alikes(teller: LooksAlike, of: str, ids: Ids, n: int, known: Ids, allowed: Rows | None) -> pd.Series:
    """Distances of rows and of their look-alikes, by id, nearest first; 0 for the rows themselves.

    Args:
        teller: gives look-alikes.
        of: table of the rows.
        ids: of the rows.
        n: most look-alikes.
        known: ids of the whole table.
        allowed: which of these may be found, ``(len(known),)``; None: all.

    Raises:
        DataError: none of the rows has a vector, or no other row.
    """
    found = teller.similar(ids, n if allowed is None else max(len(known), 1), of)
    if allowed is not None:
        found = found[found.index.isin(known[allowed])].iloc[:n]
    if not len(found):
        raise DataError(
            f"nothing looks like these {len(ids):,} {of}: they have no vectors, or no other row in view has"
        )
    others = found["distance"].astype(np.float64)
    return pd.concat([pd.Series(0.0, index=pd.Index(ids)), others])


def teller_of(of: str, looks: LooksAlike | None, run: LooksAlike | None) -> LooksAlike:
    """Who tells the look-alikes in a table: ``looks`` those of instances, the run the others.

    Raises:
        DataError: there is nobody; the message says what to do.
    """
    if of == "instances":
        if looks is None:
            raise DataError(
                "look-alikes of instances need vectors: ws.looks = nl.instance_embeddings(ds), then once more"
            )
        return looks
    if run is None:
        raise DataError(f"look-alikes of {of} need the embeddings of a run: nl.Workspace(ds, run)")
    return run
