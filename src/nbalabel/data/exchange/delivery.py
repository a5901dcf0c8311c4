"""What ``nl.take_back`` gives: the report, the Change, and the tables as they would be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.show.card import card
from ..tables.tables import Tables
from .report import DeliveryReport


@dataclass(frozen=True, eq=False, repr=False)
class Delivery:
    """A package that came back; ``ds.apply(back)`` takes it, ``ds.revert(back)`` takes that back.

    It has the tables of the images that came, as they are once it is applied, so that ``nl.audit(back)``,
    writers and models take it as they take a dataset. Honeypots are not among them.

    Attributes:
        id: origin of the change.
        package: id of the package that was handed out.
        report: what came back, image by image and instance by instance.
        change: what would change in the dataset.
        tables: the images that came, and what is on them after the change.
    """

    id: str
    package: str
    report: DeliveryReport
    change: Change
    tables: Tables

    @property
    def images(self) -> pd.DataFrame:
        """The images that came, by ``image_id``, without honeypots."""
        return self.tables.images

    @property
    def instances(self) -> pd.DataFrame:
        """What is on them after the change; added rows have the ids they get if nothing else comes first."""
        return self.tables.instances

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names of the dataset, in order."""
        return self.tables.labels

    @property
    def image_root(self) -> Path | None:
        """Folder of the images."""
        return self.tables.image_root

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB."""
        return self.tables.read_image(image_id)

    def __repr__(self) -> str:
        return f"Delivery({self.id}: {self.change.summary()})"

    def _repr_html_(self) -> str:
        facts = [*self.report.facts(), ("the change", self.change.summary())]
        take = ("take it", "ds.apply(back); back: ds.revert(back); check it: nl.audit(back)")
        return card(self.id, [*facts, take], subtitle=f"of {self.package}")
