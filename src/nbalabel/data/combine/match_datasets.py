"""Join two datasets: match labels by name, renumber ids, and find images that both have by content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...core.change.change import Change, diff
from ...core.change.table_change import ids_of, take_rows
from ...core.errors import DataError, first
from ...core.ontology.attribute import ASKED_OF
from ...core.tables.arrays import column, missing, positions, put, recast, values
from ...core.tables.schema import COUNTERS, ON_IMAGES
from ...core.tables.state import State
from ...core.urls import is_url
from ..edits.cells import Allocate, extend, numbered, with_categories_of
from ..edits.image_state import BARE
from ..ontology.joining import joined, with_columns
from ..pictures.measuring import copies

IN_BOTH = "are labeled in both"


@dataclass(frozen=True, eq=False)
class Placed:
    """The image files of another dataset, relative to our image root.

    Attributes:
        named: file name in the other dataset -> its name below our image root.
        to_copy: name below our image root -> the file to copy there first.
        same: name below our image root -> our file that is the same image.
    """

    named: Mapping[str, str]
    to_copy: Mapping[str, Path]
    same: Mapping[str, str]


def place(
    files: pd.Series, root: Path | None, there: pd.Series, home: Path | None, *, copy: bool, twins: bool
) -> Placed:
    """Find names below our image root for the files of another dataset, and which of these files we have.

    Args:
        files: files of the other dataset.
        root: its image root; None: its names count as names below ``home``.
        there: our files.
        home: our image root.
        copy: whether files outside ``home`` may be copied there.
        twins: whether to search for files of equal content; files of equal name are the same image anyway.

    Raises:
        DataError: files are outside ``home``, and ``copy`` is False.
    """
    named = {str(file): str(file) for file in files}
    paths: dict[str, Path] = {}
    to_copy: dict[str, Path] = {}
    if root is not None:
        _check_home(home, root)
        assert home is not None, "checked"
        for file in named:
            if is_url(file):
                continue
            path = (root / file).resolve()
            inside = path.is_relative_to(home.resolve())
            named[file] = (
                path.relative_to(home.resolve()).as_posix() if inside else f"{root.resolve().name}/{file}"
            )
            paths[named[file]] = path
            if not inside:
                to_copy[named[file]] = path
        if to_copy and not copy:
            raise DataError(
                f"{len(to_copy)} of {len(named)} pictures are in {root}, outside the image folder {home}: "
                f"{first(to_copy)}. copy=True copies them there; nl.join(a, b) leaves them where they are"
            )
    ours = set(map(str, there))
    same = {name: name for name in named.values() if name in ours and name not in to_copy}
    if twins and home is not None:
        looked_at = {name: path for name, path in paths.items() if name not in same}
        same |= copies(looked_at, {file: home / file for file in ours if not is_url(file)})
    same = {name: file for name, file in same.items() if file in ours}
    return Placed(named, {name: path for name, path in to_copy.items() if name not in same}, same)


def join(state: State, other: State, placed: Placed, allocate: Allocate, origin: str) -> Change:
    """The change that adds another dataset; see :meth:`Dataset.join`.

    Args:
        state: the current tables.
        other: the tables to add, checked.
        placed: the image files of ``other``.
        allocate: allocates new ids.
        origin: who or what joins.
    """
    labels = (*state.labels, *(name for name in other.labels if name not in state.labels))
    mine = {name: _with_labels(frame, labels) for name, frame in state.tables.items()}
    theirs = {name: _with_labels(frame, labels) for name, frame in other.tables.items()}
    ontology = joined(state.ontology, other.ontology)
    for name in ASKED_OF:
        mine[name] = with_columns(mine[name], ontology.attributes(name), name)
        theirs[name] = with_columns(theirs[name], ontology.attributes(name), name)
    names = theirs["images"]["file"].map(placed.named)
    ours = pd.Series(ids_of(mine["images"]), index=mine["images"]["file"].to_numpy())
    twin = names.map(placed.same).map(ours[~ours.index.duplicated()])
    is_new = twin.isna().to_numpy()
    _check_sizes(mine["images"], theirs["images"], twin)

    fresh = take_rows(theirs["images"], is_new).assign(file=names[is_new])
    fresh_ids = np.arange(len(fresh)) + (allocate("images", len(fresh)) if len(fresh) else 0)
    becomes = twin.astype("Int64").fillna(-1).to_numpy(np.int64).copy()
    becomes[is_new] = fresh_ids
    becomes_of = pd.Series(becomes, index=theirs["images"].index)

    bare, full = _split_twins(mine, theirs, twin[~is_new])
    tables = {"images": _appended(_filled(mine["images"], theirs["images"], bare), fresh, fresh_ids)}
    left_out = theirs["images"].index.isin(full.index)
    counts = {}
    for name in ON_IMAGES:
        on = theirs[name]["image_id"]
        goes = on.isin(theirs["images"].index[left_out]).to_numpy() & (name != "attachments")
        rows = take_rows(theirs[name], ~goes)
        rows = rows.assign(image_id=rows["image_id"].map(becomes_of).to_numpy(np.int64))
        ids = np.arange(len(rows)) + (allocate(COUNTERS[name], len(rows)) if len(rows) else 0)
        tables[name] = _appended(mine[name], rows, ids)
        counts[name] = len(rows)
    note = f"joined {len(fresh):,} images and {counts['instances']:,} instances"
    note += f"; {len(bare):,} images that were there got their labels" if len(bare) else ""
    if len(full):
        which = first(full.astype(int).to_list())
        note += f"; {len(full):,} images {IN_BOTH}, ours stay: images {which}"
    return diff(state, State(tables, labels, ontology), origin, note)


def _check_home(home: Path | None, root: Path) -> None:
    if home is None:
        raise DataError(
            f"this dataset has no image folder, and the other one's is {root}: ds.image_root = FOLDER says "
            "where its pictures are"
        )


def _check_sizes(mine: pd.DataFrame, theirs: pd.DataFrame, twin: pd.Series) -> None:
    pairs = twin.dropna().astype(np.int64)
    for side in ("width", "height"):
        differ = mine[side].loc[pairs].to_numpy() != theirs[side].loc[pairs.index].to_numpy()
        if differ.any():
            files = first(mine["file"].loc[pairs[differ]])
            raise DataError(
                f"{int(differ.sum())} images have the same file in both and another {side}: {files}. Rename "
                "the files of one of the two"
            )


def _split_twins(
    mine: Mapping[str, pd.DataFrame], theirs: Mapping[str, pd.DataFrame], twin: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Their id -> our id of images that both have: those that are bare here, and those labeled in both."""
    twin = twin.astype(np.int64)
    state = mine["images"]["state"].loc[twin].isin(BARE).to_numpy()
    said = theirs["images"]["state"].loc[twin.index].ne("unlabeled").to_numpy()
    # If two of their images are the same image of ours, the instances of the first are taken.
    bare = state & said & ~twin.duplicated().to_numpy()
    return twin[bare], twin[~bare & said]


