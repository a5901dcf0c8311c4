"""Which images a run is measured on, how many of them are for training, and how good it is on each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError
from ...core.ontology.levels import level_of
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.regions.at_level import counted_at_level
from ...core.regions.measured import known_pairs, known_somewhere, with_unknown
from ...core.regions.of_tables import regions_of
from ...core.tables.names import instead_of
from ...core.tables.of_images import labeled_all_over
from ...core.tables.predicted import Predicted
from ...core.tables.schema import LabeledImages
from .reported import Reported

_MOST = 200
"""Distinct values of a column that are measured one by one."""


@dataclass(frozen=True, eq=False)
class ToMeasure:
    """What takes part when a run is measured.

    Attributes:
        predictions: rows of predictions.
        instances: the instances they are compared with; crowds where nobody knows what is there.
        images: rows of the images.
    """

    predictions: pd.DataFrame
    instances: pd.DataFrame
    images: pd.DataFrame


def to_measure(run: Predicted, tables: LabeledImages, images: Any = None) -> ToMeasure:
    """The predictions, instances and images that a run is measured on; see :meth:`nbalabel.Run.evaluate`.

    Args:
        run: the predictions.
        tables: the tables to measure against.
        images: rows of ``images`` or ids; None: those predicted on that are known somewhere.

    Raises:
        DataError: no image is left.
    """
    frame, regions = tables.images, regions_of(tables)
    chosen = frame.index.isin(run.predicted_ids)
    if images is None:
        chosen &= known_somewhere(frame, regions)
    else:
        chosen &= frame.index.isin(images.index if isinstance(images, pd.DataFrame | pd.Series) else images)
    if not chosen.any():
        raise DataError(
            f"none of the {len(run.predicted_ids)} images predicted on can be measured: expected some "
            "of state complete or empty, or images= to say which"
        )
    frame = frame[chosen]
    predictions, instances = (
        rows[rows["image_id"].isin(frame.index)] for rows in (run.predictions, tables.instances)
    )
    if len(regions):
        partly = frame[~labeled_all_over(frame) & known_somewhere(frame, regions)]
        predictions, instances = (
            rows[~rows["image_id"].isin(partly.index) | known_pairs(rows, partly, regions, tables.labels)]
            for rows in (predictions, instances)
        )
        instances = with_unknown(instances, predictions, frame, regions, tables.labels)
    return ToMeasure(predictions, instances, frame)


def rows_at_level(
    rows: ToMeasure, tables: LabeledImages, labels: tuple[str, ...], level: int | None
) -> tuple[ToMeasure, tuple[str, ...]]:
    """What takes part when a run is measured at a level of its labels, and the labels there.

    Args:
        rows: what takes part.
        tables: tables with the ontology.
        labels: the labels of the run.
        level: the level; None leaves all as it is.
    """
    if level is None:
        return rows, labels
    ontology: Ontology = getattr(tables, "ontology", EMPTY)
    found = level_of(ontology, labels, level)
    both = counted_at_level(rows.predictions, rows.instances, labels, found)
    return ToMeasure(*both, rows.images), found.labels


def trains(images: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which images a training takes: not of split val or test, and of weight above 0; ``(n,)`` bool.

    Example:
        >>> trains(pd.DataFrame({"split": ["train", "test", None], "weight": [1.0, 1.0, 0.0]})).tolist()
        [True, False, False]
    """
    return not_held_out(images) & (images["weight"] > 0).to_numpy()


def not_held_out(images: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which images are of split train or none, ``(n,)`` bool."""
    return np.asarray(~images["split"].isin(["val", "test"]).to_numpy())


def by(run: Reported, name: str) -> pd.DataFrame:
    """Measure a run on the images of each value of a column; see :meth:`Run.by`."""
    images = run.measured_images
    if name not in images:
        raise UnknownNameError(f"images have no column {name!r}; {instead_of(name, images)}")
    groups = images.groupby(name, observed=True, dropna=False)
    if groups.ngroups > _MOST:
        raise DataError(
            f"{name} has {groups.ngroups:,} values on {len(images):,} images, expected at most {_MOST}: put "
            f"them in bins first, ds.images['bin'] = pd.cut(ds.images[{name!r}], 5)"
        )
    rows, kinds = [], []
    for value, part in groups:
        found = run.evaluate(images=part)
        rows.append(
            {
                "images": len(part),
                "training": int(trains(part).sum()),
                "labels": int(found.n_instances[:, 0].sum()),
                "predictions": int(found.n_predictions.sum()),
                "map": found.map,
                "map50": found.map50,
            }
        )
        kinds.append(value)
    columns = ["images", "training", "labels", "predictions", "map", "map50"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(kinds, name=name))


def note(run: Reported) -> str:
    """A text: on how many images a run is measured, and how many of them are for training; "" for none.

    A run does not know whether its model was trained on these images: the model may come from elsewhere.

    Example: "190 labeled images, 150 of them for training".
    """
    if run.tables is None or not len(run.predicted_ids):
        return ""
    images = run.measured_images
    n, trained = len(images), int(trains(images).sum())
    return f"{n:,} labeled images, {trained:,} of them for training" if n else ""


def by_split(run: Reported) -> str:
    """The mAP of each split as text; splits without a name are called "no split"."""
    parts = []
    table = run.by("split")
    for split, row in zip(table.index.tolist(), table.to_dict("records"), strict=True):
        what = "no split" if pd.isna(split) else str(split)
        trained = f", {int(row['training']):,} for training" if row["training"] else ""
        parts.append(f"{what} {row['map']:.3f} ({int(row['images']):,} images{trained})")
    return " · ".join(parts)
