"""Ids nobody has had: what ``ids.json`` says, never less than what versions say was given before.

Every version notes the ids that were next when it was made, so that an ``ids.json`` set back (by a backup,
by a program that syncs folders) is noticed by looking at the last commit. Where ``ids.json`` is lost or
damaged it is made again from all versions and journals. Ids that were given and discarded leave no trace
there; so it then goes on at the next million.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.errors import CorruptError
from ...core.tables.state import State
from ..disk.atomic import listed
from .journal import read_journal
from .records import decode_change
from .settings import read_ids
from .shortcuts import UNREADABLE
from .version_file import read_net, read_next_ids
from .versions import Versions

COUNTERS = {"images": "images", "instances": "instances", "rejected": "instances"}
"""Which counter numbers the rows of a table."""

_GAP = 1_000_000


def next_ids(store: Versions) -> tuple[dict[str, int], str]:
    """The next id of each counter nobody has had, and what was wrong with ``ids.json``; "" if nothing."""
    least = _given_before(store)
    try:
        ids, problem = read_ids(store.folder), ""
    except CorruptError as error:
        ids, problem = _made_again(store), str(error)
    return _most([ids, least]), problem


def _given_before(store: Versions) -> dict[str, int]:
    """What the last commit that can be read says: ids below these were given."""
    for version_id in store.head.commits():
        try:
            manifest = store.manifest(version_id)
            noted = read_next_ids(store.folder / "versions", manifest)
            return noted or after_state(store.state(version_id))
        except CorruptError:
            continue
    return {"images": 0, "instances": 0}


def after_state(state: State) -> dict[str, int]:
    """The ids after those in the tables."""
    return _most({COUNTERS[name]: _after(ids_of(frame))} for name, frame in state.tables.items())


def after_change(change: Change) -> dict[str, int]:
    """The ids after those of the rows a change creates."""
    return _most({COUNTERS[name]: _after(ids_of(rows.created))} for name, rows in change.tables.items())


def _made_again(store: Versions) -> dict[str, int]:
    found = [_given_before(store)]
    for version_id in store.ids():
        try:
            manifest = store.manifest(version_id)
            is_whole = manifest.base is not None
            found.append(
                after_state(store.state(version_id))
                if is_whole
                else after_change(read_net(store.folder / "versions", manifest))
            )
        except CorruptError:
            continue
    found += [_after_journal(path) for path in listed(store.folder / "journal", "*")]
    return {name: (n // _GAP + 1) * _GAP for name, n in _most(found).items()}


def _after_journal(path: Path) -> dict[str, int]:
    try:
        contents = read_journal(path)
        records = contents.records if contents else []
        return _most(
            after_change(decode_change(m["change"], body)) for m, body in records if m["op"] == "edit"
        )
    except UNREADABLE:
        return {}


def _after(ids: Iterable[int]) -> int:
    return max(map(int, ids), default=-1) + 1


def _most(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    out = {"images": 0, "instances": 0}
    for count in counts:
        out = {name: max(n, count.get(name, 0)) for name, n in out.items()}
    return out
