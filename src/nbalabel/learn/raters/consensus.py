"""The Change that puts one fused instance in the place of several opinions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import merge_rows, select_rows
from ...core.errors import UnknownNameError, first
from ...core.ontology.attribute import Attribute
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables.answers import cast_answers
from ...core.tables.arrays import column, equal, missing, take, values
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import INSTANCES, LabeledImages, conform
from .answers import Answers
from .fused import fused
from .opinions import Opinions
from .units import NOT_LOOKED, Units

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Decided:
    """What becomes of each unit.

    Attributes:
        there: units that get an instance, ``(n_units,)``.
        absent: units of which nothing stays.
        label: label of each unit that is there; -1 for others.
    """

    there: Bools
    absent: Bools
    label: Ints


def decided(opinions: Opinions, units: Units, quorum: int | None) -> Decided:
    """Which units are there, and their labels; what is tied is neither there nor absent.

    Args:
        opinions: what was drawn.
        units: the units.
        quorum: how many must have drawn it, or all who looked where these are fewer; None: more than half of
            those who looked.
    """
    m, k = (units.code != NOT_LOOKED).sum(axis=1), units.drew.sum(axis=1)
    enough = 2 * k > m if quorum is None else k >= np.minimum(quorum, m)
    absent = 2 * k < m if quorum is None else ~enough
    n = max(len(opinions.labels), 1)
    unit, rater = np.nonzero(units.drew)
    key, votes = np.unique(unit * n + units.code[unit, rater], return_counts=True)
    most = np.zeros(len(k), np.int64)
    np.maximum.at(most, key // n, votes)
    top = votes == most[key // n]
    clear = np.bincount(key[top] // n, minlength=len(k)) == 1
    label = np.full(len(k), -1, np.int64)
    label[key[top] // n] = key[top] % n
    there = enough & clear
    return Decided(there, absent, np.where(there, label, -1))


def consensus(
    opinions: Opinions,
    units: Units,
    answers: Sequence[Answers],
    target: LabeledImages,
    ids: Ints,
    *,
    way: str,
    quorum: int | None,
    origin: str,
) -> Change:
    """The change of a target: opinions of decided units that it holds go, fused instances come.

    Args:
        opinions: what was drawn.
        units: the units.
        answers: what was answered to attributes.
        target: the tables that change.
        ids: id of each image in the target, ``(n_images,)``; -1: not there.
        way: how masks are fused; see :func:`.fused.fused`.
        quorum: see :func:`decided`.
        origin: origin of the change.

    Raises:
        UnknownNameError: the target lacks a label.
    """
    what = decided(opinions, units, quorum)
    placed = ids[units.image] >= 0
    chosen = np.flatnonzero(what.there & placed)
    _check_labels(opinions, what.label[chosen], target)
    masks = fused(opinions, units, chosen, way)
    held = _held(opinions, target, ids) & (what.there | what.absent)[units.of_row]
    same = _unchanged(opinions, units, chosen, what.label, masks, held, target)
    new = np.flatnonzero(same < 0)
    there = target.instances
    gone = np.setdiff1d(opinions.instance_id[held], same)
    created = _created(opinions, units, chosen[new], what.label, [masks[i] for i in new], target, ids, origin)
    voted = {one.name: one.decided(quorum) for one in answers if one.of == "instances"}
    created = _with_answers(created, voted, chosen[new], target)
    kept = np.flatnonzero(same >= 0)
    cells = _changed(target, "instances", voted, answers, chosen[kept], same[kept])
    rows = TableChange(created, cells, select_rows(there, gone) if len(gone) else TableChange().deleted)
    left = np.zeros(len(ids), bool)
    left[units.image[~(what.there | what.absent)]] = True
    states = _states(opinions, target, ids, ~left, created, gone)
    about = {one.name: one.decided(quorum) for one in answers if one.of == "images"}
    on = np.flatnonzero(ids >= 0)
    order = on[np.argsort(ids[on], kind="stable")]
    said = _changed(target, "images", about, answers, order, ids[order])
    states = merge_rows(states, TableChange(updated=said))
    note = _note(way, len(chosen), what, placed)
    parts = {"instances": rows, "images": states}
    return Change({name: part for name, part in parts.items() if part}, None, origin, note)


def _with_answers(
    created: pd.DataFrame, voted: Mapping[str, list[Any]], chosen: Ints, target: LabeledImages
) -> pd.DataFrame:
    """New instances with the answers of most, where the target asks for them."""
    asked = _ontology(target).instances
    if not len(chosen):
        return created
    for name, found in voted.items():
        if name in asked:
            said = [found[unit] for unit in chosen.tolist()]
            created = created.assign(**{name: _typed(said, asked[name], created.index)})
    return created


def _changed(
    target: LabeledImages,
    of: str,
    voted: Mapping[str, list[Any]],
    answers: Sequence[Answers],
    rows: Ints,
    ids: Ints,
) -> dict[str, Cells]:
    """Cells of rows of the target whose answers are others than those of most.

    Args:
        target: the tables that change.
        of: "images" or "instances".
        voted: attribute -> answer of most to each row.
        answers: what was answered.
        rows: units or images, ``(k,)``.
        ids: their ids in the target, ``(k,)``.
    """
    frame, asked = target.images if of == "images" else target.instances, _ontology(target).attributes(of)
    out: dict[str, Cells] = {}
    order = np.argsort(ids, kind="stable")
    for one in answers:
        if one.of != of or one.name not in asked or not len(rows):
            continue
        somebody = np.asarray(one.given.any(axis=1))[rows]
        at = order[somebody[order]]
        place = frame.index.get_indexer(pd.Index(ids[at]))
        said = [voted[one.name][row] for row in rows[at].tolist()]
        new = values(_typed(said, asked[one.name], pd.RangeIndex(len(said))))
        old = take(values(frame[one.name]), place)
        cells = Cells(ids[at], old, new).at(~equal(old, new))
        out |= {one.name: cells} if len(cells.ids) else {}
    return out


def _ontology(target: LabeledImages) -> Ontology:
    found: Ontology = getattr(target, "ontology", EMPTY)
    return found


def _typed(said: Sequence[Any], attribute: Attribute, index: pd.Index) -> pd.Series:
    """Answers in the dtype of an attribute; those that it cannot have are missing."""
    known = attribute.options
    if attribute.kind == "one":
        said = [one if one in known else None for one in said]
    elif attribute.kind == "many":
        said = [None if one is None or set(one) - set(known) else list(one) for one in said]
    column = pd.Series(list(said), index=index, dtype=object)
    return cast_answers(column, attribute, "consensus")


def _note(way: str, n: int, what: Decided, placed: Bools) -> str:
    absent, lost = int((placed & what.absent).sum()), int((~placed).sum())
    tied = int((placed & ~what.there & ~what.absent).sum())
    note = f"{way} of {n:,} {'unit' if n == 1 else 'units'}, {absent:,} left out by quorum"
    note += f", {tied:,} tied ones stay as they are" if tied else ""
    return note + (f", {lost:,} on images that are not there" if lost else "")


def _check_labels(opinions: Opinions, label: Ints, target: LabeledImages) -> None:
    missing = [opinions.labels[c] for c in np.unique(label) if opinions.labels[c] not in target.labels]
    if missing:
        raise UnknownNameError(
            f"the consensus has labels that the target lacks: {first(missing)}. Add them first: "
            f"ds.add_label({missing[0]!r})"
        )


def _held(opinions: Opinions, target: LabeledImages, ids: Ints) -> Bools:
    """Which opinions are rows of the target: same id, image and mask, ``(n,)``."""
    there = target.instances
    at = there.index.get_indexer(pd.Index(opinions.instance_id))
    held = (at >= 0) & (ids[opinions.image] >= 0)
    held[held] = there["image_id"].to_numpy()[at[held]] == ids[opinions.image[held]]
    rows = np.flatnonzero(held)
    own, other = there["mask"].iloc[at[rows]].tolist(), opinions.masks.iloc[rows].tolist()
    held[rows] = [a == b for a, b in zip(own, other, strict=True)]
    return np.asarray(held)


def _unchanged(
    opinions: Opinions,
    units: Units,
    chosen: Ints,
    label: Ints,
    masks: list[bytes],
    held: Bools,
    target: LabeledImages,
) -> Ints:
    """The instance of the target that is the consensus on a chosen unit already, its id; -1: none.

    In a table that annotators share there is none, since the row would go on to count as one person's.
    """
    same = np.full(len(chosen), -1, np.int64)
    if len({id(t) for t in opinions.tables}) == 1:
        return same
    mask, named = opinions.masks.to_numpy(object), target.instances["label"]
    for i, unit in enumerate(chosen.tolist()):
        for row in units.row[unit].tolist():
            if row < 0 or not held[row] or mask[row] != masks[i]:
                continue
            number = int(opinions.instance_id[row])
            if named.at[number] == opinions.labels[label[unit]]:
                same[i] = number
                break
    return same


def _created(
    opinions: Opinions,
    units: Units,
    chosen: Ints,
    label: Ints,
    masks: list[bytes],
    target: LabeledImages,
    ids: Ints,
    origin: str,
) -> pd.DataFrame:
    there = target.instances
    if not len(chosen):
        return TableChange().created
    named = np.array(opinions.labels, dtype=object)
    who = [np.flatnonzero(drew).tolist() for drew in units.drew[chosen]]
    start = int(there.index.max()) + 1 if len(there) else 0
    rows = pd.DataFrame(
        {
            "image_id": ids[units.image[chosen]],
            "label": named[label[chosen]],
            "mask": pd.Series(masks, dtype=there["mask"].dtype).array,
            "source": _agreed(opinions, units, chosen, "source", "human"),
            "origin": [f"{origin}/{'+'.join(opinions.raters[r] for r in drew)}" for drew in who],
            "status": "accepted",
        },
        index=pd.RangeIndex(start, start + len(chosen)),
    )
    made = conform(rows, "instances", target.labels, heights=opinions.sizes[units.image[chosen], 0])
    for name in there.columns:
        if name not in INSTANCES and name not in _ontology(target).instances:
            said = _agreed(opinions, units, chosen, str(name), None)
            made[name] = _like(said, there[name], made.index)
        elif name not in INSTANCES:
            made[name] = pd.Series(column(missing(there[name].dtype, len(made)), made.index), made.index)
    return made[there.columns.tolist()]


def _like(said: list[Any], column: pd.Series, index: pd.Index) -> pd.Series:
    """Values in the dtype of a column; where there is none it is missing, or 0 where the dtype needs one."""
    nothing = missing(column.dtype, 1)[0]
    return pd.Series([nothing if x is None else x for x in said], index, dtype=object).astype(column.dtype)


def _agreed(opinions: Opinions, units: Units, chosen: Ints, name: str, otherwise: Any) -> list[Any]:
    """The value of a column that all who drew a unit have, ``(n,)``; ``otherwise`` where they differ."""
    every = np.full(len(opinions.rater), None, dtype=object)
    for k, table in enumerate(opinions.tables):
        own = np.flatnonzero(opinions.rater == k)
        if name in table.instances and len(own):
            found = table.instances[name].astype(object)
            at = table.instances.index.get_indexer(pd.Index(opinions.instance_id[own]))
            every[own] = found.where(found.notna(), None).to_numpy(object)[at]
    out = []
    for rows in units.row[chosen].tolist():
        said = {every[row] for row in rows if row >= 0}
        out.append(said.pop() if len(said) == 1 else otherwise)
    return out


def _states(
    opinions: Opinions, target: LabeledImages, ids: Ints, clear: Bools, created: pd.DataFrame, gone: Ints
) -> TableChange:
    """States of images that get their first instances or lose the last; complete or empty if all said so.

    Args:
        opinions: what was drawn.
        target: the tables that change.
        ids: id of each image in the target, -1: not there.
        clear: images on which every unit is decided, ``(n_images,)``.
        created: new instances.
        gone: ids of instances that go.
    """
    images, there = target.images, target.instances
    sure = clear.copy()
    for k, table in enumerate(opinions.tables):
        whole = table.images.index[labeled_all_over(table.images)].to_numpy()
        sure &= ~opinions.looked[:, k] | np.isin(opinions.image_ids[:, k], whole)
    stay = [there["image_id"].to_numpy(np.int64)[~there.index.isin(gone)]]
    stay += [created["image_id"].to_numpy(np.int64)] if len(created) else []
    at = images.index.get_indexer(pd.Index(ids))
    order = np.argsort(ids, kind="stable")
    order = order[at[order] >= 0]
    state = images["state"].astype(object).to_numpy()[at[order]]
    filled, sure = np.isin(ids[order], np.concatenate(stay)), sure[order]
    wanted = state.copy()
    first = filled & np.isin(state, ["unlabeled", "empty"])
    wanted[first] = np.where(sure[first], "complete", "partial")
    wanted[~filled & sure & (state != "partial")] = "empty"
    moved = np.flatnonzero(wanted != state)
    if not len(moved):
        return TableChange()
    place, states = at[order[moved]], images["state"].dtype
    new = pd.Categorical(wanted[moved].tolist(), dtype=states)  # type: ignore[call-overload]
    return TableChange(updated={"state": Cells(ids[order[moved]], take(values(images["state"]), place), new)})
