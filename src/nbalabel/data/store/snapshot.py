"""Whole tables on disk: an Arrow file of columns and one of masks per table, named by content hash.

A table of more than two million rows has such a pair for each million: a part ends where an id is a multiple,
so an edit or a new row leaves the other parts as they are, and their files. Columns are compressed and read
into memory; masks are memory-mapped. Bytes are checked against the hash in the name when a file is opened,
those of many masks when one of the file is looked at first.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...core.change.table_change import ids_of
from ...core.columns.arrow import batch_of, check_schema, columns_of, frame_from, sound
from ...core.errors import CorruptError, DataError
from ...core.ontology.ontology import Ontology
from ...core.pieces.column import mapped
from ...core.pieces.pieces import Pieces, from_files
from ...core.tables.arrays import Array, concat, same_dtype, take, values
from ...core.tables.dtypes import MASK_DTYPE
from ...core.tables.schema import ATTACHMENTS, REGIONS, check_state, empty
from ...core.tables.state import State
from ..disk.atomic import TEMPORARY, gone_if_failed, publish
from ..disk.errors import reading, writing

_ALONE = "c:mask"
PART_ROWS = 1 << 20
"""Rows of a part of a table, about."""

LATE_BYTES = 256 << 20
"""Bytes of masks from which their checksums are compared when they are looked at, not before."""

_BACKUP = "copy it from a backup, or open an earlier version with nl.open(folder, version=...)"
_LATER = {"regions": tuple(REGIONS), "attachments": tuple(ATTACHMENTS)}
"""Tables that earlier versions of nbalabel do not know: left out while empty, so that these open it."""

_NAME = re.compile(r"[0-9a-f]{40}\.arrow")


def write_snapshot(state: State, objects: Path) -> dict[str, Any]:
    """Write every table of a state; existing files are not written again.

    Returns:
        JSON for :func:`read_snapshot`: the file names of each table.
    """
    tables: dict[str, Any] = {}
    for name, frame in state.tables.items():
        if not len(frame) and tuple(frame.columns) == _LATER.get(name):
            continue
        columns: dict[str, Array] = {"id": ids_of(frame)}
        columns |= {f"c:{column}": values(frame[column]) for column in frame.columns}
        parts = [_write_part(columns, *bounds, objects) for bounds in _parts(columns["id"])]
        facts = parts[0] if len(parts) == 1 else {"parts": parts}
        tables[name] = {**facts, "index": frame.index.name, "order": list(frame.columns), "rows": len(frame)}
    with reading(objects):
        size = sum((objects / file).stat().st_size for file in files_of({"tables": tables}))
    said = {"ontology": state.ontology.to_json()} if state.ontology else {}
    return {"tables": tables, "labels": list(state.labels), "bytes": size, **said}


def read_snapshot(meta: dict[str, Any], objects: Path, advice: str = _BACKUP) -> State:
    """The inverse of :func:`write_snapshot`.

    Args:
        meta: what :func:`write_snapshot` returned.
        objects: the folder of the files.
        advice: what to do about a file that turns out to be damaged.

    Raises:
        CorruptError: a file is missing or damaged, or holds what nbalabel cannot have written. Where there
            are many masks, a damaged file of them is found when one of its masks is looked at first.
    """
    with sound(objects):
        state = _read_tables(meta, objects, advice)
        check_state(state)
    return state


def check_files(meta: dict[str, Any], objects: Path) -> None:
    """Check every byte of the files of a snapshot.

    Raises:
        CorruptError: a file is missing or damaged.
    """
    for name in files_of(meta):
        with reading(objects / name):
            _check(objects / name, _BACKUP)


def _read_tables(meta: dict[str, Any], objects: Path, advice: str) -> State:
    names = files_of(meta)
    for name in names:
        if not _NAME.fullmatch(name):
            raise DataError(f"{name!r} is no name of a file in objects/")
    masks = _Masks(
        objects, [part["masks"] for table in meta["tables"].values() for part in parts_of(table)], advice
    )
    files = [name for name in names if name not in masks.files]
    with ThreadPoolExecutor(max_workers=2) as pool:
        checked = pool.map(masks.check, masks.files)
        read = dict(zip(files, pool.map(lambda name: _read(objects / name, advice), files), strict=True))
        list(checked)
    tables: dict[str, pd.DataFrame] = {}
    for name, table in meta["tables"].items():
        parts = parts_of(table)
        columns = _joined([read[part["file"]] for part in parts])
        if any(part["masks"] for part in parts):
            columns |= {_ALONE: masks.column([part["masks"] for part in parts])}
        frame = frame_from(columns, table["index"])
        tables[name] = frame if list(frame.columns) == table["order"] else frame[table["order"]]
    labels = tuple(meta["labels"])
    for name in _LATER:
        tables.setdefault(name, empty(name, labels))
    return State(tables, labels, Ontology.from_json(meta.get("ontology", {})))


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    """The columns of a table from those of its parts.

    Raises:
        DataError: the parts are of different tables.
    """
    if len(parts) == 1:
        return parts[0]
    for part in parts[1:]:
        if [*part] != [*parts[0]] or not all(same_dtype(part[n].dtype, parts[0][n].dtype) for n in part):
            raise DataError("parts of different tables")
    return {name: concat([part[name] for part in parts]) for name in [*parts[0]]}


def rows_of(state: State) -> dict[str, int]:
    """Table -> number of rows, for a manifest; attachments only where there are some, as earlier versions."""
    return {name: n for name, frame in state.tables.items() if (n := len(frame)) or name != "attachments"}


def parts_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a table of a snapshot: each says its ``file`` and its file of ``masks``."""
    found: list[dict[str, Any]] = table.get("parts", [table])
    return found


