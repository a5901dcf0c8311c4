"""Columns as bare arrays: compare, take, put and recast without going through pandas' alignment.

An *array* here is either a NumPy array or a pandas extension array (categories, strings, nullable integers,
Arrow binaries). None of these functions modifies its arguments.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Array = Any
"""A NumPy array or a pandas extension array, one value per row."""

_CHUNKS = 64  # that an Arrow column may have before they are joined


def values(column: pd.Series | pd.Index) -> Array:
    """The array behind a column, not copied: NumPy (read-only) where it is plain, else an extension array.

    Example:
        >>> type(values(pd.Series([1.5, 2.5]))).__name__
        'ndarray'
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind not in "mM":
        return column.to_numpy()
    return column.array


def same_buffer(a: Array, b: Array) -> bool:
    """Whether two arrays are views of the same memory, hence certainly equal; False says nothing.

    This is what makes finding direct edits cheap: pandas is copy-on-write, so a column that was not assigned
    to still has the buffer it had at the last look.
    """
    if a is b:
        return True
    if type(a) is not type(b) or a.dtype != b.dtype or len(a) != len(b):
        return False
    if isinstance(a, np.ndarray):
        return _address(a) == _address(b)
    if isinstance(a, pd.Categorical):
        return _address(a.codes) == _address(b.codes)
    if hasattr(a, "_pa_array"):
        return _addresses(a._pa_array) == _addresses(b._pa_array)
    if hasattr(a, "_data") and hasattr(a, "_mask"):
        return _address(a._data) == _address(b._data) and _address(a._mask) == _address(b._mask)
    return False


def equal(a: Array, b: Array) -> np.ndarray:
    """Row-by-row equality where missing equals missing, ``(n,)`` bool.

    Two categorical arrays are compared by value, whatever their category lists; others must share a dtype.

    Example:
        >>> equal(np.array([1.0, np.nan]), np.array([2.0, np.nan])).tolist()
        [False, True]
    """
    if isinstance(a, pd.Categorical):
        codes = b.codes if a.dtype == b.dtype and _same_order(a, b) else recast(b, a.dtype, unknown=-2).codes
        return np.asarray(a.codes == codes)
    if isinstance(a, np.ndarray) and a.dtype == object:
        return np.fromiter((_same_object(x, y) for x, y in zip(a, b, strict=True)), bool, len(a))
    if isinstance(a, np.ndarray):
        same = a == b
        return np.asarray(same | ((a != a) & (b != b)) if a.dtype.kind in "fc" else same)
    if hasattr(a, "_pa_array"):
        return _equal_arrow(a._pa_array, b._pa_array)
    missing_a, missing_b = np.asarray(a.isna()), np.asarray(b.isna())
    same = np.asarray(pd.array(a == b, dtype="boolean").fillna(False), dtype=bool)
    return np.where(missing_a | missing_b, missing_a & missing_b, same)


def take(array: Array, positions: np.ndarray) -> Array:
    """The rows at ``positions``, in that order; the result shares no buffer that could be written to."""
    return array[positions] if isinstance(array, np.ndarray) else array.take(positions)


def put(array: Array, positions: np.ndarray, new: Array) -> Array:
    """A copy of ``array`` with ``new`` at ``positions``; dtypes must be equal."""
    if hasattr(array, "_pa_array"):
        return _put_arrow(array, positions, new)
    out = array.copy()
    if isinstance(array, np.ndarray) and array.dtype == object:
        for position, value in zip(positions, new, strict=True):
            out[position] = value
    elif len(positions):
        out[positions] = new
    return out


def concat(arrays: Sequence[Array]) -> Array:
    """One array after the other; dtypes must be equal."""
    if len(arrays) == 1:
        return arrays[0]
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays)
    if hasattr(arrays[0], "_pa_array"):
        chunks = [chunk for array in arrays for chunk in array._pa_array.chunks]
        joined = pa.chunked_array(chunks, type=arrays[0]._pa_array.type)
        # One row after another would otherwise leave a chunk each.
        return _like(arrays[0], joined if len(chunks) <= _CHUNKS else joined.combine_chunks())
    dtype = arrays[0].dtype
    if is_recast(dtype, dtype) and all(same_dtype(array.dtype, dtype) for array in arrays):
        # pandas would hash all categories to see that they are the same
        codes = np.concatenate([array.codes for array in arrays])
        return pd.Categorical.from_codes(codes, dtype=dtype)
    return type(arrays[0])._concat_same_type(list(arrays))


def recast(array: Array, dtype: Any, unknown: int = -1) -> Array:
    """The same values under another list of categories (values not in it become missing).

    Args:
        array: categorical, or anything that has ``dtype`` already.
        dtype: the dtype wanted.
        unknown: code for values the new list does not have; -1 is "missing".
    """
    if not isinstance(array, pd.Categorical) or (array.dtype == dtype and _same_order(array, dtype)):
        return array
    wanted = dtype.categories
    lookup = np.append(wanted.get_indexer(array.categories), -1)
    lookup[:-1][lookup[:-1] < 0] = unknown
    codes = lookup[array.codes]
    if unknown == -1:
        return pd.Categorical.from_codes(codes, dtype=dtype)
    return _Codes(codes)


