"""Masks of a table, measured when they are first compared and not again."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..masks.extents import Extents, extents
from ..masks.runs import MAX_PIXELS, Ints, Rles

_BLOCK = 50_000  # masks that are read at a time
_WIDE = pa.large_binary()


class Masks:
    """The masks of a table for several comparisons; each is read and measured once, a block at a time.

    Args:
        rles: compressed masks, ``(n,)``. A column that is mapped stays in its file until rows of it are read.
        heights: height of each mask's image, ``(n,)`` pixels, the same for all masks of one image; with it
            boxes exclude more pairs. None, and values below 1: not known.
    """

    def __init__(self, rles: Rles, heights: npt.ArrayLike | None = None) -> None:
        self._column = _Column(rles)
        n = len(self._column)
        known = None if heights is None else np.asarray(heights, np.int64)
        self._heights = None if known is None else np.where(known > 0, known, MAX_PIXELS)
        self._known = np.zeros(n, bool)
        self._sizes = Extents.unknown(n)
        self._rows: Ints | None = None

    def __len__(self) -> int:
        return len(self._known) if self._rows is None else len(self._rows)

    def picked(self, rows: Ints) -> Masks:
        """Some rows, by position; what is measured of them is known to this object, too."""
        other = copy(self)  # shallow: both fill the same sizes
        other._rows = self._at(rows)
        return other

    def sizes(self, rows: Ints) -> Extents:
        """Areas and boxes of some rows, by position, ``(k,)`` each.

        Raises:
            MaskError: a mask is missing or malformed.
        """
        at = self._at(rows)
        new = np.sort(at[~self._known[at]])
        if len(new):
            self._measure(new[np.diff(new, prepend=-1) > 0])
        return self._sizes.take(at)

    def read(self, rows: Ints) -> pa.Array:
        """Some masks, by position, as one Arrow array of large_binary, ``(k,)``."""
        return self._column.take(self._at(rows))

    def _at(self, rows: Ints) -> Ints:
        return rows if self._rows is None else self._rows[rows]

    def _measure(self, at: Ints) -> None:
        for start in range(0, len(at), _BLOCK):
            part = at[start : start + _BLOCK]
            heights = None if self._heights is None else self._heights[part]
            self._sizes.put(part, extents(self._column.take(part), heights))
            self._known[part] = True


class _Column:
    """Masks by position, whatever holds them; the chunks of an Arrow column are never joined."""

    def __init__(self, rles: Rles) -> None:
        column: Any = getattr(rles, "array", rles)
        self._mapped = column if hasattr(column, "_pieces") else None  # it takes rows without joining pieces
        self._n = len(column)
        if self._mapped is not None:
            return
        array = column.__arrow_array__() if hasattr(column, "__arrow_array__") else column
        if not isinstance(array, pa.Array | pa.ChunkedArray):
            array = pa.array(list(array), _WIDE)
        self._chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        self._starts = np.cumsum([0, *map(len, self._chunks)])

    def __len__(self) -> int:
        return self._n

    def take(self, at: Ints) -> pa.Array:
        if self._mapped is not None:
            return _joined(self._mapped.take(at).__arrow_array__())
        if len(self._chunks) == 1:
            return self._chunks[0].take(pa.array(at)).cast(_WIDE)
        order = np.argsort(at, kind="stable")
        ends = np.searchsorted(at[order], self._starts)
        parts = [
            chunk.take(pa.array(at[order[a:b]] - start)).cast(_WIDE)
            for chunk, start, a, b in zip(self._chunks, self._starts, ends[:-1], ends[1:], strict=False)
            if a < b
        ]
        back = np.empty(len(at), np.int64)
        back[order] = np.arange(len(at))
        return (pa.concat_arrays(parts) if parts else pa.array([], _WIDE)).take(pa.array(back))


def _joined(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    return array.cast(_WIDE)
