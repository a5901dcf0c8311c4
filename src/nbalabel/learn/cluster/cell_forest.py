"""Cluster trees over cells of rows; the tree inside a cell is made when somebody looks into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .dendrogram import Dendrogram, forest
from .forest import NONE, Forest

Ints = npt.NDArray[np.int64]
Open: TypeAlias = Callable[[Ints, int], Dendrogram]
"""Makes the tree of some rows of a label: rows and the label's code."""


@dataclass(frozen=True, eq=False)
class CellForest:
    """Cluster trees, one per label, of which those inside the cells are made when they are needed.

    It answers what `Forest` answers, one cluster at a time. Clusters below ``len(top)`` are those of ``top``;
    the clusters inside a cell have numbers of their own, which follow from the place of the cell, so they do
    not depend on what was opened before.

    Attributes:
        top: trees whose rows are the cells.
        order: rows, each once, cell by cell in the order of ``top``, rising in each cell, ``(n,)`` int64.
        begin: place in ``order`` of the first row of each cell, in the order of ``top``, and n, ``(c + 1,)``.
        open: makes the tree inside a cell; the same one for the same rows.
    """

    top: Forest
    order: Ints
    begin: Ints
    open: Open
    _opened: dict[int, Forest] = field(default_factory=dict, init=False)

    def __deepcopy__(self, memo: object) -> CellForest:
        return self  # only ever learns what follows from the rows

    @property
    def roots(self) -> Ints:
        """The cluster of all rows of each label."""
        return self.top.roots

    @property
    def labels(self) -> Ints:
        """Label code of each root."""
        return self.top.labels

    @property
    def n_rows(self) -> int:
        """Number of rows in the trees."""
        return len(self.order)

    @property
    def n_opened(self) -> int:
        """Cells that were looked into."""
        return len(self._opened)

    def span(self, cluster: int) -> tuple[int, int]:
        """First place of a cluster in the order of the rows, and one past its last."""
        if cluster < len(self.top):
            return int(self.begin[self.top.start[cluster]]), int(self.begin[self.top.stop[cluster]])
        place, inner = self._inside(cluster)
        first, inside = int(self.begin[place]), self._tree(place)
        return first + int(inside.start[inner]), first + int(inside.stop[inner])

    def ordered(self, cluster: int) -> bool:
        """Whether the rows of a cluster are adjacent in ``order``: those inside a cell need not be."""
        return cluster < len(self.top)

    def rows(self, cluster: int) -> Ints:
        """Rows of a cluster."""
        return self.between(*self.span(cluster))

    def between(self, start: int, stop: int) -> Ints:
        """Rows of the cluster that is named by its first place and one past its last."""
        place = int(np.searchsorted(self.begin, start, side="right")) - 1
        first, last = int(self.begin[place]), int(self.begin[place + 1])
        if stop > last or (start, stop) == (first, last):
            return self.order[start:stop]
        return self.order[first:last][self._tree(place).order[start - first : stop - first]]

    def children(self, cluster: int) -> tuple[int, int] | None:
        """The two clusters it was joined from; None where it holds one row."""
        if cluster < len(self.top):
            pair = self.top.children(cluster)
            if pair is not None:
                return pair
            place, inner = int(self.top.start[cluster]), NONE
        else:
            place, inner = self._inside(cluster)
        if self.begin[place + 1] - self.begin[place] == 1:
            return None
        pair = self._tree(place).children(inner)
        shift = len(self.top) + 2 * int(self.begin[place])
        return None if pair is None else (pair[0] + shift, pair[1] + shift)

    def find(self, start: int, stop: int) -> int:
        """The cluster that is named by its first place and one past its last."""
        place = int(np.searchsorted(self.begin, start, side="right")) - 1
        first, last = int(self.begin[place]), int(self.begin[place + 1])
        if stop > last or (start, stop) == (first, last):
            return self.top.find(place, int(np.searchsorted(self.begin, stop)))
        return len(self.top) + 2 * first + self._tree(place).find(start - first, stop - first)

    def _inside(self, cluster: int) -> tuple[int, int]:
        """The place of the cell of an inner cluster, and the number of the cluster in it."""
        inner = cluster - len(self.top)
        place = int(np.searchsorted(self.begin, inner // 2, side="right")) - 1
        return place, inner - 2 * int(self.begin[place])

    def _tree(self, place: int) -> Forest:
        """The tree inside the cell at a place in the order of ``top``."""
        if place not in self._opened:
            rows = self.order[self.begin[place] : self.begin[place + 1]]
            label = int(self.labels[np.searchsorted(self.top.stop[self.roots], place, side="right")])
            inside = self.open(rows, label)
            self._opened[place] = forest([(label, np.arange(len(rows)), inside)])
        return self._opened[place]
