"""Cast columns to the dtypes of the schema, without ever changing a value silently.

pandas casts 2**40 to int32 as 0, "no" to bool as True and b"a" to str as "b'a'". Here such values raise an
error that names the rows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ..errors import DataError, first
from .names import instead_of

MASK_DTYPE = pd.ArrowDtype(pa.large_binary())

_MOST_LISTED = 12  # categories listed in a message

Flags = npt.NDArray[np.bool_]


def cast(series: pd.Series, dtype: Any, name: str, meaning: str, table: str) -> pd.Series:
    """The column with another dtype.

    Args:
        series: any values.
        dtype: one of the schema's: a NumPy number or bool, "Int32", "Int64", "str" or the dtype of masks.
        name: of the column, for messages.
        meaning: of the column, for messages.
        table: for messages.

    Raises:
        DataError: naming the rows whose values do not fit, and their values.

    Example:
        >>> cast(pd.Series([1.0, 2.5], index=[7, 9]), np.int32, "width", "pixels", "images")
        Traceback (most recent call last):
        nbalabel.core.errors.DataError: images: width must be whole numbers that fit int32 (pixels);
        1 of 2 rows break it: 9 (got 2.5)
    """
    if series.dtype == dtype:
        return series
    if dtype == MASK_DTYPE:
        return _to_bytes(series, name, table)
    if dtype == "str":
        return _to_text(series, name, table)
    numbers, bad = _numbers(series)
    target = pd.Series(dtype=dtype).dtype
    missing = numbers.isna().to_numpy()
    if target.kind == "f":
        reject(series, bad, table, f"{name} must be numbers ({meaning})", name)
        with np.errstate(over="ignore"):  # a too large value becomes infinite, which validation reports
            return numbers.astype(target)
    if not str(target).startswith("Int"):
        bad |= missing
    values = numbers.fillna(0).to_numpy()
    if target.kind == "b":
        bad |= (values != 0) & (values != 1)
        reject(series, bad, table, f"{name} must be true or false ({meaning})", name)
    else:
        limits = np.iinfo(str(target).lower())
        with np.errstate(invalid="ignore"):
            bad |= (values != np.floor(values)) if values.dtype.kind == "f" else False
            bad |= (values < limits.min) | (values > limits.max)
        reject(series, bad, table, f"{name} must be whole numbers that fit {limits.dtype} ({meaning})", name)
    return numbers.astype(target)


def cast_category(series: pd.Series, categories: Sequence[str] | None, name: str, table: str) -> pd.Series:
    """The column as a category column; with None, its categories are the values that occur.

    Raises:
        DataError: naming the rows whose value is not a category.
    """
    if categories is None:
        return series if isinstance(series.dtype, pd.CategoricalDtype) else series.astype("category")
    if isinstance(series.dtype, pd.CategoricalDtype) and tuple(series.cat.categories) == tuple(categories):
        return series
    out = _as_categories(series, list(categories))
    unknown = out.isna().to_numpy() & series.notna().to_numpy()
    if unknown.any():
        reject(series, unknown, table, f"{name} must be one of {_allowed(series[unknown], categories)}", name)
    return out


def _allowed(strangers: pd.Series, categories: Sequence[str]) -> str:
    """The categories as text; of a long list only those most similar to the first unknown value."""
    if len(categories) > _MOST_LISTED:
        return f"the {len(categories)} there are, {instead_of(strangers.iloc[0], categories)}"
    return ", ".join(categories) or "(the label list is empty)"


def reject(
    frame: pd.DataFrame | pd.Series, bad: Any, table: str, rule: str, show: str | list[str] | None = None
) -> None:
    """Raise a DataError that names the rows where ``bad`` is true, and their values in columns ``show``."""
    bad = np.asarray(bad, dtype=bool)
    if not bad.any():
        return
    rows = frame[bad].head(6)
    shown = rows if isinstance(rows, pd.Series) else rows[show] if show is not None else None
    values = "" if shown is None else f" (got {', '.join(map(_short, shown.to_numpy().tolist()[:5]))})"
    ids = first(frame.index[bad])
    raise DataError(f"{table}: {rule}; {int(bad.sum())} of {len(frame)} rows break it: {ids}{values}")


def _numbers(series: pd.Series) -> tuple[pd.Series, Flags]:
    """The values as numbers, missing where a value is no number; and which rows hold such values."""
    if pd.api.types.is_numeric_dtype(series.dtype) and series.dtype.kind != "c":
        return series, np.zeros(len(series), bool)
    values = series.astype(object)
    present = values.notna().to_numpy()
    fits = np.fromiter((isinstance(v, Real | np.bool_ | Decimal) for v in values), bool, len(values))
    numbers = pd.to_numeric(values.where(fits & present), errors="coerce")
    return numbers, present & (~fits | numbers.isna().to_numpy())


def _to_text(series: pd.Series, name: str, table: str) -> pd.Series:
    values = series.astype(object)
    if not isinstance(series.dtype, pd.StringDtype | pd.CategoricalDtype):
        values = values.map(lambda v: os.fspath(v) if isinstance(v, os.PathLike) else v)
    fits = np.fromiter((isinstance(v, str) for v in values), bool, len(values))
    reject(series, ~fits & values.notna().to_numpy(), table, f"{name} must be text", name)
    return values.astype("str")


def _to_bytes(series: pd.Series, name: str, table: str) -> pd.Series:
    if isinstance(series.dtype, pd.ArrowDtype) and pa.types.is_binary(series.dtype.pyarrow_dtype):
        return series.astype(MASK_DTYPE)
    values = [_as_bytes(v) for v in series]
    bad = np.fromiter((v is None for v in values), bool, len(values)) & series.notna().to_numpy()
    rule = f"{name} must be bytes, COCO compressed RLE as pycocotools writes it (nl.encode_mask makes it)"
    reject(series, bad, table, rule, name)
    return pd.Series(pd.array(pa.array(values, pa.large_binary()), dtype=MASK_DTYPE), index=series.index)


def _as_bytes(value: Any) -> bytes | None:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytearray | memoryview) else None


def _as_categories(series: pd.Series, categories: list[str]) -> pd.Series:
    """The series as a category column; values that are no category become missing."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.set_categories(categories)
    found, dtype = _coded(tuple(categories))
    if isinstance(series.dtype, pd.StringDtype):
        at, words = pd.factorize(series)
        code_of = np.array([*(found.get(word, -1) for word in words), -1])
        return pd.Series(pd.Categorical.from_codes(code_of[at], dtype=dtype), index=series.index)
    codes = [found.get(value, -1) if isinstance(value, str) else -1 for value in series]
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=series.index)


@lru_cache(maxsize=32)
def _coded(categories: tuple[str, ...]) -> tuple[Mapping[str, int], pd.CategoricalDtype]:
    """The code of each category, and the dtype; cached, because a dataset may have thousands of labels."""
    return {category: code for code, category in enumerate(categories)}, pd.CategoricalDtype(list(categories))


def _short(value: object) -> str:
    text = repr(value) if isinstance(value, str | bytes) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
