"""Annotations of a COCO file as columns: parsed as such where they are ordinary ones, else from records."""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from ....core.errors import FormatError, first
from ..masks.boxes import read_boxes, valid_boxes
from ..records import columns
from ..records.columns import Record
from ..records.documents import records
from ..records.rows import mask_array
from .masks import check_sizes, read_measured, read_strings
from .regions import is_of_region

OURS = "nbalabel"
"""Field for values that COCO does not define: weight, state, split, source, status and so on."""

OUR_FIELDS = ("source", "origin", "status")
"""Those of an annotation."""

FIELDS = ("id", "image_id", "category_id", "segmentation", "bbox", "area", "iscrowd", "score")
"""Fields of an annotation that have columns."""

_IN_COLUMNS = frozenset(FIELDS)
_MOST_KEPT = 10_000  # different values of the other fields that are compared with further ones


class Others:
    """The fields of annotations beyond those of columns; equal ones are kept once, most often none.

    Attributes:
        records: different ones, in the order in which they came.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._known: dict[Hashable, int] = {}
        self._codes: list[np.ndarray] = []

    @property
    def codes(self) -> np.ndarray:
        """Which of ``records`` each annotation has, ``(n,)`` int64."""
        return np.concatenate([np.zeros(0, np.int64), *self._codes])

    def each(self) -> list[Record]:
        """The record of each annotation."""
        return [self.records[code] for code in self.codes.tolist()]

    def add(self, found: Sequence[Record], which: np.ndarray | None = None) -> None:
        """Add the fields of further annotations: different records, and which of them each has."""
        known = np.fromiter(map(self._code, found), np.int64, len(found))
        self._codes.append(known if which is None else known[which])

    def _code(self, rest: Record) -> int:
        try:
            key = orjson.dumps(rest)
        except TypeError:  # nested deeper than orjson writes
            key = None
        if key is not None and key in self._known:
            return self._known[key]
        if key is not None and len(self._known) <= _MOST_KEPT:
            self._known[key] = len(self.records)
        self.records.append(rest)
        return len(self.records) - 1


@dataclass(frozen=True)
class Annotations:
    """Columns of some annotations.

    Attributes:
        id: ``(n,)`` int64; None where none has one.
        image_id: ``(n,)`` int64.
        category_id: ``(n,)`` int64.
        score: ``(n,)`` float64, NaN where missing.
        area: ``(n,)`` float64, NaN where missing.
        crowd: ``(n,)`` bool.
        boxes: x, y, w, h, ``(n, 4)`` float64, NaN where a box is missing or invalid.
        masks: makes the masks and their areas; arguments and errors are those of `read_measured` after its
            first.
        others: what they hold beyond `FIELDS`: different records.
        which: which of these each annotation has, ``(n,)`` int64; None where there is one for each.
    """

    id: np.ndarray | None
    image_id: np.ndarray
    category_id: np.ndarray
    score: np.ndarray
    area: np.ndarray
    crowd: np.ndarray
    boxes: np.ndarray
    masks: Callable[[np.ndarray, np.ndarray, np.ndarray | None], tuple[Any, np.ndarray]]
    others: list[Record]
    which: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.image_id)

    def ids(self, after: int) -> np.ndarray:
        """Their ids; those that have none are numbered, beginning with one more than ``after``."""
        return np.arange(after + 1, after + 1 + len(self)) if self.id is None else self.id


def of_records(found: list[Any], path: object, after: int) -> Annotations:
    """Annotations as JSON has them, without the crowds that were made of regions.

    Args:
        found: the values of the list.
        path: of the file, for messages.
        after: annotations before these, for messages about those without ids.

    Raises:
        FormatError: some are no objects, or a field is not what COCO says.
    """
    listed = records({"annotations": found}, "annotations", path)
    rows = [one for one in listed if not is_of_region(one, OURS)]
    of = {name: columns.values(rows, name) for name in FIELDS}
    numbered = any(one is not None for one in of["id"])
    given = of["id"] if numbered else range(after + 1, after + 1 + len(rows))
    ids = columns.integers(given, "annotation ids")
    return Annotations(
        ids if numbered else None,
        columns.integers(of["image_id"], "image_id of annotations"),
        columns.integers(of["category_id"], "category_id of annotations"),
        columns.numbers(of["score"], "score", ids),
        columns.numbers(of["area"], "area", ids),
        _crowds(of["iscrowd"], ids),
        read_boxes(of["bbox"]),
        partial(read_measured, of["segmentation"]),
        [{name: value for name, value in one.items() if name not in _IN_COLUMNS} for one in rows],
    )


def _crowds(found: list[Any], ids: np.ndarray) -> np.ndarray:
    if set(map(type, found)) <= {int, bool, type(None)} and all(v in (0, 1, None) for v in set(found)):
        return np.array([bool(v) for v in found], np.bool_)
    bad = [
        i
        for i, v in zip(ids.tolist(), found, strict=True)
        if type(v) not in (int, bool, type(None)) or v not in (0, 1, None)
    ]
    raise FormatError(f"iscrowd must be 0 or 1; it is not in annotations {first(bad)}")


def parse(text: bytes) -> Annotations | list[Any]:
    """The annotations of a JSON list: as columns where all are ordinary ones, else as its values.

    Ordinary ones have fields of COCO alone, an image, a category, and run lengths as text. They are parsed
    without a Python object for each, which takes half the time. Polygons take as long either way.

    Raises:
        orjson.JSONDecodeError: it is not JSON.
    """
    try:
        elements = _ELEMENTS.decode(text)
        if elements and b'"counts"' in bytes(elements[0]):
            return _of_columns(elements)
    except (
        _UnusualError,
        pa.ArrowException,
        msgspec.MsgspecError,
        ValueError,
        RecursionError,
        OverflowError,
    ):
        pass  # orjson says what it is
    return orjson.loads(text)  # type: ignore[no-any-return]  # a list, as the text is one


class _UnusualError(Exception):
    """Annotations are to be read as records."""


def _usual(holds: object) -> None:
    if not holds:
        raise _UnusualError


def _of_columns(elements: list[msgspec.Raw]) -> Annotations:
    lines = b"\n".join(elements)
    table = pj.read_json(
        io.BytesIO(lines),
        pj.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        pj.ParseOptions(_SCHEMA, newlines_in_values=True, unexpected_field_behavior="error"),
    )
    _usual(len(table) == len(elements))
    of = {name: table[name].combine_chunks() for name in table.column_names}
    crowd = pc.fill_null(of["iscrowd"], 0).to_numpy()
    _usual(((crowd == 0) | (crowd == 1)).all())
    size, counts = of["segmentation"].flatten()
    _usual(size.null_count == 0 and counts.null_count == 0)
    return Annotations(
        None if of["id"].null_count == len(table) else _ids(of["id"]),
        _ids(of["image_id"]),
        _ids(of["category_id"]),
        _doubles(of["score"]),
        _doubles(of["area"]),
        np.array(crowd == 1),
        valid_boxes(_fixed(of["bbox"], 4)),
        partial(_masks, counts, _fixed(size, 2).astype(np.int64)),
        *_others(of[OURS]),
    )


def _masks(
    counts: pa.Array, said: np.ndarray, ids: np.ndarray, sizes: np.ndarray, boxes: np.ndarray | None
) -> tuple[Any, np.ndarray]:
    del boxes  # each has a mask
    if not np.array_equal(said, sizes):
        check_sizes([{"size": one} for one in said.tolist()], ids, sizes)
    masks, areas = read_strings(counts, ids, sizes)
    return mask_array(masks), areas


def _fixed(found: pa.Array, n: int) -> np.ndarray:
    """Lists of ``n`` numbers each, ``(k, n)`` float64, NaN where there is no list."""
    values, there = found.flatten(), found.is_valid().to_numpy(zero_copy_only=False)
    lengths = pc.list_value_length(found).drop_null()
    _usual(values.null_count == 0 and (not len(lengths) or pc.all(pc.equal(lengths, n)).as_py()))
    numbers = values.to_numpy(zero_copy_only=False)
    _usual(np.isfinite(numbers).all())
    out = np.full((len(found), n), np.nan)
    out[there] = numbers.reshape(-1, n)
    return out


def _ids(found: pa.Array) -> np.ndarray:
    _usual(found.null_count == 0 and pc.min(found).as_py() >= 0)
    return np.array(found, np.int64)


def _doubles(found: pa.Array) -> np.ndarray:
    out: np.ndarray = found.to_numpy(zero_copy_only=False)
    _usual(not np.isinf(out).any() and np.isnan(out).sum() == found.null_count)
    return np.array(out, np.float64)


def _others(ours: pa.Array) -> tuple[list[Record], np.ndarray]:
    """The different values of the field `OURS`, as records, and which of them each row has."""
    code = np.zeros(len(ours), np.int64)
    words: list[list[str | None]] = []
    for part in ours.flatten():
        coded = part.dictionary_encode()
        words.append([*coded.dictionary.to_pylist(), None])
        code = code * len(words[-1]) + pc.fill_null(coded.indices, len(words[-1]) - 1).to_numpy()
    different, which = np.unique(code, return_inverse=True)
    return [_record(one, words) for one in different.tolist()], which


def _record(code: int, words: list[list[str | None]]) -> Record:
    said = {}
    for name, those in reversed(list(zip(OUR_FIELDS, words, strict=True))):
        code, at = divmod(code, len(those))
        if those[at] is not None:
            said[name] = those[at]
    return {OURS: said} if said else {}


_SCHEMA = pa.schema(
    [(name, pa.int64()) for name in ("id", "image_id", "category_id", "iscrowd")]
    + [(name, pa.float64()) for name in ("area", "score")]
    + [("bbox", pa.list_(pa.float64()))]
    + [("segmentation", pa.struct([("size", pa.list_(pa.int64())), ("counts", pa.large_string())]))]
    + [(OURS, pa.struct([(name, pa.string()) for name in OUR_FIELDS]))]
)
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
