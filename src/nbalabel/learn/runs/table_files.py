"""Tables as Arrow files, mapped when they are read: columns in one, masks in shards of a million rows.

The columns are one batch, so that each is one stretch of the file, which NumPy and pandas use in place: a
private mapping, so an assignment changes memory, never the file. Masks and texts are checked when they are
looked at (``core/pieces/``), categories when the table is read. Files are named by their content.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ...core.columns.arrow import batch_of, check_schema, origin_of, restored
from ...core.errors import DataError
from ...core.pieces.column import mapped
from ...core.pieces.pieces import from_files
from ...core.tables.arrays import Array, values
from ...core.tables.dtypes import MASK_DTYPE

_SHARD_ROWS = 1_000_000
_ID, _MASK = "id", "c:mask"
_NAME = re.compile(r"[a-z_]+(\.masks-\d+)?\.([0-9a-f]{40})\.(arrow|npy)")

Bytes = npt.NDArray[np.uint8]


def write_table(frame: pd.DataFrame, folder: Path, name: str) -> dict[str, Any]:
    """Write a table; its files have names of their own, so that nothing there is replaced by other content.

    Args:
        frame: indexed by ids or, where the index has no name, by nothing that is worth keeping.
        folder: of the run.
        name: of the table.

    Returns:
        JSON for :func:`read_table`.

    Raises:
        DataError: a column holds values that cannot be stored.
    """
    columns = {f"c:{column}": values(frame[column]) for column in frame.columns}
    masks = columns.pop(_MASK, None) if frame.get("mask", pd.Series()).dtype == MASK_DTYPE else None
    facts: dict[str, Any] = {"rows": len(frame), "order": list(map(str, frame.columns))}
    facts["index"] = frame.index.name
    if frame.index.name is not None:
        first = _first_of_row(frame.index)
        facts |= {} if first is None else {"first": first}
        columns |= {_ID: values(frame.index)} if first is None else {}
    facts["file"] = _write_batch(columns, folder, name) if columns else None
    if masks is not None:
        starts = range(0, max(len(frame), 1), _SHARD_ROWS)
        facts["masks"] = [
            _write_batch({_MASK: masks[start : start + _SHARD_ROWS]}, folder, f"{name}.masks-{i}")
            for i, start in enumerate(starts)
        ]
    return facts


def read_table(facts: dict[str, Any], folder: Path) -> pd.DataFrame:
    """The inverse of :func:`write_table`. Numbers, texts and masks stay in the files.

    Raises:
        DataError: the files do not belong together, or hold what :func:`write_table` does not write. Readers
            of Arrow raise errors of their own.
    """
    columns = {} if facts["file"] is None else _columns(folder / checked_name(facts["file"]))
    if "masks" in facts:
        columns[_MASK] = _masks([folder / checked_name(name) for name in facts["masks"]])
    rows, first = facts["rows"], facts.get("first")
    index: Any = pd.RangeIndex(rows)
    if facts["index"] is not None:
        index = pd.RangeIndex(first, first + rows) if first is not None else pd.Index(columns.pop(_ID))
        index.name = facts["index"]
    wrong = [name for name, column in columns.items() if len(column) != rows]
    if wrong or len(index) != rows or set(columns) != {f"c:{name}" for name in facts["order"]}:
        raise DataError(
            f"files of different tables: {rows} rows of {facts['order']}, got {wrong or [*columns]}"
        )
    return pd.DataFrame({name: columns[f"c:{name}"] for name in facts["order"]}, index=index, copy=False)


def files_of(facts: dict[str, Any]) -> list[str]:
    """The files of a table."""
    return [name for name in (facts["file"], *facts.get("masks", ())) if name is not None]


def write_named(folder: Path, name: str, kind: str, write: Callable[[BinaryIO], object]) -> str:
    """Write a file that is named by its content, whole or not at all; returns its name.

    Args:
        folder: where.
        name: how its name begins.
        kind: how its name ends: "arrow" or "npy".
        write: writes the content.
    """
    partial = folder / f"{name}.{secrets.token_hex(8)}.part"
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        named = folder / f"{name}.{content(partial)}.{kind}"
        partial.replace(named)
    finally:
        partial.unlink(missing_ok=True)
    return named.name


def content(path: Path) -> str:
    """The checksum of a file's content, 40 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()