def is_whole(meta: dict[str, Any]) -> bool:
    """Whether no table of a snapshot is in parts."""
    return not any("parts" in table for table in meta["tables"].values())


def files_of(meta: dict[str, Any]) -> list[str]:
    """The files of a snapshot."""
    parts = [part for table in meta["tables"].values() for part in parts_of(table)]
    return list(dict.fromkeys(name for part in parts for name in (part["masks"], part["file"]) if name))


def _parts(ids: np.ndarray) -> list[tuple[int, int]]:
    """Where each part of a table begins and ends."""
    edges = np.append(np.flatnonzero(np.diff(ids // PART_ROWS)) + 1, len(ids))
    least, bounds = PART_ROWS // 2, [0]
    while len(ids) - bounds[-1] > 2 * PART_ROWS:
        bounds.append(int(edges[np.searchsorted(edges, bounds[-1] + least)]))
    return list(pairwise([*bounds, len(ids)]))


def _write_part(columns: dict[str, Array], begin: int, end: int, objects: Path) -> dict[str, Any]:
    some = dict(columns)
    if end - begin < len(columns["id"]):  # of a slice Arrow writes what follows it, too: equal parts differ
        some = {name: take(array, np.arange(begin, end)) for name, array in columns.items()}
    masks = {_ALONE: some.pop(_ALONE)} if _ALONE in some else None
    return {"file": _write(some, objects, "lz4"), "masks": masks and _write(masks, objects, None)}


def _write(columns: dict[str, Array], objects: Path, compression: str | None) -> str:
    batch = batch_of(columns)
    partial = objects / f"{TEMPORARY}{secrets.token_hex(8)}"
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with writing(objects), gone_if_failed(partial):
        with (
            pa.OSFile(str(partial), "wb") as sink,
            pa.ipc.new_file(sink, batch.schema, options=options) as writer,
        ):
            writer.write_batch(batch)
        return _name(partial, objects)


def _name(partial: Path, objects: Path) -> str:
    """Name a finished file by its content hash; an existing intact file is kept."""
    content = _content(partial)
    path = objects / f"{content}.arrow"
    if path.is_file() and _content(path) == content:
        partial.unlink()
        return path.name
    with open(partial, "rb+") as file:
        os.fsync(file.fileno())
    publish(partial, path)
    return path.name


class _Masks:
    """The files of masks of a snapshot: checked now, or where there are many masks when one is looked at.

    Attributes:
        files: their names.
    """

    def __init__(self, objects: Path, names: list[str | None], advice: str) -> None:
        self._checks = {name: _Once(objects / name, advice) for name in names if name}
        self.files = list(self._checks)
        paths = [objects / name for name in self.files]
        with reading(objects):
            self._late = sum(path.stat().st_size for path in paths if path.is_file()) > LATE_BYTES
        self._objects, self._advice = objects, advice

    def check(self, name: str) -> None:
        """Compare a file with its checksum, if that is to be done now; else see that it is there.

        Raises:
            CorruptError: they differ, or it is missing.
        """
        if self._late:
            with reading(self._objects / name):
                _there(self._objects / name, self._advice)
        else:
            self._checks[name]()

    def column(self, names: list[str | None]) -> Array:
        """The masks of a table.

        Raises:
            DataError: a part has none, or a file holds something else.
        """
        arrays, paths, checks = [], [], []
        for name in names:
            if name is None:
                raise DataError("parts of different tables")
            path = self._objects / name
            with reading(path), sound(path), pa.ipc.open_file(pa.memory_map(str(path))) as reader:
                table = reader.read_all()
            check_schema(table.schema)
            if table.schema.names != [_ALONE] or table.schema.types != [MASK_DTYPE.pyarrow_dtype]:
                raise DataError(f"{path.name} holds no masks")
            for chunk in table.column(0).chunks:
                chunk.validate(full=not self._late)
                arrays.append(chunk)
                paths.append(path)
                checks.append(self._checks[name])
        kind = MASK_DTYPE.pyarrow_dtype
        if self._late:
            return mapped(from_files(arrays, paths, kind, checks), MASK_DTYPE)
        return mapped(Pieces.of(pa.chunked_array(arrays, kind)), MASK_DTYPE)


class _Once:
    """The checksum of a file, compared when it is called first; several pieces of the file share it."""

    def __init__(self, path: Path, advice: str) -> None:
        self._path, self._advice, self._done = path, advice, False

    def __call__(self) -> None:
        if not self._done:
            with reading(self._path):
                _check(self._path, self._advice)
            self._done = True


def _read(path: Path, advice: str) -> dict[str, Array]:
    with reading(path):
        _check(path, advice)
        with sound(path), pa.ipc.open_file(pa.memory_map(str(path))) as reader:
            return columns_of(reader.read_all())


def _check(path: Path, advice: str) -> None:
    """Compare a file with the checksum in its name.

    Raises:
        CorruptError: they differ, or it is missing.
    """
    _there(path, advice)
    found = _content(path)
    if found != path.stem:
        raise CorruptError(f"{path} is damaged: its checksum is {found}; {advice}")


def _there(path: Path, advice: str) -> None:
    if not path.is_file():
        raise CorruptError(f"{path} is missing: {advice}")


def _content(path: Path) -> str:
    if path.stat().st_size == 0:
        return hashlib.blake2b(digest_size=20).hexdigest()
    data: Any = np.memmap(path, dtype=np.uint8, mode="r")
    return hashlib.blake2b(data, digest_size=20).hexdigest()
