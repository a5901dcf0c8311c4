"""Many run-length masks at once: their strings to run lengths and back, vectorised over all rows.

A COCO compressed mask is a string of numbers. Each number is cut into groups of five bits, lowest first; a character is
``48 + group``, plus 32 when another group follows. The numbers are the lengths of alternating runs of 0 and 1 of the mask
read column by column; from the fourth on, what is stored is the difference to the run two before.

Source: the COCO mask API, https://github.com/cocodataset/cocoapi (``rleToString``, ``rleFrString``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ..errors import MaskError, first

Rles: TypeAlias = (
    "Sequence[bytes] | pd.Series[Any] | pd.api.extensions.ExtensionArray | pa.ChunkedArray | pa.Array"
)
Ints: TypeAlias = npt.NDArray[np.int64]

MAX_PIXELS = 1 << 29
"""Masks must be smaller than this: pycocotools reserves six characters a number."""

_BLOCK = 1 << 18  # characters handled at once: the temporaries stay in the cache


@dataclass(frozen=True, eq=False)
class Runs:
    """Run lengths of many masks, one row after the other.

    Attributes:
        counts: lengths of alternating 0-runs and 1-runs of all masks, column-major, ``(n_counts,)`` int64.
        starts: where each mask begins in ``counts``, and where the last ends, ``(n + 1,)`` int64.

    Example:
        >>> runs = parse([b"112"])
        >>> runs.counts.tolist(), runs.areas().tolist()
        ([1, 1, 2], [1])
    """

    counts: Ints
    starts: Ints

    def __len__(self) -> int:
        return len(self.starts) - 1

    def lengths(self) -> Ints:
        """Number of runs of each mask, ``(n,)``."""
        return np.diff(self.starts)

    def totals(self) -> Ints:
        """Pixels of each mask's image: the sum of its runs, ``(n,)``."""
        return np.diff(_cumulative(self.counts)[self.starts])

    def areas(self) -> Ints:
        """Pixels inside each mask, ``(n,)``."""
        even, odd = _cumulative(self.counts[0::2]), _cumulative(self.counts[1::2])
        begin, end = self.starts[:-1], self.starts[1:]
        at_even = even[(end + 1) // 2] - even[(begin + 1) // 2]
        return np.where(begin % 2 == 0, odd[end // 2] - odd[begin // 2], at_even)

    def ones(self) -> tuple[Ints, Ints, Ints]:
        """The 1-runs of all masks: first pixel, pixel after the last (column-major), and ``(n + 1,)`` row offsets."""
        n_ones = self.lengths() // 2
        offsets = _cumulative(n_ones)
        bounds = _cumulative(self.counts)
        index = np.arange(offsets[-1]) * 2 + np.repeat(self.starts[:-1] + 1 - 2 * offsets[:-1], n_ones)
        base = np.repeat(bounds[self.starts[:-1]], n_ones)
        return bounds[index] - base, bounds[index + 1] - base, offsets

    def boxes(self, heights: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Tight boxes, ``(n, 4)`` float64 (x, y, w, h) in pixels; zeros for masks without pixels.

        Args:
            heights: height of each mask's image, ``(n,)`` or one number for all, pixels.
        """
        begin, end, offsets = self.ones()
        full = np.flatnonzero(np.diff(offsets))
        out = np.zeros((len(self), 4))
        if not len(full):
            return out
        height = np.broadcast_to(np.asarray(heights, np.int64), len(self))
        per_run = np.repeat(height, np.diff(offsets))
        last = end - 1
        column, last_column = begin // per_run, last // per_run
        spans = last_column > column
        top = np.where(spans, 0, begin - column * per_run)
        bottom = np.where(spans, per_run - 1, last - last_column * per_run)
        rows, rows_end = offsets[:-1][full], offsets[1:][full] - 1
        x, y = column[rows], np.minimum.reduceat(top, rows)
        width, h = last_column[rows_end] - x + 1, np.maximum.reduceat(bottom, rows) - y + 1
        out[full] = np.stack([x, y, width, h], axis=1)
        return out

    def to_arrow(self) -> pa.LargeBinaryArray:
        """The compressed strings as one Arrow array, without a Python object per mask."""
        data, offsets = _write(self)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self), buffers)

    def encode(self) -> list[bytes]:
        """The compressed strings, byte for byte what pycocotools writes."""
        strings: list[bytes] = self.to_arrow().to_pylist()
        return strings

    def canonical(self) -> Runs:
        """The same masks without empty runs inside (some tools write them), so that equal masks are equal bytes."""
        empty = self.counts == 0
        empty[self.starts[:-1][self.lengths() > 0]] = False
        if not empty.any():
            return self
        rows = [
            _without_empty_runs(self.counts[a:b]) for a, b in zip(self.starts, self.starts[1:], strict=False)
        ]
        return from_rows(rows)


def from_rows(rows: Iterable[npt.ArrayLike]) -> Runs:
    """Runs from one sequence of run lengths per mask."""
    arrays = [np.asarray(row, np.int64) for row in rows]
    counts = np.concatenate(arrays) if arrays else np.empty(0, np.int64)
    return Runs(counts, _cumulative(np.fromiter(map(len, arrays), np.int64, len(arrays))))


def parse(rles: Rles) -> Runs:
    """Read all strings at once.

    Args:
        rles: compressed masks, ``(n,)``; an Arrow column is read where it lies.

    Raises:
        MaskError: a string is missing, empty, cut off, has characters outside the format or a negative run.

    Example:
        >>> parse([b"112", b"04"]).starts.tolist()
        [0, 3, 5]
    """
    data, offsets = _buffers(rles, None, "masks")
    return _parse_buffers(data, offsets, None, "masks")


def check(
    rles: Rles,
    heights: npt.ArrayLike,
    widths: npt.ArrayLike,
    ids: Iterable[object] | None = None,
    table: str = "instances",
) -> None:
    """Refuse masks that are malformed, of another size than their image, or not as pycocotools writes them.

    Nothing that fails this may reach pycocotools: it trusts its input and can crash the process.

    Args:
        rles: compressed masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        widths: width, likewise.
        ids: names of the rows for the message; default their positions.
        table: name of the table for the message.

    Raises:
        MaskError: naming the rows and the rule they break.

    Example:
        >>> check([b"112"], 2, 2)
        >>> check([b"112"], 3, 3, ids=[7])
        Traceback (most recent call last):
        nbalabel.core.errors.MaskError: instances: masks must have as many pixels as their image (height * width); 1 of 1 ...
    """
    names = None if ids is None else np.asarray(list(ids))
    data, offsets = _buffers(rles, names, table)
    n = len(offsets) - 1
    pixels = np.broadcast_to(np.asarray(heights, np.int64) * np.asarray(widths, np.int64), n)
    _refuse(pixels >= MAX_PIXELS, names, table, f"masks must have fewer than {MAX_PIXELS:,} pixels")
    for a, b in _blocks(offsets):
        part = None if names is None else names[a:b]
        shown = part if part is not None else np.arange(a, b)
        runs = _parse_buffers(data, offsets[a : b + 1], shown, table, strict=True)
        wrong = runs.totals() != pixels[a:b]
        _refuse(
            wrong,
            shown,
            table,
            "masks must have as many pixels as their image (height * width)",
            runs.totals(),
        )


def _parse_buffers(
    data: npt.NDArray[np.uint8], offsets: Ints, names: Any, table: str, strict: bool = False
) -> Runs:
    parts = [_parse_block(data, offsets[a : b + 1], names, table, strict, a) for a, b in _blocks(offsets)]
    if len(parts) == 1:
        return parts[0]
    counts = np.concatenate([p.counts for p in parts]) if parts else np.empty(0, np.int64)
    lengths = [p.lengths() for p in parts]
    return Runs(counts, _cumulative(np.concatenate(lengths) if lengths else np.empty(0, np.int64)))


def _parse_block(
    data: npt.NDArray[np.uint8], offsets: Ints, names: Any, table: str, strict: bool, row: int
) -> Runs:
    """Runs of a few rows; ``row`` is the position of the first, for messages."""
    shown = np.arange(row, row + len(offsets) - 1) if names is None else names[row : row + len(offsets) - 1]
    _refuse(np.diff(offsets) == 0, shown, table, "masks must not be empty strings")
    chars = data[offsets[0] : offsets[-1]]
    groups = chars - np.uint8(48)  # characters below 48 wrap around to more than 63
    offsets = offsets - offsets[0]
    if groups.max() > 63:
        bad = np.add.reduceat(groups > 63, offsets[:-1], dtype=np.int64) > 0
        _refuse(bad, shown, table, "masks must consist of the characters '0' to 'o'")
    last = groups < 32
    _refuse(~last[offsets[1:] - 1], shown, table, "masks must not be cut off in the middle of a number")
    ends = np.flatnonzero(last)
    starts = np.searchsorted(ends, offsets)
    values, long, padded = _numbers(groups, ends)
    if len(long):
        _refuse(
            _rows_of(long, starts), shown, table, "masks must not have numbers of more than six characters"
        )
    counts = _undo_deltas(values, starts)
    if counts.min() < 0:
        _refuse(_rows_of(counts < 0, starts), shown, table, "masks must not have negative runs")
    if strict:
        empty = counts == 0
        empty[starts[:-1]] = False
        if empty.any() or padded.any():
            bad = _rows_of(empty, starts) | _rows_of(padded, starts)
            _refuse(
                bad,
                shown,
                table,
                "masks must be written as pycocotools writes them (no empty runs, no padding)",
            )
    return Runs(counts, starts)


def _numbers(
    groups: npt.NDArray[np.uint8], ends: Ints
) -> tuple[Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Signed numbers ending at ``ends``; which are too long (empty array: none); which have a needless last group."""
    begins = np.empty_like(ends)
    begins[0] = 0
    begins[1:] = ends[:-1] + 1
    extra = ends - begins
    final = groups[ends].astype(np.int64)
    values = final - ((final & 16) << 1)  # the sign of the last group is the number's
    padded = np.zeros(len(ends), bool)
    longest = int(extra.max())
    if longest > 5:
        return values, extra > 5, padded
    if longest:
        many = np.flatnonzero(extra)
        before = groups[ends[many] - 1]
        top = values[many]
        padded[many] = ((top == 0) & (before & 16 == 0)) | ((top == -1) & (before & 16 != 0))
        for k in range(1, longest + 1):
            some = many[extra[many] >= k]
            values[some] = (values[some] << 5) | (groups[ends[some] - k] & 31)
    return values, np.empty(0, bool), padded


def _undo_deltas(values: Ints, starts: Ints) -> Ints:
    """Run lengths from stored numbers: the fourth and later add the run two before."""
    n = len(values)
    heads = np.zeros(n + n % 2, bool)  # where a chain of sums begins anew: the first three runs of a mask
    for k in range(3):
        heads[starts[:-1][starts[1:] - starts[:-1] > k] + k] = True
    counts = np.zeros(n + n % 2, np.int64)
    counts[:n] = values
    for parity in range(2):
        chain = counts[parity::2]
        at = np.flatnonzero(heads[parity::2])
        if len(at):
            sums = np.add.reduceat(chain, at)
            chain[at[1:]] -= sums[:-1]
            np.cumsum(chain, out=chain)
    return counts[:n]


def _write(runs: Runs) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Characters of all masks and ``(n + 1,)`` offsets into them."""
    deltas = runs.counts.copy()
    deltas[2:] -= runs.counts[:-2]
    for k in range(3):
        at = runs.starts[:-1][runs.lengths() > k] + k
        deltas[at] = runs.counts[at]
    size = np.abs(deltas ^ (deltas >> 63))
    n_groups = np.ones(len(deltas), np.int64)
    for bits in range(4, 30, 5):
        longer = size >= 1 << bits
        if not longer.any():
            break
        n_groups += longer
    ends = _cumulative(n_groups)
    data = np.empty(int(ends[-1]), np.uint8)
    at, rest, left = ends[:-1], deltas, n_groups
    while len(at):
        left = left - 1
        data[at] = ((rest & 31) | ((left > 0) << 5)) + 48
        go = np.flatnonzero(left)
        at, rest, left = at[go] + 1, rest[go] >> 5, left[go]
    return data, ends[runs.starts]


def _buffers(rles: Rles, names: Any, table: str) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Characters of all strings and ``(n + 1,)`` offsets into them, without copying where Arrow holds them."""
    column: Any = rles.array if isinstance(rles, pd.Series) else rles
    if hasattr(column, "__arrow_array__"):
        column = column.__arrow_array__()
    elif not isinstance(column, pa.Array | pa.ChunkedArray):
        column = _from_objects(column, table)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no chunk at all, or more than one array can hold
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.large_binary())
    column = column.cast(pa.large_binary())
    if column.null_count:
        _refuse(np.asarray(column.is_null()), names, table, "masks must be bytes, not missing")
    _, offsets, data = column.buffers()
    if not len(column):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    index = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8), index


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


def _blocks(offsets: Ints) -> list[tuple[int, int]]:
    """Row ranges of about ``_BLOCK`` characters each."""
    n = len(offsets) - 1
    if not n:
        return []
    cuts = np.searchsorted(offsets, np.arange(offsets[0], offsets[-1], _BLOCK))
    cuts = np.unique(np.concatenate([[0], cuts, [n]]))
    return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def _cumulative(values: npt.NDArray[Any]) -> Ints:
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=out[1:])
    return out


def _rows_of(bad: npt.NDArray[np.bool_], starts: Ints) -> npt.NDArray[np.bool_]:
    """Rows that hold at least one bad run."""
    return np.logical_or.reduceat(bad, starts[:-1])


def _without_empty_runs(row: Ints) -> list[int]:
    out: list[int] = []
    one = False
    for i, count in enumerate(row.tolist()):
        if count == 0 and i:
            continue
        if out and (i % 2 == 1) == one:
            out[-1] += count
        else:
            out.append(count)
            one = i % 2 == 1
    return out


def _refuse(bad: Any, names: Any, table: str, rule: str, got: Ints | None = None) -> None:
    """Raise a MaskError naming the rows where ``bad`` is true."""
    bad = np.asarray(bad, bool)
    if not bad.any():
        return
    at = np.flatnonzero(bad)
    shown = at if names is None else np.asarray(names)[at]
    values = "" if got is None else f" (got {first(got[at].tolist())} pixels)"
    raise MaskError(
        f"{table}: {rule}; {len(at)} of {len(bad)} rows break it: {first(shown.tolist())}{values}"
    )
