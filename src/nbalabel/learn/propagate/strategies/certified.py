"""Search with a few answers per cluster, then audit all masks that are about to be accepted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from ....core.errors import DataError
from ....core.geometry.overlap.keep_best import losers
from ....core.percent import at_least
from ....core.question import Outlook, Question
from ..audit.audit import CORRECTION, Audit
from ..audit.unreliable_answers import Answering, apparent_target
from ..state.ledger import ACCEPTED, NO, OPEN, REJECTED, UNKNOWN, YES, Ledger
from ..state.reviewers import Reviewers
from .cut import Regions
from .learner import Learner, logit, sigmoid
from .levels import FEW, Levels, costs, levels
from .nested import Nested
from .scope import Scope
from .shares import expected
from .verify_all import alone

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SPENT = (0.8, 0.2)  # share of alpha for each audit where answers allow several; together all of it
_WARM = 90  # answers before the first audit; three known masks count as one
_PART = 5  # at most one in this many masks is asked about before the first audit
_BELIEVED = 8.0  # prior strength of the belief about a cluster in an outlook, in answers
_GROWN = 1.1  # growth of the answers that triggers a new fit
_LEARNING = 0.4  # share of a budget that goes to learning; three known masks count as one answer
_PILOT = 0.15  # share of a budget asked before an audit even where enough is known, at most two questions
_TESTING = 5  # at most one in this many answers of a budget goes to honeypots before the first audit


class Certified:
    """Accepts masks of which a share of ``target_quality`` is right, with probability 1 - ``alpha``.

    The first questions go to the clusters whose answers would change most decisions. From the answers (and
    from masks of labeled images) a model learns how likely each mask is right. Then nested sets of the most
    certain masks are audited together: masks drawn at random are asked about, every answer counts for each
    set that it was drawn from, and a set is accepted as soon as an anytime-valid bound of its share right
    reaches the target. So sure masks are accepted early, and the set grows while answers are worth it. Masks
    found wrong leave the sets. An audit from which no more is to be expected is replaced by another, with
    what was learned meanwhile; each spends a part of alpha. With a budget, answers that are left go to the
    most certain of the rest, one by one. Where honeypots were asked, an audit corrects for the error rates
    that they measured.

    Args:
        ledger: what is known about the candidates.
        target_quality: share of accepted masks that are right, within 0..1.
        alpha: probability that the accepted masks fall short of the target.
        seed: seed of the draws.
        n_samples: masks per question.
        least_gain: without a budget, masks that a further answer must be expected to bring; None takes what
            verifying one by one would bring, the share right among the most certain of the rest.
        warm_up: answers before the first audit, three known masks counted as one answer; at most a fifth of
            the masks.
        n_clusters: clusters of the first cut.
        n_tests: honeypots asked before the first audit where honeypots are mixed in, at most a fifth of a
            budget: the better the error rates of the answers are known, the more an audit can prove.
        supervised: whether the model learns from features and hints, or from scores alone.
        aim: "gain" asks about the clusters with the highest expected gain, "size" about the largest.
        scope: the candidates that this search is about; None takes all.
        learner: what learns from answers; None makes one. Searches about parts of the candidates share it.

    Raises:
        DataError: an option is out of its range.

    Source: the audit is in the manner of Candes, Ilyas & Zrnic 2025, "Probably approximately correct labels",
    with the anytime-valid bounds of Waudby-Smith & Ramdas 2020, over nested sets as in Angelopoulos, Bates,
    Candes, Jordan & Lei 2021, "Learn then test".
    """

    name = "certified"
    guarantees = True

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float = 0.85,
        alpha: float = 0.05,
        seed: int = 0,
        n_samples: int = 15,
        least_gain: float | None = None,
        warm_up: int = _WARM,
        n_clusters: int = 32,
        n_tests: int = 120,
        supervised: bool = True,
        aim: str = "gain",
        scope: Scope | None = None,
        learner: Learner | None = None,
    ) -> None:
        for name, value, low in (("n_samples", n_samples, 1), ("n_clusters", n_clusters, 1)):
            if value < low:
                raise DataError(f"{name} must be at least {low}, got {value}")
        if least_gain is not None and least_gain < 0:
            raise DataError(f"least_gain must be a number of masks >= 0, got {least_gain}")
        self.target, self.alpha, self.seed = target_quality, alpha, seed
        self.n_samples, self.least_gain, self.warm_up = n_samples, least_gain, warm_up
        self.n_tests = self._most_tests = n_tests
        self.aim = aim
        self.scope = scope or Scope.everything(ledger)
        self.learner = learner or Learner.of(
            ledger.features, ledger.scores, ledger.hints, supervised=supervised
        )
        self.regions = Regions(ledger, n_clusters, self.scope.roots)
        self.stage = "search"
        self.nested: Nested | None = None
        self.certified = np.zeros(0, np.int64)
        self.proved = (np.nan, np.nan)
        self.round = 0
        self._budget: int | None = None
        self._sure = target_quality
        self._chance, self._n_learned = np.zeros(0), -1
        self._learn(ledger)
        self.regions.cut(self._chance)

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question, of at most ``limit`` masks; None when done."""
        self._budget = limit
        self.n_tests = self._most_tests
        if limit is not None:
            self.n_tests = min(self._most_tests, (self.scope.spent(ledger) + limit) // _TESTING)
        if self.stage == "search" and not self._searching(ledger):
            self._begin_audit(ledger)
        if self.stage == "audit" and (question := self._audit_question(ledger, number, limit)) is not None:
            return question
        if self.stage == "rest":
            return self._rest_question(ledger, number, limit)
        return self._cluster_question(ledger, number, limit) if self.stage == "search" else None

    @property
    def phase(self) -> str:
        """The phase: "search" for clusters, "audit", "search" again among the rest, "done"."""
        return "search" if self.stage == "rest" else self.stage

    def heard(self, ledger: Ledger, question: Question, answers: Bools) -> None:
        """Process answers and update the decisions."""
        self._budget = None if self._budget is None else self._budget - len(answers)
        if question.kind == "audit":
            self._hear_audit(ledger, question, answers)
        elif question.cluster:
            self._hear_cluster(ledger, question)
        self._decide(ledger)

    def skipped(self, ledger: Ledger, question: Question) -> None:
        """Skip a cluster; to skip a question of an audit ends the propagation with what is certified."""
        if question.kind == "audit" or not question.cluster:
            self.stage = "done"
        else:
            self.regions.state[self._cluster(ledger, question)] = "skipped"
        self._decide(ledger)

    def finish(self, ledger: Ledger) -> None:
        """End with what is certified."""
        self.stage = "done"
        self._decide(ledger)

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:
        """What answers would lead to for the cluster, or for the audit."""
        if question.kind == "audit":
            assert self.nested is not None
            return self.nested.outlook(question.rows, answers)
        if not question.cluster:
            return alone(answers)
        cluster = self._cluster(ledger, question)
        rows = self.regions.rows(cluster)
        yes, no = self.regions.counts(cluster)
        yes, no = yes + int((answers == YES).sum()), no + int((answers == NO).sum())
        weight = float(self._chance[rows].mean()) * _BELIEVED
        a, b = weight + yes + 0.5, _BELIEVED - weight + no + 0.5
        low, high = beta.ppf([self.alpha, 1 - self.alpha], a, b)
        outcome = self._outcome(yes, no, a / (a + b))
        likely = sigmoid(logit(self._chance[rows]) + logit(a / (a + b)) - logit(weight / _BELIEVED))
        masks = {"accept": int((likely >= self._sure).sum()), "split": len(rows), "reject": len(rows)}
        return Outlook(a / (a + b), float(low), float(high), outcome, masks)

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated and proved share of right masks among the accepted, and one sentence."""
        n = self.n_accepted(ledger)
        if len(self.certified):
            note = (
                f"Of the {n:,} accepted masks at least {at_least(self.target)} are right, "
                f"with probability {at_least(1 - self.alpha)}."
            )
            return (*self.proved, note)
        if n:
            rest = "no more could be certified" if self.stage == "done" else "the audit may bring more"
            return 1.0, np.nan, f"The {n:,} accepted masks were each answered yes; {rest}."
        return np.nan, np.nan, _NOTES[self.stage]

    def n_accepted(self, ledger: Ledger) -> int:
        """Masks accepted so far."""
        return int((ledger.decision[self.scope.rows] == ACCEPTED).sum())

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters examined, with their state."""
        forest, out = ledger.forest, []
        for c, state in self.regions.state.items():
            rows = self.regions.rows(c)
            if state == "open" and len(rows) and (ledger.decision[rows] == ACCEPTED).mean() > 0.5:
                state = "accepted"
            out.append((*forest.span(c), state))
        return out

    @property
    def chance(self) -> Doubles:
        """Chance of every mask to be right, as learned so far, ``(n,)``."""
        return self._chance

    def worth(self, ledger: Ledger, answers: Doubles) -> Doubles:
        """Masks expected to be accepted after so many further answers, ``(k,)``."""
        free, n_right = self._falling(ledger), self.scope.right(ledger)
        outside, learning = free, np.zeros(len(answers))
        took = stay = np.zeros(0)
        if self.stage == "audit" and self.nested is not None:
            (took, stay), outside = self.nested.costs(), self._outside()
        elif self.stage == "search":
            wanted = [self._wanted(ledger, b) for b in answers.tolist()]
            learning = np.maximum(np.array(wanted) - self.scope.spent(ledger), 0)
            if self.round < len(_SPENT):
                chance, target, alpha = self._apparent(ledger, free)
                took, stay = costs(chance, n_right, target=target, alpha=alpha)[1:]
        have = float(self.n_accepted(ledger))
        certain = (ledger.answer[self.certified] == UNKNOWN).sum()
        most = max(n_right + float(free.sum()) + certain, have)
        alone = float(outside.mean()) if len(outside) else 0.0
        return np.minimum(expected(answers - learning, have, took, stay, alone), most)

    @property
    def _left(self) -> float:
        """Answers left; inf without a budget."""
        return np.inf if self._budget is None else float(self._budget)

    # search

    def _learn(self, ledger: Ledger, *, all_answers: bool = True) -> None:
        """Refit the chance of each mask: after any new answer, or only once the answers grew by a share."""
        said = np.where(ledger.answer != UNKNOWN, ledger.answer, ledger.known)
        rows = np.flatnonzero(said != UNKNOWN)
        if len(rows) > self._n_learned and (all_answers or len(rows) >= _GROWN * self._n_learned):
            own = ledger.answer[rows] != UNKNOWN
            self._chance, self._n_learned = self.learner.chances(rows, said[rows] == YES, own), len(rows)

    def _searching(self, ledger: Ledger) -> bool:
        short = self.scope.spent(ledger) < self._wanted(ledger, self._budget) or self._untested(ledger)
        return short and bool(self.regions.open)

    def _wanted(self, ledger: Ledger, left: float | None) -> int:
        """Answers to give before the first audit, where so many are left; None: without a limit."""
        known = self.scope.known(ledger) // 3
        if left is not None:
            budget = self.scope.spent(ledger) + left
            return max(int(_LEARNING * budget) - known, min(2 * self.n_samples, int(_PILOT * budget)))
        wanted = max(self.warm_up - known, 2 * self.n_samples if self.warm_up else 0)
        return min(wanted, self.scope.candidates(ledger) // _PART)

    def _untested(self, ledger: Ledger) -> bool:
        """Whether more honeypots are wanted, and some are left to ask."""
        left = int(((ledger.known != UNKNOWN) & ~ledger.tested).sum())
        return _reviewer(ledger) is not None and bool(left) and int(ledger.tested.sum()) < self.n_tests

    def _cluster_question(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        n = self.n_samples if limit is None else min(limit, self.n_samples)
        edge = self._sure = self._edge(ledger)
        gain: dict[int, float] = {}
        for c in self.regions.open:
            if len(rows := self.regions.rows(c, unknown=True)):
                of = self.regions.gain(c, self._chance[rows], edge, self.target, n)
                gain[c] = float(len(rows)) if self.aim == "size" else of
        if not gain or n <= 0:
            self._begin_audit(ledger)
            return self.next(ledger, number, limit)
        cluster = max(gain, key=lambda c: gain[c])
        rows = self.regions.rows(cluster, unknown=True)
        size, rows = len(rows), _spread_out(rows, self._chance[rows], n, (29, self.seed, number))
        start, stop = ledger.forest.span(cluster)
        return Question(number, rows, rows, "sample", f"{start}-{stop}", "", size, "Masks that look alike.")

    def _edge(self, ledger: Ledger) -> float:
        """The chance below which masks are not worth an audit, by the current plan."""
        chance = self._falling(ledger)
        found = self._levels(ledger, chance, self.scope.right(ledger))
        return float(chance[found.best - 1]) if found.best else self.target

    def _hear_cluster(self, ledger: Ledger, question: Question) -> None:
        cluster = self._cluster(ledger, question)
        yes, no = self.regions.counts(cluster)
        self._learn(ledger, all_answers=False)
        rows = self.regions.rows(cluster)
        outcome = self._outcome(yes, no, float(self._chance[rows].mean()))
        if outcome == "reject":
            self.regions.state[cluster] = "rejected"
        elif outcome == "split":
            self.regions.split(cluster)

    def _outcome(self, yes: int, no: int, mean: float) -> str:
        if yes == 0 and no >= min(self.n_samples, 10) and mean < (1 - self.target) / 2:
            return "reject"
        return "split" if min(yes, no) >= 3 else "more"

    def _cluster(self, ledger: Ledger, question: Question) -> int:
        start, stop = map(int, question.cluster.split("-"))
        return ledger.forest.find(start, stop)

    # audit

    def _free(self, ledger: Ledger) -> Bools:
        """Masks an audit may include, one per object, ``(n,)`` bool."""
        free = self.scope.free(ledger)
        for cluster, state in self.regions.state.items():
            if state == "skipped":
                free[ledger.forest.rows(cluster)] = False
        if len(ledger.rivals):
            beside = (ledger.answer == YES)[ledger.rivals].any(axis=1)  # these overlap a mask answered yes
            free[ledger.rivals[beside]] = False
            rivals = np.unique(ledger.rivals)
            free[losers(ledger.rivals, self._in_order(rivals[free[rivals]]))] = False
        return free

    def _falling(self, ledger: Ledger) -> Doubles:
        """Chances of the masks an audit may include, falling."""
        return -np.sort(-self._chance[self._free(ledger)])

    def _candidates(self, ledger: Ledger) -> Ints:
        """Masks an audit may include, most certain first."""
        return self._in_order(np.flatnonzero(self._free(ledger)))

    def _in_order(self, rows: Ints) -> Ints:
        """Rows, most certain first."""
        return rows[np.argsort(-self._chance[rows], kind="stable")]

    def _most_certain(self, rows: Ints, n: int) -> Ints:
        """The first n of the rows in that order."""
        if len(rows) > n:
            chance = self._chance[rows]
            rows = rows[chance >= np.partition(chance, len(rows) - n)[len(rows) - n]]
        return self._in_order(rows)[:n]

    def _levels(self, ledger: Ledger, chance: Doubles, n_right: int) -> Levels:
        rate = self._rate(chance)
        chance, target, alpha = self._apparent(ledger, chance)
        return levels(chance, n_right, target=target, alpha=alpha, left=self._left, rate=rate)

    def _apparent(self, ledger: Ledger, chance: Doubles) -> tuple[Doubles, float, float]:
        """Chance of a yes for each mask, share of yes to prove, and alpha, of the next audit."""
        target, alpha = self.target, self.alpha * self._share_of_alpha()
        if (reviewer := _reviewer(ledger)) is not None:
            chance = 1 - Answering.of(reviewer).refused(1 - chance)
            target = apparent_target(target, reviewer, alpha * CORRECTION)
            alpha *= 1 - CORRECTION
        return chance, target, alpha

    def _share_of_alpha(self) -> float:
        """Share of alpha for the next audit: all that is left where the answers left allow no other one."""
        here = min(self.round, len(_SPENT) - 1)
        return sum(_SPENT[here:]) if self._left <= FEW else _SPENT[here]

    def _rate(self, chance: Doubles) -> float:
        """Masks that an answer brings where masks of falling chance are verified one by one."""
        if self.least_gain is not None:
            return self.least_gain
        return float(chance[: self.n_samples].mean()) if len(chance) else 1.0

    def _begin_audit(self, ledger: Ledger) -> bool:
        """Audit nested sets of the most certain masks; where none is worth its answers, go on to the rest."""
        self.nested = None
        self._learn(ledger)
        pool, n_right = self._candidates(ledger), self.scope.right(ledger)
        plan = self._levels(ledger, self._chance[pool], n_right) if self.round < len(_SPENT) else None
        if plan is None or not plan.best or plan.kept <= len(self.certified) + n_right:
            self.stage = "done" if self._budget is None else "rest"
            return False
        self.nested = Nested(pool, plan, lambda strata: self._audit(ledger, strata, n_right, plan))
        self.round = len(_SPENT) if self._left <= FEW else self.round + 1
        self.stage = "audit"
        self._certify(ledger)
        return True

    def _audit(self, ledger: Ledger, strata: list[Ints], n_right: int, plan: Levels) -> Audit:
        return Audit(
            strata,
            1 - self._chance,
            [n_right] + [0] * (len(strata) - 1),
            target_quality=self.target,
            alpha=self.alpha * self._share_of_alpha(),
            seed=self.seed * 101 + self.round,
            gates=plan.gates,
            ladder=plan.ladder,
            hopes=plan.hopes,
            reviewer=_reviewer(ledger),
            n_refused=self.scope.refused(ledger),
        )

    def _audit_question(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        while self.nested is not None:
            if self.nested.choose(self._left, self._rate(self._outside()), self.n_samples):
                rows = self.nested.draw(self.n_samples if limit is None else min(limit, self.n_samples))
                assert len(rows)  # a set that is worth its answers has masks to ask about
                size = self.nested.size()
                why = f"Drawn from the {size:,} masks that are about to be accepted."
                return Question(number, rows, rows, "audit", "", "", size, why)
            self._begin_audit(ledger)
        return None

    def _outside(self) -> Doubles:
        """Chances of the masks of the audit that are not certified, falling."""
        assert self.nested is not None
        return self._chance[self.nested.outside()]

    def _hear_audit(self, ledger: Ledger, question: Question, answers: Bools) -> None:
        assert self.nested is not None
        self.nested.tell(question.rows, answers)
        self._certify(ledger)

    def _certify(self, ledger: Ledger) -> None:
        """Take the largest set that is certified, if it is larger than what was certified before."""
        assert self.nested is not None
        rows = self.nested.certified()
        rows = rows[ledger.answer[rows] != NO]
        if len(rows) and len(rows) >= (ledger.answer[self.certified] != NO).sum():
            self.certified, self.proved = rows, self.nested.bounds()

    def _rest_question(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """With answers left over, the masks of the rest that are most likely right, each for itself."""
        self._learn(ledger, all_answers=False)
        free = self._free(ledger)
        free[self.certified] = False
        rows = self._most_certain(np.flatnonzero(free), self.n_samples)[:limit]
        if not len(rows):
            self.stage = "done"
            return None
        why = "The rest, most likely right first; each answer decides about its own mask."
        return Question(number, rows, rows, size=len(rows), why=why)

    # decisions

    def _decide(self, ledger: Ledger) -> None:
        """Write the decisions into the ledger: certified and answered masks, rejected clusters."""
        mine, forest = self.scope.rows, ledger.forest
        for cluster in self.regions.new():
            rows = forest.rows(cluster)
            ledger.first[rows], ledger.last[rows] = forest.span(cluster)
        ledger.decision[mine] = OPEN
        for cluster, state in self.regions.state.items():
            if state == "rejected":
                ledger.decision[forest.rows(cluster)] = REJECTED
        ledger.decision[self.certified] = ACCEPTED
        ledger.decision[mine & (ledger.answer == YES)] = ACCEPTED
        ledger.decision[mine & (ledger.answer == NO)] = REJECTED
        ledger.decision[mine & (ledger.known != UNKNOWN)] = OPEN


def _reviewer(ledger: Ledger) -> Reviewers | None:
    """Reviewers who answered honeypots; None where there are none: answers are then taken to be true."""
    tested = {name: one for name, one in ledger.reviewers.items() if one.n_right_asked + one.n_wrong_asked}
    return Reviewers(tested) if tested else None


_NOTES = {
    "search": "Looking at clusters; nothing is accepted before the audit.",
    "audit": "Auditing what is about to be accepted.",
    "rest": "Verifying the rest one by one, the most likely right first.",
    "done": "Nothing could be certified.",
}


def _spread_out(rows: Ints, chance: Doubles, n: int, seed: tuple[int, ...]) -> Ints:
    """``n`` rows, spread over their chances, ``(len(rows),)``: one random row from each of n equal parts."""
    n = min(n, len(rows))
    rows = rows[np.argsort(chance, kind="stable")]
    edges = np.linspace(0, len(rows), n + 1)
    at = edges[:-1] + np.random.default_rng(seed).random(n) * np.diff(edges)
    return rows[np.minimum(at.astype(np.int64), len(rows) - 1)]
