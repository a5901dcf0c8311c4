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
from .arrow import sound
from .head_log import HeadLog
from .lost_versions import lost_versions, put_back
from .next_ids import after_state, next_ids
from .place import Place
from .settings import SETTINGS, refuse_remains, write_ids, write_settings
from .shortcuts import Shortcuts, Skip, spans
from .snapshot import read_snapshot, write_snapshot
from .stretches import apply_all
from .stretches import merge_all as merge_all
from .verification import verify
from .version_file import Manifest, read_changes, read_manifest, read_net, version_path, write_version

_FOLDERS = ("versions", "objects", "snapshots", "skips", "journal")
_SNAPSHOT_FLOOR = 1 << 20
_SNAPSHOT_DEPTH = 4096


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
    """Reads and writes a dataset folder; knows no working copy.

    Attributes:
        place: the folder, and whether the dataset still lies there.
        head: which version is current.
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
        """Where the dataset is."""
        return self.place.folder

    def move_to(self, folder: Path) -> None:
        """Go on where the folder has been moved to."""
        self.place.folder, self.head = folder, HeadLog(folder / "HEAD")
        self.shortcuts = Shortcuts(folder)

    @classmethod
    def create(cls, folder: Path, state: State, settings: dict[str, Any], message: str, author: str) -> Store:
        """Make a folder with a first version; it becomes a dataset in the last step, all at once.

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
            write_settings(folder, {**settings, "id": secrets.token_hex(8), "created": now()})
            sync_folder(folder.parent)
        return cls(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers out for a moment.

        Raises:
            StorageError: the dataset does not lie in its folder any more.
            ReadOnlyError: this is a copy made by fork or pickle.
        """
        self.place.check()
        with locked(self.folder / "lock"):
            self.place.check()
            yield

    def tidy(self) -> str:
        """Remove what dead writers left and put back what ``HEAD`` lost; hold the lock.

        Returns:
            What was put back, in words; "" if nothing.
        """
        sweep(self.folder / name for name in ("", *_FOLDERS))
        return put_back(self)

    def lost(self) -> str:
        """What :meth:`tidy` would put back, in words; "" if nothing."""
        return lost_versions(self)

    def ids(self) -> list[str]:
        """Every version, oldest first."""
        self.place.check_there()
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
        """Keep the tables of the versions used last in memory (tables share what they have in common)."""
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
        """Make a new version of a parent and the changes on it, and make it current. Hold the lock.

        Raises:
            StorageError: the parent is not in the folder: nobody could open what is built on it.
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
        with allowed():  # until it is in HEAD, the version is not there
            manifest = write_version(self.folder / "versions", manifest, net, changes, ids)
        self._make_current(manifest)
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
            ids = self._sound_ids()
            start = max(ids[table], above)
            write_ids(self.folder, {**ids, table: start + n})
        return start

    def next_ids(self) -> dict[str, int]:
        """The next id of each table nobody has had."""
        return next_ids(self)[0]

    def verify(self) -> list[str]:
        """Check every byte of every version, of the shortcuts between them and of the ids; returns the ids.

        Raises:
            CorruptError: something is not as it was written; the message names the files.
        """
        return verify(Store(self.folder, by_shortcuts=False))

    def _sound_ids(self) -> dict[str, int]:
        """The next ids; an ``ids.json`` that is of no use is made again. Hold the lock."""
        ids, problem = next_ids(self)
        if problem:
            write_ids(self.folder, ids)
            text = f"{problem}. It is made again from all versions: new rows are numbered from {ids} on"
            warnings.warn(text, FallbackWarning, stacklevel=3)
        return ids

    def unmake(self, parent: str, token: str) -> None:
        """Remove what a commit left that failed or was cut off, whatever it was: ``HEAD`` does not name it.

        Args:
            parent: what it would have built on.
            token: of the journal that holds the work.
        """
        known, folder = set(self.ids()), self.folder / "versions"
        for path in listed(folder, f"v{self.manifest(parent).number + 1}-*.nbv"):
            with suppress(OSError):  # a file that is no version, or cannot be removed
                if path.stem not in known and read_manifest(folder, path.stem).token == token:
                    path.unlink()

    def _make_current(self, manifest: Manifest) -> None:
        """Let ``HEAD`` say so; where that fails, the version was never made."""
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
        except HistoryError:  # a skip that is not what it says: the versions themselves are read
            return apply_all(start, self._path(manifest, number, by_skips=False))

    def _path(self, manifest: Manifest, down_to: int, *, by_skips: bool = True) -> list[Change]:
        """The changes from an ancestor with that number to a version, oldest first, in the largest steps."""
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
            with suppress(CorruptError):  # it leads to a version that is not there
                if skip is not None and self.manifest(skip.to).number == manifest.number - span:
                    return skip
        return None

    def _closest_whole(self, manifest: Manifest) -> tuple[Manifest, int]:
        """The closest of a version and its ancestors that is stored whole, and the bytes of changes since."""
        since = 0
        while manifest.base is None and self.shortcuts.snapshot_bytes(manifest.id) is None:
            since += manifest.since
            manifest = self.manifest(manifest.snapshot[0])
        return manifest, since

    def shorten(self, manifest: Manifest, state: State) -> None:
        """Write what makes a new version quick to open, where there is room.

        Opening works without, only slower; so nothing is synced, and no failure here undoes the commit.
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
    rows = {name: len(frame) for name, frame in state.tables.items()}
    return Manifest(
        number, parent, message, author, now(), token, rows, net.counts, list(state.labels), [None, number]
    )
