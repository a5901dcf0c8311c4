"""Nested origins: the name of a cluster tells which clusters it contains."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ...core.change.change import Cells, Change, TableChange
from ...core.change.table_change import ids_of
from ...core.id_sets import minus
from ...core.tables.arrays import values

_RUN = re.compile(r"(?P<of>.+)/(?P<start>\d+)-(?P<stop>\d+)")


def is_within(origin: str, name: str) -> bool:
    """Whether an origin equals ``name`` or is a part of it.

    ``run`` contains ``run/...``. The name of a cluster ends in its range of positions, so ``run/cod/10-50``
    contains ``run/cod/20-30``.

    Example:
        >>> is_within("p-1/cod/20-30", "p-1/cod/10-50"), is_within("p-1/cod/20-30", "p-1")
        (True, True)
        >>> is_within("p-1/cod/20-60", "p-1/cod/10-50"), is_within("p-12/cod/20-30", "p-1")
        (False, False)
    """
    if origin == name or origin.startswith(f"{name}/"):
        return True
    inner, outer = _RUN.fullmatch(origin), _RUN.fullmatch(name)
    if inner is None or outer is None or inner["of"] != outer["of"]:
        return False
    return int(outer["start"]) <= int(inner["start"]) and int(inner["stop"]) <= int(outer["stop"])


def from_origin(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Which rows come from an origin or a part of it, ``(n,)`` bool."""
    codes, found = pd.factorize(frame["origin"].astype(object))
    inside = np.array([is_within(str(origin), name) for origin in found] + [False], np.bool_)
    return np.asarray(inside[codes])


def images_left_by(
    changes: Iterable[Change], others: Iterable[Change], instances: pd.DataFrame
) -> list[Change]:
    """Edits of images to revert as well, because the reverted clusters are the last with instances on them.

    Of clusters accepted together, only the first on an image holds the edit of the image's state. When the
    last of these clusters is reverted, this edit must be reverted too.

    Args:
        changes: the changes to revert.
        others: the other changes of the same propagation, newest first.
        instances: the current instances.

    Returns:
        Changes that edit only images, newest first.
    """
    rows = [c.tables["instances"].created for c in changes if "instances" in c.tables]
    if not rows:
        return []
    going = np.concatenate([ids_of(frame) for frame in rows])
    left = np.concatenate([values(frame["image_id"]) for frame in rows if len(frame)] or [going[:0]])
    out = []
    others = list(others)
    kept = [ids_of(c.tables["instances"].created) for c in others if "instances" in c.tables]
    stays = np.isin(ids_of(instances), np.concatenate(kept)) if kept else np.zeros(len(instances), np.bool_)
    left = minus(left, values(instances["image_id"])[stays & ~np.isin(ids_of(instances), going)])
    for change in others:
        cells = change.tables.get("images", TableChange()).updated
        taken = {name: _at(c, left) for name, c in cells.items()}
        taken = {name: c for name, c in taken.items() if len(c.ids)}
        if taken:
            out.append(Change({"images": TableChange(updated=taken)}, None, change.origin))
    return out


def _at(cells: Cells, ids: np.ndarray) -> Cells:
    return cells.at(np.isin(cells.ids, ids))