def missing(dtype: Any, n: int) -> Array:
    """``n`` missing values; zeros for integers and booleans, which have no missing value.

    Example:
        >>> missing(np.dtype("float32"), 2).tolist()
        [nan, nan]
    """
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical.from_codes(np.full(n, -1), dtype=dtype)
    if not isinstance(dtype, np.dtype):
        return pd.array([None] * n, dtype=dtype)
    if dtype.kind in "mM":
        return pd.Series([pd.NaT] * n, dtype=dtype).array
    if dtype.kind == "O":
        return np.full(n, None, dtype=object)
    return np.full(n, np.nan if dtype.kind in "fc" else 0, dtype=dtype)


def is_recast(old: Any, new: Any) -> bool:
    """Whether only a list of categories changes between two dtypes, so that values carry over."""
    return isinstance(old, pd.CategoricalDtype) and isinstance(new, pd.CategoricalDtype)


def same_dtype(old: Any, new: Any) -> bool:
    """Equality of dtypes that also respects the order of categories.

    pandas holds unordered category lists equal when one is a permutation of the other; their codes are not.
    """
    return bool(old == new) and (not is_recast(old, new) or _same_order(old, new))


def positions(index: pd.Index, ids: np.ndarray) -> np.ndarray:
    """Where each id stands in a sorted index, ``(n,)`` int64; -1 where it does not.

    Example:
        >>> positions(pd.Index([2, 4, 9]), np.array([4, 5])).tolist()
        [1, -1]
    """
    known = index.to_numpy()
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    if known[-1] - known[0] == len(known) - 1:  # no gaps: an id says itself where it stands
        return np.where((ids >= known[0]) & (ids <= known[-1]), ids - known[0], -1)
    at = np.searchsorted(known, ids)
    at[at == len(known)] = 0
    return np.where(known[at] == ids, at, -1)


def frame_of(columns: Mapping[str, Array], ids: np.ndarray, name: Hashable) -> pd.DataFrame:
    """A frame from arrays nobody else writes to."""
    index = pd.Index(ids, name=name, dtype=np.int64)
    return pd.DataFrame({n: column(array, index) for n, array in columns.items()}, index=index, copy=False)


def column(array: Array, index: pd.Index) -> Any:
    """The array as a frame takes it without guessing: pandas would turn objects that are text to ``str``."""
    if isinstance(array, np.ndarray) and array.dtype == object:
        return pd.Series(array, index=index, dtype=object)
    return array


class _Codes:
    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes


def _same_order(a: Any, b: Any) -> bool:
    """Equal category dtypes may still list their categories in another order."""
    if a.categories is b.categories:
        return True
    return a.categories.dtype == b.categories.dtype and bool(a.categories.equals(b.categories))


def _address(array: np.ndarray) -> tuple[Any, ...]:
    return (array.__array_interface__["data"][0], array.shape, array.strides)


def _addresses(array: pa.ChunkedArray) -> list[tuple[Any, ...]]:
    return [
        (
            chunk.offset,
            len(chunk),
            *(None if buffer is None else buffer.address for buffer in chunk.buffers()),
        )
        for chunk in array.chunks
    ]


def _same_object(x: Any, y: Any) -> bool:
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if isinstance(x, float) and x != x:
        return bool(y != y)
    return bool(np.all(x == y))


def _equal_arrow(a: pa.ChunkedArray, b: pa.ChunkedArray) -> np.ndarray:
    same = pc.fill_null(pc.equal(a, b), False)
    if pa.types.is_floating(a.type):
        same = pc.or_(same, pc.fill_null(pc.and_(pc.is_nan(a), pc.is_nan(b)), False))
    same = np.asarray(same)
    if a.null_count or b.null_count:
        same = same | (np.asarray(a.is_null()) & np.asarray(b.is_null()))
    return np.asarray(same)


def _put_arrow(array: Array, positions: np.ndarray, new: Array) -> Array:
    if not len(positions):
        return array
    order = np.argsort(positions, kind="stable")
    where = np.zeros(len(array), dtype=bool)
    where[positions] = True
    replacements = _whole(pc.take(new._pa_array, pa.array(order)))
    return _like(array, pc.replace_with_mask(_whole(array._pa_array), pa.array(where), replacements))


def _whole(chunked: pa.ChunkedArray) -> pa.Array:
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def _like(array: Array, chunked: pa.ChunkedArray) -> Array:
    return (
        type(array)(chunked, dtype=array.dtype)
        if isinstance(array.dtype, pd.StringDtype)
        else type(array)(chunked)
    )
