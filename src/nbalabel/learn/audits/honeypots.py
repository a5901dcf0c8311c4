"""Masks of known answer made from what a person has verified: some as they are, some spoiled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ..suspects.evidence.pairs import Overlaps
from ..suspects.rehearsal.plant import KINDS, plant

_MOST = 150  # masks of each answer
_FEWEST = 12  # verified masks from which honeypots are made
_PART = 0.2  # of the verified masks are shown as they are, and leave the set
_SPOILED = ("swapped", "outline", "merged", "split")
_COLUMNS = ("image_id", "label", "mask", "x", "y", "w", "h", "area")


@dataclass(frozen=True, eq=False)
class Honeypots:
    """Masks of known answer.

    Attributes:
        table: ``image_id``, ``label``, ``mask``, box, ``area`` and ``right``.
        shown: ids of the instances among them that are shown as they are.
    """

    table: pd.DataFrame
    shown: pd.Index


def honeypots_of(tables: LabeledImages, at: float, seed: int) -> Honeypots:
    """Honeypots from the verified instances of a dataset: a fifth as they are, spoiled copies of others.

    A copy is moved, grown, shrunk, joined with a neighbour, cut in two or renamed, as errors are rehearsed
    for `nbalabel.suspects`; it is wrong where no instance of its label has an IoU of ``at`` with it.

    Args:
        tables: a dataset; its instances of status "verified" are taken to be right.
        at: IoU with a perfect mask from which a mask is right, 0..1.
        seed: seed of the choice.

    Raises:
        DataError: fewer than 12 instances are verified.
    """
    every = tables.instances
    every = every[~every["crowd"].to_numpy(bool) & (every["area"] > 0).to_numpy()]
    verified = np.flatnonzero((every["status"] == "verified").to_numpy())
    if len(verified) < _FEWEST:
        raise DataError(
            f"honeypots are made from masks that a person verified, at least {_FEWEST}; the dataset has "
            f"{len(verified)}. nl.Review verifies some; or give known={{id: True or False}}, or a table of "
            "masks with a column right"
        )
    order = np.random.default_rng((0xA0D17, 3, seed)).permutation(verified)
    n = min(max(round(_PART * len(order)), _FEWEST // 2), _MOST)
    right = every.iloc[np.sort(order[:n])]
    wrong = _spoiled(tables, every, np.sort(order[n:])[: 2 * _MOST], at, seed)
    table = pd.concat(
        [right[list(_COLUMNS)].assign(right=True), wrong[list(_COLUMNS)].assign(right=False)],
        ignore_index=True,
    )
    return Honeypots(table.astype({"right": bool}), right.index)


def _spoiled(
    tables: LabeledImages, every: pd.DataFrame, chosen: npt.NDArray[np.int64], at: float, seed: int
) -> pd.DataFrame:
    """Copies of the chosen masks with errors planted into them; only those that are wrong."""
    on = every["image_id"].isin(every["image_id"].iloc[chosen]).to_numpy()
    here, place = every[on], np.cumsum(on)[chosen] - 1
    planted = plant(here, tables.images, tables.labels, place, 0.0, seed)
    kinds = [KINDS.index(kind) + 1 for kind in _SPOILED]
    rows = planted.instances[np.isin(planted.wrong, kinds)]
    over = Overlaps.of(rows, here)
    names = [frame["label"].astype(object).to_numpy() for frame in (rows, here)]
    same = names[0][over.left] == names[1][over.right]
    best = over.most(over.iou, same)
    return rows[best < at].iloc[:_MOST]
