"""The dataset folder: versions, snapshots and the shortcuts between them.

    dataset.json     schema, image root           ids.json    next free ids
    HEAD             which version is current     lock        held briefly while writing
    versions/        one immutable file per version: its manifest and the changes since its parent
    objects/         whole tables or parts of them, named by content hash
    snapshots/       which objects make up a version (a cache)
    skips/           the changes of 8, 64, 512 versions as one (a cache)
    journal/         uncommitted work, one file per open session
    runs/            predictions and training curves of models

A version is opened from the closest snapshot before it and the changes since, in the largest skips there are:
at most 7 steps per power of eight. A new snapshot is written once the changes exceed a quarter of the size of
the last one, so that the cost of snapshots is proportional to the edits. See docs/decisions/0001-storage.md.
"""

from __future__ import annotations

import getpass
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ...core.change.change import Change
from ...core.columns.arrow import sound
from ...core.errors import (
    CorruptError,
    FallbackWarning,
    HistoryError,
    NbalabelError,
    StorageError,
    UnknownNameError,
)
from ...core.recent import Recent
from ...core.tables.schema import check_state
from ...core.tables.state import State
from ..disk.atomic import listed, locked, sweep, sync_folder
from ..disk.errors import reading, writing
from ..disk.interrupts import allowed
from ..edits.by_cluster import parts_of
from .head_log import HeadLog
from .lost_versions import lost_versions, put_back
from .next_ids import after_state, next_ids
from .place import Place
from .settings import SCHEMA, SETTINGS, refuse_remains, write_ids, write_settings
from .shortcuts import Shortcuts, Skip, spans
from .snapshot import is_whole, read_snapshot, rows_of, write_snapshot
from .stretches import apply_all
from .stretches import merge_all as merge_all
from .verification import verify
from .version_file import Manifest, read_changes, read_manifest, read_net, version_path, write_version

_FOLDERS = ("versions", "objects", "snapshots", "skips", "journal")
_SNAPSHOT_FLOOR = 1 << 20
_SNAPSHOT_DEPTH = 4096


