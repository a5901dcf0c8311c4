"""Versions and changes as tables, and the search for changes by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...core.change.change import Change
from ...core.errors import UnknownNameError, first
from ..edits.by_cluster import parts_of
from ..edits.origins import is_within
from ..store.storage import Store, log_entries, merge_all

_UNCOMMITTED = "uncommitted"
_VERSIONS = [
    "parent",
    "message",
    "author",
    "time",
    "images",
    "instances",
    "labels",
    "added",
    "updated",
    "removed",
]
_LOG = ["time", "origin", "note", "created", "updated", "deleted", "seconds", "version"]


def versions_table(store: Store) -> pd.DataFrame:
    """All versions, oldest first: one row each, indexed by id."""
    rows = []
    for version_id in store.ids():
        m = store.manifest(version_id)
        totals = {
            what: sum(c[what] for c in m.changed.values()) for what in ("created", "updated", "deleted")
        }
        if m.parent is None:
            totals["created"] = sum(m.rows.values())
        rows.append(
            {
                "version": m.id,
                "parent": m.parent,
                "message": m.message,
                "author": m.author,
                "time": pd.Timestamp(m.time),
                "images": m.rows["images"],
                "instances": m.rows["instances"],
                "labels": len(m.labels),
                "added": totals["created"],
                "updated": totals["updated"],
                "removed": totals["deleted"],
            }
        )
    return pd.DataFrame(rows, columns=["version", *_VERSIONS]).set_index("version")


def log_table(store: Store, base: str, pending: Sequence[Change]) -> pd.DataFrame:
    """Every change up to the working copy, newest first: one row each, indexed by change id."""
    entries = [entry for change in pending for entry in log_entries(change)]
    rows = [{**entry, "version": _UNCOMMITTED} for entry in reversed(entries)]
    for manifest in store.lineage(base):
        rows += [{**entry, "version": manifest.id} for entry in reversed(manifest.log)]
        if manifest.parent is None:
            rows.append(_first_entry(manifest))
    frame = pd.DataFrame(rows, columns=["change", *_LOG]).set_index("change")
    frame["time"] = pd.to_datetime(frame["time"], format="ISO8601", utc=True)
    frame["seconds"] = frame["seconds"].astype(float)
    return frame


def find_changes(
    store: Store, base: str, pending: Sequence[Change], target: Any
) -> tuple[list[Change], list[Change]]:
    """Find changes by a change id, an origin or a version, newest first.

    Args:
        store: the dataset's store.
        base: id of the version that the working copy builds on.
        pending: the uncommitted changes since, oldest first.
        target: a change id, version id or origin, or an object with such an ``id`` or ``origin``. An origin
            includes its parts: see ``origins.is_within``.

    Returns:
        The changes found; and if ``target`` is a part of an origin, the other changes of that origin.

    Raises:
        UnknownNameError: no change on this branch has that name.
    """
    name = name_of(target)
    family = name.split("/")[0] if "/" in name else None
    found, others = list[Change](), list[Change]()

    def sort(changes: Sequence[Change], whole: bool = False) -> None:
        for change in reversed(changes):
            if whole or _is_named(change.id, change.origin, name):
                found.append(change)
                continue
            parts = parts_of(change)
            mine = [part for part in parts if _is_named(part.id, part.origin, name)]
            found.extend([merge_all(mine)] if mine else [])
            others.extend(part for part in reversed(parts) if not _is_named(part.id, part.origin, name))

    sort(pending)
    lineage = store.lineage(base)
    for manifest in lineage:
        whole = name in (manifest.id, manifest.id.split("-")[0])
        if whole or any(_matters(e["change"], e["origin"], name, family) for e in manifest.log):
            sort(store.changes(manifest.id), whole)
    if not found:
        origins = dict.fromkeys(e["origin"] for manifest in lineage for e in manifest.log)
        parts = [part for change in pending for part in parts_of(change)]
        known = [*dict.fromkeys(part.origin for part in reversed(parts)), *origins]
        raise UnknownNameError(
            f"no change on this branch goes by {name!r}; "
            f"origins are {first(dict.fromkeys(known))}; ds.log() lists every change"
        )
    return found, [c for c in others if family is not None and is_within(c.origin, family)]


def name_of(target: Any) -> str:
    """The name of a change, an origin or a version."""
    name = (
        target if isinstance(target, str) else getattr(target, "id", None) or getattr(target, "origin", None)
    )
    if not name:
        raise UnknownNameError(f"this takes a change, an origin or a version, got {type(target).__name__}")
    return str(name)


def _matters(change_id: str, origin: str, name: str, family: str | None) -> bool:
    return _is_named(change_id, origin, name) or (family is not None and is_within(origin, family))


def _is_named(change_id: str, origin: str, name: str) -> bool:
    """Whether the name is the change's id, the id of the change it is a part of, or one of its origins."""
    if change_id == name or change_id.startswith(f"{name}."):
        return True
    return any(is_within(part, name) for part in [origin, *origin.split(", ")] if part)


def _first_entry(manifest: Any) -> dict[str, Any]:
    return {
        "change": manifest.id,
        "time": manifest.time,
        "origin": manifest.author,
        "note": manifest.message,
        "created": sum(manifest.rows.values()),
        "updated": 0,
        "deleted": 0,
        "version": manifest.id,
    }
