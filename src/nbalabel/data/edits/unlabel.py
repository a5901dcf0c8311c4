"""Images taken back to where nobody has labeled them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import take_rows
from ...core.tables.arrays import equal, positions, take, values
from ...core.tables.state import State


def unlabel(state: State, ids: np.ndarray, origin: str) -> Change:
    """Remove what is said about some images; see :meth:`Dataset.unlabel`."""
    tables: dict[str, TableChange] = {}
    parts = [f"{len(ids):,} images are unlabeled"]
    for name, verb in (("instances", "removed"), ("rejected", "forgot")):
        on = state.tables[name]["image_id"].isin(ids).to_numpy()
        if on.any():
            tables[name] = TableChange(deleted=take_rows(state.tables[name], on))
            parts.append(f"{verb} {int(on.sum()):,} {name} on them")
    images = _unlabeled(state.tables["images"], ids)
    tables |= {"images": images} if images else {}
    return Change(tables, None, origin, ", ".join(parts))


def _unlabeled(images: pd.DataFrame, ids: np.ndarray) -> TableChange:
    at = positions(images.index, ids)
    was = take(values(images["state"]), at)
    weight = take(values(images["weight"]), at)
    wanted = pd.Categorical(["unlabeled"] * len(ids), dtype=was.dtype)
    none = np.zeros(len(ids), weight.dtype)
    cells = {
        "state": Cells(ids, was, wanted).at(~equal(was, wanted)),
        "weight": Cells(ids, weight, none).at(~equal(weight, none)),
    }
    return TableChange(updated={name: cell for name, cell in cells.items() if len(cell.ids)})
