"""Leases: how long a task is somebody's, and what becomes of it afterwards."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from .database.pace import AT_FIRST, KNOWN, LATELY, LONGEST, PACE, SHORTEST
from .database.sql import Run


def lease_seconds(run: Run, queue: int, annotator: str, step: str) -> float:
    """Length of a lease of this annotator, seconds.

    Args:
        run: runs a statement.
        queue: number of the queue.
        annotator: who gets the task.
        step: of the task.
    """
    rows = run(
        "SELECT seconds FROM nbl_answers WHERE queue_id = ? AND annotator = ? AND step = ? "
        "ORDER BY given DESC LIMIT ?",
        (queue, annotator, step, LATELY),
    )
    if len(rows) < KNOWN:
        return AT_FIRST
    usual = float(statistics.median(seconds for (seconds,) in rows))
    return min(max(PACE * usual, SHORTEST), LONGEST)


def end_leases(run: Run, queue: int, now: float) -> list[int]:
    """Take back what was held too long; returns the jobs. Drafts and late answers are not touched."""
    due = run(
        "SELECT job_id, annotator FROM nbl_turns WHERE queue_id = ? AND state = 'held' AND until < ? "
        "ORDER BY until LIMIT 100 {lock}",
        (queue, now),
    )
    for job, annotator in due:
        run("UPDATE nbl_turns SET state = 'lost' WHERE job_id = ? AND annotator = ?", (job, annotator))
    jobs = [job for job, _ in due]
    free_again(run, queue, jobs)
    return jobs


def free_again(run: Run, queue: int, jobs: Sequence[int], n: int = 1) -> None:
    """Let ``n`` more people take these jobs, and let everybody's next search begin early enough."""
    places: dict[str, float] = {}
    for job in jobs:
        rows = run("UPDATE nbl_jobs SET free = free + ? WHERE job_id = ? RETURNING step, place", (n, job))
        for step, place in rows:
            places[step] = min(place, places.get(step, place))
    for step, place in places.items():
        look_from(run, queue, step, place)


def look_from(run: Run, queue: int, step: str, place: float) -> None:
    """Something became free at this place: nobody's next search may begin behind it."""
    behind = run(
        "SELECT annotator FROM nbl_cursors WHERE queue_id = ? AND step = ? ORDER BY annotator {wait}",
        (queue, step),
    )
    if behind:
        run(
            "UPDATE nbl_cursors SET place = ? WHERE queue_id = ? AND step = ? AND place > ?",
            (place, queue, step, place),
        )
