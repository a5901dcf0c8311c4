"""The regions of tables, also of tables that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..tables.schema import LabeledImages, empty

ALL = -1
"""Code of a region that is about all labels."""

_NO_LABEL = -2


def regions_of(tables: LabeledImages) -> pd.DataFrame:
    """The table ``regions``; an empty one where the tables have none, as those of other programs."""
    found: pd.DataFrame | None = getattr(tables, "regions", None)
    return empty("regions", tables.labels) if found is None else found


def codes_of(column: pd.Series, labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Index of each row's label in the label list, ``(n,)``: ``ALL`` if missing, -2 if not in the list.

    Args:
        column: labels of regions, instances or predictions.
        labels: the label list.
    """
    found: Any = column.astype("category")
    place = pd.Index(list(labels), dtype=object).get_indexer(found.cat.categories)
    place = np.append(np.where(place < 0, _NO_LABEL, place), ALL)
    return np.asarray(place[found.cat.codes.to_numpy()], np.int64)
