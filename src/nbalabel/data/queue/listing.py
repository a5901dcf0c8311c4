"""What stands where in a queue: a table of tasks, and counts."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from .database.sql import Run, Sql

_STATES = ("open", "held", "review", "rework", "done")
_COLUMNS = ("state", "row_id", "image_id", "wanted", "answers", "who", "since", "seconds", "skipped", "place")


_FREE = """
    SELECT step, SUM(free) FROM nbl_jobs WHERE queue_id = ? AND free > 0 AND gold = 0 GROUP BY step"""
_HELD = """
    SELECT t.step, COUNT(*) FROM nbl_turns t JOIN nbl_jobs j ON j.job_id = t.job_id
    WHERE t.queue_id = ? AND t.state = 'held' AND j.gold = 0 GROUP BY t.step"""
_LEFT = """
    SELECT task_id, step FROM nbl_jobs
    WHERE queue_id = ? AND gold = 0 AND free > 0 AND step <> 'label'"""
_ANSWERS = """
    SELECT task_id, state FROM nbl_answers
    WHERE queue_id = ? AND state NOT IN ('replaced', 'withdrawn')"""


class Progress(NamedTuple):
    """How far a queue is.

    Attributes:
        tasks: all tasks, without honeypots.
        open: opinions that nobody works on yet.
        held: opinions that somebody works on.
        review: answers to review.
        rework: answers that their authors are to rework.
    """

    tasks: int
    open: int
    held: int
    review: int
    rework: int

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do for anybody."""
        return not (self.open or self.held or self.review or self.rework)


def progress(sql: Sql, queue: int) -> Progress:
    """Counts over a queue."""

    def count(run: Run) -> Progress:
        ((tasks,),) = run("SELECT COUNT(*) FROM nbl_tasks WHERE queue_id = ? AND gold IS NULL", (queue,))
        free: dict[str, Any] = dict(run(_FREE, (queue,)))
        held: dict[str, Any] = dict(run(_HELD, (queue,)))
        both = {step: int(free.get(step, 0)) + int(held.get(step, 0)) for step in ("review", "rework")}
        return Progress(int(tasks), int(free.get("label", 0)), int(held.get("label", 0)), **both)

    return sql.do(count, reading=True)


def tasks_table(sql: Sql, queue: int) -> pd.DataFrame:
    """One row per task, by number of the task; see :attr:`nbalabel.Queue.table`."""

    def read(run: Run) -> pd.DataFrame:
        return _table(run, queue)

    return sql.do(read, reading=True)


def _table(run: Run, queue: int) -> pd.DataFrame:
    tasks = run(
        "SELECT t.task_id, t.row_id, t.image_id, t.place, j.wanted, j.free FROM nbl_tasks t "
        "JOIN nbl_jobs j ON j.task_id = t.task_id AND j.step = 'label' "
        "WHERE t.queue_id = ? AND t.gold IS NULL ORDER BY t.place, t.task_id",
        (queue,),
    )
    frame = pd.DataFrame(tasks, columns=["task", "row_id", "image_id", "place", "wanted", "free"])
    frame = frame.set_index("task")
    turns = _frame(
        run(
            "SELECT j.task_id, t.step, t.state, t.annotator, t.given, t.seconds FROM nbl_turns t "
            "JOIN nbl_jobs j ON j.job_id = t.job_id WHERE t.queue_id = ? AND j.gold = 0 ORDER BY t.given",
            (queue,),
        ),
        ["task", "step", "state", "annotator", "given", "seconds"],
    )
    held = turns[turns["state"] == "held"].groupby("task")
    left = _frame(run(_LEFT, (queue,)), ["task", "step"])
    answers = _frame(run(_ANSWERS, (queue,)), ["task", "state"])
    frame["answers"] = answers.groupby("task").size().reindex(frame.index, fill_value=0)
    frame["seconds"] = turns.groupby("task")["seconds"].sum().reindex(frame.index, fill_value=0.0)
    skipped = turns[turns["state"] == "skipped"].groupby("task").size()
    frame["skipped"] = skipped.reindex(frame.index, fill_value=0)
    frame["who"] = held["annotator"].agg(", ".join).reindex(frame.index).fillna("")
    since = held["given"].min().reindex(frame.index)
    frame["since"] = pd.to_datetime(since.astype(float), unit="s", utc=True)
    frame["state"] = _states(frame, turns, left)
    return frame[list(_COLUMNS)]


def _states(frame: pd.DataFrame, turns: pd.DataFrame, left: pd.DataFrame) -> pd.Series:
    """State of each task: what is to be done next about it."""
    held = turns[turns["state"] == "held"]
    by_step = {
        step: frame.index.isin(held["task"][held["step"] == step])
        | frame.index.isin(left["task"][left["step"] == step])
        for step in ("review", "rework")
    }
    state = pd.Series("done", frame.index)
    state[by_step["review"]] = "review"
    state[frame["free"] > 0] = "open"
    state[frame.index.isin(held["task"][held["step"] == "label"])] = "held"
    state[by_step["rework"]] = "rework"
    return state.astype(pd.CategoricalDtype(list(_STATES)))


def _frame(rows: list[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns)
