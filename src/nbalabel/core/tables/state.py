"""The tables, labels and ontology of a dataset at one moment, as an immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..ontology.ontology import EMPTY, Ontology


@dataclass(frozen=True, eq=False)
class State:
    """The tables, labels and ontology of a dataset at one moment.

    Attributes:
        tables: "images", "instances", "rejected", "regions" and "attachments", each sorted by id; never
            modified.
        labels: the ordered label list.
        ontology: what the labels mean, and the attributes of images and instances.
    """

    tables: Mapping[str, pd.DataFrame]
    labels: tuple[str, ...]
    ontology: Ontology = EMPTY
