"""Answers as tables, and what work on a task begins from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import apply
from ...core.ontology.attribute import Attribute
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables.arrays import column, missing, positions, put, take, values
from ...core.tables.schema import INSTANCES, LabeledImages, empty
from ..folder.import_tables import checked_state
from ..tables.tables import Tables
from .content import Content, frame_of
from .final import Answered
from .own import cells, values_of, written
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
        about = id_of_prediction(begin)
        instances.append(_as_instance(task.proposed, about))
        if begin["state"] in ("unlabeled", "empty"):
            images = images.assign(state="partial")
    labels = tuple(version.labels)
    drawn = [(task.image_id, row) for row in instances]
    regions = [(task.image_id, row) for row in begin["regions"]]
    tables = Tables.of(
        images,
        _with_own(_stacked(drawn, labels, "instances", by_id=True), version, task.image_id),
        labels,
        version.image_root,
        regions=_stacked(regions, labels, "regions", by_id=True),
        ontology=ontology,
    )
    if begin.get("own"):
        state = checked_state(tables)
        rows = None if about is None else {task.row_id: about}
        state = apply(state, written(state, cells(begin["own"], task.image_id, rows), ""))
        tables = Tables.from_state(state, version.image_root, {})
    return replace(tables, **_beside(task, version)), about


def id_of_prediction(begin: Content) -> int:
    """The id that the prediction of a task has among the instances of its image."""
    return 1 + max([entry["id"] for entry in begin["instances"]], default=-1)


def _beside(task: Task, version: LabeledImages) -> dict[str, Any]:
    """The attachments of the image."""
    attached: pd.DataFrame | None = getattr(version, "attachments", None)
    if attached is None or not len(attached):
        return {}
    rows = attached[(attached["image_id"] == task.image_id).to_numpy()]
    return {"attached": rows, "attachment_root": getattr(version, "attachment_root", None)}


def opinion(
    answers: Sequence[Answered], ds: LabeledImages, version: Callable[[str], LabeledImages]
) -> Tables:
    """Answers of one annotator as Tables of the images they answered, with their own columns.

    Args:
        answers: one per image.
        ds: the dataset.
        version: gives the version that work on a task began from: what an answer does not say is as it was
        there.
    """
    labels, asked = tuple(ds.labels), getattr(ds, "ontology", EMPTY)
    told = {one.image: one for one in answers}
    rows = ds.images.loc[sorted(told)]
    images = rows.assign(
        **{name: [told[int(i)].content[name] for i in rows.index] for name in ("state", "weight")}
    )
    drawn = [(int(i), row) for i in rows.index for row in told[int(i)].content["instances"]]
    regions = [(int(i), row) for i in rows.index for row in told[int(i)].content["regions"]]
    instances = _stacked(drawn, labels, "instances")
    of_images = [(told[int(i)], "images", int(i)) for i in rows.index]
    of_rows = [(told[i], "instances", int(row["id"])) for i, row in drawn]
    return Tables.of(
        _said(images, of_images, asked.images, version),
        _said(instances, of_rows, asked.instances, version),
        labels,
        ds.image_root,
        regions=_stacked(regions, labels, "regions"),
        ontology=Ontology(images=asked.images, instances=asked.instances),
    )


def _said(
    frame: pd.DataFrame,
    rows: Sequence[tuple[Answered, str, int]],
    asked: Mapping[str, Attribute],
    version: Callable[[str], LabeledImages],
) -> pd.DataFrame:
    """Rows with the columns of your own as answers have them: what they say, else what the version has.

    Args:
        frame: the rows.
        rows: answer, table and id in the answer of each.
        asked: the attributes of the table, all of which come; answers that they no longer offer are left out.
        version: gives a version by its name.
    """
    names = dict.fromkeys([*asked, *(name for one in rows for name in _own_of(*one))])
    known: dict[str, tuple[LabeledImages, dict[str, list[Any]], pd.Index]] = {}
    for name in {one.version for one, _, _ in rows}:
        tables = version(name)
        table = tables.images if rows[0][1] == "images" else tables.instances
        known[name] = tables, {n: values_of(table, n, table.index.tolist()) for n in names}, table.index
    out: dict[str, list[Any]] = {name: [] for name in names}
    for one, table_name, row in rows:
        tables, before, index = known[one.version]
        at = int(index.get_indexer(pd.Index([row]))[0])
        own = _own_of(one, table_name, row)
        here = at >= 0 and (table_name == "images" or int(tables.instances["image_id"].iloc[at]) == one.image)
        for name in names:
            value = own[name] if name in own else before[name][at] if here else None
            out[name].append(value if _offers(asked.get(name), value) else None)
    for name, found in out.items():
        listed = pd.Series(found, index=frame.index, dtype=object)
        frame = frame.assign(**{name: listed if name in asked else listed.convert_dtypes()})
    return frame


def _own_of(one: Answered, table: str, row: int) -> Mapping[str, Any]:
    own = one.content.get("own", {}).get(table, {})
    found: Mapping[str, Any] = own if table == "images" else own.get(str(row), {})
    return found


def _offers(attribute: Attribute | None, value: Any) -> bool:
    """Whether an attribute, as it is asked now, has an answer."""
    if attribute is None or value is None or not attribute.options:
        return True
    return {*(value if isinstance(value, list) else [value])} <= {*attribute.options}


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
