"""One version on disk: a manifest record, then the changes since its parent, in one immutable file.

The manifest holds the checksum of every record after it, and the version's id ends with the checksum of the
manifest: so the id proves that the version is what was committed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from ...core.change.change import Change
from ...core.columns.arrow import sound
from ...core.errors import CorruptError, StorageError
from ...core.tables.schema import COUNTERS
from ..disk.atomic import write_file
from ..disk.errors import reading
from .records import HEAD_SIZE, Damage, decode_change, digest, encode_change, frame_record, read_record

_ADVICE = "copy it from a backup, or open an earlier version with nl.open(folder, version=...)"


@dataclass(frozen=True)
class Manifest:
    """Metadata of a version, without its rows.

    Attributes:
        number: 1 for the first version, else the parent's number + 1.
        parent: id of the parent version; None for the first.
        message: message of the author.
        author: who committed.
        time: time of the commit, ISO 8601, UTC.
        token: token of the journal whose work it holds.
        rows: table -> number of rows.
        changed: table -> number of rows created, updated, deleted since the parent.
        labels: the label list.
        snapshot: id and number of the closest ancestor with a snapshot (itself, for the first version).
        since: bytes of changes since that snapshot.
        base: the snapshot's files, for a first version.
        merged: id of the version that this work began on, if it was merged with somebody else's commit.
        log: id, time, origin, note and counts of each change, oldest first.
        records: size and checksum of each record after the manifest.
        ontology: checksum of the ontology; "" for none. Stored only where there is one, so that versions of
            nbalabel that know none can open folders without.
        id: id of the version; not stored, it follows from number and checksum.
    """

    number: int
    parent: str | None
    message: str
    author: str
    time: str
    token: str
    rows: dict[str, int]
    changed: dict[str, dict[str, int]]
    labels: list[str]
    snapshot: list[Any]
    since: int = 0
    base: dict[str, Any] | None = None
    merged: str | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    records: list[list[Any]] = field(default_factory=list)
    ontology: str = ""
    id: str = ""


def version_path(folder: Path, version_id: str) -> Path:
    """The file of a version in ``versions/``."""
    return folder / f"{version_id}.nbv"


def write_version(
    folder: Path, manifest: Manifest, net: Change | None, changes: list[Change], ids: Mapping[str, int]
) -> Manifest:
    """Write a version; returns its completed manifest once the file is synced to disk.

    Args:
        folder: ``versions/`` of the dataset.
        manifest: without id and records.
        net: all changes as one; None for a first version.
        changes: the changes one by one, for the log and for reverts.
        ids: the next free ids, stored with the net change; see :func:`read_next_ids`.
    """
    alone = [change for change in changes if change is not net]
    stored = [frame_record(*encode_change(change)) for change in alone]
    if net is not None:
        meta, body = encode_change(net)
        stored.insert(0, frame_record({**meta, "next_ids": dict(ids)}, body))
    records = [[len(record), digest(record).hex()] for record in stored]
    size = sum(map(len, stored))
    manifest = replace(manifest, records=records, since=manifest.since + size)
    left_out = {"id"} if manifest.ontology else {"id", "ontology"}
    facts = {name: value for name, value in asdict(manifest).items() if name not in left_out}
    head = frame_record(facts)
    version_id = f"v{manifest.number}-{digest(head).hex()[:8]}"
    path = version_path(folder, version_id)
    with reading(path):
        assert not path.exists(), f"two versions share the checksum {version_id}"
    write_file(path, head, *stored)
    return replace(manifest, id=version_id)


def read_manifest(folder: Path, version_id: str) -> Manifest:
    """The manifest of a version.

    Raises:
        CorruptError: the file is missing or damaged.
    """
    path = version_path(folder, version_id)
    try:
        with reading(path), open(path, "rb") as file:
            head = file.read(HEAD_SIZE)
            n_meta = int.from_bytes(head[4:12], "little")
            data = head + file.read(min(n_meta, path.stat().st_size))
        meta, _, end = read_record(memoryview(data))
    except Damage as damage:
        raise CorruptError(f"{path} is damaged ({damage.reason}): {_ADVICE}") from damage
    except StorageError as error:
        raise _missing(error, path) from error
    if digest(data[:end]).hex()[:8] != version_id.rpartition("-")[2]:
        raise CorruptError(f"{path} is damaged (it is another version than its name says): {_ADVICE}")
    with sound(path):
        return Manifest(**{**meta, "id": version_id})


def read_net(folder: Path, manifest: Manifest) -> Change:
    """Everything a version changed since its parent, as one change."""
    return decode_change(*_read_records(folder, manifest, [0])[0])


def read_changes(folder: Path, manifest: Manifest) -> list[Change]:
    """The changes of a version one by one, oldest first."""
    n = len(manifest.records)
    records = _read_records(folder, manifest, [0] if n == 1 else list(range(1, n)))
    return [decode_change(meta, body) for meta, body in records]


def read_next_ids(folder: Path, manifest: Manifest) -> dict[str, int] | None:
    """The next free id of each counter when a version was made; None if not recorded.

    Versions from before there were regions or attachments name no counter for them; none was allocated.
    """
    if not manifest.records:
        return None
    meta, _ = _read_records(folder, manifest, [0])[0]
    found = meta.get("next_ids")
    if found is None:
        return None
    return dict.fromkeys(COUNTERS.values(), 0) | {name: int(n) for name, n in found.items()}


def check_records(folder: Path, manifest: Manifest) -> None:
    """Check every byte after the manifest against its checksum.

    Raises:
        CorruptError: a record is damaged, or the file has extra bytes.
    """
    _read_records(folder, manifest, list(range(len(manifest.records))))
    path = version_path(folder, manifest.id)
    with reading(path), open(path, "rb") as file:
        extra = os.fstat(file.fileno()).st_size - _start(file) - sum(size for size, _ in manifest.records)
    if extra:
        raise CorruptError(f"{path} is damaged ({extra} bytes after its last record): {_ADVICE}")


def _missing(error: StorageError, path: Path) -> StorageError:
    """Turn the error of a missing file into a CorruptError; other errors stay."""
    if not isinstance(error.__cause__, FileNotFoundError):
        return error
    return CorruptError(f"{path} is missing: {_ADVICE}")


def _read_records(
    folder: Path, manifest: Manifest, wanted: list[int]
) -> list[tuple[dict[str, Any], memoryview]]:
    path = version_path(folder, manifest.id)
    try:
        with reading(path):
            read = _read_at(path, [size for size, _ in manifest.records], wanted)
    except StorageError as error:
        raise _missing(error, path) from error
    for i, data in zip(wanted, read, strict=True):
        if digest(data).hex() != manifest.records[i][1]:
            raise CorruptError(f"{path} is damaged (record {i + 1} fails its checksum): {_ADVICE}")
    return [read_record(memoryview(data))[:2] for data in read]


def _read_at(path: Path, sizes: list[int], wanted: list[int]) -> list[bytes]:
    out = []
    with open(path, "rb") as file:
        start = _start(file)
        for i in wanted:
            file.seek(start + sum(sizes[:i]))
            out.append(file.read(sizes[i]))
    return out


def _start(file: BinaryIO) -> int:
    """Offset of the records after the manifest, at most the file's size."""
    size = os.fstat(file.fileno()).st_size
    return min(HEAD_SIZE + int.from_bytes(file.read(HEAD_SIZE)[4:12], "little"), size)
