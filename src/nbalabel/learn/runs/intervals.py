"""How good runs are, with intervals: mAP of resampled images, the same draws for every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.regions.measured import known_somewhere
from ...core.regions.of_tables import regions_of
from ...core.tables.of_images import groups_of
from ...core.tables.schema import LabeledImages
from ..metrics.bootstrap import ap_draws, drawn_times
from ..metrics.coco_ap import Metrics
from .measured import to_measure
from .run import Run

Floats = npt.NDArray[np.float64]

_FEW_GROUPS = 8  # groups from which images are drawn by group


@dataclass(frozen=True, eq=False)
class MapIntervals:
    """mAP50-95 of runs on the same images, with bootstrap intervals.

    Attributes:
        table: one row per run, by its name: ``version``, ``model``, ``predictions``, ``map``, ``low``,
            ``high``, 0..1.
        labels: one row per run and label: ``instances``, ``ap``, ``low``, ``high``; NaN where there is
            nothing to find.
        differences: one row per run but the first: ``than`` (the run before), ``difference`` of the mAP,
            ``low``, ``high``; from the same draws for both, so that what images have in common cancels.
        label_differences: the same per run and label, of the AP.
        images: ids of the images measured on, ascending.
        instances: how many there are to find.
        level: coverage that the intervals aim at, 0..1.
        draws: how many times the images were drawn.
        drawn: "image" or "group": what was drawn.
        note: what a reader has to know about the draws; "" for nothing.
    """

    table: pd.DataFrame
    labels: pd.DataFrame
    differences: pd.DataFrame
    label_differences: pd.DataFrame
    images: npt.NDArray[np.int64]
    instances: int
    level: float
    draws: int
    drawn: str
    note: str = ""

    def __repr__(self) -> str:
        lines = [
            f"{name}: mAP {row['map']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
            for name, row in self.table.iterrows()
        ]
        return "\n".join([*lines, f"{self.level:.0%} intervals, {len(self.images):,} images"])

    def _repr_html_(self) -> str:
        from ...core.show.svg_intervals import Whisker, intervals_svg

        rows = self.table.reset_index().to_dict("records")
        bars = [Whisker(str(r["run"]), r["map"], r["low"], r["high"]) for r in rows]
        return intervals_svg(bars, title=f"mAP on {len(self.images):,} images", y_label="mAP50-95")


def map_intervals(
    runs: Run | Sequence[Run] | Mapping[str, Run],
    images: Any = None,
    tables: LabeledImages | None = None,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> MapIntervals:
    """Measure runs on the same images, with bootstrap intervals of each and of their differences.

        nl.map_intervals([first, second], images=ds.images.query("split == 'test'"), tables=ds)

    Images are drawn with replacement; predictions are matched once, and a draw counts the matches of its
    images. All runs see the same draws, so that the interval of a difference is a paired one: a difference is
    beyond chance where its interval does not hold 0. Where images belong to eight groups or more (videos),
    whole groups are drawn. Intervals are percentiles. They hold which images were drawn for the test, not
    that a training with another seed gives another model.

    Args:
        runs: runs in order, or by name; each is compared with the one before.
        images: rows of ``images`` or ids; None: all that can be measured. Only those that every run predicted
            on count.
        tables: tables with the truth; None: those of the last run.
        draws: number of draws, 2 or more.
        level: coverage that the intervals aim at, 0..1.
        seed: of the draws.

    Raises:
        DataError: there is no run, no image is left, or an argument is out of range.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=8, n_test=8, size=96)
        >>> found = nl.map_intervals([nl.demo.simulated_run(ds, seed) for seed in (0, 1)], draws=50)
        >>> found.table.columns.tolist()[-3:], len(found.differences)
        (['map', 'low', 'high'], 1)
        >>> ds.close()
    """
    named = named_runs(runs)
    _check(named, draws, level)
    truth = next(reversed(named.values()))._tables(tables)
    frame = _shared(named, truth, images)
    by, note = _unit(frame)
    times = drawn_times(by if by is not None else np.arange(len(frame)), draws, seed)
    cases = {name: to_measure(run, truth, frame) for name, run in named.items()}
    whole = {name: run.evaluate(frame, truth) for name, run in named.items()}
    aps = {
        name: ap_draws(one.predictions, one.instances, one.images, named[name].labels, times)
        for name, one in cases.items()
    }
    bounds = (1 - level) / 2, (1 + level) / 2
    kept: dict[str, Any] = {
        "images": frame.index.to_numpy(np.int64),
        "instances": int(next(reversed(whole.values())).n_instances[:, 0].sum()),
        "level": level,
        "draws": draws,
        "drawn": "image" if by is None else "group",
        "note": note,
    }
    return MapIntervals(
        _table(named, whole, aps, bounds),
        _labels(whole, aps, bounds),
        *_differences(named, whole, aps, bounds),
        **kept,
    )


def named_runs(runs: Run | Sequence[Run] | Mapping[str, Run]) -> dict[str, Run]:
    """Runs by name; of those without one the id, numbered where it repeats."""
    if isinstance(runs, Mapping):
        return {str(name): run for name, run in runs.items()}
    out: dict[str, Run] = {}
    for run in [runs] if isinstance(runs, Run) else runs:
        name, number = run.id, 2
        while name in out:
            name, number = f"{run.id} ({number})", number + 1
        out[name] = run
    return out


def _check(named: Mapping[str, Run], draws: int, level: float) -> None:
    if not named:
        raise DataError("there is no run to measure: expected one or more")
    if draws < 2 or not 0 < level < 1:
        raise DataError(f"draws must be 2 or more and level between 0 and 1, got {draws} and {level}")


def _shared(named: Mapping[str, Run], truth: LabeledImages, images: Any) -> pd.DataFrame:
    """Rows of the images that can be measured for every run, by ascending id."""
    frame = truth.images
    if images is None:
        chosen = known_somewhere(frame, regions_of(truth))
    else:
        chosen = frame.index.isin(images.index if isinstance(images, pd.DataFrame | pd.Series) else images)
    for run in named.values():
        chosen = chosen & frame.index.isin(run.predicted_ids)
    if not chosen.any():
        raise DataError(
            f"no image is left to measure {len(named)} runs on: expected images that each of them predicted "
            "on, of state complete or empty, or images= to say which"
        )
    return frame[chosen].sort_index()


def _unit(frame: pd.DataFrame) -> tuple[npt.NDArray[np.int64] | None, str]:
    """What is drawn: codes of groups, or None for images; and a note."""
    codes = groups_of(frame, pd.Series(frame.index))
    n = len(np.unique(codes))
    if n == len(frame):
        return None, ""
    if n >= _FEW_GROUPS:
        return codes, ""
    return None, (
        f"the images belong to {n} groups, too few to draw by group: the intervals are too narrow as far as "
        "images of one group are alike"
    )


def _mean(aps: Floats) -> Floats:
    """Mean over the labels that are there, of each draw; NaN where there are none."""
    known = np.isfinite(aps)
    return np.asarray(
        np.where(known.any(axis=1), np.nansum(aps, axis=1) / np.maximum(known.sum(axis=1), 1), np.nan),
        np.float64,
    )


def _ends(values: Floats, bounds: tuple[float, float]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, bounds)
    return float(low), float(high)


def _table(
    named: Mapping[str, Run],
    whole: Mapping[str, Metrics],
    aps: Mapping[str, Floats],
    bounds: tuple[float, float],
) -> pd.DataFrame:
    rows = {}
    for name, run in named.items():
        low, high = _ends(_mean(aps[name]), bounds)
        rows[name] = {
            "version": run.version,
            "model": run.model,
            "predictions": int(whole[name].n_predictions.sum()),
            "map": whole[name].map,
            "low": low,
            "high": high,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("run")


def _labels(
    whole: Mapping[str, Metrics], aps: Mapping[str, Floats], bounds: tuple[float, float]
) -> pd.DataFrame:
    rows = []
    for name, found in whole.items():
        for k, label in enumerate(found.labels):
            low, high = _ends(aps[name][:, k], bounds)
            ap = float(found.per_label["AP"].iloc[k])
            rows.append((name, label, int(found.n_instances[k, 0]), ap, low, high))
    columns = ["run", "label", "instances", "ap", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(["run", "label"])


def _differences(
    named: Mapping[str, Run],
    whole: Mapping[str, Metrics],
    aps: Mapping[str, Floats],
    bounds: tuple[float, float],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = list(named)
    rows, by_label = [], []
    for than, name in pairwise(names):
        gain = whole[name].map - whole[than].map
        rows.append((name, than, gain, *_ends(_mean(aps[name]) - _mean(aps[than]), bounds)))
        for label in whole[name].labels:
            if label not in whole[than].labels:
                continue
            a, b = whole[than].labels.index(label), whole[name].labels.index(label)
            ap = float(whole[name].per_label["AP"].iloc[b] - whole[than].per_label["AP"].iloc[a])
            by_label.append((name, label, than, ap, *_ends(aps[name][:, b] - aps[than][:, a], bounds)))
    columns = ["than", "difference", "low", "high"]
    return (
        pd.DataFrame(rows, columns=["run", *columns]).set_index("run"),
        pd.DataFrame(by_label, columns=["run", "label", *columns]).set_index(["run", "label"]),
    )
