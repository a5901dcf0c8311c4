"""The Change that writes answers: one edit, parted by the clusters that decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.change.change import Cells, Change, TableChange
from ....core.tables.answers import as_lists, list_array
from ....core.tables.arrays import equal, positions, take, values
from ....core.tables.schema import LabeledImages
from .claim import Claim

Ints = npt.NDArray[np.int64]

_NOTHING = "no instance is left to answer"


def answered_by(claim: Claim, before: pd.Series, new: Sequence[Any]) -> pd.Series:
    """A column of answers in which these values are given.

    Args:
        claim: what was claimed.
        before: the answers, or labels, in the column's dtype.
        new: the value that each row gets, ``(n,)``; an option is added to those that a row has.
    """
    if claim.kind == "many":
        lists = [[*(had or []), *([] if one in (had or []) else [one])]
                 for had, one in zip(as_lists(before), new, strict=True)]  # fmt: skip
        return pd.Series(list_array(lists), index=before.index)
    return pd.Series(list(new), index=before.index, dtype=before.dtype)


def change_of(
    tables: LabeledImages,
    claim: Claim,
    before: pd.Series,
    new: Sequence[Any],
    origins: npt.NDArray[np.object_],
    who: str,
) -> Change:
    """The Change that writes answers into instances as they are now.

    An instance that is gone, or whose answer is another than it was when the question was asked, stays as it
    is. An option is added to the others that came meanwhile.

    Args:
        tables: the tables to write into.
        claim: what was claimed.
        before: the answers when the question was asked, by instance id.
        new: the value that each gets.
        origins: what decided about each.
        who: origin of the whole Change.
    """
    frame = tables.instances
    order = np.argsort(before.index.to_numpy(np.int64), kind="stable")
    there = positions(frame.index, before.index.to_numpy(np.int64)[order])
    order, at = order[there >= 0], there[there >= 0]
    old = values(frame[claim.name]) if claim.name in frame else None
    if old is None or not len(at) or not _fits(old.dtype, new):
        return Change({}, None, who, _NOTHING)
    now = take(old, at)
    if claim.kind != "many":
        as_before = np.flatnonzero(equal(now, take(values(before), order)))
        order, at, now = order[as_before], at[as_before], take(now, as_before)
    ids = frame.index.to_numpy(np.int64)[at]
    made = answered_by(claim, pd.Series(now, index=ids), [new[i] for i in order.tolist()])
    cells = Cells(ids, now, values(made))
    cells = cells.at(~equal(now, values(made)))
    if not len(cells.ids):
        return Change({}, None, who, _NOTHING)
    by = pd.Series(origins[order], index=ids).loc[cells.ids]
    parts = {str(name): rows.index.to_numpy(np.int64) for name, rows in by.groupby(by, sort=True)}
    what = claim.said[0] if claim.one and len(set(map(str, new))) == 1 else claim.name
    n = len(cells.ids)
    note = f"{n:,} instance{'' if n == 1 else 's'} answered {what}"
    table = TableChange(updated={claim.name: cells})
    return Change({"instances": table}, None, who, note, origins=parts)


def _fits(dtype: Any, new: Sequence[Any]) -> bool:
    """Whether the values are options still; they may have been renamed."""
    return not isinstance(dtype, pd.CategoricalDtype) or set(new) <= set(dtype.categories)
