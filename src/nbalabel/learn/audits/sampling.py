"""Which masks of a set are asked about: in a random order, until the statement holds or cannot hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ...core.question import Outlook, Question
from ..cluster.forest import NONE, Forest
from ..propagate.audit.bounds import expected_answers
from ..propagate.state.ledger import NO, UNKNOWN, YES, Ledger
from ..propagate.strategies.verify_all import decide_alone, places
from .accuracy import Lasting
from .shares import HOLDS, OPEN, Bounds, Counts, bounds_of, least_needed
from .statements import Words

Ints = npt.NDArray[np.int64]

_HALF, _FEW = 0.5, 0.1  # share of wrong masks among honeypots, and where the target seems to be missed
_MORE = 0.6  # honeypots per mask asked about where the target seems to be missed
_FIRST = 30  # answers before which nothing seems so


@dataclass(frozen=True, eq=False)
class Sampling:
    """Makes the sampling of an audit: a strategy of a propagation, without clusters and without a search.

    Attributes:
        strata: stratum of each row, ``(n,)`` int64 from 0; what is known beforehand included.
        fallible: whether honeypots are mixed in, and answers corrected for what they show.
        words: how the things are called.
    """

    strata: Ints
    fallible: bool
    words: Words

    name = "audit"

    def __call__(
        self,
        ledger: Ledger,
        *,
        target_quality: float,
        alpha: float,
        seed: int,
        content: str = "",  # noqa: ARG002  # in the journal's header: what the masks are
        estimate: bool = False,
        width: float | None = None,
        each: int = 0,
        n_samples: int = 15,
        n_tests: int = 20,
    ) -> Sample:
        """The sampling before its first question; see `Sample`."""
        target = None if estimate else target_quality
        return Sample(
            ledger,
            self.strata,
            target,
            alpha,
            seed,
            width=width,
            fallible=self.fallible,
            words=self.words,
            each=each,
            n_samples=n_samples,
            n_tests=n_tests,
        )


class Sample:
    """Asks about masks in one random order of the whole set.

    The answers about the first masks of that order are a uniform sample without replacement of the set, and
    those of them that lie in a stratum are one of the stratum: bounds of both hold at any time. Masks asked
    about out of turn, to reach ``each`` answers in a small stratum, count for the whole once their turn has
    come.

    Args:
        ledger: what is known about the masks.
        strata: stratum of each row, ``(n,)`` int64.
        target: share of right masks to show, 0..1; None for an estimate.
        alpha: probability that the statement is wrong.
        seed: seed of the order.
        width: width of the interval at which an estimate ends; None: only the budget ends it.
        fallible: whether to allow for mistaken answers; before any honeypot nothing is known then.
        words: how the things are called.
        each: answers wanted in every stratum once the whole is decided.
        n_samples: most masks per question.
        n_tests: honeypots asked first, where honeypots are mixed in. Once the answers speak against the
            target, six right ones are added for every ten masks: the no's may be mistaken.

    Attributes:
        n_tests: honeypots wanted by now.
        wrong_tests: share of the next honeypots that are wrong masks.

    Raises:
        DataError: an option is out of its range.
    """

    name = "audit"
    guarantees = True

    def __init__(
        self,
        ledger: Ledger,
        strata: Ints,
        target: float | None,
        alpha: float,
        seed: int,
        *,
        width: float | None,
        fallible: bool,
        words: Words,
        each: int,
        n_samples: int,
        n_tests: int,
    ) -> None:
        for option, value, least in (("n_samples", n_samples, 1), ("each", each, 0), ("n_tests", n_tests, 0)):
            if value < least:
                raise DataError(f"{option} must be at least {least}, got {value}")
        self.alpha, self.target = alpha, target
        self._n_first = self.n_tests = n_tests
        self.wrong_tests = _HALF
        self.phase = "audit"
        self._width, self._each, self._n_samples = width, each, n_samples
        self._fallible, self._words = fallible, words
        self._order = _Order.of(np.flatnonzero(ledger.known == UNKNOWN), strata, seed)
        self._place = places(ledger)
        self.bounds = self._now(ledger)

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next masks of the random order; None once the audit has come to an end."""
        if self.phase == "done":
            return None
        rows = self._wanted(ledger)[:limit]
        if not len(rows):
            return None
        size = self._order.size
        why = f"Drawn at random from {size:,} {self._words.things}; the answers speak for all of them."
        return Question(number, rows, rows, "audit", "", "", size, why, self._words.asks)

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Sharpen the bounds."""
        decide_alone(ledger, question.rows, answers, self._place)
        self.bounds = self.bounds.sharpened(self._now(ledger))
        counts = self.counts(ledger)
        misses = self.target is not None and _mean(counts) < self.target and counts.asked >= _FIRST
        self.n_tests = self._n_first + (int(_MORE * counts.asked) if misses else 0)
        self.wrong_tests = _FEW if misses else _HALF

    def skipped(self, ledger: Ledger, question: Question) -> None:  # noqa: ARG002
        """End: without these masks the others would be no random sample."""
        self.phase = "done"

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:  # noqa: ARG002
        """What the share right would be known to be with these answers."""
        now = self.counts(ledger)
        yes, no = now.yes + int((answers == YES).sum()), now.no + int((answers == NO).sum())
        counts = Counts(now.size, min(yes, now.size), min(no, now.size - min(yes, now.size)))
        found = self.bounds.sharpened(self._of(counts, ledger))
        open_ = bool((answers == UNKNOWN).any()) or not self._is_settled(found)
        low, high = found.interval
        outcome = "more" if open_ else "accept" if found.state in (HOLDS, OPEN) else "reject"
        return Outlook(_mean(counts), low, high, outcome, {}, self._expected(counts))

    def finish(self, ledger: Ledger) -> None:  # noqa: ARG002
        """End with what is known."""
        self.phase = "done"

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated share of right masks, its lower bound, and one sentence."""
        counts = self.counts(ledger)
        low, high = self.bounds.interval
        what = f"{counts.size:,} {self._words.things} {self._words.right}"
        note = f"Between {low:.1%} and {high:.1%} of the {what}."
        return _mean(counts), low, note

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:  # noqa: ARG002
        """Nothing: there are no clusters."""
        return []

    def counts(self, ledger: Ledger, stratum: int | None = None) -> Counts:
        """Answers that are a random sample of the whole set, or of a stratum."""
        rows = self._order.rows if stratum is None else self._order.of_stratum(stratum)
        said = ledger.answer[rows]
        said = said[: _answered(said)]
        yes = int((said == YES).sum())
        return Counts(len(rows), yes, len(said) - yes)

    def accuracy(self, ledger: Ledger) -> Lasting | None:
        """Of the answers, from honeypots; None where answers are taken to be true."""
        return Lasting(ledger.reviewers) if self._fallible else None

    def _now(self, ledger: Ledger) -> Bounds:
        return self._of(self.counts(ledger), ledger)

    def _of(self, counts: Counts, ledger: Ledger) -> Bounds:
        return bounds_of(counts, self.alpha, self.target, self.accuracy(ledger))

    def _is_settled(self, bounds: Bounds) -> bool:
        if self.target is not None:
            return bounds.state != OPEN
        return self._width is not None and bounds.high - bounds.low <= self._width

    def _wanted(self, ledger: Ledger) -> Ints:
        """Rows of the next question."""
        rows = self._order.rows
        if not self._is_settled(self.bounds):
            left = rows[ledger.answer[rows] == UNKNOWN]
            return left[: self._few(self.counts(ledger), ledger)]
        return self._order.lacking(ledger.answer, self._each)[: self._n_samples]

    def _few(self, counts: Counts, ledger: Ledger) -> int:
        """Masks per question: no more than would show the target if all of them were right."""
        if self.target is None or self.accuracy(ledger) is not None or _mean(counts) < self.target:
            return self._n_samples
        return least_needed(counts, self.alpha, self.target, self._n_samples)

    def _expected(self, counts: Counts) -> int | None:
        """Answers expected to be needed beyond these."""
        if self.target is None or not counts.asked:
            return None
        mean = (counts.yes + 1) / (counts.asked + 1.5)
        need = float(expected_answers(mean, counts.size, self.target, self.alpha)) - counts.asked
        return int(max(np.ceil(need), 0))


