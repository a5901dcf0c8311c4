"""Shape columns that are computed once a mask: rows whose mask stayed keep their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from ..errors import UnknownNameError
from ..geometry.shapes.measure import MEASURES, measure
from ..tables.dtypes import MASK_DTYPE
from ..tables.names import instead_of
from ..tables.of_images import sizes_of
from .pictured import PICTURED, Read, pictured

SHAPES = (*MEASURES, *PICTURED)
"""Names of all shape columns."""

Values = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class _Known:
    """Columns, and what they were computed from."""

    ids: pd.Index
    masks: Any  # an Arrow column
    places: npt.NDArray[np.int64]  # image, height and width, (n, 3)
    values: dict[str, Values]


class Kept:
    """Shape columns of one table; only masks that are new or changed cost time."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], _Known] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that were asked for so far."""
        return tuple(name for known in self._known.values() for name in known.values)

    def columns(
        self, rows: pd.DataFrame, images: pd.DataFrame, names: Sequence[str], read: Read
    ) -> dict[str, Values]:
        """Columns of rows.

        Args:
            rows: ``image_id`` and ``mask``, indexed by unique ids.
            images: their images.
            names: of :data:`SHAPES`.
            read: pixels of an image; called for :data:`PICTURED` only.

        Returns:
            ``(n,)`` a name: int64 for islands, holes and perimeter, else float64.

        Raises:
            UnknownNameError: there is no such column.
            DataError: an image is missing.
        """
        for name in names:
            if name not in SHAPES:
                raise UnknownNameError(f"no shape column is called {name!r}; {instead_of(name, SHAPES)}")
        masks: Any = rows["mask"].astype(MASK_DTYPE).array.__arrow_array__()
        sizes = sizes_of(images, rows["image_id"], rows.index)
        places = np.column_stack([rows["image_id"].to_numpy(np.int64), sizes])
        out: dict[str, Values] = {}
        for kind in (MEASURES, PICTURED):
            wanted = [name for name in names if name in kind]
            if wanted:
                now = self._now(kind, rows, _Known(rows.index, masks, places, {}), wanted, read)
                out |= {name: now.values[name] for name in wanted}
        return {name: out[name] for name in names}

    def _now(
        self, kind: tuple[str, ...], rows: pd.DataFrame, now: _Known, wanted: Sequence[str], read: Read
    ) -> _Known:
        """Columns of one kind for these rows; those that were asked for before are kept."""
        before = self._known.get(kind, _Known(now.ids[:0], now.masks[:0], now.places[:0], {}))
        at = _same(before, now)
        fresh = np.flatnonzero(at < 0)
        for name, values in before.values.items():
            now.values[name] = values[at] if len(values) else np.empty(len(at), values.dtype)
        if len(fresh):
            found = _measured(rows.iloc[fresh], now.places[fresh, 1:], list(before.values), read)
            for name, part in found.items():
                now.values[name][fresh] = part
        new = [name for name in wanted if name not in before.values]
        now.values.update(_measured(rows, now.places[:, 1:], new, read))
        self._known[kind] = now
        return now


def _measured(
    rows: pd.DataFrame, sizes: npt.NDArray[np.int64], names: Sequence[str], read: Read
) -> dict[str, Values]:
    if not names:
        return {}
    if names[0] in MEASURES:
        return measure(rows["mask"], sizes, names)
    found = pictured(rows, read)
    return {name: found[:, PICTURED.index(name)] for name in names}


def _same(before: _Known, now: _Known) -> npt.NDArray[np.int64]:
    """Row before of each row with the same id, mask and image, ``(n,)``; -1 for none."""
    at = np.array(before.ids.get_indexer(now.ids), np.int64)
    known = np.flatnonzero(at >= 0)
    equal = (before.places[at[known]] == now.places[known]).all(axis=1)
    if before.masks is not now.masks or (at != np.arange(len(at))).any():
        equal &= np.asarray(pc.equal(before.masks.take(at[known]), now.masks.take(known)), np.bool_)
    at[known[~equal]] = -1
    return at
