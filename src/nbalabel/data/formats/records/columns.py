"""Convert fields of JSON records to columns of a table, and back.

A field that some records lack becomes a nullable column. Lists and objects are stored as JSON text; text that
looks like a JSON list or object and parses is written back as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import orjson
import pandas as pd

from ....core.errors import DataError, FormatError, first, short

Record: TypeAlias = dict[str, Any]

_INT64 = range(-(2**63), 2**63)


def values(records: Iterable[Record], name: str) -> list[Any]:
    """The field of every record, None where it is absent."""
    return [record.get(name) for record in records]


def integers(found: Sequence[Any], what: str) -> np.ndarray:
    """Non-negative ids as ``(n,)`` int64.

    Raises:
        FormatError: some are missing, not whole numbers, negative, or do not fit 64 bits.
    """
    if set(map(type, found)) <= {int} and (not found or (min(found) >= 0 and max(found) in _INT64)):
        return np.array(found, np.int64)
    bad = [(i, v) for i, v in enumerate(found) if type(v) is not int or not 0 <= v < 2**63]
    raise FormatError(
        f"{what} must be whole numbers >= 0; {len(bad)} of {len(found)} are not, "
        f"at positions {first(i for i, _ in bad)} (got {first(short(v) for _, v in bad)})"
    )


def unique(ids: np.ndarray, what: str) -> np.ndarray:
    """The ids, checked to be unique.

    Raises:
        FormatError: some are repeated; the message names them.
    """
    index = pd.Index(ids)
    if index.has_duplicates:
        raise FormatError(f"{what} must be unique, repeated: {first(index[index.duplicated()].unique())}")
    return ids


def numbers(found: Sequence[Any], what: str, ids: Iterable[object]) -> np.ndarray:
    """Numbers as ``(n,)`` float64, NaN where missing.

    Raises:
        FormatError: some values are not numbers; the message names the rows.
    """
    if set(map(type, found)) <= {int, float, type(None)}:
        return np.array(found, np.float64)
    bad = [(i, v) for i, v in zip(ids, found, strict=True) if type(v) not in (int, float, type(None))]
    raise FormatError(
        f"{what} must be a number; it is not in {first(i for i, _ in bad)} "
        f"(got {first(short(v) for _, v in bad)})"
    )


def inferred(found: Sequence[Any]) -> Any:
    """Values of a JSON field as an array of the narrowest dtype that can hold all of them.

    Example:
        >>> inferred([1, None, 3]).dtype, inferred(["a", "b"]).dtype, inferred([{"a": 1}, None])[0]
        (Int64Dtype(), <StringDtype(na_value=nan)>, '{"a":1}')
    """
    kinds = set(map(type, found))
    missing = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {int} and all(v is None or v in _INT64 for v in found):
        return pd.array(list(found), dtype="Int64") if missing else np.array(found, np.int64)
    if kinds == {bool}:
        return pd.array(list(found), dtype="boolean") if missing else np.array(found, np.bool_)
    if kinds == {float} or kinds == {int, float}:
        return np.array(found, np.float64)
    texts = [v if v is None or isinstance(v, str) else to_json(v, "a field") for v in found]
    return pd.array(texts, dtype="str")


def to_json(value: Any, what: str) -> str:
    """A parsed value as JSON text; orjson can parse deeper nesting than it can write.

    Raises:
        FormatError: the value is nested too deeply.
    """
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise FormatError(f"{what} holds lists or objects nested too deeply to be kept: {error}") from error


def extras(records: Sequence[Record], known: frozenset[str], taken: Mapping[str, object]) -> dict[str, Any]:
    """Columns for the fields of records that the format does not define, in order of first appearance.

    Args:
        records: one mapping per row.
        known: fields that the format defines.
        taken: columns of the schema; another field with such a name becomes ``coco_<name>``.
    """
    names = [name for name in dict.fromkeys(chain.from_iterable(records)) if name not in known]
    out: dict[str, Any] = {}
    for name in names:
        column = f"coco_{name}" if name in taken else name
        if column in out or (column in names and column != name):
            raise FormatError(
                f"fields {short(name)} and {short(column)} cannot both be kept: rename one of them"
            )
        out[column] = inferred(values(records, name))
    return out


def written(
    frame: pd.DataFrame, taken: Mapping[str, object], reserved: frozenset[str]
) -> dict[str, list[Any]]:
    """The user's own columns as JSON values, by field name; None where missing.

    Raises:
        DataError: a column has the name of a field of the format, or holds values that JSON cannot express.
    """
    out: dict[str, list[Any]] = {}
    for column in frame.columns:
        if column in taken:
            continue
        bare = column.removeprefix("coco_")
        name = bare if bare in taken else column
        if name in reserved or name in out:
            raise DataError(
                f"column {column!r} would overwrite the format's own field {name!r}: rename the column"
            )
        out[name] = _plain(frame[column])
    return out


def _plain(series: pd.Series) -> list[Any]:
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "biu":
        return series.tolist()
    if isinstance(kind, pd.CategoricalDtype):
        series = series.astype(object)
    return [_plain_value(v, series.name) for v in series.tolist()]


def _plain_value(value: Any, column: object) -> Any:
    if isinstance(value, str):
        return _nested(value) if value[:1] in "{[" and value else value
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or np.isfinite(value) else None
    if isinstance(value, np.generic):
        return _plain_value(value.item(), column)
    if isinstance(value, list | dict):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise DataError(
        f"column {column!r} holds {type(value).__name__} values, which JSON cannot: make them text first"
    )


def _nested(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
