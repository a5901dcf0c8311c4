"""Arrow arrays of masks or texts, one after the other: checked when looked at, replaced one by one.

Arrow joins the chunks of a column before it picks from them or replaces some of its values: a thousand masks
of ten million would copy all, and so would an edit of one. Here rows are taken piece by piece, and a column
after an edit has all pieces of the column before it but those that changed.

Arrow trusts offsets, and following a wrong one ends the process. So those of the rows that are taken are
checked before they are, and a piece is checked as a whole before it is handed out as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import CorruptError

ROWS = 1 << 16
"""Rows of a piece that is made here: an edit of one mask copies about so many."""
_STRETCH = 128
"""Rows that must lie between two edited ones, on average, for copying in stretches to be the faster way."""

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Piece:
    """One Arrow array, whose content is checked when it is looked at.

    Args:
        array: of type ``large_binary`` or ``large_string``; its structure was checked (``array.validate()``).
        file: where it is from, for messages.
        check: is called before anything of the content is read, once; it raises where the file is damaged.
            One that several pieces of a file share is called by each.
        sound: whether the content was made here, or checked.
    """

    def __init__(
        self,
        array: pa.Array,
        file: object = "memory",
        check: Callable[[], object] | None = None,
        *,
        sound: bool = False,
    ) -> None:
        self._array = array if sound else _recounted(array)
        self._file, self._check_file, self._sound = file, check, sound

    def __len__(self) -> int:
        return len(self._array)

    @property
    def missing(self) -> Bools | None:
        """Which values are missing; None where none can be. The values are not looked at."""
        if self._sound:
            return np.asarray(self._array.is_null()) if self._array.null_count else None
        return None if self._array.buffers()[0] is None else np.asarray(self.whole().is_null())

    def whole(self) -> pa.Array:
        """All rows, not copied.

        Raises:
            CorruptError: one is malformed.
        """
        if not self._sound:
            self._touch()
            self._validate(self._array)
            self._sound = True
        return self._array

    def take(self, at: Ints) -> pa.Array:
        """The rows at these positions, copied.

        Raises:
            CorruptError: one of them is malformed.
        """
        if self._sound:
            return self._array.take(pa.array(at))
        self._touch()
        _, offsets, data = self._array.buffers()
        bounds = np.frombuffer(offsets, np.int64)[self._array.offset :]
        begin, end, size = bounds[at], bounds[at + 1], 0 if data is None else data.size
        if not ((begin >= 0) & (begin <= end) & (end <= size)).all():
            raise CorruptError(f"{self._file} is damaged: masks or texts in it end before they begin")
        found = self._array.take(pa.array(at))
        self._validate(found)
        return found

    def _touch(self) -> None:
        check = self._check_file  # another thread may be doing the same
        if check is not None:
            check()
            self._check_file = None

    def _validate(self, array: pa.Array) -> None:
        try:
            array.validate(full=True)
        except pa.ArrowException as error:
            raise CorruptError(f"{self._file} is damaged: {error}") from error


class Pieces:
    """All rows of a column, in pieces; a value that is never changed.

    Args:
        pieces: all of one type.
        kind: the type, for no pieces: ``large_binary`` or ``large_string``.
    """

    def __init__(self, pieces: Iterable[Piece], kind: pa.DataType) -> None:
        self._pieces = list(pieces)
        self.kind = kind
        self._starts = np.cumsum([0, *map(len, self._pieces)])

    @classmethod
    def of(cls, array: pa.Array | pa.ChunkedArray) -> Pieces:
        """The rows of an array that was made here or checked."""
        chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
        return cls((piece for chunk in chunks for piece in _cut(chunk)), array.type)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def missing(self) -> Bools:
        """Which values are missing, ``(n,)``."""
        out = np.zeros(len(self), np.bool_)
        for piece, start in zip(self._pieces, self._starts[:-1], strict=True):
            if (missing := piece.missing) is not None:
                out[start : start + len(piece)] = missing
        return out

    def whole(self) -> pa.ChunkedArray:
        """All rows, not copied.

        Raises:
            CorruptError: one is malformed.
        """
        return pa.chunked_array([piece.whole() for piece in self._pieces], self.kind)

    def take(self, at: Ints) -> pa.ChunkedArray:
        """The rows at these positions, each in ``0..len - 1``, in this order, copied.

        Raises:
            CorruptError: a row that is asked for is malformed.
        """
        order, parts = self._parts(at)
        taken = [self._pieces[i].take(within) for i, within in parts]
        joined = pa.concat_arrays(taken) if taken else pa.array([], self.kind)
        if order is not None:
            back = np.empty(len(order), np.int64)
            back[order] = np.arange(len(order))
            joined = joined.take(pa.array(back))
        return pa.chunked_array([joined], self.kind)

    def put(self, at: Ints, new: pa.Array | pa.ChunkedArray) -> Pieces:
        """These pieces with other values at these positions, each named once; only pieces hit are copied."""
        order, parts = self._parts(at)
        values = new.combine_chunks() if isinstance(new, pa.ChunkedArray) else new
        if order is not None:
            values = values.take(pa.array(order))
        pieces, done = list(self._pieces), 0
        for i, within in parts:
            ascending = np.argsort(within, kind="stable")
            some = values.slice(done, len(within)).take(pa.array(ascending))
            changed = _replaced(pieces[i].whole(), within[ascending], some)
            pieces[i], done = Piece(changed, sound=True), done + len(within)
        return Pieces(pieces, self.kind)

    def plus(self, arrays: Iterable[pa.Array]) -> Pieces:
        """These pieces and further rows, made here or checked; small pieces at the end become one."""
        pieces = [*self._pieces, *(piece for array in arrays for piece in _cut(array))]
        while len(pieces) > 1 and _are_to_join(*pieces[-2:]):
            last = pieces.pop()
            pieces[-1] = Piece(pa.concat_arrays([pieces[-1].whole(), last.whole()]), sound=True)
        return Pieces(pieces, self.kind)

    def kept(self, at: Ints) -> Pieces:
        """The rows at these positions, in order; pieces of which all rows follow each other are shared."""
        begins = np.zeros(len(self), np.bool_)
        filled = [i for i, piece in enumerate(self._pieces) if len(piece)]
        begins[self._starts[filled]] = True
        number = dict(zip(self._starts[filled].tolist(), filled, strict=True))
        made: list[Piece] = []
        done = 0
        for begin in np.flatnonzero(begins[at]).tolist():
            piece = self._pieces[number[int(at[begin])]]
            end = begin + len(piece)
            if begin >= done and end <= len(at) and (np.diff(at[begin:end]) == 1).all():
                made += [*self._copied(at[done:begin]), piece]
                done = end
        return Pieces([*made, *self._copied(at[done:])], self.kind)

    def shared(self, other: Pieces) -> Bools:
        """Where another column as long as this one has the very same piece, ``(n,)``."""
        theirs = dict(zip(other._starts[:-1].tolist(), other._pieces, strict=True))
        out = np.zeros(len(self), np.bool_)
        for start, piece in zip(self._starts[:-1].tolist(), self._pieces, strict=True):
            out[start : start + len(piece)] = theirs.get(start) is piece
        return out

    def _copied(self, at: Ints) -> list[Piece]:
        return _cut(self.take(at).combine_chunks()) if len(at) else []

    def _parts(self, at: Ints) -> tuple[Ints | None, list[tuple[int, Ints]]]:
        """The order that sorts positions by piece, None where they are; pieces hit, and rows within each."""
        of = np.searchsorted(self._starts, at, "right") - 1
        order = None if (of[1:] >= of[:-1]).all() else np.argsort(of, kind="stable")
        at, of = (at, of) if order is None else (at[order], of[order])
        ends = np.searchsorted(of, np.arange(len(self._pieces) + 1))
        bounds = enumerate(pairwise(ends))
        return order, [(i, at[begin:end] - self._starts[i]) for i, (begin, end) in bounds if begin < end]


def from_files(
    arrays: Sequence[pa.Array],
    files: Sequence[object],
    kind: pa.DataType,
    checks: Sequence[Callable[[], object] | None] | None = None,
) -> Pieces:
    """Pieces whose content is checked when it is looked at.

    Args:
        arrays: one of each file, as of :class:`Piece`; long ones become several pieces.
        files: where they are from.
        kind: as of :class:`Pieces`.
        checks: of each file, as of :class:`Piece`.
    """
    checks = [None] * len(arrays) if checks is None else checks
    made = zip(arrays, files, checks, strict=True)
    return Pieces((Piece(some, file, check) for all_, file, check in made for some in _slices(all_)), kind)


def _replaced(array: pa.Array, at: Ints, new: pa.Array) -> pa.Array:
    """The array with other values at some positions, which ascend.

    Few of them: what lies between is copied in stretches, which is four times as fast as value by value.
    """
    if len(at) * _STRETCH > len(array):
        mask = np.zeros(len(array), np.bool_)
        mask[at] = True
        return pc.replace_with_mask(array, pa.array(mask), new)
    begins = [0, *(at + 1).tolist()]
    between = [
        array.slice(begin, end - begin) for begin, end in zip(begins, [*at.tolist(), len(array)], strict=True)
    ]
    values = [new.slice(i, 1) for i in range(len(at))]
    return pa.concat_arrays([between[0], *chain.from_iterable(zip(values, between[1:], strict=True))])


def _are_to_join(a: Piece, b: Piece) -> bool:
    """So that a column has few small pieces, and a row that is added is copied few times."""
    return len(a) <= 2 * len(b) and len(a) + len(b) <= ROWS


def _cut(array: pa.Array) -> list[Piece]:
    return [Piece(some, sound=True) for some in _slices(array)]


def _slices(array: pa.Array) -> list[pa.Array]:
    bounds = np.linspace(0, len(array), max(1, round(len(array) / ROWS)) + 1).astype(int)
    return [array.slice(begin, end - begin) for begin, end in pairwise(bounds)]


def _recounted(array: pa.Array) -> pa.Array:
    """The same array; what its file says of the number of missing values is not believed."""
    return pa.Array.from_buffers(array.type, len(array), array.buffers(), -1, array.offset)
