"""Rounds, answers, hours: what was done, when and by whom."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from ...data.history.rounds import UNCOMMITTED

_RUN = re.compile(r".+-\d{8}-\d{6}-[0-9a-f]{6}")  # as run ids end
_BY_MODEL = ["model", "propagated"]


def placed_answers(answers: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Answers of propagations, with the version and the time in which their masks came into the dataset.

    Args:
        answers: as ``learn.planning.pace.answers_of`` returns them.
        log: as ``ds.log()`` returns it, newest first.

    Returns:
        The answers with ``version`` and ``time``; "uncommitted" and NaT where nothing was accepted yet.
    """
    family = log["origin"].str.split("/").str[0]
    found = log.assign(family=family).iloc[::-1].drop_duplicates("family").set_index("family")
    return answers.assign(
        version=answers["propagation"].map(found["version"]).fillna(UNCOMMITTED),
        time=answers["propagation"].map(found["time"]),
    )


def rounds_with_work(rounds: pd.DataFrame, timed: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Rounds with the answers, hours, and masks an answer.

    Args:
        rounds: as ``ds.rounds()`` returns it.
        timed: changes with seconds, as ``learn.planning.pace.timed`` returns them.
        placed: answers of propagations, as :func:`placed_answers` returns them.

    Returns:
        The rounds with ``answers`` (in reviews and of propagations), ``hours`` of work, and
        ``masks_per_answer``: masks of models and propagations that were added, per answer; NaN without one.
    """
    names = list(rounds.index)
    if placed["version"].eq(UNCOMMITTED).any() and UNCOMMITTED not in names:
        names.append(UNCOMMITTED)
    reviewed = timed[timed["work"] == "review one by one"].groupby("version")["steps"].sum()
    asked = placed.groupby("version")["answers"].sum()
    worked = timed.groupby("version")["seconds"].sum()
    spent = placed.groupby("version")["seconds"].sum()
    answers = (_of(reviewed, names) + _of(asked, names)).astype(np.int64)
    out = rounds.reindex(names)
    counts = rounds.columns.drop(["parent", "message", "author", "time"])
    out.loc[:, counts] = out[counts].fillna(0)
    added = out[_BY_MODEL].sum(axis=1)
    return out.astype(dict.fromkeys(counts, np.int64)).assign(
        answers=answers,
        hours=(_of(worked, names) + _of(spent, names)) / 3600,
        masks_per_answer=(added / answers.where(answers > 0)).astype(np.float64),
    )


def _of(series: pd.Series, names: list[str]) -> pd.Series:
    return series.reindex(names).fillna(0.0).astype(np.float64)


def people(
    log: pd.DataFrame, timed: pd.DataFrame, placed: pd.DataFrame, runs: Collection[str] = ()
) -> pd.DataFrame:
    """Who did what in which time: one row per person, run or program, those with most time first.

    Args:
        log: as ``ds.log()`` returns it.
        timed: changes with seconds.
        placed: answers of propagations.
        runs: ids of runs that are known; others are told by the form of their ids.

    Returns:
        By ``who``: ``kind`` ("person", "run" or "code"), ``changes``, ``created``, ``updated``, ``deleted``
        (rows of all tables), ``answers``, ``hours``, ``days`` with changes, ``first``, ``last``.
    """
    who = log["origin"].str.split(", ").str[0].str.split("/").str[0].replace("", "unnamed")
    groups = log.assign(who=who, day=log["time"].dt.date).groupby("who")
    counts = groups[["created", "updated", "deleted"]].sum()
    times = groups["time"].agg(first="min", last="max")
    out = pd.concat([groups.size().rename("changes"), counts, groups["day"].nunique().rename("days")], axis=1)
    out = out.join(times)
    told = placed.assign(who=placed["annotator"].replace("", "unnamed"))
    own = timed.assign(who=timed["person"].str.split("/").str[0].replace("", "unnamed"))
    answers = _sum(own[own["work"] == "review one by one"], "steps").add(
        _sum(told, "answers"), fill_value=0.0
    )
    seconds = _sum(own, "seconds").add(_sum(told, "seconds"), fill_value=0.0)
    out = out.reindex(out.index.union(answers[answers > 0].index, sort=False))
    out["answers"] = answers.reindex(out.index)
    out["hours"] = (seconds.reindex(out.index) / 3600).astype(np.float64).fillna(0.0)
    asked = set(answers[answers > 0].index)
    out.insert(0, "kind", [_kind(str(name), runs, str(name) in asked) for name in out.index])
    whole = ["changes", "created", "updated", "deleted", "days", "answers"]
    out[whole] = out[whole].fillna(0).astype(np.int64)
    return out.rename_axis("who").sort_values(["hours", "changes"], ascending=False, kind="stable")


def _sum(frame: pd.DataFrame, column: str) -> pd.Series:
    return frame.groupby("who")[column].sum().astype(np.float64)


def _kind(name: str, runs: Collection[str], answered: bool) -> str:
    if answered:
        return "person"
    if name in ("pandas", "generator", "merge"):
        return "code"
    return "run" if _RUN.fullmatch(name) or name in runs else "person"


def days(timed: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Seconds of work and changes of each person on each day (UTC).

    Answers of a propagation count on the day on which its masks were accepted.

    Returns:
        One row per ``who`` and ``day``: ``seconds``, ``changes``.
    """
    own = pd.DataFrame(
        {
            "who": timed["person"].str.split("/").str[0].replace("", "unnamed"),
            "day": timed["time"].dt.floor("D"),
            "seconds": timed["seconds"].fillna(0.0),
            "changes": 1,
        }
    )
    told = placed[placed["time"].notna()]
    more = pd.DataFrame(
        {
            "who": told["annotator"].replace("", "unnamed"),
            "day": pd.to_datetime(told["time"], utc=True).dt.floor("D"),
            "seconds": told["seconds"].fillna(0.0),
            "changes": 0,
        }
    )
    both = pd.concat([own, more]) if len(more) else own
    return both.groupby(["who", "day"])[["seconds", "changes"]].sum()


_MENDED = re.compile(r"mended ([\d,]+) suspicions(?: \(([^)]*)\))?")


def mended(log: pd.DataFrame) -> pd.DataFrame:
    """Suspects that were mended, by kind: one row per change, oldest first.

    Args:
        log: as ``ds.log()`` returns it.

    Returns:
        By ``change``: ``origin``, ``time``, ``version``, ``kind``, ``mended``; several rows per change. The
        kind is "of any kind" in datasets whose log does not say it.
    """
    rows = []
    for change, row in log.iloc[::-1].iterrows():
        met = _MENDED.match(str(row["note"]))
        if met is None:
            continue
        parts = [part.split(" ", 1) for part in met[2].split(", ")] if met[2] else []
        found = [(kind, int(n)) for n, kind in parts] or [("of any kind", int(met[1].replace(",", "")))]
        rows += [(change, row["origin"], row["time"], row["version"], kind, n) for kind, n in found if n]
    columns = ["change", "origin", "time", "version", "kind", "mended"]
    return pd.DataFrame(rows, columns=columns).set_index("change")
