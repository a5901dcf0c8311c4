"""The paper's search: ask about 15 masks of a cluster; accept it, reject it, or split it."""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from ....core.errors import DataError
from ....core.question import Outlook, Question
from ..state.ledger import ACCEPTED, NO, OPEN, REJECTED, UNKNOWN, YES, Ledger
from ..state.rivals import suppress
from .thresholds import learn_thresholds

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class Paper:
    """Goes through the clusters from the roots down, in one of several orders.

    A cluster with mean score S is rejected unseen where S <= ``k_pr``, and split unseen where ``k_pr`` < S <=
    ``k_pa``; else ``n_samples`` of its masks, drawn at random, are asked about. With Q the share of yes, the
    cluster is accepted where Q >= ``accept``, rejected where Q <= 1 - ``accept``, else split. Masks keep the
    name of the cluster that decided; an answered mask is always decided by its own answer.

    Orders: "score" takes the cluster of the best mean score first (the paper's choice), "bfs" the one nearest
    to its root, "dfs" goes down to the left first, "dfs-score" down to the better child first. "universal"
    cuts all trees at one height and asks about the clusters there, best first, without splitting them.

    Args:
        ledger: what is known about the candidates.
        target_quality: default of ``accept``.
        alpha: not used: the paper gives no guarantee.
        seed: seed of the samples; a cluster's sample depends on nothing else.
        order: see above.
        n_samples: masks per question; all masks of a smaller cluster.
        accept: share of yes that accepts a cluster, in (0.5, 1].
        k_pr: mean score up to which a cluster is rejected unseen; None learns it from known rows, and rejects
            nothing unseen where there are too few.
        k_pa: mean score up to which a cluster is split unseen; None likewise.
        reuse: masks of a sample that were answered before, in a larger cluster, count without being asked
            about again. False asks again, as the paper counts answers.
        cut: height of the "universal" cut; None leaves about sqrt(n) clusters per tree.

    Raises:
        DataError: an option is out of its range.

    Source: Papadopoulos, Weber & Torralba, "Scaling up instance annotation via label propagation", ICCV 2021.
    """

    n_tests = 0
    guarantees = False

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,
        alpha: float = 0.05,  # noqa: ARG002  # every strategy takes it
        seed: int = 0,
        order: str = "score",
        n_samples: int = 15,
        accept: float | None = None,
        k_pr: float | None = None,
        k_pa: float | None = None,
        reuse: bool = True,
        cut: float | None = None,
    ) -> None:
        self.accept = target_quality if accept is None else accept
        if n_samples < 1 or not 0.5 < self.accept <= 1:
            raise DataError(
                f"n_samples must be at least 1 and accept in (0.5, 1], got {n_samples} and {self.accept}"
            )
        self.name = "paper" if order == "score" else order
        self.order, self.n_samples, self.seed, self.reuse = order, n_samples, seed, reuse
        learned = learn_thresholds(ledger, self.accept) if k_pr is None or k_pa is None else (0.0, 0.0)
        self.k_pr = learned[0] if k_pr is None else k_pr
        self.k_pa = learned[1] if k_pa is None else k_pa
        self.phase = "search"
        self._n, self._score = _candidates(ledger)
        self._state: dict[int, str] = {}
        self._sample: dict[int, Ints] = {}
        self._left: dict[int, Ints] = {}  # rows of a sample that are still to be asked about
        self._quality: dict[int, float] = {}
        self._asked: int | None = None
        self._place = np.zeros(len(ledger.scores), np.int64)
        self._place[ledger.whole.order] = np.arange(ledger.whole.n_rows)
        self._pushed, self._depth = 0, dict[int, int]()
        self._queue: list[tuple[tuple[float, ...], int]] = []
        starts = ledger.whole.roots if order != "universal" else _standing(ledger, cut)
        self._push(starts.tolist(), 0)

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question; clusters that need no question are decided on the way."""
        while self._queue:
            key, cluster = heapq.heappop(self._queue)
            if cluster not in self._left and self._unseen(ledger, cluster):
                continue
            rows = self._open(ledger, cluster)[:limit]
            if not len(rows):
                self._conclude(ledger, cluster)
                continue
            self._asked, self._at = cluster, key
            name = f"{ledger.whole.start[cluster]}-{ledger.whole.stop[cluster]}"
            size = int(self._n[cluster])
            return Question(number, rows, rows, "sample", name, "", size, f"A sample of {size:,} masks.")
        self._end(ledger)
        return None

    def heard(
        self,
        ledger: Ledger,
        question: Question,  # noqa: ARG002  # it is the current one
        answers: npt.NDArray[np.bool_],
    ) -> None:
        """Decide about the cluster, once its sample is answered in full."""
        cluster = self._current()
        self._left[cluster] = self._left[cluster][len(answers) :]
        if len(self._left[cluster]):
            heapq.heappush(self._queue, (self._at, cluster))
        else:
            self._conclude(ledger, cluster)
        suppress(ledger)

    def skipped(self, ledger: Ledger, question: Question) -> None:  # noqa: ARG002  # the current one
        """Leave the cluster undecided."""
        self._state[self._current()] = "skipped"

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:
        """The posterior of the cluster's quality under a uniform prior, and the outcomes still possible."""
        from scipy.stats import beta

        sample = self._sample[self._current()]
        said = np.where(np.isin(sample, question.rows), UNKNOWN, ledger.answer[sample])
        yes = int((said == YES).sum() + (answers == YES).sum())
        no = int((said == NO).sum() + (answers == NO).sum())
        low, high = (float(x) for x in beta.ppf([0.05, 0.95], 1 + yes, 1 + no))
        least, most = yes / len(sample), (len(sample) - no) / len(sample)
        outcomes = list(dict.fromkeys([self._outcome(least), self._outcome(most)]))
        if {"accept", "reject"} <= set(outcomes):
            outcomes.append("split")
        outcome = outcomes[0] if len(outcomes) == 1 else "more"
        return Outlook((1 + yes) / (2 + yes + no), low, high, outcome, dict.fromkeys(outcomes, question.size))

    def finish(self, ledger: Ledger) -> None:
        """Leave open clusters open; only their answered masks are decided."""
        self._settle(ledger, np.arange(len(ledger.scores)))
        self._end(ledger)

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """The mean of the accepted samples, weighted by cluster size; no bound is claimed."""
        n = int((ledger.decision == ACCEPTED).sum())
        size = np.array([self._n[c] for c in self._quality if self._state[c] == "accepted"], np.float64)
        quality = [q for c, q in self._quality.items() if self._state[c] == "accepted"]
        estimate = float(np.average(quality, weights=size)) if size.sum() else np.nan
        return estimate, np.nan, f"{n:,} masks accepted; this search states no guarantee."

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters examined, with their state."""
        forest = ledger.whole
        return [(int(forest.start[c]), int(forest.stop[c]), state) for c, state in self._state.items()]

    def _push(self, clusters: list[int], depth: int) -> None:
        """Add clusters to the queue; of equal ones the first comes out first."""
        if self.order == "dfs":
            clusters = clusters[::-1]
        elif self.order == "dfs-score":
            clusters = sorted(clusters, key=lambda c: float(self._score[c]))
        for cluster in clusters:
            if self._n[cluster]:
                self._pushed += 1
                self._depth[cluster] = depth
                self._state[cluster] = "open"
                heapq.heappush(self._queue, (self._key(cluster, depth), cluster))

    def _key(self, cluster: int, depth: int) -> tuple[float, ...]:
        if self.order == "bfs":
            return depth, self._pushed
        if self.order in ("dfs", "dfs-score"):
            return (-self._pushed,)
        return -float(self._score[cluster]), self._pushed

    def _unseen(self, ledger: Ledger, cluster: int) -> bool:
        """Decide by the mean score alone, if it is low enough; whether it was."""
        score = self._score[cluster]
        if score <= self.k_pr:
            self._close(ledger, cluster, "reject")
        elif score <= self.k_pa and self._n[cluster] > 1 and self.order != "universal":
            self._close(ledger, cluster, "split")
        else:
            return False
        return True

    def _open(self, ledger: Ledger, cluster: int) -> Ints:
        """Rows of the cluster's sample that are still to be asked about; draws the sample at first."""
        if cluster not in self._sample:
            rows = _rows(ledger, cluster)
            if len(rows) > self.n_samples:
                rows = np.random.default_rng((17, self.seed, cluster)).choice(
                    rows, self.n_samples, replace=False
                )
            self._sample[cluster] = rows
            self._left[cluster] = rows[ledger.answer[rows] == UNKNOWN] if self.reuse else rows
        return self._left[cluster]

    def _outcome(self, share: float) -> str:
        if share >= self.accept - 1e-9:
            return "accept"
        return "reject" if share <= 1 - self.accept + 1e-9 else "split"

    def _conclude(self, ledger: Ledger, cluster: int) -> None:
        share = float((ledger.answer[self._sample[cluster]] == YES).mean())
        self._quality[cluster] = share
        self._close(ledger, cluster, self._outcome(share))

    def _close(self, ledger: Ledger, cluster: int, outcome: str) -> None:
        """Decide about a whole cluster, or add its children to the queue."""
        forest, rows = ledger.whole, _rows(ledger, cluster)
        if outcome != "split":
            self._state[cluster] = f"{outcome}ed"
            decision = ACCEPTED if outcome == "accept" else REJECTED
            ledger.decide(rows, decision, int(forest.start[cluster]), int(forest.stop[cluster]))
            return
        self._settle(ledger, rows)
        children = forest.children(cluster)
        if self.order != "universal" and children is not None:
            self._state[cluster] = "split"
            self._push(list(children), self._depth[cluster] + 1)

    def _settle(self, ledger: Ledger, rows: Ints) -> None:
        """Decide each answered open mask by its answer, as a cluster of its own."""
        rows = rows[(ledger.answer[rows] != UNKNOWN) & (ledger.decision[rows] == OPEN)]
        ledger.decision[rows] = np.where(ledger.answer[rows] == YES, ACCEPTED, REJECTED)
        ledger.first[rows], ledger.last[rows] = self._place[rows], self._place[rows] + 1

    def _current(self) -> int:
        assert self._asked is not None
        return self._asked

    def _end(self, ledger: Ledger) -> None:
        self.phase = "done"
        suppress(ledger)


