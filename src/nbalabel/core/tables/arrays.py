"""Columns as bare arrays: compare, take, put and recast without the alignment of pandas.

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

from ..pieces.column import Mapped, mapped
from ..pieces.pieces import Pieces

Array = Any
"""A NumPy array or a pandas extension array, one value per row."""

_CHUNKS = 64  # an Arrow column with more chunks is joined into one
_STRETCHES = 32  # rows in more stretches are copied one by one


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
    """Whether two arrays are views of the same memory, hence certainly equal; False proves nothing.

    This makes finding direct edits cheap: pandas is copy-on-write, so a column without assignments still has
    the buffer it had at the last comparison.
    """
    if a is b:
        return True
    if type(a) is not type(b) or a.dtype != b.dtype or len(a) != len(b):
        return False
    if isinstance(a, np.ndarray):
        return _address(a) == _address(b)
    if isinstance(a, Mapped) and not (a.is_plain and b.is_plain):
        return a.is_view_of(b)
    if isinstance(a, pd.Categorical):
        return _address(a.codes) == _address(b.codes)
    if hasattr(a, "_pa_array"):
        return _addresses(a._pa_array) == _addresses(b._pa_array)
    if hasattr(a, "_data") and hasattr(a, "_mask"):
        return _address(a._data) == _address(b._data) and _address(a._mask) == _address(b._mask)
    if hasattr(a, "_ndarray"):  # times, periods, texts of Python
        return _address(a._ndarray) == _address(b._ndarray)
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
    if (ours := _pieces(a)) is not None and (theirs := _pieces(b)) is not None:
        same = ours.shared(theirs)
        rest = np.flatnonzero(~same)
        same[rest] = _equal_arrow(ours.take(rest), theirs.take(rest))
        return same
    if hasattr(a, "_pa_array"):
        return _equal_arrow(a._pa_array, b._pa_array)
    missing_a, missing_b = np.asarray(a.isna()), np.asarray(b.isna())
    same = np.asarray(pd.array(a == b, dtype="boolean").fillna(False), dtype=bool)
    return np.where(missing_a | missing_b, missing_a & missing_b, same)


def take(array: Array, positions: np.ndarray) -> Array:
    """A copy of the rows at ``positions``, in that order."""
    if isinstance(array, Mapped) and not array.is_plain:  # a few rows must not hold all pieces
        return array.copied(positions)
    return array[positions] if isinstance(array, np.ndarray) else array.take(positions)


def keep(array: Array, positions: np.ndarray, stretches: Sequence[slice] | None) -> Array:
    """As :func:`take`, for most of the rows: pieces that stay whole are shared, and stretches are copied.

    Args:
        array: see there.
        positions: see there.
        stretches: the same rows, as :func:`stretches` gives them.
    """
    if (pieces := _pieces(array)) is not None:
        return mapped(pieces.kept(positions), array.dtype)
    if not stretches:
        return take(array, positions)
    parts = [array[rows] for rows in stretches]
    return concat(parts) if len(parts) > 1 else parts[0].copy()


def stretches(positions: np.ndarray) -> list[slice] | None:
    """Positions as stretches of rows that follow each other; None where these are many.

    Example:
        >>> stretches(np.array([0, 1, 5, 2, 3]))
        [slice(0, 2, None), slice(5, 6, None), slice(2, 4, None)]
    """
    breaks = np.flatnonzero(np.diff(positions) != 1)
    if len(breaks) > _STRETCHES or not len(positions):
        return None
    begins, ends = positions[np.append(0, breaks + 1)], positions[np.append(breaks, len(positions) - 1)] + 1
    return [slice(begin, end) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def put(array: Array, positions: np.ndarray, new: Array) -> Array:
    """A copy of ``array`` with ``new`` at ``positions``; dtypes must be equal."""
    if (pieces := _pieces(array)) is not None:
        return mapped(pieces.put(positions, new._pa_array), array.dtype) if len(positions) else array
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
    if (pieces := _pieces(arrays[0])) is not None:
        added = [chunk for array in arrays[1:] for chunk in array._pa_array.chunks]
        return mapped(pieces.plus(added), arrays[0].dtype)
    if hasattr(arrays[0], "_pa_array"):
        chunks = [chunk for array in arrays for chunk in array._pa_array.chunks]
        joined = pa.chunked_array(chunks, type=arrays[0]._pa_array.type)
        # Appending row by row would otherwise leave one chunk per row.
        return _like(arrays[0], joined if len(chunks) <= _CHUNKS else joined.combine_chunks())
    dtype = arrays[0].dtype
    if is_recast(dtype, dtype) and all(same_dtype(array.dtype, dtype) for array in arrays):
        # pandas would hash all categories to see that they are the same
        codes = np.concatenate([array.codes for array in arrays])
        return pd.Categorical.from_codes(codes, dtype=dtype)
    return type(arrays[0])._concat_same_type(list(arrays))


def recast(array: Array, dtype: Any, unknown: int = -1) -> Array:
    """The same values under another list of categories; values that are not in the list become missing.

    Args:
        array: categorical, or any array that has ``dtype`` already.
        dtype: the target dtype.
        unknown: code for values that the new list lacks; -1 is "missing".
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
    """Whether both dtypes are categorical: only the list of categories changes, and values carry over."""
    return isinstance(old, pd.CategoricalDtype) and isinstance(new, pd.CategoricalDtype)


