"""Versions and changes as tables, and how to find a change again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..core.change import Change
from ..core.errors import UnknownNameError, first
from .storage import Store, log_entry

UNCOMMITTED = "uncommitted"
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
    rows = [{**log_entry(change), "version": UNCOMMITTED} for change in reversed(pending)]
    for manifest in store.lineage(base):
        rows += [{**entry, "version": manifest.id} for entry in reversed(manifest.log)]
        if manifest.parent is None:
            rows.append(_first_entry(manifest))
    frame = pd.DataFrame(rows, columns=["change", *_LOG]).set_index("change")
    frame["time"] = pd.to_datetime(frame["time"], format="ISO8601", utc=True)
    frame["seconds"] = frame["seconds"].astype(float)
    return frame


def find_changes(store: Store, base: str, pending: Sequence[Change], target: Any) -> list[Change]:
    """The changes that a change, its id, an origin or a version names, newest first.

    Args:
        store: the folder.
        base: id of the version the working copy builds on.
        pending: the changes since, oldest first.
        target: a change id, version id or origin, or anything with an ``id`` or ``origin`` that is one.

    Raises:
        UnknownNameError: nothing on this branch goes by that name.
    """
    names = _names(target)
    found = [change for change in reversed(pending) if _is_named(change.id, change.origin, names)]
    lineage = store.lineage(base)
    for manifest in lineage:
        whole = bool(names & {manifest.id, manifest.id.split("-")[0]})
        wanted = {e["change"] for e in manifest.log if whole or _is_named(e["change"], e["origin"], names)}
        if wanted:
            found += [change for change in reversed(store.changes(manifest.id)) if change.id in wanted]
    if not found:
        origins = dict.fromkeys(e["origin"] for manifest in lineage for e in manifest.log)
        known = [*dict.fromkeys(change.origin for change in reversed(pending)), *origins]
        raise UnknownNameError(
            f"no change on this branch goes by {first(sorted(names))!r}; "
            f"origins are {first(dict.fromkeys(known))}; ds.log() lists every change"
        )
    return found


def _names(target: Any) -> set[str]:
    name = (
        target if isinstance(target, str) else getattr(target, "id", None) or getattr(target, "origin", None)
    )
    if not name:
        raise UnknownNameError(f"revert takes a change, an origin or a version, got {type(target).__name__}")
    return {str(name)}


def _is_named(change_id: str, origin: str, names: set[str]) -> bool:
    return bool(names & {change_id, origin, *origin.split(", ")} - {""})


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
