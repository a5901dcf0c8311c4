"""Columns of masks and texts that stay in their files: rows are picked first and read when looked at.

pandas picks rows of every column of a frame, also of those that nobody looks at. A column here knows its
pieces and which of their rows it has. Picking composes positions; looking takes those rows of each piece.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from .pieces import Bools, Ints, Pieces


class Mapped:
    """What masks and texts share: rows of :class:`Pieces` until they are looked at or assigned to."""

    _pieces: Pieces | None = None
    _at: Ints | None = None  # None: all
    _held: pa.ChunkedArray | None = None

    @property
    def _pa_array(self) -> pa.ChunkedArray:
        if self._held is None:
            assert self._pieces is not None
            self._held = self._pieces.whole() if self._at is None else self._pieces.take(self._at)
        return self._held

    @_pa_array.setter
    def _pa_array(self, value: pa.ChunkedArray) -> None:
        self._held, self._pieces, self._at = value, None, None

    def _picked(self, at: Ints | None) -> Any:
        """Rows of this column, by positions that are within it."""
        made: Any = object.__new__(type(self))
        made._pieces, made._dtype, made._cache = self._pieces, self._dtype, {}  # type: ignore[attr-defined]
        if at is None:
            made._at, made._held = self._at, self._held
        else:
            made._at = at if self._at is None else self._at[at]
        return made

    @property
    def pieces(self) -> Pieces | None:
        """What the rows of the column are, all and in order; None where it has only some, or others."""
        return self._pieces if self._at is None else None

    @property
    def is_plain(self) -> bool:
        """Whether it is an array of its own, as after an assignment."""
        return self._pieces is None

    def is_view_of(self, other: Mapped) -> bool:
        """Whether both certainly have the same rows; nothing is read."""
        return self._pieces is not None and self._pieces is other._pieces and self._at is other._at

    def isna(self) -> Bools:
        """As of any array of pandas; values are not read."""
        if self._pieces is None:
            return np.asarray(super().isna())  # type: ignore[misc]
        missing = self._pieces.missing
        return missing if self._at is None else missing[self._at]

    def __len__(self) -> int:
        if self._pieces is None:
            return len(self._pa_array)
        return len(self._pieces) if self._at is None else len(self._at)

    def __getitem__(self, item: Any) -> Any:
        if self._pieces is not None and isinstance(item, slice) and item == slice(None):
            return self._picked(None)
        at = None if self._pieces is None else _positions(item, len(self))
        if at is None:
            return super().__getitem__(item)  # type: ignore[misc]
        return self._value(at) if np.ndim(item) == 0 and not isinstance(item, slice) else self._picked(at)

    def _value(self, at: Ints) -> Any:
        value = self._picked(at)._pa_array[0].as_py()
        return self._dtype.na_value if value is None else value  # type: ignore[attr-defined]

    def take(self, indices: Any, allow_fill: bool = False, fill_value: Any = None) -> Any:
        """As of any array of pandas; nothing is read."""
        at = np.asarray(indices)
        if self._pieces is None or not at.size or at.dtype.kind not in "iu" or (allow_fill and at.min() < 0):
            return super().take(indices, allow_fill=allow_fill, fill_value=fill_value)  # type: ignore[misc]
        return self._picked(_within(at, len(self)))

    def copied(self, at: Ints) -> Any:
        """The rows at these positions as an array of their own, which holds no pieces."""
        return self._dtype.__from_arrow__(self.take(at)._pa_array)  # type: ignore[attr-defined]

    def copy(self) -> Any:
        """The same rows; an assignment to one of the two does not show in the other."""
        return super().copy() if self._pieces is None else self._picked(None)  # type: ignore[misc]

    def view(self, dtype: Any = None) -> Any:
        """The same rows; pandas makes one for every shallow copy of a frame."""
        if self._pieces is None or dtype is not None:
            return super().view(dtype)  # type: ignore[misc]
        made = self._picked(None)
        made._readonly = getattr(self, "_readonly", False)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()


class MappedMasks(Mapped, pd.arrays.ArrowExtensionArray):
    """A column of bytes; in pandas any column of dtype ``large_binary[pyarrow]``."""

    def __reduce__(self) -> Any:
        return pd.arrays.ArrowExtensionArray, (self._pa_array.combine_chunks(),)


class MappedTexts(Mapped, pd.arrays.ArrowStringArray):
    """A column of text; in pandas any column of dtype ``str``."""

    def __reduce__(self) -> Any:
        dtype: Any = self.dtype
        return _texts, (self._pa_array.combine_chunks(), dtype)


def mapped(pieces: Pieces, dtype: Any) -> MappedMasks | MappedTexts:
    """All rows of the pieces as a column.

    Args:
        pieces: of masks or of texts.
        dtype: ``MASK_DTYPE``, or a ``StringDtype`` that Arrow holds.

    Example:
        >>> from nbalabel.core.tables.dtypes import MASK_DTYPE
        >>> pieces = Pieces.of(pa.array([b"a", b"b", b"c"], pa.large_binary()))
        >>> column = pd.Series(mapped(pieces, MASK_DTYPE))
        >>> column.iloc[[2, 0]].tolist()
        [b'c', b'a']
    """
    kind = MappedTexts if isinstance(dtype, pd.StringDtype) else MappedMasks
    made: Any = object.__new__(kind)
    made._pieces, made._dtype, made._cache = pieces, dtype, {}
    return made  # type: ignore[no-any-return]


def _texts(array: pa.Array, dtype: Any) -> Any:
    return dtype.__from_arrow__(pa.chunked_array([array], pa.large_string()))


def _within(at: npt.NDArray[Any], n: int) -> Ints:
    """Positions counted from the beginning; those below 0 count from the end.

    Raises:
        IndexError: one is not within the column.
    """
    at = at.astype(np.int64, copy=False)
    if (low := at.min()) < -n or at.max() >= n:
        raise IndexError("out of bounds value in 'indices'.")
    return np.asarray(np.where(at < 0, at + n, at) if low < 0 else at)


def _positions(item: Any, n: int) -> Ints | None:
    """The rows that an index names, ``(k,)``; None leaves it to pandas."""
    if isinstance(item, slice):
        return np.arange(*item.indices(n))
    if isinstance(item, int | np.integer) and not isinstance(item, bool | np.bool_):
        return _within(np.array([item]), n)
    if isinstance(item, np.ndarray) and item.ndim == 1 and item.dtype == bool and len(item) == n:
        return np.flatnonzero(item)
    if isinstance(item, np.ndarray) and item.ndim == 1 and item.dtype.kind in "iu" and item.size:
        return _within(item, n)
    return None
