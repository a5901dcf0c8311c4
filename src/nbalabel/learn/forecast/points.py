"""Points of a growth curve: from runs of the rounds, or from trainings on parts of the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..model import Model
from ..runs.frozen_tables import Snapshot
from ..runs.measured import not_held_out, trains
from ..runs.run import Run

Ids = npt.NDArray[np.int64]


def growth_points(runs: Sequence[Run], tables: LabeledImages | None = None) -> pd.DataFrame:
    """Number of labels and mAP of the runs of successive rounds.

    Args:
        runs: predictions of each round's model, with the tables that they were made on.
        tables: tables with the instances to measure against; None takes those of the last run.

    Returns:
        One row per run: n (labels on the images that a training takes, as they were then), map (on the
        held-out images that are labeled all over and that all runs predicted on), and run.

    Raises:
        DataError: a run holds no tables, or no such image is left.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=8, n_test=8, size=96)
        >>> points = growth_points([nl.demo.simulated_run(ds)])
        >>> points["n"].tolist() == [len(ds.instances.query("image_id < 16"))]
        True
    """
    if not len(runs) or any(run.tables is None for run in runs):
        raise DataError(
            "expected runs with the tables that they were made on: Run.load(folder, tables) gives them"
        )
    truth = tables if tables is not None else runs[-1].tables
    assert truth is not None
    held = _held_out(truth)
    for run in runs:
        held = held[np.isin(held, run.predicted_ids)]
    if not len(held):
        raise DataError(
            "the runs share no image to measure on: expected images of split val or test, of state complete "
            "or empty, that every run predicted on"
        )
    rows = [
        {"n": _labels(run.tables), "map": float(run.evaluate(held, truth).map), "run": run.id}
        for run in runs
        if run.tables is not None
    ]
    return pd.DataFrame(rows, columns=["n", "map", "run"])


def growth_subsets(
    make: Callable[[], Model],
    tables: LabeledImages,
    parts: Sequence[float] = (0.25, 0.5, 0.75, 1.0),
    *,
    repeats: int = 1,
    seed: int = 0,
    **arguments: Any,
) -> pd.DataFrame:
    """Train on nested parts of the labels, measure each on the held-out images.

        points = nl.growth_subsets(nl.Watershed, ds)
        nl.growth_curve(points)

    Args:
        make: makes a fresh model, such as ``nl.Watershed`` or ``lambda: nl.Yolo("yolo11n-seg.pt")``.
        tables: a Dataset, a Version or Tables; images of split val or test that are labeled all over are
            measured on, and never trained on.
        parts: shares of the training images, ascending, each within 0..1; a part holds all smaller ones.
        repeats: number of orders of the images; each gives one point per part.
        seed: seed of the orders and of the trainings.
        **arguments: of ``train``, such as ``steps=300``.

    Returns:
        One row per training: n (labels trained on), map, images, part, repeat.

    Raises:
        DataError: parts are out of range, or there is nothing to train on or to measure on.
    """
    if not parts or not all(0 < part <= 1 for part in parts) or repeats < 1:
        raise DataError(
            f"parts must be shares above 0 and up to 1, and repeats 1 or more; got {parts}, {repeats}"
        )
    frozen, held = Snapshot.of(tables), _held_out(tables)
    pool = tables.images.index[trains(tables.images)].to_numpy(np.int64)
    if not len(held) or len(pool) < 2:
        raise DataError(
            f"expected 2 or more images to train on and some of split val or test to measure on, labeled "
            f"all over; got {len(pool)} and {len(held)}: ds.split(...) puts some aside"
        )
    rows = []
    for repeat in range(repeats):
        order = np.random.default_rng([seed, repeat]).permutation(pool)
        for part in sorted(parts):
            some = _only(frozen, order[: max(round(part * len(order)), 1)])
            model = make()
            model.train(some, seed=seed + repeat, **arguments)
            found = model.predict(some, images=held.tolist(), score=0.01)
            score = float(found.evaluate(held, frozen).map)
            n = int(trains(some.images).sum())
            rows.append({"n": _labels(some), "map": score, "images": n, "part": part, "repeat": repeat})
    return pd.DataFrame(rows)


def _only(tables: Snapshot, ids: Ids) -> Snapshot:
    """The same tables, of which a training takes only these images."""
    images = tables.images.copy()
    images.loc[trains(images) & ~images.index.isin(ids), "weight"] = 0
    return replace(tables, images=images, source=None)


def _held_out(tables: LabeledImages) -> Ids:
    images = tables.images
    return images.index[labeled_all_over(images) & ~not_held_out(images)].to_numpy(np.int64)


def _labels(tables: LabeledImages | None) -> int:
    """Number of instances on the images that a training takes."""
    assert tables is not None
    images = tables.images
    return int(tables.instances["image_id"].isin(images.index[trains(images)]).sum())
