"""Shape and place of instances and predictions as columns of views; see :func:`nbalabel.shapes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import NbalabelError
from ...core.geometry.shapes.measure import WHOLE
from ...core.shapes.kept import SHAPES, Kept
from ...core.shapes.pictured import PICTURED
from .clauses import Index

Read = Callable[[int], npt.NDArray[np.uint8]]


class Shaped:
    """The shape columns of a workspace, kept while its tables change: only new masks cost time.

    Args:
        read: gives the pixels of an image; where it fails, columns that read pictures have no value.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept = {"instances": Kept(), "predictions": Kept()}

    def names(self, of: str, frames: Mapping[str, pd.DataFrame]) -> list[str]:
        """Names of the shape columns of a table; columns of the tables go before them.

        Args:
            of: name of the table.
            frames: all tables.
        """
        if of not in self._kept:
            return []
        return [name for name in SHAPES if name not in frames[of] and name not in frames["images"]]

    def is_offered(self, of: str, name: str) -> bool:
        """Whether menus list a column: those that read pictures only after somebody named them."""
        return name not in PICTURED or name in self._kept[of].names

    def values(
        self, of: str, name: str, frames: Mapping[str, pd.DataFrame], index: Index
    ) -> tuple[npt.NDArray[np.float64], bool]:
        """Values of a column, ``(n,)``, NaN where there are none, and whether they are whole numbers.

        Args:
            of: "instances" or "predictions".
            name: of :data:`SHAPES`.
            frames: all tables.
            index: of these tables.
        """
        rows, known = frames[of], index.image_row[of] >= 0
        there = rows if known.all() else rows[known]
        found = self._kept[of].columns(there, frames["images"], [name], self._pixels)[name]
        out = np.full(len(rows), np.nan)
        out[known] = found
        return out, name in (*WHOLE, "border")

    def _pixels(self, image_id: int) -> Any:
        try:
            return self._read(image_id)
        except (NbalabelError, OSError, ValueError):
            return None
