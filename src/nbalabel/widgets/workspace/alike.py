"""What looks like some rows, as a clause of the selection and the column ``distance``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.tables.predicted import LooksAlike
from .selection import Ids

if TYPE_CHECKING:
    from .workspace import Workspace

SOURCE = "similar"
"""Source of the clause of look-alikes, whichever view asked for them."""


def look_alikes(ws: Workspace, of: str, ids: Ids, n: int, without: tuple[str, ...]) -> pd.Series:
    """Distances of rows and of their look-alikes, by id, nearest first; 0 for the rows themselves.

    Args:
        ws: the workspace.
        of: table of the rows.
        ids: of the rows.
        n: most look-alikes.
        without: sources whose clauses do not narrow the search.

    Raises:
        DataError: nobody can tell look-alikes, or none of the rows has a vector.
    """
    allowed = ws.allowed(of, without)
    known = ws.ids(of)
    found = _teller(ws, of).similar(ids, n if allowed is None else max(len(known), 1), of)
    if allowed is not None:
        found = found[found.index.isin(known[allowed])].iloc[:n]
    if not len(found):
        raise DataError(
            f"nothing looks like these {len(ids):,} {of}: none of them has a vector, or no other has"
        )
    others = found["distance"].astype(np.float64)
    return pd.concat([pd.Series(0.0, index=pd.Index(ids)), others])


def _teller(ws: Workspace, of: str) -> LooksAlike:
    if of == "instances":
        if ws.looks is None:
            raise DataError(
                "look-alikes of instances need vectors: ws.looks = nl.instance_embeddings(ds), then once more"
            )
        return ws.looks
    if ws.run is None:
        raise DataError(f"look-alikes of {of} need the embeddings of a run: nl.Workspace(ds, run)")
    return ws.run
