"""``people``: how much and how well each annotator works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from ...core.binomial import clopper_pearson
from ...core.errors import DataError
from ...core.percent import at_least, at_most
from ...core.show.card import card, escape
from .database.sql import Run, Sql
from .final import Answered, by_task, final_answers
from .matching import agreement

_COLUMNS = (
    "answers",
    "skipped",
    "reviews",
    "hours",
    "median_seconds",
    "answers_per_hour",
    "first_pass",
    "rejection_rate",
    "honeypots",
    "honeypot_accuracy",
    "honeypot_low",
    "honeypot_high",
    "agreement",
)


@runtime_checkable
class _Queued(Protocol):
    """A queue."""

    sql: Sql

    @property
    def number(self) -> int:
        """Its number in its database."""


@runtime_checkable
class _Logged(Protocol):
    """A dataset."""

    def log(self) -> pd.DataFrame:
        """Its changes."""


@dataclass(frozen=True, eq=False)
class People:
    """Numbers of annotators, as a table and a card; what is not known is missing, never zero.

    Attributes:
        table: one row per annotator, with the columns that :func:`nbalabel.people` lists.
    """

    table: pd.DataFrame

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        gap = 'style="padding-right: 14px"'
        head = "".join(f"<th {gap}>{escape(name)}</th>" for name in ("annotator", *_SHOWN))
        rows = ""
        for who, row in self.table.iterrows():
            cells = "".join(f"<td {gap}>{escape(cell(row))}</td>" for cell in _SHOWN.values())
            rows += f"<tr><th>{escape(who)}</th>{cells}</tr>"
        n = len(self.table)
        table = f'<div style="overflow-x: auto"><table class="nbal-facts"><tr>{head}</tr>{rows}</table></div>'
        return card(
            f"{n:,} {'person' if n == 1 else 'people'}", extra_html=table if n else "nobody answered yet"
        )


def people(of: Any) -> People:
    """How much and how well each annotator works, from a queue or from a dataset's log.

    Active time: pointer, key, wheel and touch show that somebody works. After 60 s without any of them, the
    clock goes back to the last one and stops. A hidden tab never counts. Time on what was skipped counts.

    Args:
        of: a :class:`Queue`; or a Dataset, whose log has the answers of ``nl.Review`` with their seconds.

    Returns:
        A table and a card, one row per annotator: ``answers`` submitted, first ones and reworked ones;
        ``skipped``; ``reviews`` of others' answers; ``hours`` active; ``median_seconds`` per answer;
        ``answers_per_hour``; ``first_pass``, of the tasks reviewed at least once the share whose first
        decision was approval; ``rejection_rate``, rejections among all decisions about this annotator's
        answers; ``honeypots``, things of known tasks; ``honeypot_accuracy``, the share of them that are right
        (the same label and a mask IoU of 0.5 or more; missing and needless ones are wrong), with its 95%
        interval ``honeypot_low`` to ``honeypot_high`` as if each thing were drawn by itself; ``agreement``
        with others on the same tasks, the share of things alike. Of a Dataset only the first six are known.

    Raises:
        DataError: it is neither.

    Source: Clopper & Pearson, Biometrika 1934; the definitions of active time, first pass and rejection rate
        are those of FiftyOne Enterprise's workflow dashboard.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> _ = ds.answer(ds.instances.iloc[:1], "reject", annotator="ana", seconds=3)
        >>> float(nl.people(ds).table.loc["ana", "answers_per_hour"])
        1200.0
    """
    if isinstance(of, _Queued):
        return People(_of_queue(of.sql, of.number))
    if isinstance(of, _Logged):
        return People(_of_log(of.log()))
    raise DataError(f"people takes a Queue or a Dataset, got {type(of).__name__}")


def _of_log(log: pd.DataFrame) -> pd.DataFrame:
    given = log[log["seconds"].notna()]
    who = given["origin"].str.split(", ").str[0]
    rows = {
        name: _worked(list(part["seconds"]), float(part["seconds"].sum()))
        for name, part in given.groupby(who)
    }
    return _as_table(rows)


def _of_queue(sql: Sql, queue: int) -> pd.DataFrame:
    answers, turns, decisions = sql.do(lambda run: _read(run, queue), reading=True)
    rows: dict[str, dict[str, Any]] = {}
    for name in sorted({row[0] for row in turns}):
        own = [seconds for who, _, seconds in answers if who == name]
        rows[name] = _worked(own, sum(seconds for who, _, _, seconds in turns if who == name))
        rows[name]["skipped"] = sum(who == name and state == "skipped" for who, _, state, _ in turns)
        rows[name]["reviews"] = sum(reviewer == name for _, _, _, reviewer in decisions)
        about = [(step, verdict == "approve") for who, step, verdict, _ in decisions if who == name]
        rows[name]["first_pass"] = _mean([good for step, good in about if step == "label"])
        rows[name]["rejection_rate"] = _mean([not good for _, good in about])
    for name, (right, n) in _on_honeypots(final_answers(sql, queue, gold=True)).items():
        low, high = clopper_pearson(right, n, 0.025)
        rows[name] |= {
            "honeypots": n,
            "honeypot_accuracy": right / n,
            "honeypot_low": low,
            "honeypot_high": high,
        }
    for name, share in _agreements(by_task(final_answers(sql, queue))).items():
        rows[name]["agreement"] = share
    return _as_table(rows)


def _read(run: Run, queue: int) -> tuple[list[Any], list[Any], list[Any]]:
    answers = run(
        "SELECT annotator, step, seconds FROM nbl_answers WHERE queue_id = ? AND state <> 'withdrawn'",
        (queue,),
    )
    turns = run("SELECT annotator, step, state, seconds FROM nbl_turns WHERE queue_id = ?", (queue,))
    decisions = run(
        "SELECT a.annotator, a.step, d.verdict, d.reviewer FROM nbl_decisions d "
        "JOIN nbl_answers a ON a.answer_id = d.answer_id WHERE d.queue_id = ?",
        (queue,),
    )
    return answers, turns, decisions


def _worked(seconds: Sequence[float], active: float) -> dict[str, Any]:
    """Numbers of somebody's answers: seconds of each, and all their active seconds."""
    return {
        "answers": len(seconds),
        "hours": active / 3600,
        "median_seconds": float(np.median(seconds)) if seconds else np.nan,
        "answers_per_hour": len(seconds) / active * 3600 if active > 0 and seconds else np.nan,
    }


