"""What writers do with an ontology: hidden answers stay behind, and what a format drops is counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from ....core.asking.asked import Asking
from ....core.ontology.attribute import ASKED_OF
from ....core.ontology.ontology import EMPTY, Ontology
from ....core.tables.answers import answered
from ....core.tables.arrays import values
from ....core.tables.schema import ATTACHMENT_KINDS, IMAGES, INSTANCES, LabeledImages

_PARTS = ("parent", "color", "key", "text", "right", "wrong", "retired")
_SCHEMAS = {"images": IMAGES, "instances": INSTANCES}

EVERYTHING = object()
"""Says of a table that all of its columns are written."""

Kept = Mapping[str, Collection[str] | object]
"""Table -> names of the columns that a format keeps; EVERYTHING for all."""


def ontology_of(tables: LabeledImages) -> Ontology:
    """The ontology; an empty one where the tables have none, as those of other programs."""
    found: Ontology = getattr(tables, "ontology", EMPTY)
    return found


def shown(tables: LabeledImages) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Images and instances without hidden answers, and how many these are."""
    ontology, images, instances = ontology_of(tables), tables.images, tables.instances
    if not (ontology.images or ontology.instances):
        return images, instances, 0
    asking = Asking(ontology, images, instances)
    n = sum(int(asking.hidden(of, name).sum()) for of in ASKED_OF for name in ontology.attributes(of))
    return asking.without_hidden("images"), asking.without_hidden("instances"), n


def dropped(tables: LabeledImages, kept: Kept) -> pd.DataFrame:
    """What a format does not keep of the columns of your own and of the ontology.

    Args:
        tables: the tables written.
        kept: the columns that are written, by table; under "ontology" the parts of it, by their names.

    Returns:
        Columns table ("images", "instances", "labels", "attributes" and "guidelines" for parts of the
        ontology, "attachments"), column (of attachments: their kind), n (values that are not missing) and
        asked (whether it is an attribute); rows without values are left out.
    """
    ontology = ontology_of(tables)
    images, instances, _ = shown(tables)
    rows: list[tuple[str, str, int, bool]] = []
    for table, frame in (("images", images), ("instances", instances)):
        keeps = kept.get(table, ())
        for name in frame.columns:
            if name in _SCHEMAS[table] or keeps is EVERYTHING or _has(keeps, name):
                continue
            n = int(answered(values(frame[name])).sum())
            rows.append((table, str(name), n, name in ontology.attributes(table)))
    rows += [(*row, False) for row in _said(ontology) if not _has(kept.get("ontology", ()), row[1])]
    rows += [(*row, False) for row in _attached(tables)]
    found = pd.DataFrame(rows, columns=["table", "column", "n", "asked"])
    return found[found["n"] > 0].reset_index(drop=True)


def _said(ontology: Ontology) -> list[tuple[str, str, int]]:
    """How many labels have each part of a definition, and how many attributes are declared."""
    entries = ontology.labels.values()
    rows = [("labels", part, sum(bool(getattr(entry, part)) for entry in entries)) for part in _PARTS]
    rows.append(("attributes", "declaration", len(ontology.images) + len(ontology.instances)))
    return [*rows, ("guidelines", "text", int(bool(ontology.guidelines)))]


def _attached(tables: LabeledImages) -> list[tuple[str, str, int]]:
    """How many attachments of each kind are on the images; no format holds them."""
    frame: pd.DataFrame | None = getattr(tables, "attachments", None)
    if frame is None:
        return []
    return [("attachments", kind, int((frame["kind"] == kind).sum())) for kind in ATTACHMENT_KINDS]


def _has(kept: object, name: str) -> bool:
    return kept is EVERYTHING or (isinstance(kept, Collection) and name in kept)
