"""Answers as tables, and what work on a task begins from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables.schema import LabeledImages, empty
from ..tables.tables import Tables
from .content import Content, frame_of
from .final import Answered
from .task import Task


def task_tables(task: Task, begin: Content, version: LabeledImages) -> tuple[Tables, int | None]:
    """The image of a task as Tables of its own, and the id of the prediction in it; None for other tasks.

    Args:
        task: the task.
        begin: what is on the image.
        version: of the dataset, with the image.
    """
    images = version.images.loc[[task.image_id]]
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
    found: Ontology = getattr(version, "ontology", EMPTY)
    tables = Tables.of(
        images,
        _stacked(rows, labels, "instances", by_id=True),
        labels,
        version.image_root,
        regions=_stacked(regions, labels, "regions", by_id=True),
        ontology=Ontology(found.labels, guidelines=found.guidelines),  # attributes are not answered here
    )
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
