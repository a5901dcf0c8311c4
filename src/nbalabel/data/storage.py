"""The dataset folder: versions, snapshots and the shortcuts between them.

    dataset.json     schema, image root           ids.json    next free ids
    HEAD             which version is current     lock        held for the moment of a commit
    versions/        one immutable file a version: its manifest and the changes since its parent
    objects/         whole tables, named by their content
    snapshots/       which objects make up a version; can be made again
    skips/           the changes of 8, 64, 512 versions as one; can be made again
    journal/         uncommitted work, one file an open session
    runs/            what models said

A version is opened from the closest snapshot before it and the changes since, in steps as large as there
are skips: at most 7 a power of eight. A new snapshot is written once the changes outgrow a quarter of the
last one, so that the cost of snapshots, too, is in proportion to what was edited. See
docs/decisions/0001-storage.md.
"""

from __future__ import annotations

import getpass
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.change import Change, State, apply, merge
from ..core.errors import CorruptError, StorageError, UnknownNameError
from ..core.schema import check_state
from .arrow import sound
from .clusters import parts_of
from .codec import Damage, decode_change, encode_change, frame_record, read_record
from .files import locked, sweep, write_file
from .headlog import HeadLog
from .settings import SETTINGS, read_ids, read_settings, write_ids, write_settings
from .snapshot import read_snapshot, write_snapshot
from .versionfile import Manifest, read_changes, read_manifest, read_net, write_version

FOLDERS = ("versions", "objects", "snapshots", "skips", "journal")
RADIX = 8
_SNAPSHOT_FLOOR = 1 << 20
_SNAPSHOT_DEPTH = 4096


def merge_all(changes: Sequence[Change]) -> Change:
    """Consecutive changes as one, merged in pairs so that many small ones stay cheap."""
    level = list(changes)
    while len(level) > 2:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [reduce(merge, pair) for pair in pairs]
    return reduce(merge, level, Change()) if len(level) != 1 else level[0]


def _apply_all(state: State, changes: list[Change]) -> State:
    """The state after consecutive changes.

    Writing cells of plain columns costs less than merging them first. Moving rows or masks costs a pass over
    the table each time, so that such changes are merged.
    """
    if sum(_moves_rows(change) for change in changes) > 1:
        changes = [merge_all(changes)]
    return reduce(apply, changes, state)


def _moves_rows(change: Change) -> bool:
    return any(
        len(rows.created) or len(rows.deleted) or rows.columns or "mask" in rows.updated
        for rows in change.tables.values()
    )


def log_entries(change: Change) -> list[dict[str, Any]]:
    """What the log says about a change, oldest first: one entry for each that it counts for."""
    return [_log_entry(part) for part in parts_of(change)]


def _log_entry(change: Change) -> dict[str, Any]:
    counts = change.counts.values()
    return {
        "change": change.id,
        "time": change.time,
        "origin": change.origin,
        "note": change.note or change.summary(),
        **{what: sum(c[what] for c in counts) for what in ("created", "updated", "deleted")},
        "seconds": change.seconds,
    }


def now() -> str:
    """The time, ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def user() -> str:
    """Who commits when nobody is named."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


