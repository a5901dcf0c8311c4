"""Edits of rows and labels as pure functions: a state and the requested edit in, a Change out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange, diff
from ...core.change.table_change import ids_of, select_rows, take_rows
from ...core.errors import DataError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.ontology.attribute import Attribute
from ...core.ontology.renaming import relabeled
from ...core.tables.arrays import column, equal, frame_of, missing, positions, put, recast, same_dtype, values
from ...core.tables.mask_inputs import mask_column
from ...core.tables.names import check_names, instead_of
from ...core.tables.of_images import sizes_of
from ...core.tables.schema import IMAGES, INSTANCES, LABELED, ON_IMAGES, SCHEMAS, conform
from ...core.tables.state import State

Allocate = Callable[[str, int], int]
"""Takes a table and a number of rows n; returns the first of n consecutive new ids."""

_BOX = ("x", "y", "w", "h")


def set_cells(state: State, table: str, ids: np.ndarray, cells: Mapping[str, Any], origin: str) -> Change:
    """Set columns of some rows to one value, or to one value per row.

    Raises:
        DataError: a value does not fit its column.
    """
    frame = state.tables[table]
    at = positions(frame.index, ids)
    rows = frame.iloc[at]  # masks in pieces are not read
    new_columns = [name for name in cells if name not in frame]
    asked = state.ontology.attributes(table)
    rows = rows.assign(**{name: _value(rows, table, name, value, asked) for name, value in cells.items()})
    rows = conform(rows, table, state.labels, attributes=asked)
    if new_columns:
        return _add_columns(state, table, rows, at, new_columns, cells, origin)
    updated: dict[str, Cells] = {}
    for name in cells:
        old, new = values(frame[name])[at], values(rows[name])
        if not same_dtype(old.dtype, new.dtype):
            return _add_columns(state, table, rows, at, [], cells, origin)
        changed = Cells(ids, old, new).at(~equal(old, new))
        if len(changed.ids):
            updated[name] = changed
    tables = {table: TableChange(updated=updated)} if updated else {}
    note = f"set {', '.join(cells)} of {len(ids)} {table}"
    return measure(Change(tables, None, origin, note), state)


def measure(change: Change, state: State) -> Change:
    """Add the new boxes and areas to a change that replaces masks.

    Raises:
        MaskError: a mask is malformed or of another size than its image.
    """
    rows = change.tables.get("instances")
    if rows is None or "mask" not in rows.updated or rows.updated["mask"].retypes:
        return change
    masks = rows.updated["mask"]
    frame = select_rows(state.tables["instances"], masks.ids)
    if "image_id" in rows.updated:
        moved = rows.updated["image_id"]
        at = positions(frame.index, moved.ids)
        frame["image_id"] = put(values(frame["image_id"]), at[at >= 0], moved.at(at >= 0).new)
    heights, widths = sizes_of(state.tables["images"], frame["image_id"], frame.index, "instances").T
    rle.check(masks.new, heights, widths, ids=masks.ids)
    updated = dict(rows.updated)
    for name, new in measures(masks.new, heights).items():
        updated[name] = _override(updated.get(name), Cells(masks.ids, values(frame[name]), new))
    updated = {name: cells for name, cells in updated.items() if len(cells.ids) or cells.retypes}
    tables = {
        **change.tables,
        "instances": TableChange(rows.created, updated, rows.deleted, rows.columns),
    }
    return replace(change, tables=tables)


def remove(state: State, table: str, ids: np.ndarray, origin: str) -> Change:
    """Delete rows; with images, also what is on them: instances, regions, attachments and so on."""
    tables = {table: TableChange(deleted=select_rows(state.tables[table], ids))}
    note = f"removed {len(ids)} {table}"
    for name in ON_IMAGES if table == "images" else ():
        on = state.tables[name]["image_id"].isin(ids).to_numpy()
        if on.any():
            tables[name] = TableChange(deleted=take_rows(state.tables[name], on))
            note += f" and {int(on.sum())} {name} on them"
    return Change(tables if len(ids) else {}, None, origin, note)


def add_images(state: State, frame: pd.DataFrame, allocate: Allocate, origin: str) -> Change:
    """Add images with new ids."""
    rows = conform(frame, "images", attributes=state.ontology.images)
    there, note = state.tables["images"], f"added {len(frame)} images"
    wider = with_categories_of(rows, there)
    if wider is None or not len(rows):
        return _created("images", extend(there, rows), allocate, origin, note)
    rows = numbered(extend(wider, rows), allocate("images", len(rows)), str(rows.index.name))
    after = pd.concat([wider, rows])
    return diff(state, State({**state.tables, "images": after}, state.labels, state.ontology), origin, note)


def add_instances(state: State, frame: pd.DataFrame, allocate: Allocate, origin: str) -> Change:
    """Add instances with new ids; boxes and areas are computed from the masks."""
    rows = new_instances(state, frame)
    return _created("instances", rows, allocate, origin, f"added {len(rows)} instances")


def new_instances(state: State, frame: pd.DataFrame, table: str = "instances") -> pd.DataFrame:
    """Rows that are not instances yet, converted to the columns and dtypes of ``table``.

    Raises:
        DataError: a row does not fit; the message names it.
    """
    known = [name for name in frame.columns if name in INSTANCES or name in state.tables[table]]
    frame = frame[known].drop(columns=[*_BOX, "area"], errors="ignore")
    if "image_id" not in frame or "mask" not in frame:
        raise DataError(
            f"instances need the columns image_id and mask; these rows have {list(frame.columns)}"
        )
    heights, widths = sizes_of(state.tables["images"], pd.to_numeric(frame["image_id"]), frame.index).T
    frame = frame.assign(mask=mask_column(frame["mask"], heights, widths, "rows"))
    rle.check(frame["mask"].array, heights, widths, ids=frame.index, table="rows")
    rows = conform(frame, table, state.labels, heights, state.ontology.instances)
    return extend(state.tables[table], rows)


def add_label(state: State, name: str, origin: str) -> Change:
    """Add a label at the end of the list."""
    if name in state.labels:
        raise DataError(f"there is a label {name!r} already")
    return relabel(state, (*state.labels, name), {}, origin, f"added label {name}")


def rename_label(state: State, old: str, new: str, origin: str) -> Change:
    """Rename a label in place; the name of an existing label merges the two."""
    if old not in state.labels:
        raise UnknownNameError(f"there is no label {old!r}; {instead_of(old, state.labels)}")
    listed = [name for name in state.labels if name != old or new not in state.labels]
    labels = tuple(new if name == old else name for name in listed)
    return relabel(state, labels, {old: new}, origin, f"renamed label {old} to {new}")


def remove_label(state: State, name: str, to: str | None, origin: str) -> Change:
    """Remove a label; its rows get the label ``to``, or it must have no rows."""
    if name not in state.labels:
        raise UnknownNameError(f"there is no label {name!r}; {instead_of(name, state.labels)}")
    left = tuple(label for label in state.labels if label != name)
    if to is not None:
        if to not in left:
            raise UnknownNameError(f"to={to!r} is no other label; {instead_of(to, left)}")
        return relabel(state, left, {name: to}, origin, f"removed label {name}, its masks are {to} now")
    used = {table: int((state.tables[table]["label"] == name).sum()) for table in LABELED}
    if any(used.values()):
        rows = " and ".join(f"{n:,} rows of {table}" for table, n in used.items() if n)
        raise DataError(
            f"label {name!r} is used by {rows}: ds.remove_label({name!r}, to=ANOTHER) gives them another, "
            "ds.remove(rows) removes them"
        )
    return relabel(state, left, {}, origin, f"removed label {name}")


def reorder_labels(state: State, names: Sequence[str], origin: str) -> Change:
    """Reorder the labels."""
    wanted = tuple(names)
    if sorted(map(str, wanted)) != sorted(state.labels):
        lost = [name for name in state.labels if name not in wanted]
        new = [name for name in wanted if name not in state.labels]
        raise DataError(
            f"expected each of the {len(state.labels)} labels once, got {len(wanted)} names; missing: "
            f"{first(lost) or 'none'}; not there: {first(map(repr, new)) or 'none'}"
        )
    if wanted == state.labels:
        return Change({}, None, origin, "the labels are in that order already")
    return relabel(state, wanted, {}, origin, "reordered labels")


def relabel(
    state: State, labels: Sequence[str], renamed: Mapping[str, str], origin: str, note: str
) -> Change:
    """Replace the label list; rows are renamed by ``renamed``, other rows keep their label."""
    check_names(labels, "labels")
    tables = dict(state.tables)
    for table in LABELED:
        was = state.tables[table]["label"].array
        wanted = pd.Index(list(labels))
        codes = wanted.get_indexer(pd.Index([renamed.get(name, name) for name in was.categories]))
        frame = state.tables[table].copy(deep=False)
        lost = np.append(codes, 0)[was.codes] < 0
        if lost.any():
            raise DataError(
                f"{table}: {int(lost.sum())} rows have labels that are removed: {first(frame.index[lost])}"
            )
        now = np.append(codes, -1)[was.codes]
        frame["label"] = pd.Categorical.from_codes(now, dtype=pd.CategoricalDtype(wanted))
        tables[table] = frame
    ontology = relabeled(state.ontology, labels, renamed)
    return diff(state, State(tables, tuple(labels), ontology), origin, note)


def numbered(rows: pd.DataFrame, start: int, name: str) -> pd.DataFrame:
    """The rows with consecutive ids from ``start``."""
    index = pd.RangeIndex(start, start + len(rows), name=name)
    return rows.set_axis(pd.Index(index.to_numpy(), name=name), axis=0)


def _created(table: str, rows: pd.DataFrame, allocate: Allocate, origin: str, note: str) -> Change:
    if not len(rows):
        return Change({}, None, origin, note)
    rows = numbered(rows, allocate(table, len(rows)), str(rows.index.name))
    return Change({table: TableChange(created=rows)}, None, origin, note)


def extend(there: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Convert rows to the columns of a table: absent columns become missing, unknown ones are refused."""
    unknown = [name for name in rows.columns if name not in there]
    if unknown:
        raise DataError(
            f"the dataset has no column {first(unknown)}: make it first, e.g. ds.images['{unknown[0]}'] = ..."
        )
    columns = {}
    for name in there.columns:
        dtype = there[name].dtype
        if name not in rows:
            columns[name] = missing(dtype, len(rows))
        elif same_dtype(rows[name].dtype, dtype):
            columns[name] = values(rows[name])
        else:
            columns[name] = values(_fitted(rows[name], dtype, name))
    return frame_of(columns, ids_of(rows), rows.index.name)


