"""Binary cluster trees as plain arrays: every cluster is a contiguous range of one order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError

Ints = npt.NDArray[np.int64]

NONE = -1


@dataclass(frozen=True)
class Forest:
    """Cluster trees, one per label, over rows 0..n-1; a tree of n rows has 2n - 1 clusters.

    Cluster ``c`` holds the rows ``order[start[c]:stop[c]]``. So its descendants are the clusters within this
    range, and the range alone names the cluster, even without the tree.

    Attributes:
        order: rows, each once; the rows of a cluster are adjacent, ``(n,)`` int64.
        start: first place of each cluster in ``order``, ``(m,)`` int64.
        stop: one past its last place, ``(m,)`` int64.
        left: its first child, -1 where it holds one row, ``(m,)`` int64.
        right: its second child, ``(m,)`` int64.
        height: distance at which it was joined, 0 for single rows, ``(m,)`` float32.
        roots: the cluster of all rows of each label, in the order of label codes; labels without rows are
            left out, ``(k,)`` int64.
        labels: label code of each root, ``(k,)`` int64.

    Raises:
        DataError: the arrays do not fit together.
    """

    order: Ints
    start: Ints
    stop: Ints
    left: Ints
    right: Ints
    height: npt.NDArray[np.float32]
    roots: Ints
    labels: Ints

    def __post_init__(self) -> None:
        m = len(self.start)
        for name in ("stop", "left", "right", "height"):
            if len(getattr(self, name)) != m:
                raise DataError(
                    f"{name} must hold one value per cluster, ({m},), got {len(getattr(self, name))}"
                )
        if len(self.roots) != len(self.labels):
            raise DataError(
                f"roots and labels must be of one length, got {len(self.roots)}, {len(self.labels)}"
            )
        if m and 2 * len(self.order) - len(self.roots) != m:
            expected = 2 * len(self.order) - len(self.roots)
            raise DataError(
                f"{len(self.order)} rows in {len(self.roots)} trees make {expected} clusters, got {m}"
            )

    def __len__(self) -> int:
        return len(self.start)

    @property
    def n_rows(self) -> int:
        """Number of rows in the trees."""
        return len(self.order)

    @property
    def size(self) -> Ints:
        """Rows of each cluster, ``(m,)`` int64."""
        return self.stop - self.start

    @cached_property
    def parent(self) -> Ints:
        """The cluster each one was joined into, -1 for roots, ``(m,)`` int64."""
        out = np.full(len(self), NONE, np.int64)
        inner = np.flatnonzero(self.left != NONE)
        out[self.left[inner]] = inner
        out[self.right[inner]] = inner
        return out

    def span(self, cluster: int) -> tuple[int, int]:
        """First place of a cluster in ``order``, and one past its last: its name."""
        return int(self.start[cluster]), int(self.stop[cluster])

    def find(self, start: int, stop: int) -> int:
        """The cluster that is named by its first place and one past its last."""
        return int(np.flatnonzero((self.start == start) & (self.stop == stop))[0])

    def ordered(self, cluster: int) -> bool:  # noqa: ARG002  # as in CellForest
        """Whether the rows of a cluster are adjacent in ``order``: here all are."""
        return True

    def rows(self, cluster: int) -> Ints:
        """Rows of a cluster."""
        return self.order[self.start[cluster] : self.stop[cluster]]

    def between(self, start: int, stop: int) -> Ints:
        """Rows of the cluster that is named by its first place and one past its last."""
        return self.order[start:stop]

    def children(self, cluster: int) -> tuple[int, int] | None:
        """The two clusters it was joined from; None where it holds one row."""
        if self.left[cluster] == NONE:
            return None
        return int(self.left[cluster]), int(self.right[cluster])