class Store:
    """Reads and writes a dataset folder; knows no working copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.head = HeadLog(folder / "HEAD")
        self._manifests: dict[str, Manifest] = {}
        self._states: OrderedDict[str, State] = OrderedDict()
        read_settings(folder)

    @classmethod
    def create(cls, folder: Path, state: State, settings: dict[str, Any], message: str, author: str) -> Store:
        """Make a folder with a first version; it becomes a dataset in the last step, all at once.

        Raises:
            StorageError: the folder is a dataset already.
        """
        if (folder / SETTINGS).exists():
            raise StorageError(f"{folder} is a dataset already: nl.open(folder) opens it")
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock"):
            (folder / "HEAD").unlink(missing_ok=True)
            base = write_snapshot(state, folder / "objects")
            manifest = _manifest(1, None, state, message, author, token="", net=Change())
            manifest = replace(manifest, base=base)
            manifest = write_version(folder / "versions", manifest, None, [])
            top = {name: _top(frame) + 1 for name, frame in state.tables.items()}
            instances = max(top["instances"], top["rejected"])
            write_ids(folder, {"images": top["images"], "instances": instances})
            HeadLog(folder / "HEAD").append(manifest.id, "commit")
            write_settings(folder, {**settings, "created": now()})
        return cls(folder)

    def lock(self) -> AbstractContextManager[None]:
        """Keep other writers out for a moment."""
        return locked(self.folder / "lock")

    def sweep(self) -> None:
        """Remove unfinished files of writers that died."""
        sweep(self.folder)

    def ids(self) -> list[str]:
        """Every version, oldest first."""
        return list(dict.fromkeys(version_id for version_id, _ in self.head.entries()))

    def resolve(self, name: str) -> str:
        """The full id for an id, an unambiguous beginning of one, or "HEAD".

        Raises:
            UnknownNameError: there is no such version, or several; the message lists the closest.
        """
        known = self.ids()
        if name == "HEAD":
            return self.head.current()
        found = [v for v in known if v == name] or [v for v in known if v.split("-")[0] == name]
        found = found or [v for v in known if name and v.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownNameError(f"{name!r} could be {', '.join(found)}: write more of the id")
        close = get_close_matches(name, known, n=5, cutoff=0.2) or known[-5:]
        raise UnknownNameError(f"there is no version {name!r}; the closest are {', '.join(close)}")

    def manifest(self, version_id: str) -> Manifest:
        """What is known of a version without its rows."""
        if version_id not in self._manifests:
            self._manifests[version_id] = read_manifest(self.folder / "versions", version_id)
        return self._manifests[version_id]

    def lineage(self, version_id: str | None) -> list[Manifest]:
        """A version and its ancestors, newest first."""
        out = []
        while version_id is not None:
            out.append(self.manifest(version_id))
            version_id = out[-1].parent
        return out

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or among its ancestors."""
        number, at = self.manifest(old).number, self.manifest(new)
        while at.number > number and at.parent is not None:
            at = self.manifest(at.parent)
        return at.id == old

    def changes(self, version_id: str) -> list[Change]:
        """The changes a version holds, one by one, oldest first."""
        manifest = self.manifest(version_id)
        return read_changes(self.folder / "versions", manifest) if manifest.records else []

    def change_between(self, old: str, new: str) -> Change:
        """Everything that changed from an ancestor to a version, as one change."""
        return merge_all(self._path(self.manifest(new), self.manifest(old).number))

    def state(self, version_id: str) -> State:
        """The tables of a version.

        Raises:
            CorruptError: bytes fail their checksum and nothing else holds these rows, or they are no tables.
        """
        if version_id in self._states:
            self._states.move_to_end(version_id)
            return self._states[version_id]
        manifest = self.manifest(version_id)
        with sound(self.folder):
            state = self._open(manifest)
            check_state(state)
        self.remember(version_id, state)
        return state

    def remember(self, version_id: str, state: State) -> None:
        """Keep the tables of the versions used last in memory (tables share what they have in common)."""
        self._states[version_id] = state
        while len(self._states) > 3:
            self._states.popitem(last=False)

    def publish(
        self,
        parent: str,
        state: State,
        changes: list[Change],
        message: str,
        author: str | None,
        token: str,
        merged: str | None = None,
    ) -> Manifest:
        """Make a new version of a parent and the changes on it, and make it current. Hold the lock."""
        above, net = self.manifest(parent), merge_all(changes)
        manifest = _manifest(above.number + 1, parent, state, message, author or user(), token, net)
        snapshot = [parent, above.number] if self._snapshot_path(parent).exists() else above.snapshot
        snapshot = [parent, above.number] if above.base is not None else snapshot
        since = 0 if snapshot[0] == parent else above.since
        manifest = replace(manifest, snapshot=snapshot, since=since, merged=merged)
        manifest = replace(manifest, log=[entry for change in changes for entry in log_entries(change)])
        manifest = write_version(self.folder / "versions", manifest, net, changes)
        self.head.append(manifest.id, "commit")
        self._manifests[manifest.id] = manifest
        self.remember(manifest.id, state)
        return manifest

    def reserve(self, table: str, n: int, above: int = 0) -> int:
        """Take ``n`` ids that nobody has had or will have; returns the first.

        Args:
            table: "images" or "instances" (rejected predictions count among the instances).
            n: how many.
            above: ids up to here are in use already.
        """
        with self.lock():
            ids = read_ids(self.folder)
            start = max(ids[table], above)
            write_ids(self.folder, {**ids, table: start + n})
        return start

    def next_ids(self) -> dict[str, int]:
        """The next id of each table nobody has had."""
        return read_ids(self.folder)

    def verify(self) -> list[str]:
        """Open every version and check every checksum; returns the ids."""
        fresh = Store(self.folder)
        for version_id in fresh.ids():
            fresh.manifest(version_id)
            fresh.changes(version_id)
            fresh._states.clear()
            fresh.state(version_id)
        return fresh.ids()

    def _open(self, manifest: Manifest) -> State:
        if manifest.base is not None:
            return read_snapshot(manifest.base, self.folder / "objects")
        own = self._snapshot(manifest.id)
        if own is not None:
            return own
        snapshot_id, number = manifest.snapshot
        path = self._path(manifest, number)
        return _apply_all(self.state(snapshot_id), path)

    def _snapshot(self, version_id: str) -> State | None:
        """The stored whole of a later version, if it is there and sound; else it follows from the changes."""
        path = self._snapshot_path(version_id)
        if not path.exists():
            return None
        try:
            meta, _, _ = read_record(memoryview(path.read_bytes()))
            return read_snapshot(meta, self.folder / "objects")
        except (Damage, CorruptError):
            return None

    def _path(self, manifest: Manifest, down_to: int) -> list[Change]:
        """The changes from an ancestor with that number to a version, oldest first, in the largest steps."""
        steps: list[Change] = []
        while manifest.number > down_to:
            skipped = self._skip(manifest, down_to)
            if skipped is not None:
                steps.append(skipped[0])
                manifest = self.manifest(skipped[1])
                continue
            assert manifest.parent is not None
            steps.append(read_net(self.folder / "versions", manifest))
            manifest = self.manifest(manifest.parent)
        return steps[::-1]

    def _skip(self, manifest: Manifest, down_to: int) -> tuple[Change, str] | None:
        for span in reversed(_spans(manifest.number)):
            path = self.folder / "skips" / f"{manifest.id}.{span}"
            if manifest.number - span < down_to or not path.exists():
                continue
            try:
                meta, body, _ = read_record(memoryview(path.read_bytes()))
            except Damage:
                continue
            return decode_change(meta["change"], body), str(meta["to"])
        return None

    def shorten(self, manifest: Manifest, state: State) -> None:
        """Write what makes a new version quick to open, where there is room.

        Opening works without, only slower; so nothing is synced, and no failure here undoes the commit.
        """
        with suppress(OSError):
            self._shorten(manifest, state)

    def _shorten(self, manifest: Manifest, state: State) -> None:
        whole, number = manifest.snapshot
        size = self._snapshot_bytes(whole)
        if manifest.since > max(_SNAPSHOT_FLOOR, size // 4) or manifest.number - number >= _SNAPSHOT_DEPTH:
            meta = write_snapshot(state, self.folder / "objects")
            write_file(self._snapshot_path(manifest.id), frame_record(meta), sync=False)
        for span in _spans(manifest.number):
            if manifest.number - span < number:
                break
            steps = self._path(manifest, manifest.number - span)
            target = self._ancestor(manifest, manifest.number - span)
            meta, body = encode_change(merge_all(steps))
            record = frame_record({"to": target, "change": meta}, body)
            write_file(self.folder / "skips" / f"{manifest.id}.{span}", record, sync=False)

    def _ancestor(self, manifest: Manifest, number: int) -> str:
        while manifest.number > number and manifest.parent is not None:
            manifest = self.manifest(manifest.parent)
        return manifest.id

    def _snapshot_path(self, version_id: str) -> Path:
        return self.folder / "snapshots" / f"{version_id}.nbs"

    def _snapshot_bytes(self, version_id: str) -> int:
        manifest = self.manifest(version_id)
        if manifest.base is not None:
            return int(manifest.base["bytes"])
        meta, _, _ = read_record(memoryview(self._snapshot_path(version_id).read_bytes()))
        return int(meta["bytes"])


def _top(frame: pd.DataFrame) -> int:
    return int(frame.index[-1]) if len(frame) else -1


def _spans(number: int) -> list[int]:
    """The powers of the radix that divide the steps from the first version, smallest first."""
    spans, span, steps = [], RADIX, number - 1
    while steps and steps % span == 0:
        spans.append(span)
        span *= RADIX
    return spans


def _manifest(
    number: int, parent: str | None, state: State, message: str, author: str, token: str, net: Change
) -> Manifest:
    rows = {name: len(frame) for name, frame in state.tables.items()}
    return Manifest(
        number, parent, message, author, now(), token, rows, net.counts, list(state.labels), [None, number]
    )
