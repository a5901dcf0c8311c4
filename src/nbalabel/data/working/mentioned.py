"""Every change that a dataset folder holds: of versions, of undo, and of the journals of all sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ...core.change.change import Change
from ...core.errors import StorageError
from ..disk.atomic import listed
from ..store.journal import Contents, read_journal
from ..store.records import decode_change
from ..store.storage import Store
from .session import Session


def mentioned(session: Session, table: str, column: str) -> set[str]:
    """Every text that a column has, or had, in any version, step of undo or journal.

    Args:
        session: the open session of a dataset folder; hold the folder's lock, so that nobody commits.
        table: name of a table.
        column: a column of texts.

    Raises:
        StorageError: a version or a journal cannot be read in whole, so that nobody knows what it mentions.
    """
    found = {str(value) for value in session.state.tables[table][column].dropna()}
    for change in _every_change(session):
        part = change.tables.get(table)
        if part is None:
            continue
        for rows in (part.created, part.deleted):
            if rows is not None and column in rows:
                found.update(map(str, rows[column].dropna()))
        if column in part.updated:
            cells = part.updated[column]
            arrays = [array for array in (cells.old, cells.new) if array is not None]
            found.update(str(value) for array in arrays for value in array)
    for state in _first_states(session.store):
        found.update(map(str, state[table][column].dropna()))
    return found


def _every_change(session: Session) -> Iterator[Change]:
    yield from session.reachable
    store = session.store
    for path in listed(store.folder / "journal", "*"):
        for meta, body in _records(path):
            if meta["op"] == "edit":
                yield decode_change(meta["change"], body)
    lost = store.lost()
    if lost:
        raise StorageError(f"{lost}; open the dataset again first, which puts this right")
    for version_id in store.ids():
        yield from store.changes(version_id)


def _first_states(store: Store) -> Iterator[dict[str, pd.DataFrame]]:
    for version_id in store.ids():
        if store.manifest(version_id).parent is None:
            yield dict(store.state(version_id).tables)


def _records(path: Path) -> list[Any]:
    """The records of a journal."""
    if path.suffix == ".nbj":
        contents = _read(path)
        if contents is None:
            return []
        if not contents.damage:
            return contents.records
    elif path.suffix != ".damaged":
        return []
    raise StorageError(
        f"{path} is damaged, and nobody knows which files its work names: take what you need of it, and move "
        "it away first"
    )


def _read(path: Path) -> Contents | None:
    try:
        return read_journal(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):  # its session has just ended, with nothing left
            return None
        raise
