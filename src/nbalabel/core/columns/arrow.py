"""Convert tables to Arrow and back without loss: category order, missing values, texts, objects as JSON.

The metadata of each Arrow field names its pandas dtype. Nothing is pickled: a column of Python objects is
stored as JSON, and an assignment of objects that are not JSON is refused. Plain numbers are copied out of the
file, so that pandas may write to them; texts and masks stay memory-mapped, since Arrow never writes in place.

Files may come from an attacker, with valid checksums. Arrow's reader trusts offsets and indices, and
following a wrong one crashes the process. So each batch is checked before use (:func:`check`): only the types
that are written here are allowed, and every length, offset and index must be within its buffer. The check
takes 10 ms for a million rows, so it is always made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from ..errors import CorruptError, DataError, NbalabelError, StorageError, first
from ..tables.arrays import Array, frame_of, values
from ..tables.names import shown

_KEY = b"nbalabel"
_ID = "id"
_NAME = re.compile(r"[<>|=]?[A-Za-z]\w*(\[\w+(, [\w/+:.-]+)?\])?")  # of a dtype: <i8, datetime64[ns, UTC]


def batch_of(columns: Mapping[str, Array]) -> pa.RecordBatch:
    """Arrays of equal length as one Arrow batch.

    Raises:
        DataError: a column holds values that cannot be stored.
    """
    arrays, fields = [], []
    for name, array in columns.items():
        stored, origin = to_arrow(array, name)
        arrays.append(stored)
        fields.append(pa.field(name, stored.type, metadata={_KEY: orjson.dumps(origin)}))
    return pa.record_batch(arrays, schema=pa.schema(fields))


def columns_of(table: pa.Table | pa.RecordBatch) -> dict[str, Array]:
    """The inverse of :func:`batch_of`; see the module's note on copies.

    Raises:
        DataError: see :func:`check`.
    """
    check(table)
    return {field.name: restored(table.column(i), field) for i, field in enumerate(table.schema)}


def restored(column: pa.Array | pa.ChunkedArray, field: pa.Field) -> Array:
    """One column of a batch whose content was checked, as it was given to :func:`batch_of`."""
    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column], field.type)
    return _from_arrow(chunked, origin_of(field))


def origin_of(field: pa.Field) -> dict[str, Any]:
    """What the metadata of a field says of the array that was stored: its ``kind``, and more by kind."""
    found = orjson.loads(field.metadata[_KEY])
    if not isinstance(found, dict):
        raise DataError(f"column {field.name!r} does not say what it was")
    return found


def check(table: pa.Table | pa.RecordBatch) -> None:
    """Check that a batch read from a file is safe to use: its types, lengths, offsets, indices and texts.

    Raises:
        DataError: the batch is not safe; only a crafted or damaged file has such a batch.
    """
    check_schema(table.schema)
    try:
        table.validate(full=True)
    except pa.ArrowException as error:
        raise DataError(f"a column is malformed: {error}") from error


def check_schema(schema: pa.Schema) -> None:
    """Check that columns have types that are written here, and say what they were; content is not looked at.

    Raises:
        DataError: they do not.
    """
    names = schema.names
    if len(set(names)) != len(names):
        raise DataError(f"columns must be unique, got {first(names)}")
    for field in schema:
        if set(field.metadata or {}) != {_KEY} or not _is_written(field.type):
            raise DataError(f"column {field.name!r} has type {field.type}, which is not one that is stored")


_PLAIN_TYPES = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal),
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary),
    *(pa.types.is_timestamp, pa.types.is_duration, pa.types.is_date, pa.types.is_time),
)


def _is_written(kind: pa.DataType) -> bool:
    """Whether a type is one that nbalabel writes; extension types, which may run code, are not."""
    if isinstance(kind, pa.BaseExtensionType):
        return False
    if pa.types.is_dictionary(kind):
        return pa.types.is_integer(kind.index_type) and _is_written(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_written(kind.value_type)
    if pa.types.is_struct(kind):
        return all(_is_written(part.type) for part in kind)
    return any(test(kind) for test in _PLAIN_TYPES)


@contextmanager
def sound(where: object, advice: str = "copy it from a backup, or do not use it") -> Iterator[None]:
    """Convert the errors of reading a crafted or damaged file to a CorruptError that names the file.

    Args:
        where: the file.
        advice: what the user can do.

    Raises:
        CorruptError: the block raised an error that files written by nbalabel do not cause.
    """
    try:
        yield
    except (StorageError, Warning):
        raise
    except (pa.ArrowException, NbalabelError, OSError, *_WRONG) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of Arrow's reader
            raise
        said = shown(f"{type(error).__name__}: {error}")
        raise CorruptError(f"{where} holds what nbalabel does not write ({said}): {advice}") from error


_WRONG = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    NotImplementedError,
)
"""Errors that pandas, NumPy and Arrow raise for impossible values."""


def batch_of_frame(frame: pd.DataFrame) -> pa.RecordBatch:
    """A table with its ids as one Arrow batch; see :func:`batch_of`."""
    columns = {f"c:{name}": values(frame[name]) for name in frame.columns}
    return batch_of({_ID: np.asarray(frame.index.to_numpy(), np.int64), **columns})


def frame_from(columns: dict[str, Array], index_name: str | None) -> pd.DataFrame:
    """The inverse of :func:`batch_of_frame`."""
    named = {name[2:]: array for name, array in columns.items() if name != _ID}
    return frame_of(named, columns[_ID], index_name)


def to_arrow(array: Array, name: str = "column") -> tuple[pa.Array, dict[str, Any]]:
    """One array as Arrow, and the metadata to restore it exactly.

    Raises:
        DataError: the dtype cannot be stored, or objects are not JSON.
    """
    dtype = array.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        words, origin = to_arrow(values(dtype.categories), f"categories of {name}")
        codes = pa.array(array.codes, mask=array.codes < 0)
        spec = {"kind": "category", "ordered": bool(dtype.ordered), "categories": origin}
        return pa.DictionaryArray.from_arrays(codes, words), spec
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return pa.array(array, from_pandas=False), {"kind": "numpy", "dtype": dtype.str}
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return pa.array([_to_json(value, name) for value in array], pa.large_binary()), {"kind": "object"}
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        return pa.array(array), {"kind": "numpy", "dtype": dtype.str}
    if isinstance(dtype, pd.StringDtype):
        missing = "NA" if dtype.na_value is pd.NA else "nan"
        text = pa.array(array, pa.large_string(), from_pandas=True)
        return _one(text), {"kind": "str", "na": missing, "storage": dtype.storage}
    if isinstance(dtype, pd.ArrowDtype):
        return _one(array._pa_array), {"kind": "arrow"}
    if dtype.name.lower() in _NUMBERS or isinstance(dtype, pd.DatetimeTZDtype):
        return _one(pa.array(array)), {"kind": "pandas", "dtype": str(dtype)}
    raise DataError(
        f"{name}: values of dtype {dtype} cannot be stored; use numbers, text, dates, categories, or objects "
        "that are JSON (df.astype(...) converts)"
    )


def _dtype_name(text: Any) -> str:
    """Check a dtype name; NumPy parses other text as a record dtype and evaluates parts of it as Python."""
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a dtype")
    return text


def _from_arrow(stored: pa.ChunkedArray, spec: Mapping[str, Any]) -> Array:
    """The inverse of :func:`to_arrow`."""
    kind = spec["kind"]
    if kind == "category":
        whole = _one(stored)
        categories = pd.Index(
            _series(_from_arrow(pa.chunked_array([whole.dictionary]), spec["categories"])),
        )
        codes = np.array(whole.indices.fill_null(-1).to_numpy(zero_copy_only=False))
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, spec["ordered"]))
    if kind == "numpy":
        return _numpy(_one(stored), np.dtype(_dtype_name(spec["dtype"])))
    if kind == "object":
        out = np.empty(len(stored), dtype=object)
        out[:] = [_from_json(value) for value in stored.to_pylist()]
        return out
    if kind == "str":
        na_value = pd.NA if spec["na"] == "NA" else np.nan
        dtype: Any = pd.StringDtype(storage=spec["storage"], na_value=na_value)
        return dtype.__from_arrow__(stored)
    if kind == "arrow":
        return pd.arrays.ArrowExtensionArray(stored)
    dtype = pd.api.types.pandas_dtype(_dtype_name(spec["dtype"]))
    return dtype.__from_arrow__(stored)


_NUMBERS = {
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float32", "float64", "boolean"),
}


def _one(array: Any) -> pa.Array:
    if not isinstance(array, pa.ChunkedArray):
        return array
    return array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()


def _numpy(array: pa.Array, dtype: np.dtype) -> Array:
    if dtype.kind in "mM":
        return pd.Series(array.to_numpy(zero_copy_only=False).astype(dtype)).array
    out = array.to_numpy(zero_copy_only=False) if dtype.kind == "b" else array.to_numpy(zero_copy_only=True)
    if out.dtype != dtype:
        raise DataError(f"numbers of {dtype} are stored as {out.dtype}")
    return out if dtype.kind == "b" else np.array(out)


def _series(array: Array) -> pd.Series:
    is_object = isinstance(array, np.ndarray) and array.dtype == object
    return pd.Series(array, dtype=object if is_object else None)


def _to_json(value: object, name: str) -> bytes | None:
    if isinstance(value, float) and value != value:
        return None
    try:
        text = orjson.dumps(value)
    except TypeError as error:
        raise DataError(f"{name}: {value!r} ({type(value).__name__}) cannot be stored: {error}") from error
    if not _round_trips(value, orjson.loads(text)):
        raise DataError(
            f"{name}: {first([repr(value)])} would come back from storage as {orjson.loads(text)!r}; "
            "keep lists, dicts, text and numbers in columns of objects"
        )
    return text


def _from_json(value: bytes | None) -> object:
    return np.nan if value is None else orjson.loads(value)


def _round_trips(value: object, back: object) -> bool:
    if type(value) is not type(back):
        return False
    if isinstance(value, list) and isinstance(back, list):
        return len(value) == len(back) and all(map(_round_trips, value, back))
    if isinstance(value, dict) and isinstance(back, dict):
        return value.keys() == back.keys() and all(_round_trips(v, back[k]) for k, v in value.items())
    return value == back
