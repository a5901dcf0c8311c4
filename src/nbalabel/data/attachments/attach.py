"""Attach files to images: a state and names in, a Change out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange, diff
from ...core.ontology.guidelines import Guidelines
from ...core.ontology.ontology import GUIDELINES
from ...core.tables.schema import INDEX_NAMES, conform
from ...core.tables.state import State
from ..edits.cells import Allocate, extend, numbered

_SAME = ["image_id", "file", "kind", "name"]


def attach(
    state: State,
    ids: np.ndarray,
    files: Sequence[str],
    kinds: Sequence[str],
    names: Sequence[str],
    opacity: float,
    allocate: Allocate,
    origin: str,
) -> Change:
    """The change that attaches a file to each of some images; see :meth:`Dataset.attach`.

    What is attached already is not attached again.

    Args:
        state: the current tables.
        ids: ids of the images, ``(n,)``.
        files: the file of each, as the table has it.
        kinds: how each is shown.
        names: title of each.
        opacity: of overlays, 0..1.
        allocate: allocates ids for new rows.
        origin: who or what attaches.
    """
    frame = pd.DataFrame({"image_id": ids, "file": files, "kind": kinds, "name": names})
    there = state.tables["attachments"]
    known = set(zip(*(there[column].tolist() for column in _SAME), strict=True))
    rows = zip(*(frame[column].tolist() for column in _SAME), strict=True)
    fresh = frame[[row not in known for row in rows]].assign(opacity=opacity, origin=origin)
    one = f"{kinds[0]} {names[0]}" if len(set(files)) == 1 else f"{len(set(files)):,} files"
    note = f"attached {one} to {len(fresh):,} image{'s' * (len(fresh) != 1)}"
    if len(fresh) < len(frame):
        note += f"; {len(frame) - len(fresh):,} had it already"
    if not len(fresh):
        return Change({}, None, origin, note)
    made = extend(there, conform(fresh.reset_index(drop=True), "attachments"))
    made = numbered(made, allocate("attachments", len(made)), INDEX_NAMES["attachments"])
    return Change({"attachments": TableChange(made)}, None, origin, note)


def write_guidelines(state: State, text: str, origin: str) -> Change:
    """The change that gives a dataset its guidelines; "" removes them.

    Raises:
        DataError: it is no text, or too long.
    """
    said = Guidelines(text)
    said = Guidelines("\n".join(line.rstrip() for line in said.text.splitlines()).strip("\n"))
    ontology = state.ontology.with_entries({GUIDELINES: said if said.text else None})
    lines = said.text.splitlines()
    note = f"wrote the guidelines ({lines[0][:60]})" if lines else ""
    after = State(state.tables, state.labels, ontology)
    return diff(state, after, origin, note or "removed the guidelines")
