"""What each version added, removed and changed: one row per round of the loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.change.table_change import Cells, TableChange
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import SOURCES
from ...core.tables.state import State
from ..store.storage import Store
from ..store.version_file import Manifest

UNCOMMITTED = "uncommitted"
"""Name of the row of work without a version."""

_FACTS = ("parent", "message", "author", "time", "images", "instances", "labeled")
_CHANGED = ("added", "removed", "relabeled", "reshaped", "rejected")


def rounds_table(store: Store, base: str, net: Change, now: State) -> pd.DataFrame:
    """One row per version up to ``base``, oldest first, and one for the work since, if there is any.

    Args:
        store: the dataset's store.
        base: id of the version that the working copy builds on.
        net: the uncommitted work as one change.
        now: the working copy.

    Returns:
        Columns by index ``version``, as :meth:`nbalabel.Dataset.rounds` says.
    """
    rows, labeled = {}, 0
    for manifest, change in _versions(store, base):
        labeled += _newly_labeled(change)
        sizes = {"images": manifest.rows["images"], "instances": manifest.rows["instances"]}
        rows[manifest.id] = {**_facts(manifest), **sizes, "labeled": labeled, **_counts(change)}
    if net:
        sizes = {name: len(now.tables[name]) for name in ("images", "instances")}
        facts = {"parent": base, "message": "", "author": "", "time": pd.NaT}
        labeled += _newly_labeled(net.tables)
        rows[UNCOMMITTED] = {**facts, **sizes, "labeled": labeled, **_counts(net.tables)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=[*_FACTS, *SOURCES, *_CHANGED])
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame.rename_axis("version")


def _versions(store: Store, base: str) -> Iterator[tuple[Manifest, Mapping[str, TableChange]]]:
    """Each version, oldest first, with what changed since its parent; the first created all of its rows."""
    for manifest in reversed(store.lineage(base)):
        if manifest.parent is None:
            tables = store.state(manifest.id).tables
            yield manifest, {name: TableChange(created=frame) for name, frame in tables.items()}
        else:
            yield manifest, store.change_between(manifest.parent, manifest.id).tables


def _facts(manifest: Manifest) -> dict[str, Any]:
    names = {"parent": manifest.parent, "message": manifest.message, "author": manifest.author}
    return {**names, "time": pd.Timestamp(manifest.time)}


def _counts(change: Mapping[str, TableChange]) -> dict[str, int]:
    rows = change.get("instances", TableChange())
    by_source: Mapping[str, int] = dict(rows.created["source"].value_counts()) if len(rows.created) else {}
    cells = rows.updated
    return {
        **{source: int(by_source.get(source, 0)) for source in SOURCES},
        "added": len(rows.created),
        "removed": len(rows.deleted),
        "relabeled": _n(cells.get("label")),
        "reshaped": _n(cells.get("mask")),
        "rejected": len(change.get("rejected", TableChange()).created),
    }


def _n(cells: Cells | None) -> int:
    return 0 if cells is None else len(cells.ids)


def _newly_labeled(change: Mapping[str, TableChange]) -> int:
    """How many images became labeled all over, less those that no longer are."""
    rows = change.get("images", TableChange())
    n = _labeled(rows.created) - _labeled(rows.deleted)
    cells = rows.updated.get("state")
    if cells is not None and len(cells.ids):
        n += int(_are_labeled(cells.new).sum()) - int(_are_labeled(cells.old).sum())
    return n


def _labeled(images: pd.DataFrame) -> int:
    return int(labeled_all_over(images).sum()) if len(images) else 0


def _are_labeled(states: Any) -> np.ndarray:
    return labeled_all_over(pd.DataFrame({"state": states}))