def with_categories_of(rows: pd.DataFrame, there: pd.DataFrame) -> pd.DataFrame | None:
    """The table with the new categories of ``rows``, such as groups; None if there are none."""
    out = None
    for name in there.columns:
        old = there[name].dtype
        if name not in rows or not isinstance(old, pd.CategoricalDtype):
            continue
        if name in IMAGES and IMAGES[name].categories is not None:
            continue
        gained = [x for x in rows[name].dropna().unique() if x not in old.categories]
        if gained:
            out = there.copy(deep=False) if out is None else out
            wider = pd.CategoricalDtype([*old.categories, *gained], ordered=bool(old.ordered))
            out[name] = column(recast(values(there[name]), wider), there.index)
    return out


def _fitted(series: pd.Series, dtype: Any, name: str) -> pd.Series:
    try:
        cast = series.astype(dtype)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be {dtype}, got {series.dtype}: {first(series)}. {error}") from error
    if (cast.isna() & series.notna()).any():
        lost = first(series[cast.isna() & series.notna()].unique())
        raise DataError(f"{name} must be one of {first(dtype.categories)}; got {lost}")
    return cast


def _value(rows: pd.DataFrame, table: str, name: str, value: Any, asked: Mapping[str, Attribute]) -> Any:
    if isinstance(value, bytes):
        value = [value] * len(rows)
    if name in asked and asked[name].kind == "many" and _is_one_answer(value):
        value = [value] * len(rows)
    if isinstance(value, pd.Series):
        value = value.reindex(rows.index)
    elif not np.isscalar(value) and value is not None and len(value) != len(rows):
        raise DataError(f"{name} needs one value or {len(rows)}, got {len(value)}")
    out = value if isinstance(value, pd.Series) else pd.Series(value, index=rows.index)
    old = rows[name].dtype if name in rows else None
    known = SCHEMAS[table].get(name)
    fixed = name == "label" or name in asked or (known is not None and known.categories is not None)
    if fixed or not isinstance(old, pd.CategoricalDtype) or isinstance(out.dtype, pd.CategoricalDtype):
        return out
    gained = [x for x in out.dropna().unique() if x not in old.categories]
    return pd.Categorical(out, categories=[*old.categories, *gained], ordered=bool(old.ordered))


