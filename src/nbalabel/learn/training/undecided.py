"""The masks of a run that nobody decided about, as regions that a training leaves open."""

from __future__ import annotations

import pandas as pd

from ...core.errors import ModelError
from ...core.tables.schema import LabeledImages
from ..runs.run import Run

_DECIDED = ("accepted", "true positive")


def undecided(ignore: Run | pd.DataFrame | None, tables: LabeledImages) -> pd.DataFrame | None:
    """Rows with the masks of regions where it is not known whether there is an object.

    Args:
        ignore: a Run, for its predictions that are neither accepted nor matched to an instance; rows with
            ``image_id`` and ``mask``; or None.
        tables: the tables that are trained on.

    Raises:
        ModelError: the rows lack a column.
    """
    if not isinstance(ignore, Run):
        lacking = [] if ignore is None else [name for name in ("image_id", "mask") if name not in ignore]
        if lacking:
            raise ModelError(f"ignore takes a Run, or rows with image_id and mask; {lacking} is not there")
        return ignore
    outcome = ignore.outcomes(tables)["outcome"]
    return ignore.predictions[~outcome.isin(_DECIDED).to_numpy()]
