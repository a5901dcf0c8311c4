"""A test on masks whose answer is known; an annotator has to pass it before the first real question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...core.errors import DataError
from ...core.question import Question, Verifiable

TAUGHT = 4
"""Examples of each kind in the instructions."""


class Result(NamedTuple):
    """Result of a qualification.

    Attributes:
        asked: number of masks asked.
        right: number of right answers.
        needed: number of right answers needed to pass.
        passed: whether right is at least needed.
    """

    asked: int
    right: int
    needed: int
    passed: bool


class Qualification:
    """Asks ``n`` masks of known answer, half of them right and half wrong where there are enough.

    Args:
        p: the propagation; its examples have the known answers.
        n: number of masks to ask.
        pass_mark: share of right answers that passes, 0..1.

    Attributes:
        result: of the last attempt; None before the first.

    Raises:
        DataError: no answer is known, or a number is out of range.
    """

    def __init__(self, p: Verifiable, n: int, pass_mark: float) -> None:
        if n < 1 or not 0 < pass_mark <= 1:
            raise DataError(
                f"expected a qualification of 1 mask or more and a pass mark in 0..1, got {n}, {pass_mark}"
            )
        known = p.examples(n + TAUGHT)
        self._right, self._wrong = (_untaught(list(known[name]), n) for name in ("right", "wrong"))
        if not self._right and not self._wrong:
            raise DataError(
                f"qualification={n} needs masks whose answer is known, p.examples() has none: "
                "give some labels, or answer some questions first"
            )
        self._n, self._mark, self._attempt = n, pass_mark, 0
        self._asks = str(getattr(p, "asks", ""))
        self.result: Result | None = None
        self._draw()

    @property
    def question(self) -> Question:
        """The current question; a failed attempt draws a new one."""
        return self._question

    def told(self, answers: Sequence[bool]) -> Result:
        """Grade answers; a failed attempt draws other masks."""
        right = sum(bool(a) == b for a, b in zip(answers, self._truth, strict=True))
        needed = math.ceil(self._mark * len(self._truth) - 1e-9)
        self.result = Result(len(self._truth), right, needed, right >= needed)
        if not self.result.passed:
            self._attempt += 1
            self._draw()
        return self.result

    def _draw(self) -> None:
        rng = np.random.default_rng(self._attempt)
        pools = [(int(i), True) for i in self._right], [(int(i), False) for i in self._wrong]
        right, wrong = ([pool[i] for i in rng.permutation(len(pool))] for pool in pools)
        half = min(len(wrong), self._n // 2)
        taken = [*right[: self._n - half], *wrong[: max(half, self._n - len(right))]][: self._n]
        taken = [taken[i] for i in rng.permutation(len(taken))]
        self._truth = [answer for _, answer in taken]
        ids = np.array([row_id for row_id, _ in taken], np.int64)
        self._question = Question(
            number=-1 - self._attempt,
            rows=ids,
            ids=ids,
            kind="known",
            why="These were answered before: see whether you judge them alike.",
            asks=self._asks,
        )


def _untaught(ids: list[int], n: int) -> list[int]:
    """Ids without those in the instructions, if enough are left for half a test."""
    return ids[TAUGHT:] if len(ids) - TAUGHT >= max(n // 2, 1) else ids