def checked_name(name: object) -> str:
    """The name of a file of a run.

    Raises:
        DataError: it is none, and may lead out of the folder.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DataError(f"{name!r} is no name of a file of a run")
    return name


def _first_of_row(index: pd.Index) -> int | None:
    """The first id where ids follow each other without a gap; None where they do not."""
    ids = index.to_numpy()
    if ids.dtype != np.int64 or not len(ids) or ids[-1] - ids[0] != len(ids) - 1:
        return None
    return int(ids[0]) if isinstance(index, pd.RangeIndex) or (np.diff(ids) == 1).all() else None


def _write_batch(columns: dict[str, Array], folder: Path, name: str) -> str:
    batch = batch_of(columns)

    def write(file: BinaryIO) -> None:
        with pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_batch(batch)

    return write_named(folder, name, "arrow", write)


def _masks(paths: list[Path]) -> Any:
    """The masks of all shards as one column."""
    arrays = []
    for path in paths:
        batch, _ = _batch(path)
        if batch.schema.names != [_MASK] or batch.schema.types != [MASK_DTYPE.pyarrow_dtype]:
            raise DataError(f"{path.name} holds no masks")
        arrays.append(_structured(batch.column(0)))
    return mapped(from_files(arrays, paths, MASK_DTYPE.pyarrow_dtype), MASK_DTYPE)


def _columns(path: Path) -> dict[str, Array]:
    batch, data = _batch(path)
    return {field.name: _column(batch.column(i), field, data, path) for i, field in enumerate(batch.schema)}


def _column(array: pa.Array, field: pa.Field, data: Bytes, path: Path) -> Array:
    """A column over the file where that is possible, else copied out of it."""
    spec = origin_of(field)
    kind, of = spec["kind"], _structured(array).type
    if kind == "numpy" and pa.types.is_boolean(of) and array.buffers()[0] is None:
        return _flags(array, 1)
    if kind == "numpy" and np.dtype(of.to_pandas_dtype()).str == spec["dtype"] and array.buffers()[0] is None:
        return _numbers(array, data)
    if kind == "pandas" and pa.types.is_integer(of) and spec["dtype"].lower() == str(of):
        missing = np.zeros(len(array), bool) if array.buffers()[0] is None else ~_flags(array, 0)
        return pd.arrays.IntegerArray(_numbers(array, data), missing)
    if kind == "str" and spec["storage"] == "pyarrow" and of == pa.large_string():
        dtype = pd.StringDtype("pyarrow", na_value=pd.NA if spec["na"] == "NA" else np.nan)
        return mapped(from_files([array], [path], of), dtype)
    if kind == "category" and pa.types.is_dictionary(of) and array.buffers()[0] is None:
        array.dictionary.validate(full=True)
        one = restored(array.slice(0, 0), field)
        return pd.Categorical.from_codes(_numbers(array.indices, data), dtype=one.dtype)
    array.validate(full=True)
    return restored(array, field)


def _structured(array: pa.Array) -> pa.Array:
    """The array, when its buffers are as long as its length needs."""
    array.validate()
    if array.offset:
        raise DataError("a column begins within another one")
    return array


def _numbers(array: pa.Array, data: Bytes) -> npt.NDArray[Any]:
    """Numbers in place; those under a missing value are whatever they are."""
    kind, buffer = np.dtype(array.type.to_pandas_dtype()), array.buffers()[1]
    size = len(array) * kind.itemsize
    start = 0 if buffer is None else buffer.address - data.ctypes.data
    if buffer is None or not 0 <= start <= start + size <= len(data):  # in memory: it was compressed
        return np.frombuffer(buffer or b"", kind, len(array)).copy()
    return data[start : start + size].view(kind)


def _flags(array: pa.Array, buffer: int) -> npt.NDArray[np.bool_]:
    """One bool per bit of a buffer."""
    bits = array.buffers()[buffer]
    if bits is None or len(array) > 8 * bits.size:
        raise DataError("a column of yes and no is shorter than its table")
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=len(array), bitorder="little").view(np.bool_)


def _batch(path: Path) -> tuple[pa.RecordBatch, Bytes]:
    """The one batch of a file, and its bytes in memory: writing to them does not change the file."""
    with path.open("rb") as file:
        data = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), np.uint8)
    with pa.ipc.open_file(pa.py_buffer(data)) as reader:
        if reader.num_record_batches != 1:
            raise DataError(f"{path.name} holds {reader.num_record_batches} batches")
        check_schema(reader.schema)
        return reader.get_batch(0), data
