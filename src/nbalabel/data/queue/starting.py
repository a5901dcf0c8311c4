"""Answers as tables, and what work on a task begins from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import apply
from ...core.ontology.ontology import EMPTY
from ...core.tables.arrays import column, missing, positions, put, take, values
from ...core.tables.schema import INSTANCES, LabeledImages, empty
from ..folder.import_tables import checked_state
from ..tables.tables import Tables
from .content import Content, frame_of
from .final import Answered
from .own import cells, written
from .task import Task


def task_tables(
    task: Task, begin: Content, version: LabeledImages, *, bare: bool = False
) -> tuple[Tables, int | None]:
    """The image of a task as Tables of its own, and the id of the prediction in it; None for other tasks.

    Args:
        task: the task.
        begin: what is on the image.
        version: of the dataset, with the image.
        bare: whether nothing of what is known may be shown, as it is a honeypot.
    """
    ontology = getattr(version, "ontology", EMPTY)
    images = version.images.loc[[task.image_id]]
    if bare:
        images = images.assign(**{name: missing(images[name].dtype, 1) for name in ontology.images})
    images = images.assign(**{name: begin[name] for name in ("state", "weight")})
    instances, about = list(begin["instances"]), None
    if task.proposed is not None:
        about = 1 + max([entry["id"] for entry in instances], default=-1)
        instances.append(_as_instance(task.proposed, about))
        if begin["state"] in ("unlabeled", "empty"):
            images = images.assign(state="partial")
    labels = tuple(version.labels)
    rows = [(task.image_id, row) for row in instances]
    regions = [(task.image_id, row) for row in begin["regions"]]
    tables = Tables.of(
        images,
        _with_own(_stacked(rows, labels, "instances", by_id=True), version, task.image_id),
        labels,
        version.image_root,
        regions=_stacked(regions, labels, "regions", by_id=True),
        ontology=ontology,
    )
    if begin.get("own"):
        state = checked_state(tables)
        state = apply(state, written(state, cells(begin["own"], task.image_id), ""))
        tables = Tables.from_state(state, version.image_root, {})
    return replace(tables, **_beside(task, version)), about


def _beside(task: Task, version: LabeledImages) -> dict[str, Any]:
    """The attachments of the image."""
    attached: pd.DataFrame | None = getattr(version, "attachments", None)
    if attached is None or not len(attached):
        return {}
    rows = attached[(attached["image_id"] == task.image_id).to_numpy()]
    return {"attached": rows, "attachment_root": getattr(version, "attachment_root", None)}


def opinion(answers: Sequence[Answered], version: LabeledImages) -> Tables:
    """Answers of one annotator as Tables of the images they answered."""
    labels = tuple(version.labels)
    content = {one.image: one.content for one in answers}
    rows = version.images.loc[sorted(content)]
    images = rows.assign(
        **{name: [content[int(i)][name] for i in rows.index] for name in ("state", "weight")}
    )
    instances = [(int(i), row) for i in rows.index for row in content[int(i)]["instances"]]
    regions = [(int(i), row) for i in rows.index for row in content[int(i)]["regions"]]
    return Tables.of(
        images,
        _stacked(instances, labels, "instances"),
        labels,
        version.image_root,
        regions=_stacked(regions, labels, "regions"),
    )


def _with_own(rows: pd.DataFrame, version: LabeledImages, image: int) -> pd.DataFrame:
    """Instances of a task with the columns of your own that the version has; new ones have no values."""
    there = version.instances
    at = positions(there.index, rows.index.to_numpy(np.int64))
    on = there["image_id"].to_numpy()[at] == image if len(there) else np.zeros(len(rows), bool)
    known = (at >= 0) & on
    for name in [name for name in there.columns if name not in INSTANCES]:
        under = missing(there[name].dtype, len(rows))
        values_there = take(values(there[name]), at[known])
        rows = rows.assign(**{name: column(put(under, np.flatnonzero(known), values_there), rows.index)})
    return rows


def _as_instance(proposed: Mapping[str, Any], row: int) -> dict[str, Any]:
    cells = {name: value for name, value in proposed.items() if name != "image_id"}
    return {"score": None, **cells, "id": row, "status": "proposed", "source": "model", "crowd": False}


def _stacked(
    rows: Sequence[tuple[int, Mapping[str, Any]]], labels: Sequence[str], table: str, *, by_id: bool = False
) -> pd.DataFrame:
    """Rows of answers as a table; by their ids, or numbered."""
    if not rows:
        return empty(table, labels)
    frame = frame_of([row for _, row in rows], [image for image, _ in rows])
    ids = frame.pop("id")
    return frame.set_axis(ids.to_numpy(), axis=0) if by_id else frame