def same_dtype(old: Any, new: Any) -> bool:
    """Equality of dtypes that also respects the order of categories.

    pandas treats unordered category lists as equal if one is a permutation of the other; the codes differ.
    """
    return bool(old == new) and (not is_recast(old, new) or _same_order(old, new))


def positions(index: pd.Index, ids: np.ndarray) -> np.ndarray:
    """Position of each id in a sorted index, ``(n,)`` int64; -1 for an id that is not there.

    Example:
        >>> positions(pd.Index([2, 4, 9]), np.array([4, 5])).tolist()
        [1, -1]
    """
    known = index.to_numpy()
    if not len(known):
        return np.full(len(ids), -1, dtype=np.int64)
    if known[-1] - known[0] == len(known) - 1:  # no gaps: position = id - first id
        return np.where((ids >= known[0]) & (ids <= known[-1]), ids - known[0], -1)
    at = np.searchsorted(known, ids)
    at[at == len(known)] = 0
    return np.where(known[at] == ids, at, -1)


def frame_of(columns: Mapping[str, Array], ids: np.ndarray, name: Hashable) -> pd.DataFrame:
    """A frame over arrays without copying; nobody else may write to the arrays."""
    index = pd.Index(ids, name=name, dtype=np.int64)
    return pd.DataFrame({n: column(array, index) for n, array in columns.items()}, index=index, copy=False)


def column(array: Array, index: pd.Index) -> Any:
    """The array as a column of the same dtype: pandas would convert an object array of text to ``str``."""
    if isinstance(array, np.ndarray) and array.dtype == object:
        return pd.Series(array, index=index, dtype=object)
    return array


def _pieces(array: Array) -> Pieces | None:
    """The pieces of a column that is all of them; None where it is not, or has none."""
    return array.pieces if isinstance(array, Mapped) else None


class _Codes:
    def __init__(self, codes: np.ndarray) -> None:
        self.codes = codes


def _same_order(a: Any, b: Any) -> bool:
    """Whether two dtypes list their categories in the same order, which pandas' equality ignores."""
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
    if pa.types.is_nested(a.type):  # Arrow cannot compare lists
        return np.fromiter((x == y for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)), bool, len(a))
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
    if pa.types.is_nested(array._pa_array.type):  # nor replace them
        source = np.arange(len(array))
        source[positions] = len(array) + np.arange(len(new))
        return concat([array, new]).take(source)
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