def _on_honeypots(answers: Iterable[Answered]) -> dict[str, tuple[int, int]]:
    """Things right, and all things, of each annotator."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in answers:
        found = agreement(one.content, one.gold or {})
        counts[one.annotator][0] += found.same
        counts[one.annotator][1] += found.all
    return {name: (right, n) for name, (right, n) in counts.items()}


def _agreements(tasks: Iterable[list[Answered]]) -> dict[str, float]:
    """Mean share of things alike, over the others' answers to the same tasks."""
    shares: dict[str, list[float]] = defaultdict(list)
    for every in tasks:
        for one in every:
            for other in every:
                if one.annotator != other.annotator:
                    found = agreement(one.content, other.content)
                    shares[one.annotator].append(found.same / found.all)
    return {name: float(np.mean(values)) for name, values in shares.items()}


def _as_table(rows: dict[str, dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=None).reindex(columns=list(_COLUMNS))
    frame["answers"] = frame["answers"].fillna(0).astype(int)
    counts = ["skipped", "reviews", "honeypots"]
    frame[counts] = frame[counts].astype("Int64")
    rest = [name for name in _COLUMNS if name not in ("answers", *counts)]
    frame[rest] = frame[rest].astype(float)
    return frame.rename_axis("annotator")


def _mean(values: list[bool]) -> float:
    return float(np.mean(values)) if values else np.nan


def _hours(hours: Any) -> str:
    if pd.isna(hours):
        return "–"
    minutes = round(hours * 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _number(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:,.0f}"


def _share(value: Any) -> str:
    return "–" if pd.isna(value) else f"{value:.0%}"


def _honeypots(row: pd.Series) -> str:
    if pd.isna(row["honeypot_accuracy"]):
        return "–"
    return (
        f"{row['honeypot_accuracy']:.0%} of {row['honeypots']:,} "
        f"({at_least(row['honeypot_low'])} to {at_most(row['honeypot_high'])})"
    )


_SHOWN: dict[str, Callable[[pd.Series], str]] = {
    "answers": lambda row: f"{row['answers']:,.0f}",
    "active": lambda row: _hours(row["hours"]),
    "per hour": lambda row: _number(row["answers_per_hour"]),
    "first pass": lambda row: _share(row["first_pass"]),
    "rejected": lambda row: _share(row["rejection_rate"]),
    "honeypots right": _honeypots,
    "agreement": lambda row: _share(row["agreement"]),
}
"""Columns of the card."""
