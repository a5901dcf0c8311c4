"""Caches that make versions fast to open: snapshots, and skips over 8, 64, 512 versions.

Neither is synced, so a power cut may leave arbitrary bytes in them. A cache file that cannot be read, belongs
to another version, or does not fit is treated as absent: versions open without it, only slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from ...core.change.change import Change
from ...core.tables.state import State
from ..disk.atomic import write_file
from .records import Damage, decode_change, encode_change, frame_record, read_record
from .snapshot import files_of, read_snapshot, rows_of, write_snapshot
from .version_file import Manifest

_RADIX = 8
UNREADABLE = (Damage, OSError, LookupError, TypeError, ValueError, AttributeError, pa.ArrowException)
"""Errors that reading invalid bytes can raise."""


class Skip(NamedTuple):
    """The changes of many versions as one.

    Attributes:
        change: the change from the older version to the newer one.
        to: id of the older version.
    """

    change: Change
    to: str


@dataclass(frozen=True)
class Shortcuts:
    """The folders ``snapshots`` and ``skips`` of a dataset folder."""

    folder: Path

    def snapshot_path(self, version_id: str) -> Path:
        """Path of the snapshot of a version, whether or not it exists."""
        return self.folder / "snapshots" / f"{version_id}.nbs"

    def skip_path(self, version_id: str, span: int) -> Path:
        """Path of the skip from a version down to the one ``span`` before it, whether or not it exists."""
        return self.folder / "skips" / f"{version_id}.{span}"

    def snapshot_bytes(self, version_id: str) -> int | None:
        """Size of the snapshot of a version; None if absent. Its tables are not read."""
        try:
            meta = self._meta(version_id)
            objects = self.folder / "objects"
            return int(meta["bytes"]) if all((objects / name).is_file() for name in files_of(meta)) else None
        except UNREADABLE:
            return None

    def snapshot(self, manifest: Manifest) -> State | None:
        """The snapshot of a version; None if absent."""
        try:
            advice = f"delete {self.snapshot_path(manifest.id)}, and the version opens without it"
            state = read_snapshot(self._meta(manifest.id), self.folder / "objects", advice)
        except UNREADABLE:
            return None
        return state if _fits(state, manifest) else None

    def write_snapshot(self, manifest: Manifest, state: State) -> None:
        """Store the snapshot of a version."""
        meta = {"version": manifest.id, **write_snapshot(state, self.folder / "objects")}
        write_file(self.snapshot_path(manifest.id), frame_record(meta), sync=False)

    def skip(self, manifest: Manifest, span: int) -> Skip | None:
        """The changes of the last ``span`` versions as one; None if absent."""
        try:
            meta, body = _only_record(self.skip_path(manifest.id, span))
            if meta.get("from", manifest.id) != manifest.id:
                return None
            return Skip(decode_change(meta["change"], body), str(meta["to"]))
        except UNREADABLE:
            return None

    def write_skip(self, manifest: Manifest, span: int, skip: Skip) -> None:
        """Store the changes of the last ``span`` versions as one."""
        meta, body = encode_change(skip.change)
        record = frame_record({"from": manifest.id, "to": skip.to, "change": meta}, body)
        write_file(self.skip_path(manifest.id, span), record, sync=False)

    def _meta(self, version_id: str) -> dict[str, Any]:
        meta, _ = _only_record(self.snapshot_path(version_id))
        if meta.get("version", version_id) != version_id:
            raise ValueError(f"a snapshot of {meta['version']}")
        return meta


def spans(number: int) -> list[int]:
    """The powers of 8 (from 8) that divide the number of steps from the first version, smallest first."""
    found, span, steps = [], _RADIX, number - 1
    while steps and steps % span == 0:
        found.append(span)
        span *= _RADIX
    return found


def _only_record(path: Path) -> tuple[dict[str, Any], memoryview]:
    data = memoryview(path.read_bytes())
    meta, body, end = read_record(data)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the record")
    return meta, body


def _fits(state: State, manifest: Manifest) -> bool:
    rows = rows_of(state)
    digest = state.ontology.digest if state.ontology else ""
    return rows == manifest.rows and list(state.labels) == manifest.labels and digest == manifest.ontology
