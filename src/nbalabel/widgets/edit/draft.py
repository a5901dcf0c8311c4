"""Collects the edits of one gesture on rows of one table, until they become a Change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.change.table_change import ids_of, take_rows
from ...core.errors import DataError, HistoryError, UnknownNameError, first
from ...core.geometry.masks import rle
from ...core.segmenting.protocol import Pixels
from ...core.tables.arrays import positions, take, values
from ...core.tables.names import instead_of
from ...core.tables.state import State
from ...data.edits.acceptance import decided
from ...data.edits.draw import Gesture

TABLES = ("instances", "predictions")


@dataclass(frozen=True, eq=False)
class Row:
    """One instance or prediction.

    Attributes:
        at: its position in its table.
        id: of the instance or prediction.
        image_id: its image.
        label: its label.
        mask: compressed run-length mask.
        height: of its image, pixels.
        width: of its image, pixels.
    """

    at: int
    id: int
    image_id: int
    label: str
    mask: bytes
    height: int
    width: int


class Draft:
    """Collects edits of rows. Instances change in place; predictions become instances.

    Args:
        state: the dataset's tables as they are.
        of: "instances" or "predictions".
        frame: the table the rows are of.
        who: name of the person, the origin of what they draw and reshape.
        pixels: reads the pixels of an image by id, ``(height, width, 3)`` uint8 RGB; None: not needed.
    """

    def __init__(
        self,
        state: State,
        of: str,
        frame: pd.DataFrame,
        who: str,
        pixels: Callable[[int], Pixels] | None = None,
    ) -> None:
        self.state, self.of, self.frame, self.who, self.pixels = state, of, frame, who, pixels
        self._updated: dict[int, dict[str, Any]] = {}
        self._created: list[tuple[int, dict[str, Any]]] = []
        self._removed: list[int] = []
        self._replaced: list[int] = []
        self._rejected: list[int] = []
        self._regions: list[tuple[int, bytes, str]] = []
        self._cut: dict[int, bytes] = {}
        self._made: list[int | None] = []  # ids of the resulting rows; None: the next created one

    def rows(self, ids: Sequence[int]) -> list[Row]:
        """Rows by id, in this order, each once.

        Raises:
            UnknownNameError: a row or its image is gone.
        """
        wanted = np.array(list(dict.fromkeys(int(i) for i in ids)), np.int64)
        at = _positions(self.frame, wanted, self.of)
        lost = at < 0
        if lost.any():
            raise UnknownNameError(f"{self.of} {first(wanted[lost])} are no longer there; nothing was done")
        image_ids = take(values(self.frame["image_id"]), at)
        sizes = [size_of(self.state, int(i)) for i in image_ids]
        columns = (take(values(self.frame[name]), at) for name in ("label", "mask"))
        found = zip(at, wanted, image_ids, *columns, sizes, strict=True)
        return [Row(int(a), int(i), int(image), str(lab), bytes(m), *s) for a, i, image, lab, m, s in found]

    def check_open(self, rows: Sequence[Row]) -> None:
        """Refuse predictions that were decided before.

        Raises:
            HistoryError: some were; the message names them.
        """
        if self.of != "predictions":
            return
        tables = self.state.tables
        given = take_rows(self.frame, np.array([row.at for row in rows], np.int64))
        codes = decided(tables["instances"], tables["rejected"], given)
        done = [f"{row.id} ({_DECISIONS[code]})" for row, code in zip(rows, codes, strict=True) if code]
        if done:
            raise HistoryError(f"these predictions were decided already: {first(done)}; nothing was done")

    def neighbours(self, image_id: int) -> list[bytes]:
        """The masks of all instances on an image."""
        there = self.state.tables["instances"]
        at = np.flatnonzero(there["image_id"].to_numpy() == image_id)
        return [bytes(mask) for mask in take(values(there["mask"]), at)]

    def change(self, row: Row, **cells: Any) -> None:
        """Give a row another mask or label; a prediction is accepted with them."""
        cells = {name: value for name, value in cells.items() if value != getattr(row, name)}
        if "mask" in cells:
            cells |= {"source": "human", "origin": self.who, "score": np.nan}
        if self.of == "instances":
            status = values(self.frame["status"])[row.at]
            if "mask" in cells and status == "proposed":
                cells["status"] = "accepted"
            if cells:
                self._updated[row.id] = {**self._updated.get(row.id, {}), **cells}
            self._made.append(row.id)
            return
        if cells:
            self._replaced.append(row.at)
        self._created.append((row.at, {**cells, "status": "accepted"}))
        self._made.append(None)

    def add(self, row: Row, **cells: Any) -> None:
        """Add an instance: a copy of a row, except for the given cells."""
        person = {"source": "human", "origin": self.who, "score": np.nan, "status": "accepted"}
        self._created.append((row.at, {**person, **cells}))
        self._made.append(None)

    def cut(self, instance_id: int, mask: bytes) -> None:
        """Give an instance the mask that is left after another mask took pixels."""
        self._updated[instance_id] = {"mask": mask}

    def remove(self, row_id: int) -> None:
        """Remove an instance."""
        self._removed.append(row_id)

    def drop(self, row: Row) -> None:
        """Remove an instance, or reject a prediction."""
        if self.of == "instances":
            self._removed.append(row.id)
        else:
            self._rejected.append(row.at)

    def absorb(self, row: Row) -> None:
        """Remove a row that was merged into another; a prediction counts as accepted."""
        if self.of == "instances":
            self._removed.append(row.id)
        else:
            self._replaced.append(row.at)

    def region(self, row: Row, kind: str) -> None:
        """Make a region of a row's mask; an instance is removed, a prediction stays as it is."""
        self._regions.append((row.image_id, row.mask, kind))
        if self.of == "instances":
            self._removed.append(row.id)

    def clear_regions(self, row: Row) -> int:
        """Cut a row's mask out of the regions of its image, and drop an instance; returns how many it met."""
        there = self.state.tables["regions"]
        at = np.flatnonzero(there["image_id"].to_numpy() == row.image_id)
        met = 0
        for region_id, mask in zip(ids_of(there)[at].tolist(), take(values(there["mask"]), at), strict=True):
            before = self._cut.get(region_id, bytes(mask))
            left = rle.difference(before, row.mask, row.height, row.width)
            if left != before:
                self._cut[region_id] = left
                met += 1
        if met and self.of == "instances":
            self._removed.append(row.id)
        return met

    def gesture(self, note: str) -> Gesture:
        """The collected edits as a Gesture."""
        return Gesture(
            note,
            self._updated,
            self._assembled(),
            self._removed,
            self._picked(self._replaced),
            self._picked(self._rejected),
            self._new_regions(),
            self._cut,
        )

    def _new_regions(self) -> dict[str, Any]:
        names = ("image_id", "mask", "kind")
        return {name: [one[i] for one in self._regions] for i, name in enumerate(names) if self._regions}

    def ids(self, change: Change) -> list[int]:
        """Ids of the changed and the new instances, in the order of the edits."""
        rows = change.tables.get("instances")
        fresh = iter(() if rows is None else ids_of(rows.created).tolist())
        return [next(fresh) if made is None else made for made in self._made]

    def _picked(self, at: list[int]) -> pd.DataFrame | None:
        return take_rows(self.frame, np.array(at, np.int64)) if at else None

    def _assembled(self) -> dict[str, Any]:
        """Columns of the new rows: copies of their source rows, with the given cells replaced."""
        if not self._created:
            return {}
        at = np.array([at for at, _ in self._created], np.int64)
        out = {str(name): take(values(self.frame[name]), at) for name in self.frame.columns}
        for name in dict.fromkeys(name for _, cells in self._created for name in cells):
            old = list(out.get(name, [None] * len(at)))
            out[name] = [cells.get(name, was) for (_, cells), was in zip(self._created, old, strict=True)]
        return out


