"""Which candidates a search is about: all, or those of some labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..state.ledger import NO, UNKNOWN, YES, Ledger

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scope:
    """The candidates of a search.

    Attributes:
        rows: whether each row is one of them, ``(n,)`` bool.
        barred: rows that overlap a row of another search which is kept instead, ``(n,)`` bool.
        roots: cluster trees of these rows.
        all: whether these are all rows there are.
    """

    rows: Bools
    barred: Bools
    roots: tuple[int, ...]
    all: bool = False

    def __deepcopy__(self, memo: object) -> Scope:
        return self  # never changes

    @classmethod
    def everything(cls, ledger: Ledger) -> Scope:
        """All candidates of a ledger."""
        n = len(ledger.scores)
        roots = tuple(map(int, ledger.forest.roots))
        return cls(np.ones(n, np.bool_), np.zeros(n, np.bool_), roots, all=True)

    @classmethod
    def of_labels(cls, ledger: Ledger, groups: list[npt.NDArray[np.int64]]) -> list[Scope]:
        """One scope per group of label codes; of rows of two groups that overlap, the higher score stays."""
        group = np.full(int(ledger.labels.max(initial=0)) + 1, -1)
        for at, codes in enumerate(groups):
            group[codes] = at
        of_row = group[ledger.labels]
        barred = np.zeros(len(of_row), np.bool_)
        across = ledger.rivals[of_row[ledger.rivals[:, 0]] != of_row[ledger.rivals[:, 1]]]
        if len(across):
            lower = np.argmin(ledger.scores[across], axis=1)
            barred[across[np.arange(len(across)), lower]] = True
        forest = ledger.forest
        of_root = group[forest.labels]
        trees = [tuple(map(int, forest.roots[of_root == at])) for at in range(len(groups))]
        return [cls(of_row == at, barred, roots) for at, roots in enumerate(trees)]

    def spent(self, ledger: Ledger) -> int:
        """Answers given in this search; of a search about all candidates, mixed-in masks included."""
        return ledger.n_answers if self.all else int((ledger.answer[self.rows] != UNKNOWN).sum())

    def known(self, ledger: Ledger) -> int:
        """Rows whose answer is known beforehand."""
        return int((ledger.known[self.rows] != UNKNOWN).sum())

    def candidates(self, ledger: Ledger) -> int:
        """Rows whose answer is not known beforehand."""
        return int((ledger.known[self.rows] == UNKNOWN).sum())

    def right(self, ledger: Ledger) -> int:
        """Rows answered yes."""
        return int((ledger.answer[self.rows] == YES).sum())

    def refused(self, ledger: Ledger) -> int:
        """Rows answered no."""
        return int((ledger.answer[self.rows] == NO).sum())

    def free(self, ledger: Ledger) -> Bools:
        """Rows that may be audited: not answered, known or barred, ``(n,)`` bool."""
        return self.rows & ~self.barred & (ledger.answer == UNKNOWN) & (ledger.known == UNKNOWN)