def log_entries(change: Change) -> list[dict[str, Any]]:
    """The log entries of a change, oldest first: one entry per part (see ``by_cluster.parts_of``)."""
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
    """The login name of the user; "unknown" if the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


class Store:
    """Reads and writes a dataset folder; does not know about working copies.

    Attributes:
        place: the folder, and whether it still holds the dataset.
        head: the log of current versions.
    """

    def __init__(self, folder: Path, *, by_shortcuts: bool = True) -> None:
        self.place = Place(folder)
        self._by_shortcuts = by_shortcuts
        self.head = HeadLog(folder / "HEAD")
        self.shortcuts = Shortcuts(folder)
        self._manifests: dict[str, Manifest] = {}
        self._states: Recent[str, State] = Recent(3)

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        return self.place.folder

    def move_to(self, folder: Path) -> None:
        """Use the new path of a folder that was moved."""
        self.place.folder, self.head = folder, HeadLog(folder / "HEAD")
        self.shortcuts = Shortcuts(folder)

    @classmethod
    def create(cls, folder: Path, state: State, settings: dict[str, Any], message: str, author: str) -> Store:
        """Create a folder with a first version; the last step makes it a dataset, atomically.

        Raises:
            StorageError: the folder is a dataset already.
        """
        with writing(folder):
            is_there = (folder / SETTINGS).exists()
        if is_there:
            raise StorageError(f"{folder} is a dataset already: nl.open(folder) opens it")
        for name in _FOLDERS:
            with writing(folder / name):
                (folder / name).mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock"):
            refuse_remains(folder)
            sweep(folder / name for name in ("", *_FOLDERS))
            with writing(folder / "HEAD"):
                (folder / "HEAD").unlink(missing_ok=True)
            base = write_snapshot(state, folder / "objects")
            manifest = _manifest(1, None, state, message, author, token="", net=Change())
            manifest = replace(manifest, base=base)
            ids = after_state(state)
            manifest = write_version(folder / "versions", manifest, None, [], ids)
            write_ids(folder, ids)
            HeadLog(folder / "HEAD").append(manifest.id, "commit")
            known = {} if is_whole(base) else {"schema": SCHEMA}  # earlier versions of nbalabel read no parts
            write_settings(folder, {**settings, **known, "id": secrets.token_hex(8), "created": now()})
            sync_folder(folder.parent)
        return cls(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out; hold it only briefly.

        Raises:
            StorageError: the dataset is no longer in its folder.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.place.check()
        with locked(self.folder / "lock"):
            self.place.check()
            yield

    def tidy(self) -> str:
        """Remove temporary files of dead writers and restore lost lines of ``HEAD``; hold the lock.

        Returns:
            Text about what was restored; "" if nothing.
        """
        sweep(self.folder / name for name in ("", *_FOLDERS))
        return put_back(self)

    def lost(self) -> str:
        """Text about what :meth:`tidy` would restore; "" if nothing."""
        return lost_versions(self)

    def ids(self) -> list[str]:
        """Ids of all versions, oldest first."""
        self.place.check_there()
        return list(dict.fromkeys(version_id for version_id, _ in self.head.entries()))

    def resolve(self, name: str) -> str:
        """The full id for an id, an unambiguous beginning of one, or "HEAD".

        Raises:
            UnknownNameError: no version matches, or several do; the message lists candidates.
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
        """The manifest of a version: its metadata without its rows."""
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
        """The changes that a version was made of, oldest first."""
        manifest = self.manifest(version_id)
        return read_changes(self.folder / "versions", manifest) if manifest.records else []

    def change_between(self, old: str, new: str) -> Change:
        """Everything that changed from an ancestor to a version, as one change."""
        return merge_all(self._path(self.manifest(new), self.manifest(old).number))

    def state(self, version_id: str) -> State:
        """The tables of a version.

        Raises:
            CorruptError: bytes fail their checksum and there is no other copy, or they are not valid tables.
        """
        kept = self._states.get(version_id)
        if kept is not None:
            return kept
        manifest = self.manifest(version_id)
        with sound(self.folder):
            state = self._open(manifest)
            check_state(state)
        self.remember(version_id, state)
        return state

    def remember(self, version_id: str, state: State) -> None:
        """Cache the tables of a version in memory, with those used last (unchanged columns share memory)."""
        self._states.put(version_id, state)

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
        """Write a new version on a parent and make it current. Hold the lock.

        Raises:
            StorageError: the parent's file is not in the folder, so that the new version could not be opened.
        """
        path = version_path(self.folder / "versions", parent)
        with reading(path):
            is_there = path.is_file()
        if not is_there:
            raise StorageError(
                f"{self.folder} has no version {parent}, which this work builds on: part of the folder was "
                "deleted, or an older copy was put in its place. Nothing was written; the tables are whole "
                "in memory: ds.save(another folder) makes a dataset of them"
            )
        above, net, ids = self.manifest(parent), merge_all(changes), self._sound_ids()
        manifest = _manifest(above.number + 1, parent, state, message, author or user(), token, net)
        whole, since = self._closest_whole(above)
        manifest = replace(manifest, snapshot=[whole.id, whole.number], since=since, merged=merged)
        manifest = replace(manifest, log=[entry for change in changes for entry in log_entries(change)])
        with allowed():  # until HEAD names it, the version does not exist
            manifest = write_version(self.folder / "versions", manifest, net, changes, ids)
        self._make_current(manifest)
        self._manifests[manifest.id] = manifest
        self.remember(manifest.id, state)
        return manifest

    def reserve(self, table: str, n: int, above: int = 0) -> int:
        """Allocate ``n`` consecutive ids that are never allocated again; returns the first.

        Args:
            table: "images", "instances" (``rejected`` shares these ids), "regions" or "attachments".
            n: number of ids.
            above: ids below this are in use already.
        """
        with self.lock():
            ids = self._sound_ids()
            start = max(ids[table], above)
            write_ids(self.folder, {**ids, table: start + n})
        return start

    def next_ids(self) -> dict[str, int]:
        """The next unused id of each counter."""
        return next_ids(self)[0]

    def verify(self) -> list[str]:
        """Check every byte of all versions, of the caches and of ``ids.json``; returns the version ids.

        Raises:
            CorruptError: something differs from what was written; the message names the files.
        """
        return verify(Store(self.folder, by_shortcuts=False))

    def _sound_ids(self) -> dict[str, int]:
        """The next ids; an unusable ``ids.json`` is rebuilt. Hold the lock."""
        ids, problem = next_ids(self)
        if problem:
            write_ids(self.folder, ids)
            text = f"{problem}. It is made again from all versions: new rows are numbered from {ids} on"
            warnings.warn(text, FallbackWarning, stacklevel=3)
        return ids

    def unmake(self, parent: str, token: str) -> None:
        """Remove the version file of a failed or interrupted commit, which ``HEAD`` does not name.

        Args:
            parent: id of the version that the commit built on.
            token: token of the journal that holds the work.
        """
        known, folder = set(self.ids()), self.folder / "versions"
        for path in listed(folder, f"v{self.manifest(parent).number + 1}-*.nbv"):
            with suppress(OSError):  # not a version, or not removable
                if path.stem not in known and read_manifest(folder, path.stem).token == token:
                    path.unlink()

    def _make_current(self, manifest: Manifest) -> None:
        """Append a version to ``HEAD``; if that fails, its file is removed."""
        try:
            self.head.append(manifest.id, "commit")
        except BaseException:
            if self.head.current() != manifest.id:
                with suppress(OSError):
                    version_path(self.folder / "versions", manifest.id).unlink()
            raise

    def _open(self, manifest: Manifest) -> State:
        if manifest.base is not None:
            return read_snapshot(manifest.base, self.folder / "objects")
        own = self.shortcuts.snapshot(manifest) if self._by_shortcuts else None
        if own is not None:
            return own
        snapshot_id, number = manifest.snapshot
        start = self.state(snapshot_id)
        try:
            return apply_all(start, self._path(manifest, number))
        except HistoryError:  # a wrong skip: read the versions themselves
            return apply_all(start, self._path(manifest, number, by_skips=False))

    def _path(self, manifest: Manifest, down_to: int, *, by_skips: bool = True) -> list[Change]:
        """The changes from ancestor number ``down_to`` to a version, oldest first, in the largest steps."""
        steps: list[Change] = []
        while manifest.number > down_to:
            skip = self._skip(manifest, down_to) if by_skips and self._by_shortcuts else None
            if skip is not None:
                steps.append(skip.change)
                manifest = self.manifest(skip.to)
                continue
            assert manifest.parent is not None
            steps.append(read_net(self.folder / "versions", manifest))
            manifest = self.manifest(manifest.parent)
        return steps[::-1]

    def _skip(self, manifest: Manifest, down_to: int) -> Skip | None:
        for span in reversed(spans(manifest.number)):
            if manifest.number - span < down_to:
                continue
            skip = self.shortcuts.skip(manifest, span)
            with suppress(CorruptError):  # it leads to a missing version
                if skip is not None and self.manifest(skip.to).number == manifest.number - span:
                    return skip
        return None

    def _closest_whole(self, manifest: Manifest) -> tuple[Manifest, int]:
        """The closest version with a snapshot, from this one backwards, and the bytes of changes since."""
        since = 0
        while manifest.base is None and self.shortcuts.snapshot_bytes(manifest.id) is None:
            since += manifest.since
            manifest = self.manifest(manifest.snapshot[0])
        return manifest, since

    def shorten(self, manifest: Manifest, state: State) -> None:
        """Write the snapshot and skips of a new version, if they are due.

        Versions open without them, only slower; so nothing is synced, and a failure does not undo the commit.
        """
        with suppress(OSError, NbalabelError):
            self._shorten(manifest, state)

    def _shorten(self, manifest: Manifest, state: State) -> None:
        whole, number = manifest.snapshot
        size = self._snapshot_bytes(whole)
        if manifest.since > max(_SNAPSHOT_FLOOR, size // 4) or manifest.number - number >= _SNAPSHOT_DEPTH:
            self.shortcuts.write_snapshot(manifest, state)
        for span in spans(manifest.number):
            if manifest.number - span < number:
                break
            steps = self._path(manifest, manifest.number - span)
            target = self._ancestor(manifest, manifest.number - span)
            self.shortcuts.write_skip(manifest, span, Skip(merge_all(steps), target))

    def _ancestor(self, manifest: Manifest, number: int) -> str:
        while manifest.number > number and manifest.parent is not None:
            manifest = self.manifest(manifest.parent)
        return manifest.id

    def _snapshot_bytes(self, version_id: str) -> int:
        manifest = self.manifest(version_id)
        if manifest.base is not None:
            return int(manifest.base["bytes"])
        return self.shortcuts.snapshot_bytes(version_id) or 0


def _manifest(
    number: int, parent: str | None, state: State, message: str, author: str, token: str, net: Change
) -> Manifest:
    counts = rows_of(state), net.counts, list(state.labels)
    made = Manifest(number, parent, message, author, now(), token, *counts, [None, number])
    return replace(made, ontology=state.ontology.digest) if state.ontology else made
