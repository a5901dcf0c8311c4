"""Whole tables on disk: one Arrow file per table, masks in a separate file, all named by content hash.

Tables are compressed and read into memory; masks are memory-mapped. When a file is opened, its bytes are
checked against the hash in its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...core.change.table_change import ids_of
from ...core.columns.arrow import batch_of, columns_of, frame_from, sound
from ...core.errors import CorruptError, DataError
from ...core.ontology.ontology import Ontology
from ...core.tables.arrays import Array, values
from ...core.tables.schema import ATTACHMENTS, REGIONS, check_state, empty
from ...core.tables.state import State
from ..disk.atomic import TEMPORARY, gone_if_failed, publish
from ..disk.errors import reading, writing

_ALONE = "c:mask"
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
        masks = {_ALONE: columns.pop(_ALONE)} if _ALONE in columns else None
        tables[name] = {
            "index": frame.index.name,
            "order": list(frame.columns),
            "rows": len(frame),
            "file": _write(columns, objects, "lz4"),
            "masks": masks and _write(masks, objects, None),
        }
    with reading(objects):
        size = sum((objects / file).stat().st_size for file in files_of({"tables": tables}))
    said = {"ontology": state.ontology.to_json()} if state.ontology else {}
    return {"tables": tables, "labels": list(state.labels), "bytes": size, **said}


def read_snapshot(meta: dict[str, Any], objects: Path) -> State:
    """The inverse of :func:`write_snapshot`.

    Raises:
        CorruptError: a file is missing or damaged, or holds what nbalabel cannot have written.
    """
    with sound(objects):
        state = _read_tables(meta, objects)
        check_state(state)
    return state


def _read_tables(meta: dict[str, Any], objects: Path) -> State:
    names = files_of(meta)
    for name in names:
        if not _NAME.fullmatch(name):
            raise DataError(f"{name!r} is no name of a file in objects/")
    with ThreadPoolExecutor(max_workers=2) as pool:
        read = dict(zip(names, pool.map(lambda name: _read(objects / name), names), strict=True))
    tables: dict[str, pd.DataFrame] = {}
    for name, table in meta["tables"].items():
        columns = read[table["file"]] | (read[table["masks"]] if table["masks"] else {})
        frame = frame_from(columns, table["index"])
        tables[name] = frame if list(frame.columns) == table["order"] else frame[table["order"]]
    labels = tuple(meta["labels"])
    for name in _LATER:
        tables.setdefault(name, empty(name, labels))
    return State(tables, labels, Ontology.from_json(meta.get("ontology", {})))


def rows_of(state: State) -> dict[str, int]:
    """Table -> number of rows, for a manifest; attachments only where there are some, as earlier versions."""
    return {name: n for name, frame in state.tables.items() if (n := len(frame)) or name != "attachments"}


def files_of(meta: dict[str, Any]) -> list[str]:
    """The files of a snapshot."""
    both = [(table["masks"], table["file"]) for table in meta["tables"].values()]
    return list(dict.fromkeys(name for pair in both for name in pair if name))


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


def _read(path: Path) -> dict[str, Array]:
    with reading(path):
        return _read_file(path)


def _read_file(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise CorruptError(f"{path} is missing: copy it from a backup, or open an earlier version")
    found = _content(path)
    if found != path.stem:
        raise CorruptError(
            f"{path} is damaged: its checksum is {found}; copy it from a backup, or open an earlier "
            "version with nl.open(folder, version=...)"
        )
    with sound(path), pa.ipc.open_file(pa.memory_map(str(path))) as reader:
        return columns_of(reader.read_all())


def _content(path: Path) -> str:
    if path.stat().st_size == 0:
        return hashlib.blake2b(digest_size=20).hexdigest()
    data: Any = np.memmap(path, dtype=np.uint8, mode="r")
    return hashlib.blake2b(data, digest_size=20).hexdigest()
