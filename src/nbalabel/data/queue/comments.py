"""What reviewers wrote about the answers to a task, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .database.sql import Sql

_OF_TASK = """
    SELECT d.reviewer, d.given, d.verdict, d.comment, d.place, a.annotator
    FROM nbl_answers a JOIN nbl_decisions d ON d.answer_id = a.answer_id
    WHERE a.task_id = ? ORDER BY d.given, d.job_id"""


@dataclass(frozen=True)
class Comment:
    """One decision of a reviewer about an answer.

    Attributes:
        reviewer: who wrote it.
        when: seconds since 1970.
        verdict: "approve" or "rework".
        text: what they wrote; "" for nothing.
        place: what it is about: ``{"x": ..., "y": ...}``, pixels; None for the whole image.
        author: whose answer it is about.
    """

    reviewer: str
    when: float
    verdict: str
    text: str
    place: dict[str, float] | None
    author: str

    def to_json(self) -> dict[str, Any]:
        """As a view shows it."""
        return dict(vars(self))


def comments_on(sql: Sql, task: int, author: str | None) -> list[Comment]:
    """The decisions about a task that say something, oldest first.

    Args:
        sql: the database.
        task: number of the task.
        author: only those about this annotator's answers; None: about everybody's.
    """
    rows = sql.do(lambda run: run(_OF_TASK, (task,)), reading=True)
    found = [
        Comment(who, float(when), verdict, text, None if place is None else json.loads(place), of)
        for who, when, verdict, text, place, of in rows
    ]
    return [one for one in found if author in (None, one.author) and (one.text or one.place)]
