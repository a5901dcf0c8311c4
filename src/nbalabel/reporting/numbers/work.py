"""Rounds, answers, hours: what was done, when and by whom."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import partial

import numpy as np
import pandas as pd

from ...data.history.rounds import UNCOMMITTED
from ...learn.planning.pace import AUDIT, TILES

_RUN = re.compile(r".+-\d{8}-\d{6}-[0-9a-f]{6}")  # as run ids end
_BY_MODEL = ["model", "propagated"]


def placed_answers(
    answers: pd.DataFrame, log: pd.DataFrame, rounds: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Answers of propagations and audits, with the version and the time that they belong to.

    Answers of a propagation belong where its masks came into the dataset; those of an audit, which brings no
    masks, to the version that was committed next.

    Args:
        answers: as ``learn.planning.pace.answers_of`` returns them.
        log: as ``ds.log()`` returns it, newest first.
        rounds: as ``ds.rounds()`` returns it; None places no audits.

    Returns:
        The answers with ``version`` and ``time``; "uncommitted" and NaT where nothing was accepted yet.
    """
    family = log["origin"].str.split("/").str[0]
    found = log.assign(family=family).iloc[::-1].drop_duplicates("family").set_index("family")
    version = answers["propagation"].map(found["version"]).astype(object)
    time = answers["propagation"].map(found["time"])
    asks = _is_audit(answers) & version.isna()
    if asks.any() and rounds is not None:
        version = version.mask(asks, answers["begun"].map(partial(_version_after, rounds)))
        time = time.mask(asks, answers["begun"])
    return answers.assign(version=version.fillna(UNCOMMITTED), time=time)


def _is_audit(answers: pd.DataFrame) -> pd.Series:
    return answers["of"].isin([AUDIT, TILES])


def _version_after(rounds: pd.DataFrame, time: pd.Timestamp) -> str:
    """The first version that was committed at this time or later; "uncommitted" where there is none."""
    later = rounds.index[(rounds["time"] >= time).to_numpy() & (rounds.index != UNCOMMITTED)]
    return str(later[0]) if len(later) else UNCOMMITTED


def rounds_with_work(rounds: pd.DataFrame, timed: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Rounds with the answers, hours, and masks an answer.

    Args:
        rounds: as ``ds.rounds()`` returns it.
        timed: changes with seconds, as ``learn.planning.pace.timed`` returns them.
        placed: answers of propagations, as :func:`placed_answers` returns them.

    Returns:
        The rounds with ``answers`` (in reviews, propagations and audits), ``hours`` of work, and
        ``masks_per_answer``: masks of models and propagations that were added, per answer in reviews and
        propagations; NaN without one.
    """
    names = list(rounds.index)
    if placed["version"].eq(UNCOMMITTED).any() and UNCOMMITTED not in names:
        names.append(UNCOMMITTED)
    reviewed = timed[timed["work"] == "review one by one"].groupby("version")["steps"].sum()
    asked = placed.groupby("version")["answers"].sum()
    audited = placed[_is_audit(placed)].groupby("version")["answers"].sum()
    worked = timed.groupby("version")["seconds"].sum()
    spent = placed.groupby("version")["seconds"].sum()
    answers = (_of(reviewed, names) + _of(asked, names)).astype(np.int64)
    out = rounds.reindex(names)
    counts = rounds.columns.drop(["parent", "message", "author", "time"])
    out.loc[:, counts] = out[counts].fillna(0)
    added = out[_BY_MODEL].sum(axis=1)
    brought = answers - _of(audited, names)
    return out.astype(dict.fromkeys(counts, np.int64)).assign(
        answers=answers,
        hours=(_of(worked, names) + _of(spent, names)) / 3600,
        masks_per_answer=(added / brought.where(brought > 0)).astype(np.float64),
    )


def _of(series: pd.Series, names: list[str]) -> pd.Series:
    return series.reindex(names).fillna(0.0).astype(np.float64)


def people(
    log: pd.DataFrame,
    timed: pd.DataFrame,
    placed: pd.DataFrame,
    runs: Collection[str] = (),
    certificates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Who did what in which time: one row per person, run or program, those with most time first.

    Args:
        log: as ``ds.log()`` returns it.
        timed: changes with seconds.
        placed: answers of propagations and audits.
        runs: ids of runs that are known; others are told by the form of their ids.
        certificates: as ``ds.certificates`` has them; None: there are none.

    Returns:
        By ``who``: ``kind`` ("person", "run" or "code"), ``changes``, ``created``, ``updated``, ``deleted``
        (rows of all tables), ``answers``, ``certified`` (masks and tiles of valid certificates that
        reach their target and that they answered for, alone or with others), ``hours``, ``days`` with
        changes, ``first``, ``last``.
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
    out["certified"] = _certified(certificates).reindex(out.index)
    out["hours"] = (seconds.reindex(out.index) / 3600).astype(np.float64).fillna(0.0)
    asked = set(answers[answers > 0].index)
    out.insert(0, "kind", [_kind(str(name), runs, str(name) in asked) for name in out.index])
    whole = ["changes", "created", "updated", "deleted", "days", "answers", "certified"]
    out[whole] = out[whole].fillna(0).astype(np.int64)
    return out.rename_axis("who").sort_values(["hours", "changes"], ascending=False, kind="stable")


def _certified(certificates: pd.DataFrame | None) -> pd.Series:
    """Masks and tiles of which a target is shown by certificates that are not stale, by who answered."""
    if certificates is None:
        return pd.Series(dtype=np.float64)
    shown = (certificates["lower"] >= certificates["target"] - 1e-9).to_numpy()
    valid = certificates[shown & ~certificates["stale"].to_numpy(bool)]
    who = valid["who"].replace("", "unnamed").str.split(", ")
    rows: pd.Series = valid.assign(who=who).explode("who").groupby("who")["n_rows"].sum()
    return rows.astype(np.float64)


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

    Answers of a propagation count on the day on which its masks were accepted, those of an audit on the day
    on which it began.

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


_MENDED = re.compile(r"mended ([\d,]+) suspicions?(?: \(([^)]*)\))?")


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
        met = _MENDED.search(str(row["note"]))
        if met is None:
            continue
        parts = [part.split(" ", 1) for part in met[2].split(", ")] if met[2] else []
        found = [(kind, int(n)) for n, kind in parts] or [("of any kind", int(met[1].replace(",", "")))]
        rows += [(change, row["origin"], row["time"], row["version"], kind, n) for kind, n in found if n]
    columns = ["change", "origin", "time", "version", "kind", "mended"]
    return pd.DataFrame(rows, columns=columns).set_index("change")
