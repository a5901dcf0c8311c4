"""The answers that count: not replaced by rework, not withdrawn, as reviewers corrected them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ...core.errors import DataError
from .content import checked
from .database.sql import Sql
from .own import checked_own

_FINAL = """
    SELECT a.answer_id, t.task_id, t.row_id, t.image_id, t.version, a.annotator, a.state,
        COALESCE((SELECT d.content FROM nbl_decisions d WHERE d.answer_id = a.answer_id
            AND d.content IS NOT NULL), a.content),
        t.proposed, COALESCE(a.collected, ''), a.late, a.seconds, t.gold
    FROM nbl_answers a JOIN nbl_tasks t ON t.task_id = a.task_id
    WHERE a.queue_id = ? AND a.state NOT IN ('replaced', 'withdrawn') AND t.gold IS"""
_OF_TASKS = f"{_FINAL} NULL ORDER BY t.task_id, a.answer_id"
_OF_GOLD = f"{_FINAL} NOT NULL ORDER BY t.task_id, a.answer_id"


@dataclass(frozen=True)
class Answered:
    """One answer.

    Attributes:
        answer: its number.
        task: its task.
        row: the row that the task is about.
        image: its image.
        version: that the work began from.
        annotator: whose it is.
        state: "given", "approved" or "rejected".
        content: what they answered.
        proposed: the prediction it is about, or None.
        collected: the change that brought it into the dataset; "" for none.
        late: it is one more opinion than was asked for.
        seconds: active time.
        gold: the known answer, of a honeypot.
    """

    answer: int
    task: int
    row: int
    image: int
    version: str
    annotator: str
    state: str
    content: dict[str, Any]
    proposed: dict[str, Any] | None
    collected: str
    late: bool
    seconds: float
    gold: dict[str, Any] | None


def final_answers(sql: Sql, queue: int, *, gold: bool = False) -> list[Answered]:
    """The answers that count, by task; of honeypots, or of all other tasks."""
    rows = sql.do(lambda run: run(_OF_GOLD if gold else _OF_TASKS, (queue,)), reading=True)
    return [_answered(*row) for row in rows]


def by_task(answers: list[Answered]) -> Iterator[list[Answered]]:
    """The opinions on each task."""
    for _, found in groupby(answers, key=lambda answer: answer.task):
        yield list(found)


def _answered(
    number: int,
    task: int,
    row: int,
    image: int,
    version: str,
    annotator: str,
    state: str,
    content: str,
    proposed: str | None,
    collected: str,
    late: int,
    seconds: float,
    gold: str | None,
) -> Answered:
    """A row of the database as an answer."""
    said = _read(content, f"answer {number}")
    about, known = _or_none(proposed), _or_none(gold)
    where = (number, task, row, image, version, annotator, state)
    return Answered(*where, said, about, collected, bool(late), seconds, known)


def _read(text: str, where: str) -> dict[str, Any]:
    """An answer as it was kept.

    Raises:
        DataError: somebody else wrote it, and it is no answer.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DataError(f"{where} of the queue is no answer: {error}") from error
    if isinstance(content, dict) and "what" in content and checked_own(content.get("own", {})):
        return content
    return checked(content, f"{where} of the queue")


def _or_none(text: str | None) -> dict[str, Any] | None:
    return None if text is None else dict(json.loads(text))
