"""``shapes``: shape and place of instances or predictions as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ..errors import DataError, UnknownNameError, first
from ..geometry.shapes.measure import MEASURES
from ..tables.predicted import Predicted
from ..tables.schema import LabeledImages
from .kept import Kept


def shapes(
    what: LabeledImages | Predicted, rows: Any = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Shape and place of masks, to join, filter and sort by.

    - ``islands``: connected parts; pixels that touch at a corner are connected.
    - ``holes``: parts of the background that the mask encloses.
    - ``perimeter``: pixel edges between inside and outside, those of holes and of the image's border, too.
    - ``solidity``: area over the area of the convex hull, above 0 to 1; 1 where the outline has no dent.
    - ``aspect``: length over width, 1 or more, of the ellipse with the mask's second moments (its principal
      axes); a rectangle of 20 by 4 pixels has 5, however it lies.
    - ``centre_x``, ``centre_y``: mean of the pixels as a share of the image's width and height, 0..1.
    - ``border``: pixels between the mask and the nearest edge of its image; 0 where it touches.
    - ``contrast``: difference of the mean colors in a line of pixels inside and outside of the outline, over
      the noise in these lines, >= 0. Reads pictures.
    - ``boundary_fit``: how steep the picture is along the outline, over its steepness around the mask; 1 is
      no better than chance. Reads pictures.

    :meth:`nbalabel.Run.query` and the views compute these by name; a column of your own of that name wins.

    Args:
        what: a Dataset, a Version or Tables, whose instances are measured; or a Run, whose predictions are.
        rows: which of them, as rows or ids; or any rows with ``image_id`` and ``mask`` on images of ``what``.
            None: all.
        columns: names of the above. None: those that read no pictures.

    Returns:
        One row each, in the order and with the index of ``rows``: int64 for islands, holes and perimeter,
        else float64. NaN for masks without pixels; from pictures also for masks of fewer than 6 pixels.

    Raises:
        UnknownNameError: there is no such column, or there are no such rows.
        DataError: a Run holds no tables, an image is missing, or ids repeat.
        MissingExtraError: OpenCV, which columns that read pictures need, is not installed.

    Source: aspect, M.-K. Hu (1962), Visual pattern recognition by moment invariants; islands and holes,
        S. Di Zenzo et al. (1996), Run-based algorithms for binary image analysis and processing.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=12, n_labeled=8, n_test=0)
        >>> found = nl.shapes(ds, columns=["solidity", "islands"])
        >>> bool(found["solidity"].between(0, 1).all()), len(found) == len(ds.instances)
        (True, True)
        >>> odd = ds.instances.join(found).query("solidity < 0.8 and islands > 1")
        >>> ds.close()
    """
    tables, own = _of(what)
    chosen = _rows(own, rows)
    if chosen.index.has_duplicates:
        twice = chosen.index[chosen.index.duplicated()].unique()
        raise DataError(f"rows must have unique ids, repeated: {first(twice)}")
    names = MEASURES if columns is None else list(columns)
    found = Kept().columns(chosen, tables.images, names, tables.read_image)
    return pd.DataFrame(found, index=chosen.index, columns=list(names))


def _of(what: LabeledImages | Predicted) -> tuple[LabeledImages, pd.DataFrame]:
    if not isinstance(what, Predicted):
        return what, what.instances
    if what.tables is None:
        raise DataError(f"{what.id} holds no tables: load it with Run.load(folder, tables)")
    return what.tables, what.predictions


def _rows(own: pd.DataFrame, rows: Any) -> pd.DataFrame:
    if rows is None:
        return own
    if isinstance(rows, pd.DataFrame) and {"image_id", "mask"} <= set(rows.columns):
        return rows
    ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(rows)
    at = own.index.get_indexer(ids)
    if (at < 0).any():
        raise UnknownNameError(f"there are no rows {first(ids[at < 0])}; there are {len(own):,}")
    return own.iloc[at]
