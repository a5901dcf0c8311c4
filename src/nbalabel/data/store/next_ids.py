"""The next unused ids: those of ``ids.json``, but never below the ids recorded in versions.

Every version records the next ids at its commit, so that an outdated ``ids.json`` (restored by a backup or a
folder sync) is detected from the last commit. A lost or damaged ``ids.json`` is rebuilt from all versions and
journals. Ids that were allocated and discarded leave no trace in these, so counting continues at the next
million.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.errors import CorruptError
from ...core.tables.schema import COUNTERS
from ...core.tables.state import State
from ..disk.atomic import listed
from .journal import read_journal
from .records import decode_change
from .settings import read_ids
from .shortcuts import UNREADABLE
from .version_file import read_net, read_next_ids
from .versions import Versions

_GAP = 1_000_000


def next_ids(store: Versions) -> tuple[dict[str, int], str]:
    """The next unused id of each counter, and what was wrong with ``ids.json``; "" if nothing."""
    least = _given_before(store)
    try:
        ids, problem = read_ids(store.folder), ""
    except CorruptError as error:
        ids, problem = _made_again(store), str(error)
    return _most([ids, least]), problem


def _given_before(store: Versions) -> dict[str, int]:
    """The next ids at the last readable commit; all ids below have been allocated."""
    for version_id in store.head.commits():
        try:
            manifest = store.manifest(version_id)
            noted = read_next_ids(store.folder / "versions", manifest)
            return noted or after_state(store.state(version_id))
        except CorruptError:
            continue
    return dict.fromkeys(COUNTERS.values(), 0)


def after_state(state: State) -> dict[str, int]:
    """The smallest ids above those in the tables."""
    return _most({COUNTERS[name]: _after(ids_of(frame))} for name, frame in state.tables.items())


def after_change(change: Change) -> dict[str, int]:
    """The smallest ids above those of the rows that a change creates."""
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


def _after(ids: np.ndarray) -> int:
    return int(ids.max(initial=-1)) + 1


def _most(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    out = dict.fromkeys(COUNTERS.values(), 0)
    for count in counts:
        out = {name: max(n, count.get(name, 0)) for name, n in out.items()}
    return out
