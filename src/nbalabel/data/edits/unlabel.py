"""Reset images to unlabeled."""

from __future__ import annotations

import numpy as np

from ...core.change.change import Change, TableChange
from ...core.change.table_change import take_rows
from ...core.tables.state import State
from .image_state import unlabeled


def unlabel(state: State, ids: np.ndarray, origin: str) -> Change:
    """Remove what lies on images, and reset their state; see :meth:`Dataset.unlabel`."""
    tables: dict[str, TableChange] = {}
    parts = [f"{len(ids):,} images are unlabeled"]
    for name, verb in (("instances", "removed"), ("rejected", "forgot"), ("regions", "removed")):
        on = state.tables[name]["image_id"].isin(ids).to_numpy()
        if on.any():
            tables[name] = TableChange(deleted=take_rows(state.tables[name], on))
            parts.append(f"{verb} {int(on.sum()):,} {name} on them")
    images = unlabeled(state.tables["images"], ids)
    tables |= {"images": images} if images else {}
    return Change(tables, None, origin, ", ".join(parts))
