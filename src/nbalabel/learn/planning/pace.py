"""Seconds per answer, outline, drawn mask and image looked over: from the log and journals, else assumed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import LabeledImages
from .kinds import COMPLETE, CORRECT, DRAW, EMPTY, KINDS, REVIEW, VERIFY

_ENOUGH = 8
"""Fewer measured steps are not used."""

_BREAK = 120.0  # seconds between two changes from which it was a break, not work
_SLOWEST = 60.0  # seconds per answer of a propagation from which somebody had left
_ASSUMED = 0.5  # standard deviation of the logarithm of an assumed time: a factor of 2.3 either way at 90 %
_LEAST = 0.1  # the same of a measured mean: today is not quite like yesterday

_PROPAGATION, AUDIT, TILES = "propagation", "audit", "tiles"  # what was asked; the first two name folders
_SECOND = timedelta(milliseconds=999)
_TIME = re.compile(r"-(\d{8}-\d{6})-[0-9a-f]{6}$")  # as ids end
_NOTES = {
    DRAW: re.compile(r"^drew "),
    CORRECT: re.compile(r"^reshaped |with another mask"),
    EMPTY: re.compile(r"(?P<n>[\d,]+) images? (?:is|are|to) empty$"),
    COMPLETE: re.compile(r"(?P<n>[\d,]+) images? (?:is|are|to) complete$"),
}


@dataclass(frozen=True)
class Pace:
    """How long one step of a kind of work takes.

    Attributes:
        seconds: expected.
        spread: standard deviation of the logarithm of the expected seconds: how little it is known.
        source: "measured on 212", "assumed" or "given".
    """

    seconds: float
    spread: float
    source: str

    def draws(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Seconds as they might be, ``(n,)``."""
        return np.asarray(self.seconds * np.exp(self.spread * rng.normal(size=n)), np.float64)


def paces(tables: LabeledImages, given: Mapping[str, float] | None = None) -> dict[str, Pace]:
    """The pace of every kind of work.

    Args:
        tables: a Dataset, whose log and propagation journals are read; other tables have none.
        given: seconds by kind of work; they replace what was measured.

    Raises:
        UnknownNameError: there is no such kind of work.
        DataError: seconds are not above 0.
    """
    given = dict(given or {})
    if unknown := [name for name in given if name not in KINDS]:
        raise UnknownNameError(f"there is no work {first(unknown)}; there is {', '.join(KINDS)}")
    if any(not 0 < value < np.inf for value in given.values()):
        raise DataError(f"seconds must be numbers above 0, got {given}")
    log = getattr(tables, "log", None)
    found = of_log(log()) if callable(log) else {}
    folder = getattr(tables, "runs_folder", None)
    if folder is not None:
        found[VERIFY] = of_journals(Path(folder))
    return {
        name: Pace(given[name], _LEAST, "given")
        if name in given
        else _pace(found.get(name, []), kind.seconds)
        for name, kind in KINDS.items()
    }


def of_log(log: pd.DataFrame) -> dict[str, list[float]]:
    """Seconds per step of each kind of work, from a log.

    Answers of a review have their seconds in the log. For outlines, drawn masks and empty images it is the
    time since the change before, by the same person; more than two minutes count as a break.

    Args:
        log: as ``ds.log()`` returns it, newest first.
    """
    rows = timed(log)
    each = rows["seconds"] / rows["steps"]
    return {name: each[(rows["work"] == name) & each.notna()].tolist() for name in (REVIEW, *_NOTES)}


def timed(log: pd.DataFrame) -> pd.DataFrame:
    """How long each change of a log took, by whom, and which work it was.

    Args:
        log: as ``ds.log()`` returns it, newest first.

    Returns:
        One row per change, oldest first, by its id: ``person`` (the first origin), ``time``, ``version``,
        ``work`` (a kind of work; missing for others), ``steps`` (answers, masks or images of that work), and
        ``seconds``: those of the answer, else the time since the change before by the same person; missing
        where that is more than two minutes, which count as a break.
    """
    rows = log.iloc[::-1]
    answers = rows["seconds"].notna() & rows["note"].str.endswith("in review")
    person = rows["origin"].str.split(", ").str[0]
    since = rows["time"].groupby(person).diff().dt.total_seconds()
    worked = since.where((since > 0) & (since <= _BREAK))
    known = rows["seconds"].notna()
    work = pd.Series(pd.NA, rows.index, dtype=object).mask(answers, REVIEW)
    steps = pd.Series(1.0, rows.index)
    for name, pattern in _NOTES.items():
        met = rows["note"].str.extract(f"({pattern.pattern})")
        hit = met[0].notna() & ~known
        work = work.mask(hit, name)
        if "n" in met:
            steps = steps.mask(hit, met["n"].str.replace(",", "").astype(float))
    seconds = worked.where(~known, rows["seconds"].where(rows["seconds"] > 0))
    version = rows.get("version", "")
    return pd.DataFrame(
        {
            "person": person,
            "time": rows["time"],
            "version": version,
            "work": work,
            "steps": steps,
            "seconds": seconds,
        },
        index=rows.index,
    )