_DECISIONS = ("open", "accepted", "rejected")


def size_of(state: State, image_id: int) -> tuple[int, int]:
    """Height and width of an image, pixels.

    Raises:
        UnknownNameError: it is gone.
    """
    images = state.tables["images"]
    at = int(positions(images.index, np.array([image_id]))[0])
    if at < 0:
        raise UnknownNameError(f"image {image_id} is no longer in the dataset; nothing was done")
    return int(images["height"].to_numpy()[at]), int(images["width"].to_numpy()[at])


def check_label(state: State, label: str | None) -> str:
    """A label of the dataset.

    Raises:
        DataError: it is not in the list.
    """
    if label not in state.labels:
        known = instead_of(label, state.labels)
        raise DataError(f"label must be one of the dataset's, got {label!r}; {known}; ds.add_label adds one")
    return str(label)


def check_table(of: str) -> str:
    """The table an edit is about.

    Raises:
        DataError: there is no such table of masks.
    """
    if of not in TABLES:
        raise DataError(f"masks to edit are of {' or '.join(TABLES)}, got {of!r}")
    return of


def _positions(frame: pd.DataFrame, ids: np.ndarray, of: str) -> np.ndarray:
    """Positions of rows by id; a run's predictions need not be sorted by id."""
    if of == "instances":
        return positions(frame.index, ids)
    return np.asarray(frame.index.get_indexer(pd.Index(ids)), np.int64)
