"""Facts about the images of rows: their sizes, and whether the images are fully labeled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import DataError, first

_LABELED_ALL_OVER = ("complete", "empty")
"""States in which an image has all of its instances: whatever has no mask is background."""


def labeled_all_over(images: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which images are fully labeled (state complete or empty), ``(n,)``.

    Example:
        >>> labeled_all_over(pd.DataFrame({"state": ["complete", "partial", "empty"]})).tolist()
        [True, False, True]
    """
    return images["state"].isin(_LABELED_ALL_OVER).to_numpy()


def groups_of(images: pd.DataFrame, image_id: pd.Series) -> npt.NDArray[np.int64]:
    """Code of the group of each row's image, ``(n,)``; an image without a group is one of its own.

    Images of one group, such as frames of a video, are alike: together they count as one.

    Args:
        images: the table of images.
        image_id: image of each row.
    """
    own = image_id.astype(str)
    if "group" not in images:
        return np.asarray(pd.factorize(own)[0], np.int64)
    group = image_id.map(images["group"].astype("object"))
    names = np.where(group.isna(), own, "group " + group.astype(str))
    return np.asarray(pd.factorize(names)[0], np.int64)


def sizes_of(
    images: pd.DataFrame, image_ids: Any, ids: npt.ArrayLike | None = None, table: str = "rows"
) -> npt.NDArray[np.int64]:
    """Height and width of the image of each row, ``(n, 2)`` pixels.

    Args:
        images: the table of images.
        image_ids: image of each row, ``(n,)`` integers, a column or an array.
        ids: names of the rows for messages, ``(n,)``; default their positions.
        table: name of the rows' table for messages.

    Raises:
        DataError: some images do not exist; the message names the rows.

    Example:
        >>> images = pd.DataFrame({"height": [20, 30], "width": [40, 50]}, index=[7, 9])
        >>> sizes_of(images, [9, 7]).tolist()
        [[30, 50], [20, 40]]
    """
    wanted = pd.Index(image_ids)
    at = images.index.get_indexer(wanted)
    lost = at < 0
    if lost.any():
        named = np.flatnonzero(lost) if ids is None else np.asarray(ids)[lost]
        raise DataError(
            f"{table}: image_id must be a row of images; {len(named)} of {len(wanted)} rows break it: "
            f"{first(named)} (got {first(wanted[lost].unique())})"
        )
    height, width = images["height"].to_numpy()[at], images["width"].to_numpy()[at]
    return np.column_stack([height, width]).astype(np.int64)
