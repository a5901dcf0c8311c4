"""A cut through the trees, whose clusters questions are about; it gets finer where answers disagree."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from ..state.ledger import NO, UNKNOWN, YES, Ledger

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_PRIOR = 8.0  # prior strength of the belief about a cluster, in answers


@dataclass
class Regions:
    """A cut through the trees: the clusters that questions are about.

    Attributes:
        ledger: what is known about the candidates.
        open: clusters of the cut that questions may still be about.
        most: clusters of the first cut.
        roots: the trees that questions are about; None takes all.
        state: state of every cluster examined: "open", "split", "rejected", "skipped".
    """

    ledger: Ledger
    most: int = 32
    roots: tuple[int, ...] | None = None
    state: dict[int, str] = field(default_factory=dict)
    _n_told: int = field(default=0, init=False)

    @property
    def open(self) -> list[int]:
        """Clusters that questions may be about, in the order they came up."""
        return [c for c, state in self.state.items() if state == "open"]

    def cut(self, chance: Doubles) -> None:
        """Make the first cut: from the roots on, split the cluster whose masks differ most in chance."""
        forest = self.ledger.forest
        adjacent = _spread(chance[forest.order])

        def spread(cluster: int) -> float:
            if forest.ordered(cluster):
                return adjacent(*forest.span(cluster))
            return _spread(chance[forest.rows(cluster)])(0, len(forest.rows(cluster)))

        self.state = dict.fromkeys(map(int, forest.roots if self.roots is None else self.roots), "open")
        while len(self.open) < self.most:
            worth = {c: spread(c) for c in self.open if np.diff(forest.span(c))[0] > 1}
            if not worth:
                return
            self.split(max(worth, key=lambda c: worth[c]))

    def split(self, cluster: int) -> None:
        """Replace a cluster by its two children."""
        children = self.ledger.forest.children(cluster)
        if children is not None:
            self.state[cluster] = "split"
            self.state.update(dict.fromkeys(children, "open"))

    def new(self) -> list[int]:
        """Clusters that came up since this was last asked, parents first."""
        found = list(self.state)[self._n_told :]
        self._n_told = len(self.state)
        return found

    def rows(self, cluster: int, *, unknown: bool = False) -> Ints:
        """Candidates in a cluster, without known rows; ``unknown`` takes only those without an answer."""
        rows = self.ledger.forest.rows(cluster)
        for said in (self.ledger.known, self.ledger.answer)[: 1 + unknown]:
            none = said[rows] == UNKNOWN
            rows = rows if none.all() else rows[none]
        return rows

    def counts(self, cluster: int) -> tuple[int, int]:
        """Answers about masks of a cluster: yes, no."""
        said = self.ledger.answer[self.ledger.forest.rows(cluster)]
        return int((said == YES).sum()), int((said == NO).sum())

    def gain(self, cluster: int, chance: Doubles, edge: float, target: float, n: int) -> float:
        """Masks that n answers about a cluster are expected to gain, because they may change its decision.

        The expected value of sample information: a cluster is worth having where its quality is above the
        edge, in proportion to the distance, so the gain is how far n answers may move it across the edge.

        Args:
            cluster: the cluster.
            chance: chance to be right of each of its masks without an answer, ``(k,)``.
            edge: chance below which masks are not worth an audit.
            target: target share of right masks.
            n: number of answers.

        Source: Frazier, Powell & Dayanik 2008, "A knowledge-gradient policy for sequential information
        collection".
        """
        if not len(chance):
            return 0.0
        yes, no = self.counts(cluster)
        mean = float(chance.mean())
        weight = _PRIOR + yes + no
        n = min(n, len(chance))
        spread = np.sqrt(mean * (1 - mean) / (weight + 1) * n / (weight + n)) + 1e-9
        far = -abs(mean - edge) / spread
        loss = spread * (norm.pdf(far) + far * norm.cdf(far))
        return float(len(chance) * loss / max(target - edge, 0.05))


def _spread(chance: Doubles):  # type: ignore[no-untyped-def]
    """A function of start and stop: the sum of squared deviations of the chances between them."""
    first, second = np.r_[0, np.cumsum(chance)], np.r_[0, np.cumsum(chance**2)]

    def within(start: int, stop: int) -> float:
        n = stop - start
        mean = (first[stop] - first[start]) / n
        return float(second[stop] - second[start] - n * mean**2)

    return within
