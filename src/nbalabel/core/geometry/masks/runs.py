"""Many run-length masks at once: read, check and measure them, vectorised over all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from . import varints as codec
from .strings import Rles, blocks, characters, refuse
from .varints import MAX_PIXELS, Chars, Ints, cumulative

__all__ = [
    "MAX_PIXELS",
    "Chars",
    "Ints",
    "Rles",
    "Runs",
    "check",
    "cumulative",
    "from_ones",
    "from_rows",
    "overlaps",
    "parse",
    "parse_blocks",
]


@dataclass(frozen=True, eq=False)
class Runs:
    """Run lengths of many masks, one row after the other.

    Attributes:
        counts: lengths of alternating 0-runs and 1-runs of all masks, column-major, ``(n_counts,)`` int64.
        starts: offset of each mask in ``counts``, and the end of the last mask, ``(n + 1,)`` int64.

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
        """Number of pixels of each mask's image, the sum of its runs, ``(n,)``."""
        return np.diff(cumulative(self.counts)[self.starts])

    def areas(self) -> Ints:
        """Number of pixels inside each mask, ``(n,)``."""
        even, odd = cumulative(self.counts[0::2]), cumulative(self.counts[1::2])
        begin, end = self.starts[:-1], self.starts[1:]
        at_even = even[(end + 1) // 2] - even[(begin + 1) // 2]
        return np.where(begin % 2 == 0, odd[end // 2] - odd[begin // 2], at_even)

    def ones(self) -> tuple[Ints, Ints, Ints]:
        """The 1-runs of all masks: first pixel, pixel after the last, and ``(n + 1,)`` row offsets.

        Pixels are numbered column by column: x * height + y.
        """
        n_ones = self.lengths() // 2
        offsets = cumulative(n_ones)
        bounds = cumulative(self.counts)
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
        of_mask = np.broadcast_to(np.asarray(heights, np.int64), len(self))
        same = bool((of_mask == of_mask[0]).all())  # dividing by one number is several times faster
        height = of_mask[0] if same else np.repeat(of_mask, np.diff(offsets))
        last = end - 1
        column, last_column = begin // height, last // height
        spans = last_column > column  # a run that continues in the next column fills the height of the box
        top = np.where(spans, 0, begin - column * height)
        bottom = np.where(spans, height - 1, last - last_column * height)
        rows, rows_end = offsets[:-1][full], offsets[1:][full] - 1
        x, y = column[rows], np.minimum.reduceat(top, rows)
        width, h = last_column[rows_end] - x + 1, np.maximum.reduceat(bottom, rows) - y + 1
        out[full] = np.stack([x, y, width, h], axis=1)
        return out

    def to_arrow(self) -> pa.LargeBinaryArray:
        """The compressed strings as one Arrow array, without a Python object per mask."""
        data, offsets = codec.write(self.counts, self.starts)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self), buffers)

    def encode(self) -> list[bytes]:
        """The compressed strings, byte for byte what pycocotools writes."""
        strings: list[bytes] = self.to_arrow().to_pylist()
        return strings

    def canonical(self) -> Runs:
        """The same masks without the empty runs of some tools, so that equal masks have equal bytes."""
        empty = self.counts == 0
        empty[self.starts[:-1]] = False
        if not empty.any():
            return self
        rows = np.repeat(np.arange(len(self)), self.lengths())
        inside = (np.arange(len(self.counts)) - self.starts[:-1][rows]) % 2 == 1
        full = self.counts > 0
        bounds = cumulative(self.counts)
        begin = (bounds[:-1] - bounds[self.starts[:-1]][rows])[inside & full]
        length = self.counts[inside & full]
        offsets = np.searchsorted(rows[inside & full], np.arange(len(self) + 1))
        return from_ones(begin, begin + length, offsets, self.totals())

    def take(self, rows: npt.ArrayLike) -> Runs:
        """The masks at these positions, ``(k,)``; a position may occur more than once."""
        index, starts = _ranges(self.starts, np.asarray(rows, np.int64))
        return Runs(self.counts[index], starts)


def from_rows(rows: Iterable[npt.ArrayLike]) -> Runs:
    """Runs from one sequence of run lengths per mask.

    Example:
        >>> from_rows([[1, 1, 2], [4]]).encode()
        [b'112', b'4']
    """
    arrays = [np.asarray(row, np.int64) for row in rows]
    counts = np.concatenate(arrays) if arrays else np.empty(0, np.int64)
    return Runs(counts, cumulative(np.fromiter(map(len, arrays), np.int64, len(arrays))))


def from_ones(begin: Ints, end: Ints, offsets: Ints, totals: npt.ArrayLike) -> Runs:
    """Runs from the 1-runs of each mask; the inverse of :meth:`Runs.ones`.

    Args:
        begin: first pixel of each 1-run, column-major, ``(n_ones,)``, ascending within a mask.
        end: pixel after the last of each 1-run, ``(n_ones,)``; runs that touch are joined.
        offsets: offset of each mask in the 1-runs, ``(n + 1,)``.
        totals: pixels of each mask's image, ``(n,)`` or one number.

    Example:
        >>> from_ones(np.array([1, 2]), np.array([2, 3]), np.array([0, 2]), 4).encode()
        [b'121']
    """
    begin, end, offsets = _join(begin, end, offsets)
    n_ones = np.diff(offsets)
    total = np.broadcast_to(np.asarray(totals, np.int64), len(n_ones))
    tail = np.ones(len(n_ones), bool)  # whether 0-pixels follow the last 1-run
    tail[n_ones > 0] = end[offsets[1:][n_ones > 0] - 1] < total[n_ones > 0]
    starts = cumulative(2 * n_ones + tail)
    at = np.arange(len(begin)) * 2 + np.repeat(starts[:-1] - 2 * offsets[:-1], n_ones)
    edges = np.zeros(starts[-1], np.int64)
    edges[at], edges[at + 1] = begin, end
    edges[starts[1:][tail] - 1] = total[tail]
    counts = np.diff(edges, prepend=0)
    counts[starts[:-1]] = edges[starts[:-1]]
    return Runs(counts, starts)


def parse(rles: Rles, ids: Iterable[object] | None = None, table: str = "masks") -> Runs:
    """Parse all masks at once.

    Args:
        rles: compressed masks, ``(n,)``; an Arrow column is read without copying.
        ids: names of the rows for messages; default their positions.
        table: name of the table for messages.

    Raises:
        MaskError: a string is missing, empty, cut off, has characters outside the format or a negative run.

    Example:
        >>> parse([b"112", b"04"]).starts.tolist()
        [0, 3, 5]
    """
    parts = [runs for _, runs in parse_blocks(rles, ids, table)]
    if len(parts) == 1:
        return parts[0]
    counts = np.concatenate([np.empty(0, np.int64), *(p.counts for p in parts)])
    return Runs(counts, cumulative(np.concatenate([np.empty(0, np.int64), *(p.lengths() for p in parts)])))


def parse_blocks(
    rles: Rles, ids: Iterable[object] | None = None, table: str = "masks"
) -> Iterator[tuple[slice, Runs]]:
    """Parse masks in blocks of a few thousand rows, for callers that use runs once, while in the cache.

    Yields the rows of a block and their runs; arguments and errors are those of :func:`parse`.

    Example:
        >>> [(rows.stop, runs.areas().tolist()) for rows, runs in parse_blocks([b"112", b"04"])]
        [(2, [1, 4])]
    """
    names = _names(ids)
    data, offsets = characters(rles, names, table)
    for a, b in blocks(offsets):
        yield slice(a, b), _parse_block(data, offsets, a, b, names, table)


def check(
    rles: Rles,
    heights: npt.ArrayLike,
    widths: npt.ArrayLike,
    ids: Iterable[object] | None = None,
    table: str = "instances",
) -> Ints:
    """Refuse masks that are malformed, of another size than their image, or not as pycocotools writes them.

    A mask that fails this check must not reach pycocotools, which trusts its input and can crash the process.

    Args:
        rles: compressed masks, ``(n,)``.
        heights: height of each mask's image, ``(n,)`` or one number, pixels.
        widths: width, likewise.
        ids: names of the rows for the message; default their positions.
        table: name of the table for the message.

    Returns:
        Pixels inside each mask, ``(n,)`` int64.

    Raises:
        MaskError: naming the rows and the rule they break.

    Example:
        >>> check([b"112"], 2, 2).tolist()
        [1]
        >>> check([b"112"], 3, 3, ids=[7])
        Traceback (most recent call last):
        nbalabel.core.errors.MaskError: instances: masks must have as many pixels as their image ...
    """
    names = _names(ids)
    data, offsets = characters(rles, names, table)
    n = len(offsets) - 1
    pixels = np.broadcast_to(np.asarray(heights, np.int64) * np.asarray(widths, np.int64), n)
    refuse(pixels >= MAX_PIXELS, names, table, f"masks must have fewer than {MAX_PIXELS:,} pixels")
    totals, areas = np.empty(n, np.int64), np.empty(n, np.int64)
    for a, b in blocks(offsets):
        runs = _parse_block(data, offsets, a, b, names, table, strict=True)
        totals[a:b], areas[a:b] = runs.totals(), runs.areas()
    rule = "masks must have as many pixels as their image (height * width)"
    refuse(totals != pixels, names, table, rule, totals)
    return areas


def overlaps(
    a: Runs, b: Runs, rows_a: npt.ArrayLike | None = None, rows_b: npt.ArrayLike | None = None
) -> Ints:
    """Pixels shared by mask ``rows_a[i]`` of ``a`` and mask ``rows_b[i]`` of ``b``, ``(n,)`` int64.

    For the begin and end of each 1-run of ``a``, a binary search gives the number of pixels of ``b`` before
    it; the differences are the overlap. All pairs of a block share one search: each pair is shifted to an
    interval of its own.

    Args:
        a: masks.
        b: masks.
        rows_a: positions in ``a``, ``(n,)``; default all, in order.
        rows_b: positions in ``b``, likewise.

    Raises:
        MaskError: the two masks of a pair have different image sizes.

    Example:
        >>> runs = parse([b"211", b"13"])
        >>> overlaps(runs, runs, [0, 1], [1, 1]).tolist()
        [1, 3]
    """
    rows = [None if r is None else np.asarray(r, np.int64) for r in (rows_a, rows_b)]
    pair = [slice(None) if r is None else r for r in rows]
    totals = a.totals()[pair[0]], b.totals()[pair[1]]
    refuse(totals[0] != totals[1], None, "masks", "masks to compare must be of one image size")
    ones = a.ones(), b.ones()
    work = cumulative(np.diff(ones[0][2])[pair[0]] + np.diff(ones[1][2])[pair[1]])
    stretch = int(totals[0].max(initial=0)) + 1
    out = np.zeros(len(totals[0]), np.int64)
    for s, e in blocks(work, 1 << 15):
        left, right = (_pick(side, r, s, e) for side, r in zip(ones, rows, strict=True))
        out[s:e] = _shared(left, right, stretch)
    return out


_Ones: TypeAlias = tuple[
    Ints, Ints, Ints
]  # first pixel and pixel after the last of each run, and row offsets


def _pick(ones: _Ones, rows: Ints | None, start: int, end: int) -> _Ones:
    """The 1-runs of ``rows[start:end]``; with None, of the rows start to end."""
    if rows is None:
        offsets = ones[2][start : end + 1]
        return ones[0][offsets[0] : offsets[-1]], ones[1][offsets[0] : offsets[-1]], offsets - offsets[0]
    at, offsets = _ranges(ones[2], rows[start:end])
    return ones[0][at], ones[1][at], offsets


def _shared(a: _Ones, b: _Ones, stretch: int) -> Ints:
    origin = np.arange(len(a[2]) - 1) * stretch
    origin_a, origin_b = np.repeat(origin, np.diff(a[2])), np.repeat(origin, np.diff(b[2]))
    end = b[1] + origin_b
    begin = np.append(b[0] + origin_b, len(origin) * stretch)
    covered = cumulative(end - begin[:-1])

    def before(pixel: Ints) -> Ints:
        done = np.searchsorted(end, pixel, "right")
        return np.asarray(covered[done] + np.maximum(pixel - begin[done], 0))

    shared = before(a[1] + origin_a) - before(a[0] + origin_a)
    return np.diff(cumulative(shared)[a[2]])


def _ranges(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Positions of all elements of the given rows, and ``(k + 1,)`` offsets of the rows in them."""
    lengths = np.diff(offsets)[rows]
    starts = cumulative(lengths)
    return np.arange(starts[-1]) + np.repeat(offsets[:-1][rows] - starts[:-1], lengths), starts


def _join(begin: Ints, end: Ints, offsets: Ints) -> tuple[Ints, Ints, Ints]:
    """Join 1-runs of one mask that touch."""
    touch = np.zeros(len(begin), bool)
    touch[1:] = begin[1:] == end[:-1]
    touch[offsets[:-1][np.diff(offsets) > 0]] = False
    if not touch.any():
        return begin, end, offsets
    return begin[~touch], end[~np.append(touch[1:], False)], cumulative(~touch)[offsets]


def _parse_block(
    data: Chars,
    offsets: Ints,
    a: int,
    b: int,
    names: npt.NDArray[Any] | None,
    table: str,
    strict: bool = False,
) -> Runs:
    """Runs of rows a to b; ``strict`` also refuses masks that pycocotools would encode differently."""
    names = np.arange(a, b) if names is None else names[a:b]
    offsets = offsets[a : b + 1]
    refuse(np.diff(offsets) == 0, names, table, "masks must not be empty strings")
    groups = data[offsets[0] : offsets[-1]] - np.uint8(48)  # characters below 48 wrap around to more than 63
    offsets = offsets - offsets[0]
    if groups.max() > 63:
        refuse(_any(groups > 63, offsets), names, table, "masks must consist of the characters '0' to 'o'")
    more = groups >= 32
    refuse(more[offsets[1:] - 1], names, table, "masks must not be cut off in the middle of a number")
    starts = offsets - cumulative(more)[offsets]
    values, too_long, padded = codec.numbers(groups, more)
    if too_long is not None:
        refuse(
            _any(too_long, starts), names, table, "masks must not have numbers of more than six characters"
        )
    counts = codec.undo_differences(values, starts)
    if counts.min() < 0:
        refuse(_any(counts < 0, starts), names, table, "masks must not have negative runs")
    if strict:
        void = counts == 0
        void[starts[:-1]] = False
        void[padded] = True
        if void.any():
            rule = "masks must be as pycocotools writes them: no empty runs, no padding"
            refuse(_any(void, starts), names, table, rule)
    return Runs(counts, starts)


def _names(ids: Iterable[object] | None) -> npt.NDArray[Any] | None:
    return None if ids is None else np.asarray(ids if isinstance(ids, pd.Index) else list(ids))


def _any(bad: npt.NDArray[np.bool_], starts: Ints) -> npt.NDArray[np.bool_]:
    """Rows that hold at least one bad element; no row is empty."""
    return np.logical_or.reduceat(bad, starts[:-1])
