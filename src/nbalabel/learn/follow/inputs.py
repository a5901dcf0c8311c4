"""What ``follow`` is given: instances to start from, and how far to carry them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import INDEX_NAMES, LabeledImages
from ..prediction import inference

_DIRECTIONS = ("both", "forward", "backward")
_SMALL, _LEAST_IMGSZ, _MOST_IMGSZ = 24.0, 256, 640

Ints = npt.NDArray[np.int64]


def check(direction: str, least: float, gap: int | None, imgsz: int | None) -> None:
    """Refuse arguments that are out of range."""
    if direction not in _DIRECTIONS:
        raise DataError(f"direction must be one of {', '.join(_DIRECTIONS)}, got {direction!r}")
    if not 0 <= least <= 1:
        raise DataError(f"least is a score, between 0 and 1, got {least}")
    if gap is not None and gap < 1:
        raise DataError(f"gap is a difference of frames, at least 1, got {gap}")
    if imgsz is not None and imgsz < 32:
        raise DataError(f"imgsz must be at least 32 pixels, got {imgsz}")


def starts_of(tables: LabeledImages, instances: Any) -> pd.DataFrame:
    """The rows of the tables that tracks start from, in the order of their ids.

    Raises:
        DataError: there are none, they are not of these tables, or one has no pixels.
        UnknownNameError: there is no such instance.
    """
    own = tables.instances
    name = INDEX_NAMES["instances"]
    if isinstance(instances, pd.DataFrame):
        if instances.index.name != name:
            raise DataError(
                f"follow takes rows of instances, indexed by {name}, got rows indexed by "
                f"{instances.index.name}; predictions become instances by ds.accept(rows)"
            )
        ids = instances.index
    else:
        ids = pd.Index(np.asarray(instances).reshape(-1))
    if not len(ids):
        raise DataError("follow got no instances: give rows such as ds.instances.query('image_id == 7')")
    lost = ids[~ids.isin(own.index)]
    if len(lost):
        raise UnknownNameError(f"no such instances in these tables: {first(lost.tolist())}")
    rows = own.loc[np.unique(ids.to_numpy(np.int64))]
    if isinstance(instances, pd.DataFrame):
        _check_same(instances, rows)
    blank = rows.index[rows["area"] == 0]
    if len(blank):
        raise DataError(f"follow needs masks with pixels; these instances have none: {first(blank)}")
    return rows


def _check_same(given: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Refuse rows of another dataset, whose ids happen to occur in this one."""
    there = rows.loc[given.index]
    for column in ("image_id", "label"):
        if column not in given:
            continue
        other = (given[column].astype(object) != there[column].astype(object)).to_numpy()
        if other.any():
            got, have = given[column][other].iloc[0], there[column][other].iloc[0]
            raise DataError(
                f"follow takes rows of these tables; {int(other.sum())} of {len(given)} have another "
                f"{column} there: {first(given.index[other])} (got {got!r}, there it is {have!r}). Rows of "
                "another dataset, or from before an edit, do not fit: take them from ds.instances again"
            )


def frames_of(tables: LabeledImages, frames: Any) -> int | Ints | None:
    """How far to carry: a number of images, ids of images, or None.

    Raises:
        DataError: a number below 1.
        UnknownNameError: an id is no image.
    """
    if frames is None:
        return None
    if isinstance(frames, int | np.integer):
        if isinstance(frames, bool) or frames < 1:
            raise DataError(
                f"frames must be at least 1 image before and after, or ids of images, got {frames}"
            )
        return int(frames)
    return inference.choose(tables, frames)


def working_size(tables: LabeledImages, rows: pd.DataFrame) -> int:
    """Long side at which small ones of the instances (the lower quartile) have 24 pixels; 256 to 640."""
    long = tables.images[["width", "height"]].max(axis=1).reindex(rows["image_id"]).to_numpy()
    small = float(np.quantile(np.sqrt(rows["area"].to_numpy(np.float64)) / long, 0.25))
    return int(np.clip(_SMALL / small, _LEAST_IMGSZ, _MOST_IMGSZ))
