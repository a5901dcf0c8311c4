"""Decisions about predictions, read from the tables: open, accepted or rejected."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

REPLACED = "verified"
"""Status, in ``rejected``, of predictions that a person accepted with a corrected mask or label."""

OPEN, ACCEPTED, REJECTED = 0, 1, 2

_MASK = ("image_id", "label", "mask")


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
    names = (*_MASK, "origin") if own else _MASK
    out = np.zeros(len(predictions), np.int32)
    replaced = (rejected["status"] == REPLACED).to_numpy()
    for code, table in (
        (REJECTED, rejected[~replaced]),
        (ACCEPTED, rejected[replaced]),
        (ACCEPTED, instances),
    ):
        if own and len(table):
            table = table[table["origin"].isin(predictions["origin"].unique())]
        known = keys(table, predictions, names)
        if known:
            at = np.flatnonzero(predictions["image_id"].isin(table["image_id"]))
            near = predictions.iloc[at]
            rows = zip(*(near[name] for name in names), strict=True)
            out[at[np.fromiter((key in known for key in rows), np.bool_, len(at))]] = code
    return out


def keys(frame: pd.DataFrame, like: pd.DataFrame, names: tuple[str, ...] = _MASK) -> set[tuple[Any, ...]]:
    """The identifying values of each row, for rows on the images of ``like``.

    Args:
        frame: instances, rejected rows or predictions.
        like: rows whose images count.
        names: the identifying columns.
    """
    if not len(frame) or not len(like):
        return set()
    near = frame[frame["image_id"].isin(like["image_id"])]
    return set(zip(*(near[name] for name in names), strict=True))
