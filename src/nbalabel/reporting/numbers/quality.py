"""How good the runs of the rounds are, on the same test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import UnknownNameError, first
from ...core.regions.measured import known_somewhere
from ...core.regions.of_tables import regions_of
from ...core.tables.schema import LabeledImages
from ...learn.runs.intervals import MapIntervals, map_intervals, named_runs
from ...learn.runs.run import Run

_MOST_LEFT_OUT = 0.5  # share of the test images that a run must have predicted on


@dataclass(frozen=True, eq=False)
class Quality:
    """mAP of the runs.

    Attributes:
        found: mAP with intervals; None where nothing can be measured.
        problem: why nothing was measured, and what to do; "" where something was.
        notes: what a reader has to know.
    """

    found: MapIntervals | None
    problem: str = ""
    notes: tuple[str, ...] = ()


def runs_of(tables: LabeledImages, runs: Run | Sequence[Run] | Mapping[str, Run] | None) -> dict[str, Run]:
    """The runs by name, in order.

    Args:
        tables: a Dataset, or other tables.
        runs: as given; None: the predictions saved in the dataset's folder of runs, by version and name.
    """
    if runs is not None:
        return {name: run for name, run in named_runs(runs).items() if run.kind == "predict"}
    folder = getattr(tables, "runs_folder", None)
    if folder is None or not Path(folder).is_dir():
        return {}
    saved = [Run.load(file.parent, tables) for file in sorted(Path(folder).glob("*/run.json"))]
    return named_runs(sorted((run for run in saved if run.kind == "predict"), key=_by_version))


def _by_version(run: Run) -> tuple[int, str]:
    return number_of(run.version), run.id


def number_of(version: str | None) -> int:
    """The number of a version, counted from 1; 0 where there is none.

    Example:
        >>> number_of("v12-0a1b2c3d"), number_of(None)
        (12, 0)
    """
    head = (version or "").split("-")[0]
    return int(head[1:]) if head[:1] == "v" and head[1:].isdigit() else 0


def images_to_test(tables: LabeledImages, test: Any) -> pd.DataFrame:
    """The test images, whether they can be measured or not.

    Args:
        tables: the tables as they are now.
        test: rows of ``images`` or ids; None: those of split test, else of split val.

    Raises:
        UnknownNameError: there are no such images.
    """
    images = tables.images
    if test is None:
        chosen = images[(images["split"] == "test").to_numpy()]
        return chosen if len(chosen) else images[(images["split"] == "val").to_numpy()]
    ids = pd.Index(test.index if isinstance(test, pd.DataFrame | pd.Series) else np.atleast_1d(test))
    if len(lost := ids[~ids.isin(images.index)]):
        raise UnknownNameError(f"test names images that do not exist: {first(lost)}")
    return images[images.index.isin(ids)]


def quality(tables: LabeledImages, runs: Mapping[str, Run], test: Any, draws: int, seed: int) -> Quality:
    """Measure the runs on the test images, against the labels as they are now.

    Args:
        tables: the tables as they are now.
        runs: predictions by name, in order.
        test: see :func:`images_to_test`.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    if not runs:
        return Quality(
            None,
            "No predictions yet. Train, predict on the test images, and give the runs: "
            "`nl.report(ds, runs=[run])`, or save them: `run.save(ds.runs_folder / run.id)`.",
        )
    images = images_to_test(tables, test)
    if not len(images):
        return Quality(
            None, "No image is of split test. `ds.split(test=0.2)` puts some aside; label them completely."
        )
    frame = images[known_somewhere(images, regions_of(tables))]
    if not len(frame):
        return Quality(
            None,
            f"None of the {len(images):,} test images is labeled all over. Label them, then say so: "
            "`ds.mark_complete(images)`.",
        )
    return _measured(tables, runs, frame, draws, seed)


def _measured(
    tables: LabeledImages, runs: Mapping[str, Run], frame: pd.DataFrame, draws: int, seed: int
) -> Quality:
    seen = {name: frame.index[frame.index.isin(run.predicted_ids)] for name, run in runs.items()}
    kept = {name: runs[name] for name, ids in seen.items() if len(ids) >= _MOST_LEFT_OUT * len(frame)}
    notes = [
        f"{name} is left out: it predicted on {len(ids):,} of {len(frame):,} test images"
        for name, ids in seen.items()
        if name not in kept
    ]
    shared = frame
    for name in kept:
        shared = shared[shared.index.isin(seen[name])]
    if not len(shared):
        return Quality(None, f"No run predicted on the {len(frame):,} test images.", tuple(notes))
    if len(shared) < len(frame):
        notes.append(
            f"measured on the {len(shared):,} of {len(frame):,} test images that all runs predicted on"
        )
    found = map_intervals(kept, shared, tables, draws=draws, seed=seed)
    return Quality(found, "", tuple([*notes, found.note] if found.note else notes))
