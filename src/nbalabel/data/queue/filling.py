"""Make queues, and put tasks and honeypots into them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...core.errors import DataError
from .database.sql import Run, Sql
from .leases import look_from

_EVERYBODY = 1_000_000_000
"""How many may take a honeypot."""


@dataclass(frozen=True)
class About:
    """A queue as its database has it.

    Attributes:
        number: of the queue.
        name: unique in its database.
        of: "images", "instances" or "predictions".
        redundancy: opinions wanted for new tasks.
        review: whether answers are reviewed.
        dataset: name of the dataset's folder.
    """

    number: int
    name: str
    of: str
    redundancy: int
    review: bool
    dataset: str


@dataclass(frozen=True)
class New:
    """A task to put into a queue.

    Attributes:
        row: id of the image, instance or prediction.
        image: id of its image.
        proposed: the prediction's row, for a queue of predictions.
        gold: the known answer, of a honeypot.
    """

    row: int
    image: int
    proposed: dict[str, Any] | None = None
    gold: dict[str, Any] | None = None


def find(sql: Sql, name: str) -> About | None:
    """The queue of that name; None if there is none."""
    rows = sql.do(lambda run: _about(run, name), reading=True)
    return rows[0] if rows else None


def make(sql: Sql, name: str, of: str, redundancy: int, review: bool, dataset: str) -> About:
    """The queue of that name, made now unless somebody else just did."""

    def insert(run: Run) -> About:
        run(
            "INSERT INTO nbl_queues (name, of_rows, redundancy, review, dataset, created) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (name, of, redundancy, int(review), dataset, 0.0),
        )
        return _about(run, name)[0]

    return sql.do(insert, durable=True)


def add(sql: Sql, about: About, tasks: Sequence[New], version: str, places: Sequence[float] | None) -> int:
    """Put tasks behind those of a queue, except rows that it has; returns how many were new.

    Args:
        sql: the database.
        about: the queue.
        tasks: in the order in which they are to be handed out.
        version: of the dataset, that work on them begins from.
        places: where to put them instead; None: behind all others.
    """
    unique = list({task.row: task for task in tasks}.values())

    def put(run: Run) -> int:
        run("SELECT queue_id FROM nbl_queues WHERE queue_id = ? {wait}", (about.number,))
        known = {row for (row,) in run("SELECT row_id FROM nbl_tasks WHERE queue_id = ?", (about.number,))}
        fresh = [(task, at) for at, task in enumerate(unique) if task.row not in known]
        ((last,),) = run("SELECT COALESCE(MAX(place), -1) FROM nbl_tasks WHERE queue_id = ?", (about.number,))
        start = float(last) + 1
        rows = [
            (
                about.number,
                task.row,
                task.image,
                version,
                start + i if places is None else places[at],
                _json(task.proposed),
                _json(task.gold),
            )
            for i, (task, at) in enumerate(fresh)
        ]
        sql.many(
            "INSERT INTO nbl_tasks (queue_id, row_id, image_id, version, place, proposed, gold) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        run(
            "INSERT INTO nbl_jobs (queue_id, task_id, step, place, wanted, free, gold) "
            "SELECT queue_id, task_id, 'label', place, CASE WHEN gold IS NULL THEN ? ELSE ? END, "
            "CASE WHEN gold IS NULL THEN ? ELSE ? END, CASE WHEN gold IS NULL THEN 0 ELSE 1 END "
            "FROM nbl_tasks t WHERE t.queue_id = ? AND NOT EXISTS "
            "(SELECT 1 FROM nbl_jobs j WHERE j.task_id = t.task_id)",
            (about.redundancy, _EVERYBODY, about.redundancy, _EVERYBODY, about.number),
        )
        if rows:
            look_from(run, about.number, "label", min(row[4] for row in rows))
        return len(rows)

    return sql.do(put, durable=True)


def raise_redundancy(sql: Sql, about: About, n: int, tasks: Sequence[int] | None) -> int:
    """Ask for ``n`` opinions about some tasks, or about all and those to come; returns how many changed.

    Raises:
        DataError: it is fewer than before.
    """

    def ask(run: Run) -> int:
        if tasks is None:
            run("UPDATE nbl_queues SET redundancy = ? WHERE queue_id = ?", (n, about.number))
        rows = run(
            "SELECT job_id, task_id, wanted, place FROM nbl_jobs "
            "WHERE queue_id = ? AND step = 'label' AND gold = 0 AND wanted < ?",
            (about.number, n),
        )
        chosen = rows if tasks is None else [row for row in rows if row[1] in set(tasks)]
        sql.many(
            "UPDATE nbl_jobs SET free = free + ? - wanted, wanted = ? WHERE job_id = ?",
            [(n, n, row[0]) for row in chosen],
        )
        if chosen:
            look_from(run, about.number, "label", min(row[3] for row in chosen))
        return len(chosen)

    if tasks is None and n < about.redundancy:
        raise DataError(f"redundancy can only be raised: it is {about.redundancy}, got {n}")
    return sql.do(ask, durable=True)


def _about(run: Run, name: str) -> list[About]:
    rows = run(
        "SELECT queue_id, name, of_rows, redundancy, review, dataset FROM nbl_queues WHERE name = ?", (name,)
    )
    return [
        About(number, name, of, redundancy, bool(review), dataset)
        for number, name, of, redundancy, review, dataset in rows
    ]


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)