def of_journals(folder: Path) -> list[float]:
    """Seconds per answer about a mask, of each question in the journals of propagations and audits.

    Answers taken back do not count, nor do tiles: looking a part of an image over is other work.

    Args:
        folder: of the runs of a dataset; it may be absent.
    """
    found = answers_of(folder)
    whole = found[(found["answers"] > 0) & found["each"].notna() & (found["of"] != TILES)]
    return whole["each"].tolist()


def answers_of(folder: Path) -> pd.DataFrame:
    """The questions answered in the journals of propagations and audits; what was taken back does not count.

    Args:
        folder: of the runs of a dataset; it may be absent.

    Returns:
        One row per question: ``propagation`` (id, also of an audit), ``of`` ("propagation", "audit" or
        "tiles"), ``begun`` (when it began, UTC; missing where its journal does not say), ``annotator``,
        ``answers``, ``seconds`` (missing where nobody measured them, or where it is more than a minute per
        answer: somebody had left), ``each`` (seconds per answer).
    """
    rows = [
        row
        for kind in (_PROPAGATION, AUDIT)
        for path in sorted((folder / f"{kind}s").glob("*.jsonl"))
        for row in _told(path, kind)
    ]
    frame = pd.DataFrame(rows, columns=["propagation", "of", "begun", "annotator", "answers", "each"])
    begun = pd.to_datetime(frame["begun"], utc=True)
    return frame.assign(begun=begun, seconds=frame["each"] * frame["answers"])


def _told(path: Path, kind: str) -> list[tuple[str, str, object, str, int, float]]:
    """The questions answered in one journal."""
    name, begun, told = path.stem, _begun({}, path.stem), list[tuple[str, int, float]]()
    for record in _records(path):
        if record["op"] == "begin":
            name = str(record.get("id") or name)
            begun = _begun(record, name)
            kind = TILES if _is_of_tiles(record) else kind
        elif record["op"] == "undo" and told:
            told.pop()
        elif record["op"] in ("tell", "skip", "finish"):
            rows = record.get("rows")
            n = len(rows) if isinstance(rows, list) and record["op"] == "tell" else 0
            each = _each(record)
            told.append((str(record.get("annotator") or ""), n, np.nan if each is None else each))
    return [(name, kind, begun, *one) for one in told]


def _is_of_tiles(header: Mapping[str, object]) -> bool:
    options = header.get("options")
    content = options.get("content") if isinstance(options, dict) else None
    return isinstance(content, str) and " tiles " in content


def _begun(header: Mapping[str, object], name: str) -> object:
    """When a propagation or audit began, UTC; NaT where neither its journal nor its id says so.

    Older journals do not say it, and ids tell whole seconds of local time. The end of the second
    is taken then: what was committed in it came before, since nobody answers within a second.
    """
    told, met = header.get("begun"), _TIME.search(name)
    try:
        if isinstance(told, str):
            return datetime.fromisoformat(told).astimezone(UTC)
        if met is not None:
            return datetime.strptime(met[1], "%Y%m%d-%H%M%S").astimezone(UTC) + _SECOND
    except ValueError:
        pass
    return pd.NaT


def _records(path: Path) -> list[dict[str, object]]:
    """Whole lines of a journal; a torn last line, and whatever is no record, is left out."""
    out = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("op"), str):
            out.append(record)
    return out


def _each(record: Mapping[str, object]) -> float | None:
    """Seconds per answer of one record; None where nothing was answered or nobody was there."""
    rows, seconds = record.get("rows"), record.get("seconds")
    if not isinstance(rows, list) or not rows or not isinstance(seconds, int | float) or seconds <= 0:
        return None
    each = float(seconds) / len(rows)
    return each if each <= _SLOWEST else None


def _pace(measured: list[float], assumed: float) -> Pace:
    if len(measured) < _ENOUGH:
        return Pace(assumed, _ASSUMED, "assumed")
    values = np.array(measured)
    error = values.std(ddof=1) / values.mean() / np.sqrt(len(values))
    return Pace(float(values.mean()), max(float(error), _LEAST), f"measured on {len(values):,}")