@dataclass(frozen=True, eq=False)
class _Order:
    """The rows of the set in a random order, and those of each stratum in the same order.

    Attributes:
        rows: ``(n,)`` int64.
        strata: stratum of each of them.
    """

    rows: Ints
    strata: Ints

    @classmethod
    def of(cls, rows: Ints, strata: Ints, seed: int) -> _Order:
        shuffled = np.random.default_rng((0xA0D17, 2, seed)).permutation(rows)
        return cls(shuffled, strata[shuffled])

    def __deepcopy__(self, memo: object) -> _Order:
        return self  # never changes, and may hold a million rows

    @property
    def size(self) -> int:
        return len(self.rows)

    def of_stratum(self, stratum: int) -> Ints:
        return self.rows[self.strata == stratum]

    def lacking(self, answer: npt.NDArray[np.int8], each: int) -> Ints:
        """Rows to ask about so that every stratum has ``each`` answers, in the random order."""
        if not each:
            return self.rows[:0]
        wanted = np.concatenate([self.of_stratum(int(one))[:each] for one in np.unique(self.strata)])
        left = np.isin(self.rows, wanted) & (answer[self.rows] == UNKNOWN)
        return self.rows[left]


def forest_of(n: int, rows: Ints) -> Forest:
    """A forest without clusters: every row a tree of its own.

    Args:
        n: number of rows in the set.
        rows: their positions, ``(n,)``.
    """
    none, at = np.full(n, NONE, np.int64), np.arange(n)
    return Forest(rows, at, at + 1, none, none, np.zeros(n, np.float32), at, np.zeros(n, np.int64))


def _answered(said: npt.NDArray[np.int8]) -> int:
    """Length of the longest beginning in which every row has an answer."""
    lacks = said == UNKNOWN
    return int(np.argmax(lacks)) if lacks.any() else len(said)


def _mean(counts: Counts) -> float:
    return counts.yes / counts.asked if counts.asked else float("nan")
