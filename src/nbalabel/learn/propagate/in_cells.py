"""Which propagations work over cells: those of more masks than a tree of all of them is good for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..cluster.cell_forest import CellForest
from ..cluster.forest import Forest
from ..embed.vectors import Vectors
from .replay.journal import begun_with
from .strategies.protocol import StrategyClass
from .strategies.registry import name_of

MOST_IN_MEMORY = 500_000
"""Masks of which all features are held as float32 and all clusters of the trees are made."""


def many(n: int) -> bool:
    """Whether so many masks are too many for that."""
    return n > MOST_IN_MEMORY


def in_cells(
    features: npt.ArrayLike | Vectors,
    strategy: str | StrategyClass,
    forest: Forest | CellForest | None,
    journal: str | Path | None,
) -> npt.ArrayLike | Vectors:
    """Features as `Vectors` where the propagation works over cells, else as an array.

    It does where there are more than 500,000 masks, the strategy is "certified", and no trees are given that
    have all clusters. A propagation goes on as the journal file that is given says it began.
    """
    usual = "cells" if many(len(features)) else "all"  # type: ignore[arg-type]  # what has no length is refused later
    begun = _begun(journal) or usual
    over = name_of(strategy) == "certified" and not isinstance(forest, Forest) and begun == "cells"
    if isinstance(features, Vectors):
        return features if over else features[slice(None)]
    if not over:
        return features
    found = np.asarray(features)
    if found.ndim != 2 or found.dtype.kind != "f":
        return features
    return Vectors(found if found.dtype in (np.float16, np.float32) else found.astype(np.float32))


def _begun(journal: str | Path | None) -> str:
    """What the propagation of a journal file works over, "cells" or "all"; "" where there is no such file."""
    if journal is None or not Path(journal).suffix:
        return ""
    header = begun_with(Path(journal))
    return "" if header is None else str(header.get("tree", "all"))
