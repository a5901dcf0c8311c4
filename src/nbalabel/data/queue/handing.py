"""Hand out tasks: to whoever is free, nothing twice to the same person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .database.functions import COLUMNS, HAND_OUT, JOINS, TAKE
from .database.sql import Row, Run, Sql
from .leases import end_leases, lease_seconds
from .task import Task

_FREE = """
    FROM nbl_jobs j WHERE j.queue_id = ? AND j.step = ? AND j.free > 0 AND j.place >= ?
    AND (j.only_for IS NULL OR j.only_for = ?) AND (j.not_for IS NULL OR j.not_for <> ?)
    AND NOT EXISTS (SELECT 1 FROM nbl_turns t
        WHERE t.job_id = j.job_id AND t.annotator = ? AND t.state <> 'lost')
    ORDER BY j.place, j.job_id LIMIT 1"""


def take(
    sql: Sql, queue: int, annotator: str, seat: str, steps: Sequence[str], n: int, now: float
) -> list[Task]:
    """The tasks that an annotator holds, at this seat from now on, and new ones: ``n`` in all at most."""
    asked = (queue, annotator, seat, list(steps), n, now)
    rows = sql.call(TAKE, asked)
    if rows is None:
        rows = sql.do(lambda run: _take(run, queue, annotator, seat, steps, n, now))
    return [_task(*row) for row in rows]


def hand_out(
    sql: Sql, queue: int, annotator: str, seat: str, steps: Sequence[str], n: int, now: float
) -> list[int]:
    """Give an annotator up to ``n`` more jobs; returns them in order.

    Args:
        sql: the database.
        queue: number of the queue.
        annotator: who is free.
        seat: names the view, or the process, they work at.
        steps: what to look for, the most urgent first.
        n: how many.
        now: seconds since 1970.
    """
    rows = sql.call(HAND_OUT, (queue, annotator, seat, list(steps), n, now))
    if rows is None:
        return sql.do(lambda run: _hand_out(run, queue, annotator, seat, steps, n, now))
    return list(rows[0][0])


def _take(
    run: Run, queue: int, annotator: str, seat: str, steps: Sequence[str], n: int, now: float
) -> list[Row]:
    """As the function ``TAKE`` of PostgreSQL does it."""
    jobs = _held_by(run, queue, annotator, seat, steps)[:n]
    jobs += _hand_out(run, queue, annotator, seat, steps, n - len(jobs), now) if len(jobs) < n else []
    text = f"SELECT {COLUMNS} FROM nbl_jobs j {JOINS} AND u.annotator = ? WHERE j.job_id = ?"  # noqa: S608  # of constants
    return [row for job in jobs for row in run(text, (annotator, job))]


def _hand_out(
    run: Run, queue: int, annotator: str, seat: str, steps: Sequence[str], n: int, now: float
) -> list[int]:
    """As the function ``HAND_OUT`` of PostgreSQL does it."""
    end_leases(run, queue, now)
    given: list[int] = []
    for step in steps:
        if len(given) == n:
            break
        start = was = _cursor(run, queue, annotator, step)
        lease = lease_seconds(run, queue, annotator, step)
        while len(given) < n:
            job, start = _take_one(run, queue, annotator, step, start)
            if job is None:
                break
            hold(run, queue, job, annotator, seat, step, now, now + lease * (1 + len(given)))
            given.append(job)
        if start != was:
            run(
                "UPDATE nbl_cursors SET place = ? WHERE queue_id = ? AND annotator = ? AND step = ?",
                (start, queue, annotator, step),
            )
    return given


def hold(
    run: Run, queue: int, job: int, annotator: str, seat: str, step: str, now: float, until: float
) -> None:
    """A job is this annotator's until then; their time on it so far is kept."""
    run(
        "INSERT INTO nbl_turns (job_id, annotator, queue_id, step, state, seat, given, until, seconds, "
        "reason) VALUES (?, ?, ?, ?, 'held', ?, ?, ?, 0, '') ON CONFLICT (job_id, annotator) DO UPDATE SET "
        "state = 'held', seat = excluded.seat, until = excluded.until",
        (job, annotator, queue, step, seat, now, until),
    )


def _held_by(run: Run, queue: int, annotator: str, seat: str, steps: Sequence[str]) -> list[int]:
    """The jobs that an annotator holds, those of the most urgent step first; this seat takes them over."""
    rows = run(
        "SELECT job_id, step, seat FROM nbl_turns WHERE queue_id = ? AND annotator = ? AND state = 'held' "
        "ORDER BY until, job_id",
        (queue, annotator),
    )
    for job, step, at in rows:
        if step in steps and at != seat:
            run("UPDATE nbl_turns SET seat = ? WHERE job_id = ? AND annotator = ?", (seat, job, annotator))
    wanted = [(steps.index(step), at, job) for at, (job, step, _) in enumerate(rows) if step in steps]
    return [job for _, _, job in sorted(wanted)]


def _cursor(run: Run, queue: int, annotator: str, step: str) -> float:
    """The place below which nothing is free for an annotator; its row is locked until the end."""
    run(
        "INSERT INTO nbl_cursors (queue_id, annotator, step, place) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (queue_id, annotator, step) DO NOTHING",
        (queue, annotator, step, -1e300),
    )
    rows = run(
        "SELECT place FROM nbl_cursors WHERE queue_id = ? AND annotator = ? AND step = ? {wait}",
        (queue, annotator, step),
    )
    return float(rows[0][0])


def _take_one(run: Run, queue: int, annotator: str, step: str, start: float) -> tuple[int | None, float]:
    """Take the first free job from a place on; returns it, and from where on something may be free."""
    wanted = (queue, step, start, annotator, annotator, annotator)
    seen = run(f"SELECT j.place {_FREE}", wanted)  # without locks: others' may come back
    if not seen:
        return None, start
    start = float(seen[0][0])
    found = run(f"SELECT j.job_id, j.gold {_FREE} {{lock}}", (queue, step, start, *wanted[3:]))
    if not found or (found[0][1] and not _anything_real(run, queue, step)):
        return None, start
    run("UPDATE nbl_jobs SET free = free - 1 WHERE job_id = ?", (found[0][0],))
    return int(found[0][0]), start


def _anything_real(run: Run, queue: int, step: str) -> bool:
    """Whether there is anything but honeypots: those alone are not worth anybody's time."""
    rows = run(
        "SELECT 1 FROM nbl_jobs WHERE queue_id = ? AND step = ? AND free > 0 AND gold = 0 LIMIT 1",
        (queue, step),
    )
    return bool(rows)


def _task(
    job: int,
    task: int,
    step: str,
    image: int,
    row: int,
    version: str,
    until: float,
    proposed: str | None,
    content: str | None,
    author: str | None,
    comment: str | None,
    place: str | None,
    corrected: str | None,
) -> Task:
    """A task from what is known of it; an answer to review or to rework as a reviewer corrected it."""
    given = corrected or content
    return Task(
        job, task, step, image, row, version, until,
        proposed=_read(proposed),
        content=_read(given),
        author=author or "",
        comment=comment or "",
        place=_read(place),
    )  # fmt: skip


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)
