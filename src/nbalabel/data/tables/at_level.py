"""Tables with the labels of a level of their hierarchy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ...core.ontology.definition import Definition
from ...core.ontology.levels import Level, level_of
from ...core.ontology.ontology import Ontology
from ...core.regions.at_level import at_level
from ...core.tables.schema import conform
from ...core.tables.state import State


def state_at_level(state: State, level: int) -> State:
    """The state with its labels at a level; see :meth:`nbalabel.Tables.at_level`.

    Raises:
        DataError: the level is no whole number >= 0.
    """
    found = level_of(state.ontology, state.labels, level)
    instances, unsure = at_level(state.tables["instances"], state.labels, found)
    rejected, _ = at_level(state.tables["rejected"], state.labels, found)
    regions = _regions(state, found, unsure, f"level {level}")
    entries = {label: state.ontology.labels.get(label, Definition()) for label in found.labels}
    entries = {label: replace(entry, right=(), wrong=()) for label, entry in entries.items()}
    tables = {
        "images": state.tables["images"],
        "instances": instances,
        "rejected": rejected,
        "regions": conform(regions, "regions", found.labels),
        "attachments": state.tables["attachments"],
    }
    return State(tables, found.labels, Ontology(entries, guidelines=state.ontology.guidelines))


def _regions(state: State, found: Level, unsure: pd.DataFrame, origin: str) -> pd.DataFrame:
    """The regions at the level, and the instances that are coarser as regions of kind "ignore"."""
    known, split = at_level(_that_hold(state, found), state.labels, found)
    split = split[(split["kind"] == "ignore").to_numpy(bool)]
    of_instances = unsure[["image_id", "label", "mask"]].assign(kind="ignore", source="human", origin=origin)
    first = int(known.index.max()) + 1 if len(known) else 0
    new = pd.concat([split, of_instances]) if len(split) else of_instances
    new = new.set_axis(pd.Index(first + np.arange(len(new)), name=known.index.name), axis=0)
    return pd.concat([known.astype({"kind": object, "source": object}), new]) if len(new) else known


def _that_hold(state: State, found: Level) -> pd.DataFrame:
    """The regions without those of kind "done" for one of several labels that are one at the level."""
    regions = state.tables["regions"]
    becomes = [*found.known.values(), *(one for several in found.unknown.values() for one in several)]
    alone = [label for label, one in found.known.items() if becomes.count(one) == 1]
    is_lost = (regions["kind"] == "done") & regions["label"].notna() & ~regions["label"].isin(alone)
    return regions[~is_lost.to_numpy(bool)]
