"""The order of asking where rows are ranked by a chance: anew after each answer."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..workspace.ranks import ID_OF, Ranks, about
from ..workspace.selection import Ids
from .suggestion import Suggestion

_SHARE = 10.0  # an answer is ranked by at once, unless the last ranking took a tenth of the time since


class Ranking:
    """The order in which a review asks, and what it says about each row.

    Attributes:
        now: the rows as they are ranked now.
    """

    def __init__(self, ranks: Ranks, of: str) -> None:
        self.now = ranks
        self._of = of
        self._seen: tuple[int, tuple[int, ...]] | None = None
        self._next = 0.0

    def rows(self) -> pd.DataFrame:
        """The rows to ask about, the likeliest first; what is settled or was answered right is left out."""
        found, answers = self._ranked(), self.now.answers
        right = self.now.table.loc[answers.index[~answers.to_numpy(bool)], ID_OF[self._of]]
        return found[~found.index.isin(right.dropna())]

    def learn(self, source: Any, rev: int) -> None:
        """Rank anew, if there are other answers or tables than at the last time and that is long enough ago.

        Args:
            source: where answers were given, with its ``answers``.
            rev: revision of the tables.
        """
        began = time.monotonic()
        given = tuple(source.answers.index.tolist())
        if (rev, given) == self._seen or began < self._next:
            return
        if self._seen is not None or given:
            self.now = self.now.updated(source)
        ended = time.monotonic()
        self._seen, self._next = (rev, given), ended + _SHARE * (ended - began)

    def order(self, ids: Ids) -> npt.NDArray[np.int32]:
        """Places of ids in the order of asking, ``(n,)``; those that are settled come last."""
        at = self._ranked().index.get_indexer(pd.Index(ids))
        return np.argsort(np.where(at < 0, len(ids), at), kind="stable").astype(np.int32)

    def facts(self, item_id: int) -> list[list[Any]]:
        """What is suspected of a row: [name, value, kind] of each fact, as ``facts_of`` has them."""
        mine = self._about(item_id)
        if not len(mine):
            return []
        first = mine.iloc[0]
        kind, guess = str(first["kind"]), first["guess"]
        what = f"{kind}, looks like {guess}" if kind == "swapped" and isinstance(guess, str) else kind
        facts: list[list[Any]] = [["suspicion", what, "text"], ["chance", float(first["score"]), "number"]]
        return facts if self.suggestion(item_id).word else [*facts, ["correction", "none", "text"]]

    def suggestion(self, item_id: int) -> Suggestion:
        """The Change that would correct a row, and what is suspected of it."""
        mine = self._about(item_id)
        mine = mine[~mine["settled"].to_numpy(bool)].iloc[:1]
        return Suggestion(self.now.change(mine), str(mine["kind"].iloc[0]) if len(mine) else "")

    def _about(self, item_id: int) -> pd.DataFrame:
        """What is suspected of a row, the likeliest first."""
        rows = about(self.now.table, self._of)
        return rows[(rows[ID_OF[self._of]] == item_id).to_numpy(bool)]

    def _ranked(self) -> pd.DataFrame:
        return self.now.instances() if self._of == "instances" else self.now.predictions()