def _filled(mine: pd.DataFrame, theirs: pd.DataFrame, bare: pd.Series) -> pd.DataFrame:
    """Our images; those bare here get the state and weight of their counterparts."""
    out = mine.copy(deep=False)
    at = positions(mine.index, bare.to_numpy(np.int64))
    for name in ("state", "weight") if len(bare) else ():
        new = recast(values(theirs[name].loc[bare.index]), mine[name].dtype)
        out[name] = column(put(values(mine[name]), at, new), mine.index)
    return out


def _appended(mine: pd.DataFrame, rows: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """A table with rows appended, with the columns of both."""
    if not len(rows):
        return mine
    mine = mine.copy(deep=False)
    for name in rows.columns:
        if name not in mine:
            mine[name] = column(missing(rows[name].dtype, len(mine)), mine.index)
    wider = with_categories_of(rows, mine)
    mine = mine if wider is None else wider
    rows = extend(mine, rows)
    rows = numbered(rows, int(ids[0]), str(rows.index.name))
    return pd.concat([mine, rows]) if len(mine) else rows


def _with_labels(frame: pd.DataFrame, labels: tuple[str, ...]) -> pd.DataFrame:
    if "label" not in frame:
        return frame
    out = frame.copy(deep=False)
    known = frame["label"].array
    codes = pd.Index(list(labels)).get_indexer(pd.Index(known.categories))
    dtype = pd.CategoricalDtype(list(labels))
    out["label"] = pd.Categorical.from_codes(np.append(codes, -1)[known.codes], dtype=dtype)
    return out
