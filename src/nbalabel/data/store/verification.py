"""Verify every byte of a dataset folder."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ...core.change.change import Change, apply, diff, invert, merge
from ...core.errors import CorruptError, HistoryError
from ...core.tables.schema import COUNTERS
from ...core.tables.state import State
from ..disk.errors import reading
from .next_ids import after_change, after_state
from .settings import read_ids
from .shortcuts import spans
from .snapshot import check_files
from .stretches import merge_all
from .version_file import Manifest, check_records, read_net, read_next_ids
from .versions import Versions


def verify(store: Versions) -> list[str]:
    """Check versions first, then caches and ``ids.json``; returns the ids of the versions.

    Args:
        store: a store without cached versions.

    Raises:
        CorruptError: bytes on disk differ from those that were written; the message names the files, and says
            when nothing is lost.
    """
    problems, after = list[str](), dict.fromkeys(COUNTERS.values(), 0)
    ids = store.ids()
    for version_id in ids:
        manifest = store.manifest(version_id)
        state, given = _state(store, manifest)
        problems += _wrong_snapshot(store, manifest, state) + _wrong_skips(store, manifest)
        after = {name: max(n, given[name]) for name, n in after.items()}
    problems += _wrong_ids(store, after) + _lost_lines(store)
    if problems:
        raise CorruptError(f"all {len(ids)} versions are whole, but " + "; ".join(problems))
    return ids


def _state(store: Versions, manifest: Manifest) -> tuple[State, dict[str, int]]:
    """The tables of a version, computed from its own file and its parent, and the next ids after it."""
    check_records(store.folder / "versions", manifest)
    store.changes(manifest.id)
    if manifest.base is not None:
        check_files(manifest.base, store.folder / "objects")
    if manifest.parent is None:
        state = store.state(manifest.id)
        return state, after_state(state)
    net = read_net(store.folder / "versions", manifest)
    try:
        state = apply(store.state(manifest.parent), net)
    except HistoryError as error:
        raise CorruptError(f"version {manifest.id} does not fit {manifest.parent}: {error}") from error
    store.remember(manifest.id, state)
    noted = read_next_ids(store.folder / "versions", manifest)
    return state, noted or after_change(net)


def _wrong_snapshot(store: Versions, manifest: Manifest, state: State) -> list[str]:
    path = store.shortcuts.snapshot_path(manifest.id)
    if not _exists(path):
        return []
    found = store.shortcuts.snapshot(manifest)
    with suppress(CorruptError):  # masks are looked at only now
        if found is not None and not diff(state, found):
            return []
    return [f"{path} is damaged: delete it, the version opens without"]


def _wrong_skips(store: Versions, manifest: Manifest) -> list[str]:
    problems = []
    for span in spans(manifest.number):
        path = store.shortcuts.skip_path(manifest.id, span)
        if not _exists(path):
            continue
        skip, (want, to) = store.shortcuts.skip(manifest, span), _stretch(store, manifest, span)
        if skip is None or skip.to != to or merge(invert(skip.change), want):
            problems.append(f"{path} is damaged: delete it, the version opens without")
    return problems


def _stretch(store: Versions, manifest: Manifest, span: int) -> tuple[Change, str]:
    """The changes of the last ``span`` versions from their own files, merged, and the version before them."""
    nets = list[Change]()
    for _ in range(span):
        nets.append(read_net(store.folder / "versions", manifest))
        assert manifest.parent is not None
        manifest = store.manifest(manifest.parent)
    return merge_all(nets[::-1]), manifest.id


def _exists(path: Path) -> bool:
    with reading(path):
        return path.exists()


def _wrong_ids(store: Versions, after: dict[str, int]) -> list[str]:
    try:
        ids = read_ids(store.folder)
    except CorruptError as error:
        return [f"{error}; the next row that is added makes it again"]
    behind = [f"{name} {ids[name]} where {n} comes next" for name, n in after.items() if ids[name] < n]
    path = store.folder / "ids.json"
    return (
        [f"{path} was set back ({', '.join(behind)}): the next row that is added mends it"] if behind else []
    )


def _lost_lines(store: Versions) -> list[str]:
    lost = store.lost()
    return [f"{lost}: open the folder anew, and HEAD gets them back"] if lost else []
