"""Changes as bytes: one framed, checksummed record each, for versions and the journal.

A record is ``head | meta | body``: ``head`` is 4 bytes of magic, the two lengths and a CRC of the head
itself, then 16 bytes of BLAKE2b over what follows; ``meta`` is JSON; ``body`` is one Arrow stream after
another. Cells of columns that changed in the same rows (a mask and its box) share one stream, so ids are
written once.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import NO_ROWS
from ...core.columns.arrow import batch_of, batch_of_frame, columns_of, frame_from, sound
from ...core.ontology.entries import entries_from_json, entries_to_json

_HEAD = struct.Struct("<4sQQI16s")
_PLAIN = struct.Struct("<4sQQ")
HEAD_SIZE = _HEAD.size
_MAGIC = b"nbr1"
_COMPRESS_FROM = 4096


class Damage(Exception):  # noqa: N818  # a finding, turned into an error or tolerated by the reader
    """A record that is not whole: ``torn`` when the file only ends too early.

    Not a frozen dataclass, because Python sets the traceback on a raised exception.
    """

    def __init__(self, torn: bool, reason: str) -> None:
        super().__init__(reason)
        self.torn = torn
        self.reason = reason


def digest(*parts: bytes | memoryview) -> bytes:
    """BLAKE2b of the parts, 16 bytes."""
    sink = hashlib.blake2b(digest_size=16)
    for part in parts:
        sink.update(part)
    return sink.digest()


def frame_record(meta: dict[str, Any], body: bytes = b"") -> bytes:
    """The bytes of one record."""
    text = orjson.dumps(meta)
    plain = _PLAIN.pack(_MAGIC, len(text), len(body))
    return b"".join([plain, struct.pack("<I", zlib.crc32(plain)), digest(text, body), text, body])


def read_record(data: memoryview, at: int = 0) -> tuple[dict[str, Any], memoryview, int]:
    """Meta, body and end of the record at an offset.

    Raises:
        Damage: the bytes there are not a whole record.
    """
    head = data[at : at + HEAD_SIZE]
    if len(head) < HEAD_SIZE:
        raise Damage(torn=True, reason="the file ends within the head of a record")
    magic, n_meta, n_body, crc, checksum = _HEAD.unpack(head)
    if magic != _MAGIC or zlib.crc32(head[: _PLAIN.size]) != crc:
        raise Damage(torn=not any(data[at:]), reason="the head of a record fails its checksum")
    start, middle, end = at + HEAD_SIZE, at + HEAD_SIZE + n_meta, at + HEAD_SIZE + n_meta + n_body
    if end > len(data):
        raise Damage(torn=True, reason="the file ends within a record")
    if digest(data[start:middle], data[middle:end]) != checksum:
        raise Damage(torn=False, reason="a record fails its checksum")
    return orjson.loads(data[start:middle]), data[middle:end], end


def encode_change(change: Change) -> tuple[dict[str, Any], bytes]:
    """A change as JSON and Arrow streams.

    Raises:
        DataError: the change holds values that cannot be stored.
    """
    streams: list[bytes] = []
    tables = {name: _encode_rows(rows, streams) for name, rows in change.tables.items()}
    meta: dict[str, Any] = {
        "id": change.id,
        "time": change.time,
        "origin": change.origin,
        "note": change.note,
        "seconds": change.seconds,
        "labels": change.labels,
        "by_origin": None if change.by_origin is None else list(change.by_origin.items()),
        "tables": tables,
        "streams": [len(stream) for stream in streams],
    }
    if change.origins is not None:
        meta["origins"] = {name: ids.tolist() for name, ids in change.origins.items()}
    if change.ontology:
        meta["ontology"] = entries_to_json(change.ontology)
    return meta, b"".join(streams)


def decode_change(meta: dict[str, Any], body: bytes | memoryview) -> Change:
    """The inverse of :func:`encode_change`.

    Raises:
        CorruptError: :func:`encode_change` cannot have written these bytes.
    """
    with sound("a change"):
        return _decode_change(meta, body)


def _decode_change(meta: dict[str, Any], body: bytes | memoryview) -> Change:
    view, ends = memoryview(body), np.cumsum([0, *meta["streams"]]).tolist()
    streams = [view[a:b] for a, b in pairwise(ends)]
    tables = {name: _decode_rows(rows, streams) for name, rows in meta["tables"].items()}
    labels = meta["labels"] and (tuple(meta["labels"][0]), tuple(meta["labels"][1]))
    told = meta["origin"], meta["note"], meta["id"], meta["time"], meta.get("seconds")
    took = meta.get("by_origin")
    entries = entries_from_json(meta.get("ontology", []))
    by = meta.get("origins")
    origins = None if by is None else {name: np.array(ids, np.int64) for name, ids in by.items()}
    return Change(tables, labels, *told, None if took is None else dict(took), entries, origins)


def _write_stream(batch: pa.RecordBatch) -> bytes:
    """One batch as an Arrow stream, compressed if it is large enough."""
    codec = "zstd" if batch.nbytes >= _COMPRESS_FROM else None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _read_stream(data: bytes | memoryview) -> dict[str, Any]:
    """The columns of a stream."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return columns_of(reader.read_all())


def _encode_rows(rows: TableChange, streams: list[bytes]) -> dict[str, Any]:
    out: dict[str, Any] = {"columns": rows.columns, "cells": []}
    for key, frame in (("created", rows.created), ("deleted", rows.deleted)):
        if len(frame):
            out[key] = {"stream": len(streams), "index": frame.index.name}
            streams.append(_write_stream(batch_of_frame(frame)))
    groups: dict[bytes, dict[str, Cells]] = {}
    for name, cells in rows.updated.items():
        groups.setdefault(cells.ids.tobytes(), {})[name] = cells
    for group in groups.values():
        columns: dict[str, Any] = {"id": next(iter(group.values())).ids}
        for name, cells in group.items():
            columns |= {} if cells.old is None else {f"o:{name}": cells.old}
            columns |= {} if cells.new is None else {f"n:{name}": cells.new}
        out["cells"].append({"stream": len(streams), "columns": list(group)})
        streams.append(_write_stream(batch_of(columns)))
    return out


def _decode_rows(meta: dict[str, Any], streams: list[memoryview]) -> TableChange:
    updated: dict[str, Cells] = {}
    for group in meta["cells"]:
        columns = _read_stream(streams[group["stream"]])
        for name in group["columns"]:
            updated[name] = Cells(columns["id"], columns.get(f"o:{name}"), columns.get(f"n:{name}"))
    layout = meta["columns"] and (tuple(meta["columns"][0]), tuple(meta["columns"][1]))
    return TableChange(_rows(meta, "created", streams), updated, _rows(meta, "deleted", streams), layout)


def _rows(meta: dict[str, Any], key: str, streams: list[memoryview]) -> pd.DataFrame:
    if key not in meta:
        return NO_ROWS
    return frame_from(_read_stream(streams[meta[key]["stream"]]), meta[key]["index"])
