"""Access the bytes of a mask column without copying, and raise errors that name its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ...errors import MaskError, first
from .varints import Chars, Ints

Rles: TypeAlias = (
    "Sequence[bytes] | pd.Series[Any] | pd.api.extensions.ExtensionArray | pa.ChunkedArray | pa.Array"
)


def characters(rles: Rles, names: npt.NDArray[Any] | None = None, table: str = "masks") -> tuple[Chars, Ints]:
    """Characters of all masks, and ``(n + 1,)`` int64 offsets into them; Arrow columns are not copied.

    Args:
        rles: compressed masks, ``(n,)``.
        names: names of the rows for messages, ``(n,)``; default their positions.
        table: name of the table for messages.

    Raises:
        MaskError: a mask is missing or not bytes.
    """
    column = _arrow(rles, table).cast(pa.large_binary())
    if column.null_count:
        refuse(np.asarray(column.is_null()), names, table, "masks must be bytes, not missing")
    if not len(column):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = column.buffers()
    index = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8), index


def as_list(rles: Rles) -> list[bytes]:
    """The masks as Python bytes."""
    if isinstance(rles, list):
        return rles
    listed: list[bytes] = list(rles) if isinstance(rles, tuple) else _arrow(rles, "masks").to_pylist()
    return listed


def blocks(offsets: Ints, size: int = 1 << 18) -> list[tuple[int, int]]:
    """Row ranges of about ``size`` characters each; the temporary arrays of a range fit in the cache."""
    n = len(offsets) - 1
    if not n:
        return []
    cuts = np.searchsorted(offsets, np.arange(offsets[0], offsets[-1], size))
    cuts = np.unique(np.concatenate([[0], cuts, [n]]))
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def refuse(
    bad: npt.NDArray[np.bool_], names: npt.NDArray[Any] | None, table: str, rule: str, got: Ints | None = None
) -> None:
    """Raise a MaskError that names the rows where ``bad`` is true, and their numbers of pixels (``got``)."""
    if not bad.any():
        return
    at = np.flatnonzero(bad)
    shown = at if names is None else names[at]
    values = "" if got is None else f" (got {first(got[at].tolist())} pixels)"
    raise MaskError(f"{table}: {rule}; broken by {first(shown.tolist())}{values}")


def _arrow(rles: Rles, table: str) -> pa.Array:
    column: Any = rles.array if isinstance(rles, pd.Series) else rles
    if hasattr(column, "__arrow_array__"):
        column = column.__arrow_array__()
    elif not isinstance(column, pa.Array | pa.ChunkedArray):
        column = _from_objects(column, table)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # pyarrow keeps chunks if one array cannot hold them
        column = pa.concat_arrays([chunk.cast(pa.large_binary()) for chunk in column.chunks])
    return column


def _from_objects(values: Iterable[Any], table: str) -> pa.Array:
    if isinstance(values, bytes | str):
        raise MaskError(
            f"{table}: expected a sequence of masks, got one {type(values).__name__}; wrap it in a list"
        )
    listed = list(values)
    try:
        return pa.array(listed, pa.large_binary())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        kinds = sorted({type(v).__name__ for v in listed})
        raise MaskError(f"{table}: masks must be bytes, got {', '.join(kinds)}") from error
