"""Tables as they were at one moment: later edits of a working copy do not change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.ontology.ontology import EMPTY, Ontology
from ...core.regions.of_tables import regions_of
from ...core.tables.schema import LabeledImages


@dataclass(frozen=True)
class Snapshot:
    """The tables that a Run was made on. Frames are shallow copies, which pandas copies on write.

    Attributes:
        images: one row per image.
        instances: one row per instance.
        labels: label names, in order.
        image_root: folder of the image files.
        reader: function that reads the pixels of an image.
        runs_folder: where runs of the dataset are kept; None where the tables are no dataset.
        source: the tables themselves, which may have been edited since.
        regions: where it is not known what is there, or where everything is labeled; None: no regions.
    """

    images: pd.DataFrame
    instances: pd.DataFrame
    labels: tuple[str, ...]
    image_root: Path | None
    reader: Callable[[int], np.ndarray]
    runs_folder: Path | None = None
    source: LabeledImages | None = None
    regions: pd.DataFrame | None = None

    @classmethod
    def of(cls, tables: LabeledImages) -> Snapshot:
        """A snapshot of tables as they are now."""
        return cls(
            tables.images.copy(deep=False),
            tables.instances.copy(deep=False),
            tables.labels,
            tables.image_root,
            tables.read_image,
            getattr(tables, "runs_folder", None),
            live(tables),
            regions_of(tables),
        )

    @property
    def ontology(self) -> Ontology:
        """What the labels mean now: definitions may come after a run."""
        found: Ontology = getattr(self.source, "ontology", EMPTY)
        return found

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB."""
        return self.reader(image_id)


def live(tables: LabeledImages) -> LabeledImages:
    """The current tables that a snapshot was made of; other tables are returned as they are."""
    source = tables.source if isinstance(tables, Snapshot) else None
    return tables if source is None else source


def state_of(tables: LabeledImages) -> dict[str, Any]:
    """Which version the tables are (None where they have none), and whether they were edited since."""
    status = getattr(tables, "status", None)
    return {
        "version": getattr(tables, "version_id", None),
        "dirty": bool(status()) if callable(status) else False,
    }
