"""Which rows of two tables are the same: equal in image, label and mask, and in further columns if asked.

Each row gets a fingerprint of 64 bits from its values and from the length and three places of its mask, in
blocks of rows and without a Python object per mask. Rows of one fingerprint are then compared byte by byte,
so the answer is exact, whatever the fingerprints do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..geometry.masks.strings import characters
from ..geometry.masks.varints import Chars, Ints
from ..tables.arrays import values

Bools = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

MASK = ("image_id", "label", "mask")
"""The columns that identify a mask."""

_BLOCK = 1 << 15  # rows at a time; their temporary arrays fit in the cache
_WORD = 8  # bytes of a mask that are read at once
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT = np.uint64(30), np.uint64(27), np.uint64(31)


def among(rows: pd.DataFrame, table: pd.DataFrame, names: Sequence[str] = MASK) -> Bools:
    """Which rows have an equal row in a table, ``(n,)`` bool.

    Args:
        rows: the rows to look for.
        table: the rows to look among.
        names: the columns to compare: ``image_id``, ``mask``, and others of categories or text.

    Example:
        >>> table = pd.DataFrame({"image_id": 1, "label": "fish", "mask": [b"04", b"13"]})
        >>> among(table.iloc[1:], table.iloc[:1]).tolist(), among(table.iloc[1:], table).tolist()
        ([False], [True])
    """
    out = np.zeros(len(rows), np.bool_)
    if not len(rows) or not len(table):
        return out
    near = np.flatnonzero(np.isin(values(table["image_id"]), values(rows["image_id"])))
    at = np.flatnonzero(np.isin(values(rows["image_id"]), values(table["image_id"])[near]))
    if not len(at):
        return out
    both = _Table.of([rows, table], names)
    ours, theirs = at, near + len(rows)
    our_hashes, their_hashes = both.hashes(ours), both.hashes(theirs)
    keep = _isin(our_hashes, their_hashes)
    ours, our_hashes = ours[keep], our_hashes[keep]
    keep = _isin(their_hashes, our_hashes)
    theirs, their_hashes = theirs[keep], their_hashes[keep]
    number = both.classes(np.concatenate([ours, theirs]), np.concatenate([our_hashes, their_hashes]))
    out[ours[np.isin(number[: len(ours)], number[len(ours) :])]] = True
    return out


def firsts(rows: pd.DataFrame, names: Sequence[str] = MASK) -> Bools:
    """Which rows have no equal row before them, ``(n,)`` bool; arguments as of :func:`among`.

    Example:
        >>> firsts(pd.DataFrame({"image_id": [1, 1, 2], "label": "fish", "mask": [b"04"] * 3})).tolist()
        [True, False, True]
    """
    out = np.ones(len(rows), np.bool_)
    if not len(rows):
        return out
    table = _Table.of([rows], names)
    hashes = table.hashes(np.arange(len(rows)))
    alike = np.flatnonzero(pd.Series(hashes).duplicated(keep=False).to_numpy())
    out[alike] = ~pd.Series(table.classes(alike, hashes[alike])).duplicated().to_numpy()
    return out


@dataclass(frozen=True, eq=False)
class _Table:
    """The compared columns of one or two tables, one after the other.

    Attributes:
        image: ``(n,)``.
        codes: of each further column, the same number for equal values, -1 for missing ones, ``(n,)`` each.
        masks: of all rows.
    """

    image: Ints
    codes: list[npt.NDArray[np.int32]]
    masks: _Masks

    @classmethod
    def of(cls, frames: list[pd.DataFrame], names: Sequence[str]) -> _Table:
        image = np.concatenate([np.asarray(values(frame["image_id"]), np.int64) for frame in frames])
        further = [name for name in names if name not in ("image_id", "mask")]
        codes = [_coded([frame[name] for frame in frames]) for name in further]
        return cls(image, codes, _Masks([frame["mask"] for frame in frames]))

    def hashes(self, rows: Ints) -> Hashes:
        """Fingerprints of rows, ``(k,)``; equal rows have the same."""
        out = np.empty(len(rows), np.uint64)
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            hashed = self.image[part].view(np.uint64)
            for code in self.codes:
                hashed = _mixed(hashed, code[part].astype(np.int64).view(np.uint64))
            for word in self.masks.words(part):
                hashed = _mixed(hashed, word)
            out[start : start + _BLOCK] = hashed
        return out

    def classes(self, rows: Ints, hashes: Hashes) -> Ints:
        """A number for each row, ``(k,)``: the same for two rows exactly where they are equal."""
        out = np.empty(len(rows), np.int64)
        order = np.argsort(hashes, kind="stable")
        heads = np.flatnonzero(np.diff(hashes[order], prepend=~hashes[order[:1]]))
        stop = 0
        for start, stop, runs in _stretches(heads, len(rows)):
            here = order[start:stop]
            out[here] = start + self._classes(rows[here], runs)
        return out

    def _classes(self, rows: Ints, runs: Ints) -> Ints:
        """As :meth:`classes`, of rows grouped by fingerprint; ``runs`` gives the first row of each group."""
        masks = self.masks.take(rows)
        same = np.asarray(pc.equal(masks, masks.take(pa.array(runs))))
        compared: list[npt.NDArray[Any]] = [self.image, *self.codes]
        for column in compared:
            same &= column[rows] == column[rows[runs]]
        if same.all():
            return runs
        columns = [column[rows].tolist() for column in compared]
        known: dict[tuple[Any, ...], int] = {}
        keys = zip(*columns, masks.to_pylist(), strict=True)
        return np.array([known.setdefault(key, i) for i, key in enumerate(keys)], np.int64)


class _Masks:
    """Mask columns, one after the other, in the buffers they have: joining these would copy all masks."""

    def __init__(self, columns: list[pd.Series]) -> None:
        self._chunks = [chunk for column in columns for chunk in _chunks(column) if len(chunk)]
        self._buffers: list[tuple[Chars, Ints]] = [characters(chunk) for chunk in self._chunks]
        self._first = np.cumsum([0, *map(len, self._chunks)])

    def words(self, at: Ints) -> list[Hashes]:
        """Length of the masks at these positions, and their first, middle and last eight bytes."""
        out = [np.zeros(len(at), np.uint64) for _ in range(4)]
        for part, here in self._split(at):
            data, offsets = self._buffers[part]
            rows = at[here] - self._first[part]
            start, end = offsets[rows], offsets[rows + 1]
            out[0][here] = (end - start).view(np.uint64)
            for word, found in zip(out[1:], _three_words(data, start, end), strict=True):
                word[here] = found
        return out

    def take(self, at: Ints) -> pa.Array:
        """The masks at these positions."""
        parts = [(part, here) for part, here in self._split(at)]
        taken = [self._chunks[p].take(pa.array(at[here] - self._first[p])) for p, here in parts]
        if len(taken) == 1:
            return taken[0]
        place = np.empty(len(at), np.int64)
        place[np.concatenate([np.arange(len(at))[here] for _, here in parts])] = np.arange(len(at))
        return pa.concat_arrays(taken).take(pa.array(place))

    def _split(self, at: Ints) -> Iterator[tuple[int, Any]]:
        """The number of each chunk that holds some of these positions, and which."""
        if len(self._chunks) == 1:
            yield 0, slice(None)
            return
        which = np.searchsorted(self._first, at, "right") - 1
        order = None if (which[1:] >= which[:-1]).all() else np.argsort(which, kind="stable")
        bounds = np.searchsorted(which if order is None else which[order], np.arange(len(self._first)))
        for part, (begin, end) in enumerate(pairwise(bounds.tolist())):
            if begin < end:
                yield part, slice(begin, end) if order is None else order[begin:end]


def _chunks(column: pd.Series) -> list[pa.Array]:
    array: Any = column.array
    if not hasattr(array, "__arrow_array__"):
        return [pa.array(list(column), pa.large_binary())]
    arrow = array.__arrow_array__()
    chunks = arrow.chunks if isinstance(arrow, pa.ChunkedArray) else [arrow]
    return [chunk.cast(pa.large_binary()) for chunk in chunks]


def _three_words(data: Chars, start: Ints, end: Ints) -> tuple[Hashes, Hashes, Hashes]:
    """First, middle and last eight bytes of masks; of a shorter mask its bytes, once."""
    first, middle, last = (np.zeros(len(start), np.uint64) for _ in range(3))
    long = end - start >= _WORD
    if long.any():
        # One word for each byte of the buffer, overlapping: only those asked for are read.
        words = np.ndarray((len(data) - _WORD + 1,), np.uint64, data, strides=(1,))
        a, b = start[long], end[long] - _WORD
        first[long], middle[long], last[long] = words[a], words[(a + b) // 2], words[b]
    for k in range(_WORD - 1):
        some = np.flatnonzero(~long & (start + k < end))
        first[some] |= data[start[some] + k].astype(np.uint64) << np.uint64(8 * k)
    return first, middle, last


def _coded(columns: list[pd.Series]) -> npt.NDArray[np.int32]:
    """A number for each value of all columns: the same for equal values, -1 for missing ones."""
    place: dict[Any, int] = {}
    out = []
    for column in columns:
        found: Any = column.array
        codes, known = (
            (found.codes, found.categories) if isinstance(found, pd.Categorical) else pd.factorize(found)
        )
        numbers = [place.setdefault(value, len(place)) for value in known]
        out.append(np.array([*numbers, -1], np.int32)[codes])
    return np.concatenate(out)


def _stretches(heads: Ints, n: int) -> Iterator[tuple[int, int, Ints]]:
    """Whole groups of rows, some thousand rows at a time: begin, end, and the first row of each row's group.

    Args:
        heads: where each group begins, ascending from 0.
        n: number of rows.
    """
    at = 0
    while at < len(heads):
        start = int(heads[at])
        until = max(int(np.searchsorted(heads, start + _BLOCK)), at + 1)
        stop = int(heads[until]) if until < len(heads) else n
        yield start, stop, np.repeat(heads[at:until] - start, np.diff(heads[at:until], append=stop))
        at = until


def _isin(wanted: Hashes, known: Hashes) -> Bools:
    return np.asarray(pd.Series(wanted).isin(known))


def _mixed(hashed: Hashes, more: Hashes) -> Hashes:
    """Mix further bits into fingerprints.

    Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators" (2014), the
        constants of its mixing function by D. Stafford.
    """
    hashed = (hashed ^ more) + _STEP
    hashed ^= hashed >> _SHIFT[0]
    hashed *= _MIX[0]
    hashed ^= hashed >> _SHIFT[1]
    hashed *= _MIX[1]
    hashed ^= hashed >> _SHIFT[2]
    return hashed
