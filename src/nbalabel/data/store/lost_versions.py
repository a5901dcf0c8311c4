"""Restore lines that ``HEAD`` lost, and tell these versions apart from those of unfinished commits.

A commit first syncs the version's file to disk, then appends its line to ``HEAD``, then restarts the journal.
So there are two reasons for a whole version without a line. If a journal still holds the work, under the
token of the version, the commit never finished, and the version is useless. If no journal holds that token,
the commit was finished, and ``HEAD`` lost the line (to a power cut, a backup, or an interrupted copy).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection

from ...core.errors import CorruptError, first
from ..disk.atomic import listed
from .journal import read_if_there
from .version_file import Manifest, check_records, read_manifest
from .versions import Versions

_NAME = re.compile(r"v\d+-[0-9a-f]{8}")


def put_back(store: Versions) -> str:
    """Restore the lost lines of ``HEAD``, and remove files of unfinished commits. Hold the folder's lock.

    The version committed last is current afterwards.

    Returns:
        Text about what was restored; "" if nothing.
    """
    lost, unfinished = _sorted_out(store)
    for manifest in unfinished:
        with contextlib.suppress(OSError):
            (store.folder / "versions" / f"{manifest.id}.nbv").unlink()
    if not lost:
        return ""
    current = _current(store)
    for manifest in lost:
        store.head.append(manifest.id, "commit")
    if current is not None and current.time > lost[-1].time:
        store.head.append(current.id, "checkout")
    return f"{_told(store, lost)}, and {'is' if len(lost) == 1 else 'are'} back"


def lost_versions(store: Versions) -> str:
    """Text about the versions whose lines ``HEAD`` lost; "" if none. Changes nothing."""
    lost, _ = _sorted_out(store)
    return _told(store, lost) if lost else ""


def _told(store: Versions, lost: list[Manifest]) -> str:
    names, one = first(manifest.id for manifest in lost), len(lost) == 1
    whole = f"{names} {'is' if one else 'are'} in versions/, whole"
    return f"{store.head.path} lost {len(lost)} of its lines; {whole}"


def _sorted_out(store: Versions) -> tuple[list[Manifest], list[Manifest]]:
    """Versions without a line: of finished commits, in order of commit, and of unfinished commits."""
    known = [] if store.head.is_empty else store.ids()
    strangers = _strangers(store, known)
    if not strangers:
        return [], []
    parents = {manifest.parent for manifest in strangers}
    tokens = _tokens(store) | {store.manifest(version_id).token for version_id in _readable(store, known)}
    unfinished = [m for m in strangers if m.id not in parents and m.token and m.token in tokens]
    lost, there = list[Manifest](), set(known)
    roots = [m for m in strangers if m.parent is None]
    if not known and len(roots) == 1:
        there.add(roots[0].id)
        lost.append(roots[0])
    rest = [m for m in strangers if m not in unfinished and m not in roots]
    for manifest in sorted(rest, key=lambda m: (m.number, m.time)):  # parents before their children
        if manifest.parent in there and _is_whole(store, manifest):
            there.add(manifest.id)
            lost.append(manifest)
    return sorted(lost, key=lambda m: (m.time, m.number)), unfinished


def _current(store: Versions) -> Manifest | None:
    with contextlib.suppress(CorruptError):
        return None if store.head.is_empty else store.manifest(store.head.current())
    return None


def _strangers(store: Versions, known: Collection[str]) -> list[Manifest]:
    folder, names = store.folder / "versions", set(known)
    found = []
    for version_id in [path.stem for path in listed(folder, "v*.nbv")]:
        if version_id not in names and _NAME.fullmatch(version_id):
            with contextlib.suppress(CorruptError):  # skip files that are not whole versions
                found.append(read_manifest(folder, version_id))
    return found


def _readable(store: Versions, known: Collection[str]) -> list[str]:
    out = []
    for version_id in known:
        with contextlib.suppress(CorruptError):
            out.append(store.manifest(version_id).id)
    return out


def _tokens(store: Versions) -> set[str]:
    """Tokens of the undamaged journals."""
    tokens = set()
    for path in listed(store.folder / "journal", "*.nbj"):
        contents = read_if_there(path)
        if contents is not None and contents.damage is None:
            tokens.add(contents.token)
    return tokens


def _is_whole(store: Versions, manifest: Manifest) -> bool:
    try:
        check_records(store.folder / "versions", manifest)
    except CorruptError:
        return False
    return True
