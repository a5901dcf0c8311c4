"""Decisions about predictions, read from the tables: open, accepted or rejected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .same_rows import MASK, among

REPLACED = "verified"
"""Status, in ``rejected``, of predictions that a person accepted with a corrected mask or label."""

OPEN, ACCEPTED, REJECTED = 0, 1, 2


def decided(
    instances: pd.DataFrame, rejected: pd.DataFrame, predictions: pd.DataFrame, *, own: bool = False
) -> npt.NDArray[np.int32]:
    """Decision about each prediction: 0 open, 1 accepted, 2 rejected; ``(n,)`` int32.

    A prediction also counts as accepted if an equal instance was drawn by hand, or if a person accepted it
    with a corrected mask or label.

    Args:
        instances: table of the dataset.
        rejected: table of the dataset.
        predictions: table of a Run.
        own: count only rows with an origin of these predictions, not equal rows from elsewhere.
    """
    names = (*MASK, "origin") if own else MASK
    out = np.zeros(len(predictions), np.int32)
    replaced = (rejected["status"] == REPLACED).to_numpy()
    for code, table in (
        (REJECTED, rejected[~replaced]),
        (ACCEPTED, rejected[replaced]),
        (ACCEPTED, instances),
    ):
        if own and len(table):
            table = table[table["origin"].isin(predictions["origin"].unique())]
        out[among(predictions, table, names)] = code
    return out
