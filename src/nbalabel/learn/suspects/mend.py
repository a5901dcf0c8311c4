"""The Change that mends suspicions: masks added, removed, renamed, redrawn, parted and joined."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import select_rows
from ...core.geometry.masks import rle
from ...core.tables.arrays import take, values
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import LabeledImages, conform
from .evidence.pairs import Overlaps

_PART = 0.7  # share of a mask inside another from which it is a part of it
_SURE = 0.15  # score of the parts of a merged label, at least

Ints = npt.NDArray[np.int64]


@dataclass
class _Plan:
    """What becomes of the instances and images."""

    deleted: set[int] = field(default_factory=set)
    label: dict[int, str] = field(default_factory=dict)
    mask: dict[int, bytes] = field(default_factory=dict)
    created: list[dict[str, Any]] = field(default_factory=list)
    state: dict[int, str] = field(default_factory=dict)
    there: pd.Index | None = None

    @property
    def size(self) -> int:
        """Number of things that it does."""
        return sum(map(len, (self.deleted, self.label, self.mask, self.created, self.state)))

    def stays(self, number: int) -> bool:
        """Whether an instance is there, and is not removed."""
        return number not in self.deleted and (self.there is None or number in self.there)


def mended(
    rows: pd.DataFrame,
    tables: LabeledImages,
    predictions: pd.DataFrame,
    origin: str,
    there: pd.Index | None = None,
) -> Change:
    """The change that mends suspicions; of rows that contradict each other, the earlier one counts.

    Args:
        rows: rows of a table of suspicions; of kind "odd" nothing follows.
        tables: the tables judged.
        predictions: the predictions they were judged by.
        origin: origin of the change and of created instances.
        there: ids of the instances that are there now; None: those of ``tables``.
    """
    plan = _Plan(there=there)
    instances = tables.instances
    done: list[str] = []  # kinds of the rows for which there is something to do
    for row in rows.to_dict("records"):
        before, kind = plan.size, str(row["kind"])
        _WAYS[kind](plan, row, instances, predictions)
        done += [kind] if plan.size > before else []
    if plan.created:
        _lift(plan, tables.images)
    parts = {"instances": _instances(plan, tables, origin), "images": _images(plan, tables.images)}
    counts = pd.Series(done, dtype=object).value_counts()
    by_kind = f" ({', '.join(f'{n} {kind}' for kind, n in counts.items())})" if done else ""
    n_left = len(rows) - len(done)
    left = f"; nothing to do for {n_left:,}" if n_left else ""
    note = f"mended {len(done):,} suspicion{'' if len(done) == 1 else 's'}{by_kind}{left}"
    return Change({name: part for name, part in parts.items() if part}, None, origin, note)


def _missing(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    _create(plan, predictions.loc[[int(row["prediction_id"])]].iloc[0], None)


def _spurious(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    plan.deleted.add(int(row["instance_id"]))


def _duplicate(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    """Delete the label, unless everything it doubles is gone already."""
    number = int(row["instance_id"])
    own = instances.loc[[number]]
    others = instances[(instances["image_id"] == own["image_id"].iloc[0]).to_numpy()].drop(index=number)
    over = Overlaps.of(own, others)
    doubled = [int(others.index[i]) for i in over.right[over.iou > 0.3]]
    if any(map(plan.stays, doubled)) or not len(over.right):
        plan.deleted.add(number)


def _swapped(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    if row["guess"] != row["label"]:
        plan.label[int(row["instance_id"])] = str(row["guess"])


def _outline(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    if not pd.isna(row["prediction_id"]):
        drawn: Any = predictions["mask"].at[int(row["prediction_id"])]
        plan.mask[int(row["instance_id"])] = drawn


def _merged(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:
    """Put the predictions inside the label in its place, if there are two or more."""
    number = int(row["instance_id"])
    own = instances.loc[[number]]
    near = predictions[(predictions["image_id"] == own["image_id"].iloc[0]).to_numpy()]
    near = near[(near["score"] >= _SURE).to_numpy()]
    over = Overlaps.of(own, near)
    parts = near.iloc[over.right[over.of_right > _PART]].sort_values("score", ascending=False, kind="stable")
    chosen: list[int] = []
    for place in range(len(parts)):
        apart = Overlaps.of(parts.iloc[[place]], parts.iloc[chosen])
        if not len(apart.iou) or max(apart.of_left.max(), apart.of_right.max()) < 0.5:
            chosen.append(place)
    if len(chosen) < 2 or number in plan.deleted:
        return
    plan.deleted.add(number)
    for place in chosen:
        _create(plan, parts.iloc[place], str(own["label"].iloc[0]))


def _split(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:
    """Join the labels inside the prediction: the largest takes its mask, the others go."""
    if pd.isna(row["prediction_id"]) or int(row["instance_id"]) in plan.deleted:
        return
    whole = predictions.loc[[int(row["prediction_id"])]]
    near = instances[(instances["image_id"] == whole["image_id"].iloc[0]).to_numpy()]
    over = Overlaps.of(near, whole)
    parts = near.iloc[over.left[over.of_left > _PART]].sort_values("area", ascending=False, kind="stable")
    ids = [int(i) for i in parts.index if plan.stays(int(i))]
    if len(ids) < 2 or ids[0] in plan.mask:
        return
    plan.mask[ids[0]] = whole["mask"].iloc[0]
    plan.deleted.update(ids[1:])


def _odd(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:
    """Nothing: somebody has to look."""


def _state(plan: _Plan, row: dict[Any, Any], instances: pd.DataFrame, predictions: pd.DataFrame) -> None:  # noqa: ARG001
    image_id = int(row["image_id"])
    plan.state[image_id] = "partial" if (instances["image_id"] == image_id).any() else "unlabeled"


_WAYS = {
    "missing": _missing,
    "spurious": _spurious,
    "swapped": _swapped,
    "outline": _outline,
    "merged": _merged,
    "split": _split,
    "duplicate": _duplicate,
    "odd": _odd,
    "state": _state,
}


def _create(plan: _Plan, prediction: pd.Series, label: str | None) -> None:
    values_of = {name: prediction[name] for name in ("image_id", "mask", "x", "y", "w", "h", "area", "score")}
    plan.created.append({**values_of, "label": label or prediction["label"], "source": "model"})


def _lift(plan: _Plan, images: pd.DataFrame) -> None:
    """Images said to be empty, or left unlabeled, become partial with their first instance."""
    for row in plan.created:
        image_id = int(row["image_id"])
        bare = images["state"].at[image_id] in ("unlabeled", "empty")
        if bare or plan.state.get(image_id) == "unlabeled":
            plan.state[image_id] = "partial"


def _instances(plan: _Plan, tables: LabeledImages, origin: str) -> TableChange:
    there = tables.instances
    updated: dict[str, Cells] = {}
    named = {i: label for i, label in plan.label.items() if i not in plan.deleted}
    if named:
        ids, at = _at(there, named)
        kinds: Any = there["label"].dtype
        new = pd.Categorical([named[int(i)] for i in ids], dtype=kinds)
        updated["label"] = Cells(ids, take(values(there["label"]), at), new)
    drawn = {i: mask for i, mask in plan.mask.items() if i not in plan.deleted}
    if drawn:
        ids, at = _at(there, drawn)
        masks = [drawn[int(i)] for i in ids]
        box = rle.boxes(masks, sizes_of(tables.images, there["image_id"].to_numpy()[at])[:, 0])
        cells: dict[str, Any] = {name: box[:, i].astype(np.float32) for i, name in enumerate("xywh")}
        cells["area"] = rle.areas(masks).astype(np.int32)
        cells["mask"] = pd.Series(masks, dtype=there["mask"].dtype).array
        updated |= {name: Cells(ids, take(values(there[name]), at), new) for name, new in cells.items()}
    gone = np.array(sorted(plan.deleted), np.int64)
    deleted = select_rows(there, gone) if len(gone) else TableChange().deleted
    created = _created(plan, there, tables.labels, origin) if plan.created else TableChange().created
    return TableChange(created, updated, deleted)


def _created(plan: _Plan, there: pd.DataFrame, labels: tuple[str, ...], origin: str) -> pd.DataFrame:
    """New rows with the columns of the table; those of the user are missing."""
    first = int(there.index.max()) + 1 if len(there) else 0
    rows = pd.DataFrame(plan.created, index=pd.RangeIndex(first, first + len(plan.created)))
    rows = conform(rows.assign(origin=origin, status="proposed"), "instances", labels)
    extra = [name for name in there.columns if name not in rows]
    none = there.iloc[:0].reindex(rows.index)
    for name in extra:
        rows[name] = none[name].astype(there[name].dtype)
    return rows[there.columns.tolist()]


def _images(plan: _Plan, images: pd.DataFrame) -> TableChange:
    wanted = {i: s for i, s in plan.state.items() if images["state"].at[i] != s}
    if not wanted:
        return TableChange()
    ids, at = _at(images, wanted)
    states: Any = images["state"].dtype
    new = pd.Categorical([wanted[int(i)] for i in ids], dtype=states)
    return TableChange(updated={"state": Cells(ids, take(values(images["state"]), at), new)})


def _at(frame: pd.DataFrame, wanted: dict[int, Any]) -> tuple[Ints, Ints]:
    """Ids, ascending, and their positions."""
    ids = np.array(sorted(wanted), np.int64)
    return ids, frame.index.get_indexer(pd.Index(ids))
