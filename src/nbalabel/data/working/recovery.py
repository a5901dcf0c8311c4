"""Recover the uncommitted work of a process that ended."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ...core import forking
from ...core.errors import StorageError
from ..disk.atomic import listed, write_file
from ..disk.errors import reading, writing
from ..store.journal import Contents, Journal, open_locked, orphans, read_if_there, read_journal
from ..store.records import decode_change
from ..store.storage import Store
from .undo_tree import Work


@dataclass(frozen=True)
class Recovered:
    """Recovered work.

    Attributes:
        journal: continues in the file that held the work.
        work: the recovered undo tree.
        text: what happened, for people.
        closed: whether its session was closed regularly.
    """

    journal: Journal
    work: Work
    text: str
    closed: bool


def recover(store: Store) -> tuple[Recovered | None, str]:
    """Recover the newest unfinished work of a folder, with a text for people; hold the folder's lock.

    Journals without uncommitted work are removed, unreadable ones set aside. Of several unfinished
    sessions the newest is recovered, the others wait.
    """
    notes, held, mine, n_waiting = list[str](), set[int](), None, 0
    try:
        found = _unfinished(store, held, notes)
        for path, handle, contents in found:
            if any(other.replaces == path.name for _, _, other in found):
                _remove(path)
            elif mine is None:
                mine = _adopt(path, handle, contents)
                notes.insert(0, mine.text)
                held.remove(handle)
            else:
                n_waiting += 1
    finally:
        for handle in held:
            forking.release(handle)
    try:
        survivors = _held_by_survivors(store.folder / "journal")
    except BaseException:
        if mine is not None:
            mine.journal.close(keep=True)
        raise
    if survivors:
        mine = mine and replace(mine, closed=False)
        notes.append(
            f"uncommitted work of {survivors} ended session{'s' * (survivors != 1)} is still held by a "
            "process that it started: it comes back when the dataset is opened after that one has ended"
        )
    if n_waiting:
        notes.append(
            f"{n_waiting} more unfinished sessions wait in {store.folder / 'journal'}: commit, then open "
            "again"
        )
    return mine, "; ".join(notes)


def waiting(store: Store) -> str:
    """Text about uncommitted work in a read-only folder; "" if there is none."""
    n = 0
    for path in listed(store.folder / "journal", "*.nbj"):
        with contextlib.suppress(StorageError):
            contents = read_journal(path)
            n += contents is not None and not (contents.base and _is_done(store, contents))
    if not n:
        return ""
    where = f"is in {store.folder / 'journal'}: open a copy to see it"
    return f"uncommitted work of {n} session{'s' * (n != 1)} {where}"


def _unfinished(store: Store, held: set[int], notes: list[str]) -> list[tuple[Path, int, Contents]]:
    """Journals of ended processes with uncommitted work, newest first; others are removed or set aside."""
    found = []
    for path, handle, contents in orphans(store.folder / "journal"):
        held.add(handle)
        if contents is not None and not contents.base:
            notes.append(f"a journal is damaged ({contents.damage}) and kept as {_set_aside(path)}")
        elif contents is None or _is_done(store, contents):
            _remove(path)
        else:
            found.append((path, handle, contents))
    return found


def _held_by_survivors(folder: Path) -> int:
    """Number of journals whose process has ended but whose lock is still held by a child process of it."""
    n = 0
    for path in listed(folder, "*.nbj"):
        contents = read_if_there(path)
        if contents and contents.host == socket.gethostname() and _has_ended(contents.pid):
            with contextlib.suppress(StorageError):
                forking.release(open_locked(path))
                continue
            n += 1
    return n


def _has_ended(process: int) -> bool:
    if sys.platform == "win32":  # children share no locks there, and os.kill(process, 0) would interrupt it
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def replay(contents: Contents) -> Work:
    """Rebuild the undo tree from the records of a journal."""
    work = Work()
    for meta, body in contents.records:
        if meta["op"] == "edit":
            work = work.edited(decode_change(meta["change"], body))
        elif meta["op"] != "close":
            work = work.moved(meta["op"])
    return work


def _adopt(path: Path, handle: int, contents: Contents) -> Recovered:
    work = replay(contents)
    n = len(work.pending)
    closed = contents.was_closed
    by = "an earlier session" if closed else "a session that ended without closing"
    text = f"{n} uncommitted change{'s' * (n != 1)} of {by} brought back, on top of {contents.base}"
    if contents.damage:
        kept = path.with_suffix(".damaged")
        with reading(path):
            write_file(kept, path.read_bytes())
        text += f"; what came after them is damaged ({contents.damage}) and kept as {kept}"
    journal = Journal.adopt(path, handle, contents)
    return Recovered(journal, work, text, closed and not contents.damage)


def _is_done(store: Store, contents: Contents) -> bool:
    """Whether a journal holds no uncommitted work."""
    if len(contents.records) < contents.expected:
        return True
    for version_id in reversed(store.ids()):
        if store.manifest(version_id).token == contents.token:
            return True
        if version_id == contents.base:
            break
    return not contents.damage and replay(contents).is_empty


def _remove(path: Path) -> None:
    """Remove a useless journal; if that fails, the next session tries again."""
    with contextlib.suppress(OSError):
        path.unlink()


def _set_aside(path: Path) -> Path:
    kept = path.with_suffix(".damaged")
    with writing(path):
        os.replace(path, kept)
    return kept
