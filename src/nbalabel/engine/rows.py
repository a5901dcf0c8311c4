"""Rows of masks cut into parts by their images, which can go to other processes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.tables.schema import LabeledImages
from .pictures import Pictures
from .step import cuts

_PART_IMAGES = 16

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Wanted:
    """Rows of masks, and which of them are wanted.

    Attributes:
        rows: with ``image_id`` and ``mask``; all of an image, since other masks are neighbours.
        wanted: which of them, ``(n,)`` bool.
    """

    rows: pd.DataFrame
    wanted: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RowsOf:
    """The rows of some images.

    Attributes:
        tables: tables to read pictures from.
        ids: the images, those with a row that is wanted, ``(k,)``.
        rows: rows on these images.
        places: position of each row in its table, ascending, ``(n,)``.
        wanted: which rows are wanted, ``(n,)`` bool.
    """

    tables: LabeledImages
    ids: Ints
    rows: pd.DataFrame
    places: Ints
    wanted: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cut:
    """A part that was not made yet; calling it makes it.

    Attributes:
        of: all rows.
        order: their positions, by image, ``(n,)``.
        on: image of each of these, ascending, ``(n,)``.
        ids: images of the part, ascending, ``(k,)``.
        pictures: gives tables to read pictures from.
        columns: columns of the rows that are needed.
    """

    of: Wanted
    order: Ints
    on: Ints
    ids: Ints
    pictures: Pictures
    columns: Sequence[str]

    def __call__(self) -> RowsOf:
        """The rows of these images."""
        begin, end = np.searchsorted(self.on, self.ids[0]), np.searchsorted(self.on, self.ids[-1], "right")
        places = np.sort(self.order[begin:end])
        rows = self.of.rows[list(self.columns)].iloc[places].reset_index(drop=True)
        return RowsOf(self.pictures(self.ids), self.ids, rows, places, self.of.wanted[places])

    @property
    def n_images(self) -> int:
        """Images of the part."""
        return len(self.ids)


def parts_of(some: Wanted, pictures: Pictures, columns: Sequence[str]) -> list[Cut]:
    """Parts of 16 images each, in the order of the images' ids; images without a wanted row are in none.

    Args:
        some: the rows.
        pictures: gives tables to read pictures from.
        columns: columns of the rows that are needed.
    """
    on = some.rows["image_id"].to_numpy(np.int64)
    order = np.argsort(on, kind="stable")
    return [
        Cut(some, order, on[order], ids, pictures, columns)
        for ids in cuts(np.unique(on[some.wanted]), _PART_IMAGES)
        if len(ids)
    ]


def fingerprint(of: Sequence[Wanted], columns: Sequence[str], images: pd.DataFrame, more: object) -> str:
    """A hash of rows and pictures: parts in a folder with the same hash can be used again.

    Args:
        of: the rows.
        columns: columns of the rows that make a difference, of numbers or of bytes.
        images: rows of the images.
        more: whatever else makes a difference, hashed by its ``repr``.
    """
    digest = hashlib.sha256(repr([more, images.index.tolist(), images["file"].tolist()]).encode())
    for some in of:
        digest.update(some.wanted.tobytes())
        for name in columns:
            digest.update(pd.util.hash_pandas_object(some.rows[name], index=False).to_numpy().tobytes())
    return digest.hexdigest()
