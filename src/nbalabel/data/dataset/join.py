"""``join``: several datasets as one, in memory, without copying image files."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ...core.change.change import apply
from ...core.errors import DataError, NbalabelWarning
from ...core.tables import schema
from ...core.tables.state import State
from ..combine.match_datasets import join as joined
from ..combine.match_datasets import place
from ..folder.import_tables import checked_state
from ..tables.tables import Tables


def join(*tables: schema.LabeledImages, duplicates: Literal["merge", "keep"] = "merge") -> Tables:
    """Several datasets as one, in memory; ``.save(folder)`` makes a dataset of it.

    Rows are in the order of the arguments. No file is copied: the image root is the common parent folder. See
    :meth:`Dataset.join` for labels, ids and duplicate images.

    Args:
        *tables: Datasets, Versions or Tables.
        duplicates: image files of equal content: "merge" makes them one image, "keep" keeps each.

    Raises:
        DataError: there is nothing to join, or the image folders have no parent folder in common.

    Warns:
        NbalabelWarning: attachments are left out.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> folder = tempfile.mkdtemp()
        >>> a = nl.demo.reef(folder + "/a.nbal", n_images=6, n_labeled=3, n_test=2, size=96)
        >>> b = nl.demo.reef(folder + "/b.nbal", n_images=9, n_labeled=3, n_test=2, size=96, seed=1)
        >>> len(nl.join(a, b).images)
        15
    """
    if not tables:
        raise DataError("nothing to join: nl.join(a, b)")
    if duplicates not in ("merge", "keep"):
        raise DataError(f'duplicates must be "merge" or "keep", got {duplicates!r}')
    home = _home([one.image_root for one in tables])
    state = State({name: schema.empty(name) for name in schema.SCHEMAS}, ())
    next_id = dict.fromkeys(schema.COUNTERS.values(), 0)

    def allocate(table: str, n: int) -> int:
        next_id[table] += n
        return next_id[table] - n

    for one in tables:
        coming = _without_attachments(checked_state(one))
        ours, theirs = state.tables["images"]["file"], coming.tables["images"]["file"]
        placed = place(theirs, one.image_root, ours, home, copy=False, twins=duplicates == "merge")
        state = apply(state, joined(state, coming, placed, allocate, ""))
    info: dict[str, Any] = dict(getattr(tables[0], "info", {}))
    return Tables.from_state(state, home, info)


def _without_attachments(state: State) -> State:
    """Attached files lie in the folder of each dataset; tables of several folders have none."""
    frame = state.tables["attachments"]
    if len(frame):
        text = f"{len(frame):,} attachments are left out, as nothing is copied: ds.join(other) brings them"
        warnings.warn(text, NbalabelWarning, stacklevel=3)
    return replace(state, tables={**state.tables, "attachments": frame.iloc[:0]})


def _home(roots: list[Path | None]) -> Path | None:
    """The common parent of the image folders; None without any."""
    folders = [str(root.resolve()) for root in roots if root is not None]
    if not folders:
        return None
    if len(folders) < len(roots):
        raise DataError("some of these have an image folder, others none: read them with images=FOLDER")
    try:
        home = Path(os.path.commonpath(folders))
    except ValueError as error:
        raise DataError(f"these image folders are on several disks: {', '.join(folders)}") from error
    if home == Path(home.anchor):
        raise DataError(
            f"these image folders have no folder in common: {', '.join(folders)}. Copy them together first: "
            "ds.save(FOLDER, copy_images=True)"
        )
    return home
