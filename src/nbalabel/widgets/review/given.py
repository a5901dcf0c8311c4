"""The answers given in one review: their Changes, and what the rows were before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.id_sets import union
from ...data.edits.answers import VERBS
from ..workspace.selection import Ids
from .items import ACCEPTED, CORRECTED, GONE, OPEN, REJECTED, States

_MASK = ["image_id", "label", "mask"]


class Given:
    """Answers by item, the last one last, with those that were taken back."""

    def __init__(self) -> None:
        self._made: dict[int, list[Change]] = {}
        self._undone: dict[int, list[Change]] = {}
        self._before: dict[int, pd.DataFrame] = {}

    def of(self, item_id: int | None) -> list[Change]:
        """The answers to an item, the first one first."""
        return [] if item_id is None else self._made.get(item_id, [])

    def undone(self, item_id: int) -> list[Change]:
        """The answers to an item that were taken back, the last one last."""
        return self._undone.get(item_id, [])

    def item(self, change: str) -> int | None:
        """The item whose last answer a Change is; None if it is none."""
        return next((key for key, made in self._made.items() if made and made[-1].id == change), None)

    def add(self, item_id: int, earlier: list[Change], change: Change, before: pd.DataFrame) -> None:
        """Keep an answer.

        Args:
            item_id: of the item.
            earlier: the answers to it that still hold.
            change: what the answer made.
            before: the row before.
        """
        if not earlier:
            self._before[item_id] = before
        self._made[item_id] = [*earlier, change]

    def take_back(self, item_id: int) -> None:
        """Keep in mind that the last answer to an item was taken back."""
        *made, last = self._made[item_id]
        self._made[item_id], self._undone[item_id] = made, [*self.undone(item_id), last]

    def again(self, item_id: int) -> Change:
        """Keep in mind that the answer taken back last was given again; returns it."""
        *undone, last = self._undone[item_id]
        self._made[item_id], self._undone[item_id] = [*self.of(item_id), last], undone
        return last

    def judged(self, of: str, frame: pd.DataFrame) -> pd.DataFrame:
        """Masks accepted as they are, and those corrected as they were, with a column ``right``.

        Args:
            of: table of the items. A prediction that was added was right.
            frame: the table now.
        """
        if of == "images":
            return frame.iloc[:0][[]].assign(right=True)
        last = {item: _verb(made[-1]) for item, made in self._made.items() if made}
        accepted = [item for item, verb in last.items() if verb == VERBS["accept"]]
        out = frame.loc[frame.index.isin(accepted), _MASK].assign(right=True)
        corrected = [item for item, verb in last.items() if verb == VERBS["correct"]]
        before = [self._before[item][_MASK].assign(right=of == "predictions") for item in corrected]
        return pd.concat([out, *before]) if before else out

    def states(self, of: str, ids: Ids, found: States, again: bool) -> States:
        """States of items, those that a correction made given here changed or removed as CORRECTED.

        Args:
            of: table of the items.
            ids: of the items, ``(n,)``.
            found: their states by the tables, ``(n,)``; what was removed here is REJECTED, not GONE.
            again: whether rows that were decided elsewhere are OPEN.
        """
        last = {item: made[-1] for item, made in self._made.items() if made}
        corrections = [change for change in last.values() if _verb(change) == VERBS["correct"]]
        along = {i for change in corrections for i in _touched(change)} if of == "instances" else set[int]()
        corrected = {item for item, change in last.items() if change in corrections} | (along - set(last))
        mine = _among(ids, along | set(last))
        out = found.copy()
        if of == "instances":
            out[(out == GONE) & mine] = REJECTED
        decided = (out == ACCEPTED) | (out == REJECTED)
        if again:
            out[decided & ~mine] = OPEN
        out[decided & _among(ids, corrected)] = CORRECTED
        return out


def _verb(change: Change) -> str:
    return change.note.split(" ")[0]


def _touched(change: Change) -> list[int]:
    rows = change.tables.get("instances")
    return [] if rows is None else [int(i) for i in union(ids_of(rows.deleted), rows.updated_ids)]


def _among(ids: Ids, some: set[int]) -> npt.NDArray[np.bool_]:
    return np.isin(ids, np.fromiter(some, np.int64, len(some)))
