"""Compare two states: rows added, rows removed, and changed cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.change.table_change import Cells
from ...core.geometry.masks import rle
from ...core.ontology.entries import Entries, named
from ...core.tables.arrays import positions, values
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State


@dataclass(frozen=True, eq=False)
class Comparison:
    """The differences between two versions.

    Attributes:
        a: name of the first version.
        b: name of the second version.
        added: table -> rows that only ``b`` has.
        removed: table -> rows that only ``a`` has.
        updated: table -> one row per changed cell, indexed by its id: column, old, new and, for masks, iou.
        ontology: (where, name) -> the definition or attribute in ``a`` and in ``b``.
    """

    a: str
    b: str
    added: Mapping[str, pd.DataFrame]
    removed: Mapping[str, pd.DataFrame]
    updated: Mapping[str, pd.DataFrame]
    ontology: Entries = field(default_factory=dict)

    @classmethod
    def of(cls, a: str, b: str, change: Change, before: State, after: State) -> Comparison:
        """Build a Comparison from a change.

        Args:
            a: name of the state before.
            b: name of the state after.
            change: the change from the first state to the second.
            before: the state before.
            after: the state after.
        """
        added, removed, updated = {}, {}, {}
        for name, frame in after.tables.items():
            rows = change.tables.get(name)
            empty = frame.iloc[:0]
            added[name] = rows.created if rows and len(rows.created) else empty
            removed[name] = rows.deleted if rows and len(rows.deleted) else before.tables[name].iloc[:0]
            cells = rows.updated if rows else {}
            listed = [_listed(column, c, before, after, name) for column, c in cells.items() if len(c.ids)]
            blank = pd.DataFrame({"column": [], "old": [], "new": [], "iou": []}, index=empty.index)
            updated[name] = pd.concat(listed).sort_index(kind="stable") if listed else blank
        return cls(a, b, added, removed, updated, change.ontology)

    def __repr__(self) -> str:
        lines = [f"{self.a} → {self.b}"]
        for name in self.added:
            counts = [
                f"{len(self.added[name]):,} added",
                f"{len(self.removed[name]):,} removed",
                f"{self.updated[name].index.nunique():,} updated",
            ]
            if any(not text.startswith("0 ") for text in counts):
                lines.append(f"  {name}: {', '.join(counts)}")
        if self.ontology:
            lines.append(f"  ontology: {', '.join(map(named, self.ontology))}")
        return "\n".join(lines if len(lines) > 1 else [f"{lines[0]}: the same"])


def _listed(column: str, cells: Cells, before: State, after: State, table: str) -> pd.DataFrame:
    n = len(cells.ids)
    frame = pd.DataFrame(
        {
            "column": pd.Series([column] * n, dtype="str").array,
            "old": _objects(cells.old, n),
            "new": _objects(cells.new, n),
            "iou": _mask_iou(cells, before, after, table) if column == "mask" else np.full(n, np.nan),
        },
        index=pd.Index(cells.ids, name=after.tables[table].index.name),
    )
    return frame.astype({"old": object, "new": object})


def _objects(array: Any, n: int) -> Any:
    return pd.Series([None] * n if array is None else list(array), dtype=object).array


def _mask_iou(cells: Cells, before: State, after: State, table: str) -> np.ndarray:
    """IoU of each old mask with its new one; missing where the images differ in size."""
    old_sizes, new_sizes = _sizes(before, cells.ids, table), _sizes(after, cells.ids, table)
    same = (old_sizes == new_sizes).all(axis=1)
    out = np.full(len(cells.ids), np.nan)
    kept = cells.at(same)
    if len(kept.ids):
        out[same] = rle.iou_pairs(kept.old, kept.new)
    return out


def _sizes(state: State, ids: np.ndarray, table: str) -> np.ndarray:
    frame, images = state.tables[table], state.tables["images"]
    image_ids = values(frame["image_id"])[positions(frame.index, ids)]
    return sizes_of(images, image_ids, ids, table)
