"""What annotators and reviewers give back: answers, skips and decisions; each is kept once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ...core.errors import DataError, HistoryError, UnknownNameError
from .database.sql import Run, Sql
from .handing import hold
from .leases import free_again, lease_seconds, look_from

_VERDICTS = ("approve", "rework")
_OF_TASK = """
    SELECT d.reviewer, d.given, d.verdict, d.comment, d.place, a.annotator
    FROM nbl_answers a JOIN nbl_decisions d ON d.answer_id = a.answer_id
    WHERE a.task_id = ? ORDER BY d.given, d.job_id"""
_LONGEST_TEXT = 4000  # characters of a reason or comment


@dataclass(frozen=True)
class Given:
    """What became of an answer.

    Attributes:
        answer: its number.
        late: the lease had ended and the task had all its opinions: this is one more.
        again: it was given before, by the same person; nothing was done.
    """

    answer: int
    late: bool = False
    again: bool = False


def submit(
    sql: Sql, queue: int, annotator: str, job: int, content: dict[str, Any], seconds: float, now: float
) -> Given:
    """Keep an answer to a label or rework job; it is on disk when this returns.

    Raises:
        UnknownNameError: the job was never handed to this annotator.
        DataError: the job is a review, which :func:`decide` answers.
    """

    def keep(run: Run) -> Given:
        state, step, task, free, place, replaces, gold = _turn(run, queue, annotator, job)
        if step == "review":
            raise DataError("a review is answered by a decision: q.decide(task, 'approve')")
        before = run("SELECT answer_id, late FROM nbl_answers WHERE job_id = ? AND annotator = ?",
                     (job, annotator))  # fmt: skip
        if before:
            return Given(int(before[0][0]), bool(before[0][1]), again=True)
        late = state != "held" and free < 1
        if state != "held" and not late:
            run("UPDATE nbl_jobs SET free = free - 1 WHERE job_id = ?", (job,))
        _end(run, job, annotator, "answered", seconds)
        ((number,),) = run(
            "INSERT INTO nbl_answers (queue_id, task_id, job_id, annotator, step, content, seconds, given, "
            "late, state, replaces) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'given', ?) RETURNING answer_id",
            (queue, task, job, annotator, step, json.dumps(content), seconds, now, int(late), replaces),
        )
        if replaces is not None:
            run("UPDATE nbl_answers SET state = 'replaced' WHERE answer_id = ?", (replaces,))
        if not gold and run("SELECT 1 FROM nbl_queues WHERE queue_id = ? AND review = 1", (queue,)):
            _new_job(run, queue, task, "review", place, number, not_for=annotator)
        return Given(int(number), late)

    return sql.do(keep, durable=True)


def skip(sql: Sql, queue: int, annotator: str, job: int, reason: str, seconds: float) -> None:
    """Leave a task to others, with a reason. What had to be reworked is a new task for them.

    Raises:
        UnknownNameError: the job was never handed to this annotator.
        HistoryError: it is answered already.
    """

    def leave(run: Run) -> None:
        state, step, task, _, _, answer, _ = _turn(run, queue, annotator, job)
        if state == "answered":
            raise HistoryError("this task is answered already")
        _end(run, job, annotator, "skipped", seconds, reason[:_LONGEST_TEXT])
        if state == "held" and step != "rework":
            free_again(run, queue, [job])
        if step == "rework" and state != "skipped":
            run("UPDATE nbl_jobs SET free = 0 WHERE job_id = ?", (job,))
            run("UPDATE nbl_answers SET state = 'withdrawn' WHERE answer_id = ?", (answer,))
            rows = run("SELECT job_id FROM nbl_jobs WHERE task_id = ? AND step = 'label'", (task,))
            free_again(run, queue, [int(number) for (number,) in rows])

    sql.do(leave, durable=True)


def decide(
    sql: Sql,
    queue: int,
    reviewer: str,
    job: int,
    verdict: str,
    comment: str,
    place: dict[str, float] | None,
    content: dict[str, Any] | None,
    seconds: float,
    now: float,
) -> None:
    """Keep what a reviewer says; "rework" sends the answer back to its author.

    Args:
        sql: the database.
        queue: number of the queue.
        reviewer: who decides.
        job: the review.
        verdict: "approve" or "rework".
        comment: for the author.
        place: what the comment is about.
        content: the answer as the reviewer corrected it; None if they changed nothing.
        seconds: active time.
        now: seconds since 1970.

    Raises:
        UnknownNameError: the review was never handed to this reviewer.
        DataError: it is no review, or the verdict is none.
        HistoryError: somebody else decided meanwhile; their decision stays.
    """
    if verdict not in _VERDICTS:
        raise DataError(f"a verdict must be one of {', '.join(_VERDICTS)}, got {verdict!r}")

    def keep(run: Run) -> None:
        _, step, task, _, at, answer, _ = _turn(run, queue, reviewer, job)
        if step != "review":
            raise DataError("this task is no review: q.submit answers it")
        if run("SELECT 1 FROM nbl_decisions WHERE job_id = ?", (job,)):
            raise HistoryError("this answer is reviewed already: the first decision stays")
        run("UPDATE nbl_jobs SET free = 0 WHERE job_id = ?", (job,))
        _end(run, job, reviewer, "answered", seconds)
        run(
            "INSERT INTO nbl_decisions (job_id, queue_id, answer_id, reviewer, verdict, comment, place, "
            "content, seconds, given) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job,
                queue,
                answer,
                reviewer,
                verdict,
                comment[:_LONGEST_TEXT],
                _text(place),
                _text(content),
                seconds,
                now,
            ),
        )
        to = "approved" if verdict == "approve" else "rejected"
        run("UPDATE nbl_answers SET state = ? WHERE answer_id = ?", (to, answer))
        if verdict == "rework":
            ((author,),) = run("SELECT annotator FROM nbl_answers WHERE answer_id = ?", (answer,))
            _new_job(run, queue, task, "rework", at, answer, only_for=author)

    sql.do(keep, durable=True)


def renew(
    sql: Sql, queue: int, annotator: str, seat: str, jobs: list[int], seconds: float, now: float
) -> list[int]:
    """Renew the leases of an open view, and add active time to its first job.

    A lease that ended is begun again where nobody else has the task.

    Returns:
        The jobs that are still, or again, this annotator's at this seat.
    """

    def go_on(run: Run) -> list[int]:
        mine = []
        for at, job in enumerate(jobs):
            rows = run(
                "SELECT t.state, t.seat, t.step, j.free FROM nbl_turns t "
                "JOIN nbl_jobs j ON j.job_id = t.job_id "
                "WHERE t.job_id = ? AND t.annotator = ? AND t.queue_id = ?",
                (job, annotator, queue),
            )
            for state, by, step, free in rows:
                if by != seat or not (state == "held" or (state == "lost" and free > 0)):
                    continue
                if state == "lost":
                    run("UPDATE nbl_jobs SET free = free - 1 WHERE job_id = ?", (job,))
                until = now + lease_seconds(run, queue, annotator, step) * (1 + at)
                hold(run, queue, job, annotator, seat, step, now, until)
                mine.append(job)
        if jobs and seconds > 0:
            run(
                "UPDATE nbl_turns SET seconds = ? WHERE job_id = ? AND annotator = ? AND seconds < ?",
                (seconds, jobs[0], annotator, seconds),
            )
        return mine

    return sql.do(go_on)


def _turn(run: Run, queue: int, annotator: str, job: int) -> tuple[Any, ...]:
    """State and step of a turn, task, free, place, answer and gold of its job, which is locked."""
    rows = run(
        "SELECT task_id, step, free, place, answer_id, gold FROM nbl_jobs WHERE job_id = ? AND queue_id = ? "
        "{wait}",
        (job, queue),
    )
    turns = run("SELECT state FROM nbl_turns WHERE job_id = ? AND annotator = ?", (job, annotator))
    if not rows or not turns:
        raise UnknownNameError(f"task {job} was never handed to {annotator}")
    task, step, free, place, answer, gold = rows[0]
    return turns[0][0], step, task, free, place, answer, gold


def _end(run: Run, job: int, annotator: str, state: str, seconds: float, reason: str = "") -> None:
    run(
        "UPDATE nbl_turns SET state = ?, seconds = ?, reason = ? WHERE job_id = ? AND annotator = ?",
        (state, seconds, reason, job, annotator),
    )


def _new_job(
    run: Run,
    queue: int,
    task: int,
    step: str,
    place: float,
    answer: int,
    *,
    only_for: str | None = None,
    not_for: str | None = None,
) -> None:
    run(
        "INSERT INTO nbl_jobs (queue_id, task_id, step, place, wanted, free, gold, answer_id, only_for, "
        "not_for) VALUES (?, ?, ?, ?, 1, 1, 0, ?, ?, ?)",
        (queue, task, step, place, answer, only_for, not_for),
    )
    look_from(run, queue, step, place)


def _text(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)


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
