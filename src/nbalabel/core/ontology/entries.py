"""Changes of an ontology: entry by entry, the value before and after.

They follow the same laws as changes of tables: see :mod:`nbalabel.core.change.change`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import DataError, HistoryError
from .definition import Definition
from .guidelines import Guidelines
from .ontology import GUIDELINES, Entry, Key, Ontology, entry_from_json

Entries = Mapping[Key, tuple[Entry | None, Entry | None]]
"""Where an entry is -> the entry before and after; None where there is none."""


def named(key: Key) -> str:
    """An entry in a message: "label cod", "sex of instances", or "the guidelines"."""
    of, name = key
    if key == GUIDELINES:
        return "the guidelines"
    return f"label {name}" if of == "labels" else f"{name} of {of}"


def diff_entries(old: Ontology, new: Ontology) -> Entries:
    """The entries that differ."""
    if old is new:
        return {}
    before, after = dict(old.entries()), dict(new.entries())
    keys = dict.fromkeys([*before, *after])
    return {key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}


def apply_entries(ontology: Ontology, entries: Entries) -> Ontology:
    """The ontology after the change.

    Raises:
        HistoryError: an entry is another than the change was made for.
    """
    if not entries:
        return ontology
    for key, (old, _) in entries.items():
        if now(ontology, key) != old:
            raise HistoryError(f"the change does not fit: {named(key)} is defined otherwise by now")
    return ontology.with_entries({key: new for key, (_, new) in entries.items()})


def merge_entries(a: Entries, b: Entries) -> Entries:
    """One change of entries equivalent to ``a`` followed by ``b``."""
    out: dict[Key, tuple[Entry | None, Entry | None]] = dict(a)
    for key, (old, new) in b.items():
        out[key] = (out[key][0] if key in out else old, new)
    return {key: both for key, both in out.items() if both[0] != both[1]}


def invert_entries(entries: Entries) -> Entries:
    """The change of entries that undoes ``entries``."""
    return {key: (new, old) for key, (old, new) in entries.items()}


def fit_entries(entries: Entries, ontology: Ontology) -> Entries:
    """The change of entries rebased onto another ontology."""
    rebased = {key: (now(ontology, key), new) for key, (_, new) in entries.items()}
    return {key: both for key, both in rebased.items() if both[0] != both[1]}


def clashing_entries(a: Entries, b: Entries) -> list[Key]:
    """The entries that two changes of one ontology set to different values."""
    return [key for key in a if key in b and a[key][1] != b[key][1]]


def now(ontology: Ontology, key: Key) -> Entry | None:
    """The entry at a key; None where nothing is said."""
    of, name = key
    if key == GUIDELINES:
        return Guidelines(ontology.guidelines) if ontology.guidelines else None
    found: Entry | None = getattr(ontology, of).get(name)
    return None if found == Definition() else found


def entries_to_json(entries: Entries) -> list[list[Any]]:
    """Entries as JSON."""
    return [
        [*key, *(None if entry is None else entry.to_json() for entry in both)]
        for key, both in entries.items()
    ]


def entries_from_json(record: Sequence[Any]) -> Entries:
    """The inverse of :func:`entries_to_json`.

    Raises:
        DataError: the record holds no entries.
    """
    out: dict[Key, tuple[Entry | None, Entry | None]] = {}
    for item in record:
        if not isinstance(item, list) or len(item) != 4 or not all(isinstance(x, str) for x in item[:2]):
            raise DataError("a change of an ontology lists where, name, before and after")
        key = (item[0], item[1])
        old, new = (None if x is None else entry_from_json(key, x) for x in item[2:])
        out[key] = (old, new)
    return out
