"""All numbers of a report, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ...data.history.rounds import UNCOMMITTED
from ...learn.planning.pace import answers_of, timed
from ...learn.runs.run import Run
from .contents import Contents, contents
from .differences import Differences, differences
from .missing import LikelyMissing, likely_missing
from .quality import Quality, number_of, quality
from .work import days, mended, people, placed_answers, rounds_with_work


@dataclass(frozen=True, eq=False)
class Numbers:
    """All numbers of a report.

    Attributes:
        version: name of the version; "uncommitted work on ..." where there is some; "" without history.
        time: when the report was made.
        contents: what is in the dataset.
        quality: mAP of the runs.
        missing: what is likely missing.
        rounds: one row per version; None where the tables have no history.
        people: who did what in which time.
        days: seconds of work by person and day.
        suspects: suspects that were mended.
        certificates: what was proved; None where there are none.
        differences: what differs between two versions; None where there is one version alone.
    """

    version: str
    time: pd.Timestamp
    contents: Contents
    quality: Quality
    missing: LikelyMissing
    rounds: pd.DataFrame | None = None
    people: pd.DataFrame | None = None
    days: pd.DataFrame | None = None
    suspects: pd.DataFrame | None = None
    certificates: pd.DataFrame | None = None
    differences: Differences | None = None


def gather(
    tables: LabeledImages,
    runs: Mapping[str, Run],
    *,
    test: Any,
    before: str | None,
    after: str | None,
    draws: int,
    seed: int,
) -> Numbers:
    """Compute all numbers.

    Args:
        tables: a Dataset; of other tables, all that needs a history is None.
        runs: predictions by name, in order.
        test: images to measure on; see ``quality.images_to_test``.
        before: version to compare from; None: the first.
        after: version to compare to; None: the working copy.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        DataError: versions are to be compared, and the tables have none.
        UnknownNameError: there are no such versions or images.
    """
    last = last_of(runs)
    now: dict[str, Any] = {
        "time": pd.Timestamp.now("UTC"),
        "contents": contents(tables),
        "quality": quality(tables, runs, test, draws, seed),
        "missing": likely_missing(tables, last, seed),
    }
    if not hasattr(tables, "rounds"):
        if before or after:
            raise DataError("only a Dataset has versions to compare: leave before and after out")
        return Numbers(version=str(getattr(tables, "version_id", "") or ""), **now)
    return Numbers(**now, **_history(tables, runs, before, after))


def last_of(runs: Mapping[str, Run]) -> Run | None:
    """The run of the latest version, of several the last; None where there is none."""
    found: Run | None = None
    for run in runs.values():
        if found is None or number_of(run.version) >= number_of(found.version):
            found = run
    return found


def _history(ds: Any, runs: Mapping[str, Run], before: str | None, after: str | None) -> dict[str, Any]:
    """All that needs versions and a log."""
    log, rounds = ds.log(), ds.rounds()
    own = timed(log)
    placed = placed_answers(answers_of(Path(ds.runs_folder)), log, rounds)
    dirty = UNCOMMITTED in rounds.index
    found = getattr(ds, "certificates", None)
    found = found if isinstance(found, pd.DataFrame) and len(found) else None
    return {
        "version": f"uncommitted work on {ds.version_id}" if dirty else ds.version_id,
        "rounds": rounds_with_work(rounds, own, placed),
        "people": people(log, own, placed, {run.id for run in runs.values()}, found),
        "days": days(own, placed),
        "suspects": mended(log),
        "certificates": found,
        "differences": _differences(ds, rounds, before, after),
    }


def _differences(ds: Any, rounds: pd.DataFrame, before: str | None, after: str | None) -> Differences | None:
    """What differs between two versions; None where there is nothing to compare."""
    first = str(rounds.index[0]) if before is None else ds.version(before).id
    if before is None and after is None and len(rounds) < 2:
        return None
    if after is None and UNCOMMITTED not in rounds.index:
        after = ds.version_id
    found = ds.diff(first, after)
    new = ds.instances if after is None else ds.version(after).instances
    return differences(found, ds.version(first).instances, new, ds.labels)
