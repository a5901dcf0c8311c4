"""Certify that at least a target share of the accepted masks is right, with probability 1 - alpha."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import betabinom

from ....core.errors import DataError, first
from ..state.reviewers import Accuracy
from .allowed_errors import Rule, TrueAnswers, thresholds
from .beliefs import Belief
from .closed_testing import Verdicts, weights
from .forecast import Forecast, Standing, forecast
from .strata import Cells
from .unreliable_answers import Answering, NoisyAnswers
from .wager import Capital, odds

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

_KNOWN = 60.0  # how well the share of wrong rows is known before the first answer, in answers
_FIRM = 3.0  # how firm the doubts are where sets far beyond the first may be aimed at, in wrong rows
_SLACK = 1.1  # overhead of a forecast where all answers are right
CORRECTION = 0.2  # share of alpha for the correction of mistaken answers


class Audit:
    """Certifies nested sets of accepted masks, most certain first, from answers about a few of them.

    The accepted masks without an answer lie in strata, most certain first. Prefix k is the first k strata.
    Masks answered yes before the audit count with their stratum; masks answered no are left out. Rows are
    drawn one at a time, with probabilities that depend on earlier answers; rows found wrong leave their
    prefix. A prefix is certified when at least ``target_quality`` of its remaining rows are right. With
    probability 1 - ``alpha`` no prefix is certified falsely, whatever the aims, looks and stopping time.

    ``draw`` changes nothing: its result follows from the seed and the answers so far. A caller may answer
    only the first of the rows drawn, but what the other rows look like must not decide how many.

    Args:
        strata: disjoint row positions, the most certain stratum first.
        doubt: prior chance that a mask is wrong, ``(n_total,)``, indexed by row. Bad doubts cost answers,
            never validity.
        n_known_right: masks of each stratum answered yes before the audit.
        target_quality: share of right masks to prove, within 0..1.
        alpha: probability that any certified prefix falls short.
        seed: seed of the draws.
        gates: number of prefixes, the smallest ones, that are tested in order; see `Verdicts`.
        ladder: number of prefixes, the largest ones, that are tested in order.
        hopes: weight of each prefix behind the gates, positive, the last one that of the whole ladder; None
            takes `weights`.
        reviewer: accuracy of the answers, as known when the audit begins; a fifth of alpha then goes to the
            correction (`NoisyAnswers`). None takes every answer to be true.
        n_refused: masks answered no before the audit; used only with a ``reviewer``.

    Raises:
        DataError: the strata overlap or exceed ``doubt``, or a number is out of its range.

    Source: see `Capital` for the bound of one prefix, `Verdicts` for several prefixes.

    Example:
        >>> import numpy as np
        >>> wrong = np.arange(1000) % 50 == 0                      # quality 0.98
        >>> audit = Audit([np.arange(600), np.arange(600, 1000)], np.full(1000, 0.02), [0, 0],
        ...               target_quality=0.85, alpha=0.05, seed=0)
        >>> while audit.certified < 2:
        ...     rows = audit.draw(5, 2)
        ...     audit.tell(rows, ~wrong[rows], 2)
        >>> audit.n_answers < 60, audit.lower(2) >= 0.85
        (True, True)
    """

    def __init__(
        self,
        strata: Sequence[Ints],
        doubt: npt.NDArray[np.floating],
        n_known_right: Sequence[int],
        *,
        target_quality: float,
        alpha: float,
        seed: int,
        gates: int = 0,
        ladder: int = 1,
        hopes: Doubles | None = None,
        reviewer: Accuracy | None = None,
        n_refused: int = 0,
    ) -> None:
        _check(strata, n_known_right, target_quality, alpha)
        self.target_quality, self.alpha = target_quality, alpha
        self.n_answers = 0
        self._seed = seed
        self._forecasts: dict[int, Forecast] = {}
        self._cells = Cells(strata, doubt, _random(seed, 0))
        self._uniform = _random(seed, 1).random(1024)
        self._left = self._cells.size.copy()
        self._size = self._cells.within(self._left).astype(np.int64)
        self._known = np.cumsum(np.asarray(n_known_right, np.int64))
        self._answers = Answering.of(reviewer)
        doubt = self._answers.refused(self._cells.doubt)
        self._belief = Belief(self._cells.stratum, doubt, _FIRM if ladder > 1 else 1.0)
        self._rule: Rule = TrueAnswers(self._size, self._known, target_quality)
        if reviewer is not None:
            self._rule = NoisyAnswers(
                self._size, self._known, target_quality, reviewer, alpha * CORRECTION, n_refused
            )
            alpha *= 1 - CORRECTION
        self._capital = Capital(thresholds(self._rule, self._size))
        none = np.zeros_like(self._size)
        self._strict = self._rule.allowed(none)
        doubted = self._cells.within(self._cells.size * doubt)
        if hopes is None:
            hopes = weights(doubted[gates:], self._strict[gates:])[: len(doubted) - gates - ladder + 1]
        self._verdicts = Verdicts(hopes / max(float(hopes.sum()), 1e-300), alpha, gates, ladder)
        self._settle()

    @property
    def certified(self) -> int:
        """Number of leading strata that are certified together; 0 before any are."""
        return int(np.max(np.flatnonzero(self._verdicts.certified), initial=-1)) + 1

    def draw(self, n: int, aim: int | None = None) -> Ints:
        """The rows to ask about next.

        Args:
            n: number of rows; fewer where fewer are left.
            aim: number of leading strata to certify; None takes all.

        Returns:
            Positions, ``(<= n,)`` int64.
        """
        return self._drawn(n, aim)[0]

    def tell(self, rows: Ints, right: npt.ArrayLike, aim: int | None = None) -> None:
        """Record answers, in the order drawn.

        Args:
            rows: the result of `draw`, or its first rows.
            right: whether each mask is right, ``(len(rows),)`` bool.
            aim: as given to `draw`.

        Raises:
            DataError: the rows are not those drawn.
        """
        said = np.asarray(right, np.bool_)
        drawn, cells, weight = self._drawn(len(rows), aim)
        if len(said) != len(rows) or not np.array_equal(drawn, np.asarray(rows)):
            raise DataError(
                f"tell takes an answer for each row drawn, in order: {first(drawn.tolist())}; got "
                f"{first(np.asarray(rows).tolist())} with {len(said)} answers"
            )
        for cell, yes in zip(cells.tolist(), said.tolist(), strict=True):
            odd = odds(self._cells, self._left, weight, self._belief.chance(), cell)
            self._capital.add(odd, int(self._cells.stratum[cell]), not yes)
            self._belief.add(cell, not yes)
            self._left[cell] -= 1
            self.n_answers += 1
            self._settle()
        self._forecasts.clear()

    def _drawn(self, n: int, aim: int | None) -> tuple[Ints, Ints, Doubles]:
        """Rows, the cell of each, and the weight of each cell."""
        aim = len(self._size) if aim is None else aim
        weight = np.zeros(len(self._cells))
        weight[: self._cells.ends[self._at(aim)]] = self.forecast(aim).design.weight
        n = int(min(n, self._left[weight > 0].sum()))
        at = self.n_answers
        while at + n > len(self._uniform):
            self._uniform = _random(self._seed, 1).random(2 * len(self._uniform))
        rows, cells = self._cells.draw(self._left, weight, self._uniform[at : at + n])
        return rows, cells, weight

    def forecast(self, k: int) -> Forecast:
        """What it is expected to take to certify the first ``k`` strata, the gates before them aside."""
        i = self._at(k)
        if i not in self._forecasts:
            end, found = self._cells.ends[i], self._capital.found
            one = Standing(
                self._left[:end],
                self._belief.chance()[:end],
                int(self._size[i] + self._known[i]),
                int(found[i]),
            )
            self._forecasts[i] = forecast(
                one,
                lambda n: int(self._rule.allowed(np.maximum(found, int(n)))[i]),
                lambda least: self._capital.against_one(i, least),
                float(self._verdicts.bars()[i]),
            )
        return self._forecasts[i]

    @property
    def shut(self) -> int | None:
        """The first gate that is not passed, counted in leading strata; None where all are."""
        return None if self._verdicts.shut is None else self._verdicts.shut + 1

    @property
    def within_reach(self) -> int:
        """Leading strata that can still be certified: none that wait for one that was bad at the start."""
        bad = self._capital.found > self._strict
        waits = (any(bad[i] for i in self._verdicts.before(k)) for k in range(len(self._size)))
        return next((k for k, in_vain in enumerate(waits) if in_vain), len(self._size))

    def likely(self, k: int, n: float) -> float:
        """Probability that ``n`` answers, drawn for the first ``k`` strata, certify them.

        As many answers may be wrong as the capital affords; their number is beta-binomial, since the share of
        wrong rows is uncertain. Strata that must be certified before (`Verdicts.before`) get those of the
        answers that are about their rows; the least likely of all counts.
        """
        design = self.forecast(k).design
        mass = design.weight * self._left[: len(design.weight)]
        chance = [self._alone_likely(k, n)]
        for i in self._verdicts.before(self._at(k)):
            share = mass[: self._cells.ends[i]].sum() / max(float(mass.sum()), 1e-300)
            chance.append(self._alone_likely(i + 1, float(share) * n))
        return min(chance)

    def _alone_likely(self, k: int, n: float) -> float:
        """As `likely`, the strata that must be certified before aside."""
        need, design = self.forecast(k).answers, self.forecast(k).design
        left = self._left[: len(design.weight)]
        if self._verdicts.certified[self._at(k)]:
            return 1.0
        if not np.isfinite(need):
            return 0.0
        if design.growth <= 0 or n < 1 or n >= left.sum():
            return float(need <= n)
        mass = design.weight * left
        wrong = float(mass @ self._belief.chance()[: len(left)] / mass.sum())
        least = need * design.growth / design.most / _SLACK  # answers, if all are right
        each = (1 - design.growth / design.most) / wrong  # answers that each wrong one costs
        if n < least:
            return 0.0
        known = _KNOWN + self.n_answers
        affords = np.floor((n - least) / max(each, 1e-9))
        return float(betabinom.cdf(affords, int(n), wrong * known, (1 - wrong) * known))

    def kept(self, k: int) -> float:
        """Rows expected to be left of the first ``k`` strata once they are certified, known ones included."""
        i = self._at(k)
        more = 0.0 if self._verdicts.certified[i] else self.forecast(k).found
        return float(self._size[i] + self._known[i] - self._capital.found[i]) - more

    @property
    def _remaining(self) -> Ints:
        return self._cells.within(self._left).astype(np.int64)

    @property
    def _allowed(self) -> Ints:
        """Most rows of each prefix that may be wrong at the start, if those found wrong leave it."""
        return self._rule.allowed(self._capital.found)

    def _settle(self) -> None:
        self._capital.rule_out(self._capital.found + self._remaining)
        strict, now = self._capital.against(self._strict + 1), self._capital.against(self._allowed + 1)
        self._verdicts.hear(strict, now)

    def _at(self, k: int) -> int:
        if not 1 <= k <= len(self._size):
            raise DataError(f"k counts leading strata, 1..{len(self._size)}, got {k}")
        return k - 1

    def lower(self, k: int) -> float:
        """Lower bound of the share right among the first ``k`` strata, those found wrong removed.

        For a certified prefix it is the target, or what is certain where that is more: a bound beyond the
        target would need a share of alpha of its own. For any other prefix it holds after every answer, with
        probability 1 - alpha for this one prefix.
        """
        i = self._at(k)
        enough = self._verdicts.alone()
        enough[self._verdicts.certified] = np.inf
        upper = self._capital.upper(enough)
        share = float(self._rule.share_right(upper, self._capital.found)[i])
        return max(share, self.target_quality) if self._verdicts.certified[i] else share

    def estimate(self, k: int) -> float:
        """Expected share right among the first ``k`` strata, those found wrong removed."""
        i = self._at(k)
        kept = self._size[i] + self._known[i] - self._capital.found[i]
        left = self._left[: self._cells.ends[i]]
        wrong = left @ self._answers.wrong(self._belief.chance()[: len(left)])
        return float(1 - wrong / kept) if kept else 1.0

    def expected_answers(self, k: int) -> float:
        """Expected number of further answers that certify the first ``k`` strata."""
        return 0.0 if self._verdicts.certified[self._at(k)] else self.forecast(k).answers


def _random(seed: int, part: int) -> np.random.Generator:
    """A random stream other than ``default_rng(seed)``, which a caller may have used to make the masks."""
    return np.random.default_rng((0xA0D17, part, seed))


def _check(strata: Sequence[Ints], known: Sequence[int], target: float, alpha: float) -> None:
    if not len(strata) or len(strata) != len(known):
        raise DataError(
            f"an audit needs one stratum or more, and n_known_right for each; got {len(strata)} strata "
            f"and {len(known)} numbers"
        )
    if any(k < 0 for k in known):
        raise DataError(f"n_known_right must not be negative, got {list(known)}")
    for name, value in (("target_quality", target), ("alpha", alpha)):
        if not 0 < value < 1:
            raise DataError(f"{name} must lie between 0 and 1, got {value}")
