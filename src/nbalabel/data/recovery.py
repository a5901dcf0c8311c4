"""Bring back the uncommitted work of a process that ended."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .codec import decode_change
from .journal import Contents, Journal, orphans
from .storage import Store
from .work import Work


@dataclass(frozen=True)
class Recovered:
    """Work brought back.

    Attributes:
        journal: carries on in the file it was found in.
        work: where it stood.
        text: what happened, for people.
        closed: whether its session had been closed in good order.
    """

    journal: Journal
    work: Work
    text: str
    closed: bool


def recover(store: Store) -> tuple[Recovered | None, str]:
    """The newest unfinished work in a folder, and what to tell people; hold the folder's lock.

    Journals that hold nothing uncommitted are removed, unreadable ones set aside. Of several unfinished
    sessions the newest is taken, the others wait.
    """
    found: list[tuple[Path, int, Contents]] = []
    notes: list[str] = []
    for path, handle, contents in orphans(store.folder / "journal"):
        if contents is not None and not contents.base:
            os.close(handle)
            notes.append(f"a journal is damaged ({contents.damage}) and kept as {_set_aside(path)}")
        elif contents is None or _is_done(store, contents):
            path.unlink()
            os.close(handle)
        else:
            found.append((path, handle, contents))
    mine, waiting = None, 0
    for path, handle, contents in found:
        if any(other.replaces == path.name for _, _, other in found):
            path.unlink()
        elif mine is None:
            mine = _adopt(path, handle, contents)
            notes.insert(0, mine.text)
            continue
        else:
            waiting += 1
        os.close(handle)
    if waiting:
        notes.append(
            f"{waiting} more unfinished sessions wait in {store.folder / 'journal'}: commit, then open again"
        )
    return mine, "; ".join(notes)


def replay(contents: Contents) -> Work:
    """Where the work stood after the last record."""
    work = Work()
    for meta, body in contents.records:
        if meta["op"] == "edit":
            work.edit(decode_change(meta["change"], body))
        elif meta["op"] != "close":
            work.move(meta["op"])
    return work


def _adopt(path: Path, handle: int, contents: Contents) -> Recovered:
    work = replay(contents)
    n = len(work.pending)
    closed = bool(contents.records) and contents.records[-1][0]["op"] == "close"
    by = "an earlier session" if closed else "a session that ended without closing"
    text = f"{n} uncommitted change{'s' * (n != 1)} of {by} brought back, on top of {contents.base}"
    if contents.damage:
        kept = path.with_suffix(".damaged")
        kept.write_bytes(path.read_bytes())
        text += f"; what came after them is damaged ({contents.damage}) and kept as {kept}"
    journal = Journal.adopt(path, handle, contents)
    return Recovered(journal, work, text, closed and not contents.damage)


def _is_done(store: Store, contents: Contents) -> bool:
    """Whether a journal holds nothing that is not in a version."""
    if len(contents.records) < contents.expected:
        return True
    for version_id in reversed(store.ids()):
        if store.manifest(version_id).token == contents.token:
            return True
        if version_id == contents.base:
            break
    return not contents.damage and replay(contents).is_empty


def _set_aside(path: Path) -> Path:
    kept = path.with_suffix(".damaged")
    os.replace(path, kept)
    return kept
