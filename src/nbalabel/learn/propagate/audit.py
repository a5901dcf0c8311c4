"""Of all accepted masks at least a target share is right, with probability 1 - alpha, at every answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.stats import gamma

from ...core.errors import DataError, first
from .capital import Capital, Draws
from .cells import Cells
from .design import best_design

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

EVEN = 0.2  # how far doubts are drawn towards their mean, should they be misleading
LEAST = 0.005


class Audit:
    """Certifies nested sets of accepted masks, surest first, from answers about few of them.

    The masks accepted and not answered yet lie in strata, surest first. Prefix k is the first k strata; masks
    answered yes before count with their stratum, masks answered no were thrown out. Rows are drawn one after
    the other, with chances that depend on what was said before; those found wrong leave their prefix. It
    is certified where at least ``target_quality`` of what remains of it is right at confidence 1 - ``alpha``,
    *and* the prefixes before it are certified: testing in a fixed order keeps the error probability of all
    that is certified at alpha, however often one looks and whenever one stops.

    ``draw`` changes nothing: it follows from the seed and from what was told. Whether to tell a part of what
    was drawn must not depend on what the other masks look like.

    Args:
        strata: disjoint row positions, surest stratum first.
        doubt: prior chance that a mask is wrong, ``(n_total,)``, indexed by row. Bad doubts cost answers,
            never validity.
        n_known_right: masks of each stratum answered yes before the audit.
        target_quality: share of right masks to be shown, within 0..1.
        alpha: probability that a certified prefix falls short.
        seed: of the draws.

    Raises:
        DataError: the strata overlap or leave ``doubt``, or a number is out of its range.

    Source: see `Capital` for the bound; testing in a fixed order: Maurer, Hothorn & Lehmacher 1995.

    Example:
        >>> import numpy as np
        >>> wrong = np.arange(1000) % 50 == 0                      # quality 0.98
        >>> audit = Audit([np.arange(600), np.arange(600, 1000)], np.full(1000, 0.02), [0, 0],
        ...               target_quality=0.85, alpha=0.05, seed=0)
        >>> while audit.certified < 2:
        ...     rows = audit.draw(5)
        ...     audit.tell(rows, ~wrong[rows])
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
    ) -> None:
        _check(strata, n_known_right, target_quality, alpha)
        self.target_quality, self.alpha = target_quality, alpha
        self.certified = 0
        self.n_answers = 0
        self._seed = seed
        self._cells = Cells(strata, doubt, np.random.default_rng((seed, 0)))
        self._uniform = np.random.default_rng((seed, 1)).random(1024)
        mean = float(np.average(self._cells.doubt, weights=self._cells.size)) if len(self._cells) else 0.0
        self._doubt = np.clip((1 - EVEN) * self._cells.doubt + EVEN * mean, LEAST, 1.0)
        self._taken = np.zeros(len(self._cells), np.int64)
        self._size = self._cells.within(self._cells.size).astype(np.int64)
        self._known = np.cumsum(np.asarray(n_known_right, np.int64))
        self._capital = Capital(_hypotheses(self._size, self._known, target_quality), alpha)
        self._settle()

    def draw(self, n: int, aim: int | None = None) -> Ints:
        """The rows to ask about next.

        Args:
            n: how many; fewer come where fewer are left.
            aim: number of leading strata to certify; by default those that bring most masks an answer.

        Returns:
            Positions, ``(<= n,)`` int64.
        """
        return self._drawn(n, aim).rows

    def tell(self, rows: Ints, right: npt.ArrayLike, aim: int | None = None) -> None:
        """Take in answers, in the order drawn.

        Args:
            rows: what `draw` gave, or the beginning of it.
            right: whether each mask is right, ``(len(rows),)`` bool.
            aim: as given to `draw`.

        Raises:
            DataError: the rows are not those drawn.
        """
        said = np.asarray(right, np.bool_)
        drawn = self._drawn(len(rows), aim)
        if len(said) != len(rows) or not np.array_equal(drawn.rows, np.asarray(rows)):
            raise DataError(
                f"tell takes an answer for each row drawn, in order: {first(drawn.rows.tolist())}; got "
                f"{first(np.asarray(rows).tolist())} with {len(said)} answers"
            )
        for at, yes in enumerate(said):
            self._capital.add(drawn, at, not yes, float(self._doubt[drawn.cells[at]]))
            self._taken[drawn.cells[at]] += 1
            self.n_answers += 1
            self._settle()
        self.__dict__.pop("_growth", None)

    def _drawn(self, n: int, aim: int | None) -> Draws:
        weight = self._weights(self._goal() if aim is None else aim)
        left = self._cells.size - self._taken
        n = int(min(n, left[weight > 0].sum()))
        place = self._taken.copy()
        cells, columns = np.zeros(n, np.int64), []
        for t in range(n):
            mass = np.cumsum(left * weight)
            cells[t] = np.searchsorted(mass, self._random(self.n_answers + t) * mass[-1], side="right")
            columns.append(self._columns(left, weight, int(cells[t])))
            left[cells[t]] -= 1
            place[cells[t]] += 1
        seen: dict[int, int] = {}
        rows = np.zeros(n, np.int64)
        for t, cell in enumerate(cells.tolist()):
            rows[t] = self._cells.row(cell, int(self._taken[cell]) + seen.get(cell, 0))
            seen[cell] = seen.get(cell, 0) + 1
        stacked = np.array(columns).reshape(n, 4, len(self._size))
        return Draws(rows, cells, self._cells.stratum[cells], *(stacked[:, i] for i in range(4)))

    def _columns(self, left: Ints, weight: Doubles, cell: int) -> list[Doubles]:
        within = self._cells.within
        mass, doubt = within(left * weight), within(left * self._doubt)
        least = np.minimum.accumulate(np.where(left > 0, weight, np.inf))
        least = np.concatenate([[np.inf], least])[self._cells.ends]
        with np.errstate(divide="ignore", invalid="ignore"):
            largest = np.where(least > 0, mass / least, np.inf)
            typical = mass * within(left * self._doubt / np.where(weight > 0, weight, np.nan)) / doubt
            chance = np.where(np.arange(len(mass)) >= self._cells.stratum[cell], weight[cell] / mass, 1.0)
        return [chance, largest, np.where(np.isfinite(typical), typical, np.inf), doubt]

    def _random(self, t: int) -> float:
        if t >= len(self._uniform):
            self._uniform = np.random.default_rng((self._seed, 1)).random(2 * t)
        return float(self._uniform[t])

    def _weights(self, goal: int) -> Doubles:
        """Draws for the goal, mixed with draws for the next prefix so that both are ready about together."""
        following = min(self.certified + 1, len(self._size))
        design, share = self._plan(following, max(goal, following))
        return design if share is None else share

    def _plan(self, following: int, goal: int) -> tuple[Doubles, Doubles | None]:
        if not len(self._cells):
            return np.zeros(0), None
        far = self._design(goal)
        if goal == following:
            return far, None
        near = self._design(following)
        left = self._cells.size - self._taken
        far, near = far / (left @ far), near / (left @ near)
        part = float(left[: self._cells.ends[following - 1]] @ far[: self._cells.ends[following - 1]])
        mix = np.linspace(0, 0.9, 19)
        need = self._needs
        answers = np.maximum(need[goal - 1] / (1 - mix), need[following - 1] / ((1 - mix) * part + mix))
        best = mix[int(np.argmin(answers))]
        return far, (1 - best) * far + best * near

    def _design(self, k: int) -> Doubles:
        end = self._cells.ends[k - 1]
        weight = np.zeros(len(self._cells))
        weight[:end] = self._growth[k - 1][0]
        return weight

    def _goal(self) -> int:
        """The prefix that brings most masks an answer."""
        if self.certified == len(self._size):
            return self.certified
        done = self._size[self.certified - 1] + self._known[self.certified - 1] if self.certified else 0
        rate = (self._size + self._known - done) / np.maximum(np.maximum.accumulate(self._needs), 1e-9)
        rate[: self.certified] = -1
        return int(np.argmax(rate)) + 1

    @cached_property
    def _growth(self) -> list[tuple[Doubles, float]]:
        """Best weights for each prefix, and the growth of its capital an answer."""
        left = self._cells.size - self._taken
        out = []
        for k, end in enumerate(self._cells.ends.tolist()):
            chance = np.minimum(self._doubt[:end] * self._capital.level[k], 1.0)
            wrong = float(self._allowed[k] + 1 - self._capital.found[k])
            design = best_design(left[:end], chance, wrong)
            out.append((design.weight, design.growth))
        return out

    @property
    def _needs(self) -> Doubles:
        """Answers within each prefix until it is certified, about; inf where no certificate is in sight."""
        target = self._allowed + 1
        place = np.array(
            [np.searchsorted(h, t) for h, t in zip(self._capital.hypotheses, target, strict=True)]
        )
        place = np.minimum(place, self._capital.hypotheses.shape[1] - 1)
        have = self._capital.log[np.arange(len(place)), place]
        growth = np.array([g for _, g in self._growth])
        with np.errstate(divide="ignore"):
            need = np.maximum(-np.log(self.alpha) - have, 0) / growth
        left = self._size - self._asked
        return np.where(growth > 0, np.minimum(need, left), np.inf)

    @property
    def _asked(self) -> Ints:
        return self._cells.within(self._taken).astype(np.int64)

    @property
    def _allowed(self) -> Ints:
        """Most rows of each prefix that may have been wrong, given that those found have left it."""
        share = 1 - self.target_quality
        found = self._capital.found
        return np.floor(share * (self._size + self._known - found) + found + 1e-9).astype(np.int64)

    def _settle(self) -> None:
        upper = self._capital.upper(self._size, self._size - self._asked)
        holds = upper <= self._allowed
        while self.certified < len(holds) and holds[self.certified]:
            self.certified += 1

    def _at(self, k: int) -> int:
        if not 1 <= k <= len(self._size):
            raise DataError(f"k counts leading strata, 1..{len(self._size)}, got {k}")
        return k - 1

    def lower(self, k: int) -> float:
        """Lower bound of the share right among the first ``k`` strata, those found wrong removed.

        It holds at 1 - alpha for one prefix looked at whenever one likes; for several, see ``certified``.
        """
        i = self._at(k)
        upper = self._capital.upper(self._size, self._size - self._asked)[i]
        kept = self._size[i] + self._known[i] - self._capital.found[i]
        return float(1 - (upper - self._capital.found[i]) / kept) if kept else 1.0

    def estimate(self, k: int) -> float:
        """Expected share right among the first ``k`` strata, those found wrong removed."""
        i = self._at(k)
        kept = self._size[i] + self._known[i] - self._capital.found[i]
        return float(1 - self._expected(i) / kept) if kept else 1.0

    def _expected(self, i: int) -> float:
        left = (self._cells.size - self._taken)[: self._cells.ends[i]]
        doubted = float(left @ self._doubt[: len(left)]) * float(self._capital.level[i])
        return min(doubted, float(left.sum()))

    def expected_answers(self, k: int) -> float:
        """About how many more answers within the first ``k`` strata certify them; inf where unlikely."""
        i = self._at(k)
        return 0.0 if k <= self.certified else float(self._needs[i])

    def chance(self, k: int) -> float:
        """Posterior probability that the first ``k`` strata, those found wrong removed, reach the target."""
        i = self._at(k)
        left = (self._cells.size - self._taken)[: self._cells.ends[i]]
        doubted = float(left @ self._doubt[: len(left)])
        spare = float(self._allowed[i] - self._capital.found[i])
        if left.sum() <= spare:
            return 1.0
        if doubted == 0:
            return float(spare >= 0)
        shape, rate = 1 + float(self._capital.found[i]), 1 + float(self._capital.exposure[i])
        return float(gamma.cdf(spare / doubted, shape, scale=1 / rate))


def _hypotheses(size: Ints, known: Ints, target: float) -> Ints:
    """Numbers of wrong rows to bet against, ``(k, g)``: what each error found allows, and a coarse scale."""
    found = np.unique(np.concatenate([np.arange(16), np.geomspace(16, 4096, 24)]).astype(np.int64))
    at = np.floor((1 - target) * (size + known)[:, None] + target * found + 1e-9) + 1
    shares = np.concatenate([np.linspace(0.05, 0.95, 10) * (1 - target), np.linspace(1, 4, 7) * (1 - target)])
    scale = np.ceil(shares * size[:, None])
    both = np.concatenate([at, scale, (size + 1)[:, None]], axis=1).astype(np.int64)
    return np.sort(np.clip(both, 1, (size + 1)[:, None]), axis=1)


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