def _rows(ledger: Ledger, cluster: int) -> Ints:
    rows = ledger.whole.rows(cluster)
    return rows[ledger.known[rows] == UNKNOWN]


def _candidates(ledger: Ledger) -> tuple[Ints, Doubles]:
    """How many candidates each cluster holds, and their mean score (0 where none)."""
    forest = ledger.whole
    free = ledger.known[forest.order] == UNKNOWN
    count = np.concatenate([[0], np.cumsum(free)])
    total = np.concatenate(
        [[0.0], np.cumsum(np.where(free, ledger.scores[forest.order], 0), dtype=np.float64)]
    )
    n = count[forest.stop] - count[forest.start]
    return n, (total[forest.stop] - total[forest.start]) / np.maximum(n, 1)


def _standing(ledger: Ledger, cut: float | None) -> Ints:
    """Clusters not higher than a cut whose parents are higher; None: about sqrt(n) clusters per tree."""
    forest = ledger.whole
    height, above = forest.height, np.full(len(forest), np.inf)
    has = forest.parent >= 0
    above[has] = height[forest.parent[has]]
    if cut is not None:
        return np.flatnonzero((height <= cut) & (above > cut))
    out = []
    for root in forest.roots:
        inside = (forest.start >= forest.start[root]) & (forest.stop <= forest.stop[root])
        joins = np.sort(height[inside & (forest.left >= 0)])[::-1]
        level = joins[min(int(np.sqrt(len(joins))), len(joins) - 1)] if len(joins) else 0.0
        out.append(np.flatnonzero(inside & (height <= level) & (above > level)))
    return np.concatenate(out) if out else np.zeros(0, np.int64)