def _is_one_answer(value: Any) -> bool:
    """Whether a value is one answer with several options, rather than one answer per row."""
    return isinstance(value, list | tuple | set) and all(isinstance(x, str) for x in value)


def _add_columns(
    state: State,
    table: str,
    rows: pd.DataFrame,
    at: np.ndarray,
    new: list[str],
    cells: Mapping[str, Any],
    origin: str,
) -> Change:
    """Set cells of columns that are new or change their dtype: build the whole table and diff it."""
    frame = state.tables[table].copy(deep=False)
    for name in cells:
        array = values(rows[name])
        under = missing(array.dtype, len(frame)) if name in new else recast(values(frame[name]), array.dtype)
        frame[name] = column(put(under, at, array), frame.index)
    after = State({**state.tables, table: frame}, state.labels, state.ontology)
    return measure(diff(state, after, origin, f"set {', '.join(cells)} of {len(at)} {table}"), state)


def measures(masks: Any, heights: np.ndarray) -> dict[str, np.ndarray]:
    """Boxes and areas of valid masks."""
    boxes = rle.boxes(masks, heights).astype(np.float32)
    return {**{name: boxes[:, i] for i, name in enumerate(_BOX)}, "area": rle.areas(masks).astype(np.int32)}


def _override(under: Cells | None, over: Cells) -> Cells:
    """Combine cells of one column; ``over`` wins for its rows."""
    over = over.at(~equal(over.old, over.new)) if under is None else over
    if under is None:
        return over
    rest = under.at(~np.isin(under.ids, over.ids))
    over = over.at(~equal(over.old, over.new))
    ids = np.concatenate([rest.ids, over.ids])
    order = np.argsort(ids)
    return Cells(
        ids[order], np.concatenate([rest.old, over.old])[order], np.concatenate([rest.new, over.new])[order]
    )
