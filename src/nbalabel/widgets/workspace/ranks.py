"""Rows ranked by a chance: what views ask of suspects, and the columns that are made of them."""

from __future__ import annotations

import time
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from ...core.change.change import Change
from .columns import Column, colors_of
from .selection import Ids

SUSPICION, CHANCE = "suspicion", "chance"
ID_OF = {"instances": "instance_id", "predictions": "prediction_id"}
"""The column of the suspicions with the ids of a table."""

_SHARE = 10.0  # ranked anew at once, unless that takes more than a tenth of the time
_QUICK = 0.3  # seconds of a ranking that is made after each edit


@runtime_checkable
class Ranks(Protocol):
    """Rows ranked by the chance that something is wrong with them, as ``nl.suspects`` returns them."""

    @property
    def table(self) -> pd.DataFrame:
        """Suspicions, the likeliest first: ``kind``, ``score``, ``guess``, ``settled``, and the ids."""

    @property
    def answers(self) -> pd.Series:
        """Whether something was wrong, by the index of the table, where that was answered."""

    def updated(self, *sources: Any) -> Ranks:
        """The same, ranked anew by what was answered and edited."""

    def change(self, rows: Any = None) -> Change:
        """The Change that would correct what rows of the table suspect; an empty one if nothing would."""

    def instances(self, rows: Any = None) -> pd.DataFrame:
        """The labels that suspicions are about, the likeliest first."""

    def predictions(self, rows: Any = None) -> pd.DataFrame:
        """The predictions that lack a label, the likeliest first."""


def about(table: pd.DataFrame, of: str) -> pd.DataFrame:
    """The suspicions about rows of "instances" or "predictions", the likeliest first."""
    rows = table[table[ID_OF[of]].notna()]
    return rows[(rows["kind"] == "missing").to_numpy()] if of == "predictions" else rows


class Suspected:
    """The columns ``suspicion`` and ``chance`` of a workspace; ranked anew when read after an edit.

    Where ranking takes long, it takes a tenth of the time at most: several edits come before the next.

    Args:
        ranks: the suspicions.
    """

    def __init__(self, ranks: Ranks) -> None:
        self.now = ranks
        self._outdated = True
        self._next = 0.0
        self._first: dict[str, pd.DataFrame] = {}

    def outdate(self) -> None:
        """Rank anew before the next answer: the tables have changed."""
        self._outdated = True

    def ranked(self) -> Ranks:
        """The suspicions by what is known now."""
        began = time.monotonic()
        if self._outdated and began >= self._next:
            self.now, self._outdated, self._first = self.now.updated(), False, {}
            took = time.monotonic() - began
            self._next = 0.0 if took < _QUICK else began + took * (1 + _SHARE)
        return self.now

    def column(self, of: str, name: str, ids: Ids) -> Column:
        """One of the two columns: missing where nothing is suspected, or where it is settled.

        Args:
            of: "instances" or "predictions".
            name: ``suspicion`` or ``chance``.
            ids: of all rows, ``(n,)``.
        """
        rows = self._of(of)
        at = rows.index.get_indexer(pd.Index(ids))
        if name == CHANCE:
            chance = np.append(rows["score"].to_numpy(np.float64), np.nan)
            return Column(CHANCE, "number", chance[at], home="derived")
        kinds = tuple(map(str, rows["kind"].cat.categories))
        codes = np.append(rows["kind"].cat.codes.to_numpy(np.int32), np.int32(-1))
        return Column(SUSPICION, "category", codes[at], kinds, colors_of(SUSPICION, kinds), home="derived")

    def change(self, of: str, ids: Ids) -> Change:
        """The Change that corrects rows as is suggested; of what is settled or odd nothing follows."""
        table = about(self.ranked().table, of)
        return self.now.change(table[table[ID_OF[of]].isin(ids).to_numpy()])

    def _of(self, of: str) -> pd.DataFrame:
        """The likeliest open suspicion about each row, by its id."""
        table = self.ranked().table
        if of not in self._first:
            rows = about(table[~table["settled"].to_numpy(bool)], of)
            rows = rows.set_index(rows[ID_OF[of]].astype(np.int64))
            self._first[of] = rows[~rows.index.duplicated()]
        return self._first[of]
