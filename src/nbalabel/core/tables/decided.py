"""What people said of predictions, read off the tables: accepted, turned down, or nothing yet."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

REPLACED = "verified"
"""Status, in the table of rejected predictions, of those a person took over with another mask or label."""

OPEN, ACCEPTED, REJECTED = 0, 1, 2

_MASK = ("image_id", "label", "mask")


def decided(
    instances: pd.DataFrame, rejected: pd.DataFrame, predictions: pd.DataFrame, *, own: bool = False
) -> npt.NDArray[np.int32]:
    """What became of each prediction: 0 open, 1 accepted, 2 rejected; ``(n,)`` int32.

    Accepted are those drawn just so, too, and those a person took over with another mask or label.

    Args:
        instances: of the dataset.
        rejected: of the dataset.
        predictions: of a Run.
        own: count only rows of the prediction's own origin: those made of it, not those that are alike.
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
    """What tells masks apart, of the rows on the same images.

    Args:
        frame: instances, rejected rows or predictions.
        like: the rows whose images count.
        names: the columns that tell them apart.
    """
    if not len(frame) or not len(like):
        return set()
    near = frame[frame["image_id"].isin(like["image_id"])]
    return set(zip(*(near[name] for name in names), strict=True))
