"""The history of a propagation: applies, persists, replays and undoes its records."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from ....core.errors import HistoryError
from ...cluster.cell_forest import CellForest
from ...cluster.forest import Forest
from ...runs.run import libraries
from ..state.inputs import Inputs
from .course import Course, Setup
from .journal import Journal, Record

_EVERY = 16
"""A copy of the course is kept once per this many records; undo replays from the last copy."""

MOST_COPIES, MOST_ROWS = 8, 3_000_000
"""Most copies that are kept, and most rows that all copies may hold together."""


class Past:
    """Applies records to the course and the journal; a failure leaves both as they were.

    Args:
        inputs: the candidates.
        forest: cluster trees of the candidates.
        setup: the other arguments of the propagation.
        budget: answers that may be asked for; None without a limit.
        journal: its records are replayed.

    Attributes:
        course: current state of the propagation.

    Raises:
        HistoryError: the replay does not lead to the questions that the journal names.
    """

    def __init__(
        self, inputs: Inputs, forest: Forest | CellForest, setup: Setup, budget: int | None, journal: Journal
    ) -> None:
        self._inputs, self._forest, self._setup = inputs, forest, setup
        self._budget, self._journal = budget, journal
        self._told: list[Record] = []
        for record in journal.records:
            self._told.pop() if record["op"] == "undo" else self._told.append(record)
        self._copies: deque[tuple[int, Course]] = deque(
            maxlen=max(1, min(MOST_COPIES, MOST_ROWS // (len(inputs) + 1)))
        )
        self.course = self._after(len(self._told))

    @property
    def annotators(self) -> list[str]:
        """Who answered, in the order in which they came."""
        return list(dict.fromkeys(one["annotator"] for one in self._told if one["op"] == "tell"))

    def do(self, record: Record) -> None:
        """Apply a record of ``tell``, ``skip`` or ``finish``; it is in the journal when this returns."""
        n = len(self._told)
        record["limit"] = self.course.limit
        if n % _EVERY == 0 and not any(at == n for at, _ in self._copies):
            self._copies.append((n, self.course.copy()))
        try:
            with self._journal.recording(record):
                _apply(self.course, record, self._left(record))
        except BaseException:
            self.course = self._after(n)
            raise
        self._told.append(record)

    def undo(self) -> None:
        """Undo the last record.

        Raises:
            HistoryError: there is none.
        """
        if not self._told:
            raise HistoryError("there is nothing to undo: no question was answered or skipped")
        n = len(self._told) - 1
        course = self._after(n)
        with self._journal.recording({"op": "undo"}):
            self._told.pop()
            self.course = course
        while self._copies and self._copies[-1][0] > n:
            self._copies.pop()

    def _after(self, n: int) -> Course:
        """The course after the first ``n`` records, replayed with the limit that each question had."""
        told = self._told[:n]
        limits = [record["limit"] for record in told]
        spent = sum(len(record.get("answers", "")) for record in told)
        limits.append(None if self._budget is None else max(self._budget - spent, 0))
        at, course = next(((at, copy.copy()) for at, copy in reversed(self._copies) if at <= n), (0, None))
        if course is None:
            course = Course(self._inputs, self._forest, self._setup, limits[0])
        for record, limit in zip(told[at:], limits[at + 1 :], strict=True):
            if not _fits(course, record):
                raise HistoryError(
                    f"{self._journal.path or 'the journal in memory'} cannot be replayed: question "
                    f"{record['number']} is about other masks now. It was recorded with "
                    f"{self._journal.header['versions']}; this is {libraries()}"
                )
            _apply(course, record, limit)
        return course

    def _left(self, record: Record) -> int | None:
        """Answers left in the budget after a record; None without a limit."""
        if self._budget is None:
            return None
        return max(self._budget - self.course.ledger.n_answers - len(record.get("answers", "")), 0)


def _apply(course: Course, record: dict[str, Any], limit: int | None) -> None:
    if record["op"] == "tell":
        answers = np.array([mark == "1" for mark in record["answers"]], np.bool_)
        course.tell(answers, record["annotator"], record["seconds"], limit)
    elif record["op"] == "skip":
        course.skip(limit)
    else:
        course.finish()


def _fits(course: Course, record: Record) -> bool:
    now = course.shown
    if now is None or now.question.number != record["number"]:
        return False
    return record["op"] != "tell" or now.question.rows.tolist() == record["rows"]
