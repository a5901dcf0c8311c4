"""Answers to attributes as typed columns: their dtypes, how values become answers, and which are allowed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ..errors import DataError
from ..ontology.attribute import Attribute
from .arrays import Array, same_dtype, values
from .dtypes import cast, cast_category, reject
from .names import instead_of

_MANY_DTYPE = pd.ArrowDtype(pa.list_(pa.string()))
"""Answers with several options."""

_DTYPES: dict[str, Any] = {
    "many": _MANY_DTYPE,
    "number": pd.Float64Dtype(),
    "yes/no": pd.BooleanDtype(),
    "text": pd.Series([], dtype="str").dtype,
}


def dtype_of(attribute: Attribute) -> Any:
    """The dtype of the answers.

    Example:
        >>> dtype_of(Attribute("age", kind="number"))
        Float64Dtype()
    """
    if attribute.kind == "one":
        return _categories(attribute.options)
    return _DTYPES[attribute.kind]


@lru_cache(maxsize=64)
def _categories(options: tuple[str, ...]) -> pd.CategoricalDtype:
    """The dtype of answers with one option; cached, because every edit compares it."""
    return pd.CategoricalDtype(list(options))


def cast_answers(series: pd.Series, attribute: Attribute, table: str) -> pd.Series:
    """The column in the dtype of its attribute.

    Args:
        series: any values; missing ones stay missing.
        attribute: the question.
        table: for messages.

    Raises:
        DataError: naming the rows whose values are no answers.

    Example:
        >>> dead = Attribute("dead", kind="yes/no")
        >>> cast_answers(pd.Series([True, None], dtype=object), dead, "instances").tolist()
        [True, <NA>]
    """
    if same_dtype(series.dtype, dtype_of(attribute)):
        return series
    name, meaning = attribute.name, attribute.text or "an attribute of the ontology"
    if attribute.kind == "one":
        return cast_category(series, attribute.options, name, table)
    if attribute.kind == "many":
        return _to_lists(series, name, table)
    if attribute.kind == "yes/no":
        return _to_flags(series, name, table)
    if attribute.kind == "number" and pd.api.types.is_bool_dtype(series.dtype):
        raise DataError(f"{table}: {name} must be numbers, got true and false")
    return cast(series, dtype_of(attribute) if attribute.kind == "number" else "str", name, meaning, table)


def check_dtype(frame: pd.DataFrame, attribute: Attribute, table: str) -> None:
    """Check that a table has the column of an attribute, in its dtype.

    Raises:
        DataError: it has not.
    """
    name = attribute.name
    if name not in frame:
        raise DataError(
            f"{table} needs the column {name!r}, which is an attribute: ds.retire({name!r}) asks it no more"
        )
    if not same_dtype(frame[name].dtype, dtype_of(attribute)):
        raise DataError(f"{table}: {name} must be {dtype_of(attribute)}, got {frame[name].dtype}")


def check_answers(series: pd.Series, attribute: Attribute, table: str) -> None:
    """Check what the dtype cannot express: options of a list, and the range of a number.

    Args:
        series: answers in the attribute's dtype.
        attribute: the question.
        table: for messages.

    Raises:
        DataError: naming the rows that break a rule, and their values.
    """
    name = attribute.name
    if attribute.kind == "number":
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        reject(series, np.isinf(numbers), table, f"{name} must be finite numbers", name)
        if attribute.low is not None:
            reject(series, numbers < attribute.low, table, f"{name} must be at least {attribute.low:g}", name)
        if attribute.high is not None:
            reject(
                series, numbers > attribute.high, table, f"{name} must be at most {attribute.high:g}", name
            )
    elif attribute.kind == "many":
        _check_lists(series, attribute, table)


def answered(column: Array) -> npt.NDArray[np.bool_]:
    """Which rows have an answer, ``(n,)``."""
    return ~np.asarray(pd.isna(column), dtype=bool)


def as_lists(series: pd.Series) -> list[list[str] | None]:
    """Answers with several options as lists of texts; None where missing."""
    found: list[list[str] | None] = values(series)._pa_array.to_pylist()
    return found


def list_array(found: Sequence[Sequence[str] | None]) -> Array:
    """Lists of texts as answers with several options; None is missing."""
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(found, pa.list_(pa.string()))]))


def _check_lists(series: pd.Series, attribute: Attribute, table: str) -> None:
    if not len(series):
        return
    allowed = set(attribute.options)
    lists = as_lists(series)
    strange = np.fromiter((x is not None and not set(x) <= allowed for x in lists), bool, len(lists))
    if strange.any():
        at = int(np.flatnonzero(strange)[0])
        odd = next(x for x in lists[at] or [] if x not in allowed)
        hint = instead_of(odd, attribute.options)
        reject(series, strange, table, f"{attribute.name} must be options of it, got {odd!r}: {hint}")
    twice = np.fromiter((x is not None and len(set(x)) < len(x) for x in lists), bool, len(lists))
    reject(series, twice, table, f"{attribute.name} must name each option once")


def _to_lists(series: pd.Series, name: str, table: str) -> pd.Series:
    found = [_as_list(value) for value in series.astype(object)]
    bad = np.fromiter((x is _NO_LIST for x in found), bool, len(found))
    reject(series, bad, table, f"{name} must be lists of texts, or missing")
    return pd.Series(list_array(found), index=series.index)


_NO_LIST: Any = object()


def _as_list(value: Any) -> Any:
    if isinstance(value, list | tuple | set | np.ndarray):
        out = [str(x) if isinstance(x, np.str_) else x for x in value]
        return out if all(isinstance(x, str) for x in out) else _NO_LIST
    return None if value is None or value is pd.NA or value != value else _NO_LIST


def _to_flags(series: pd.Series, name: str, table: str) -> pd.Series:
    found = [_as_flag(value) for value in series.astype(object)]
    bad = np.fromiter((x is _NO_LIST for x in found), bool, len(found))
    reject(series, bad, table, f"{name} must be true or false, or missing", name)
    return pd.Series(pd.array(found, dtype="boolean"), index=series.index)


def _as_flag(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value is None or value is pd.NA or value != value:
        return None
    return bool(value) if isinstance(value, int | float | np.number) and value in (0, 1) else _NO_LIST
