"""Which images may be pasted onto: those in which everything is labeled, and that are not measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.change.table_change import ids_of
from ...core.errors import DataError, first
from ...core.tables.of_images import labeled_all_over
from ...core.tables.pasted import pasted_images
from ...core.tables.state import State
from ..edits.rows_meant import images_of
from .sources import not_measured_on


def backgrounds(state: State, onto: Any) -> tuple[npt.NDArray[np.int64], int]:
    """Ids of the images to paste onto, ascending, and the number of those asked for that are left out.

    Left out are images of split val or test, and those that were pasted together themselves.

    Args:
        state: the tables.
        onto: rows or ids of images; None: all that are allowed and have a weight above 0.

    Raises:
        DataError: some may show things without a mask, or none is left.
        UnknownNameError: some images do not exist.
    """
    images, ids = state.tables["images"], ids_of(state.tables["images"])
    is_complete = labeled_all_over(images)
    usable = not_measured_on(images) & ~np.isin(ids, pasted_images(state.tables["instances"]))
    if onto is None:
        asked = is_complete & (images["weight"].to_numpy() > 0)
    else:
        asked = np.isin(ids, images_of(state, onto))
        _check_complete(ids[asked], ids[asked & ~is_complete])
    found: npt.NDArray[np.int64] = ids[asked & usable]
    if not len(found):
        which = f"onto selects {int(asked.sum()):,} images" if onto is not None else f"there are {len(ids):,}"
        raise DataError(
            f"nothing to paste onto: {which}, and none of them has state empty or complete, split train or "
            "none, a weight above 0 (where onto is not given), and was not pasted together itself. "
            "ds.mark_empty(ids) and ds.mark_complete(ids) say of images that everything is labeled"
        )
    return found, 0 if onto is None else int((asked & ~usable).sum())


def _check_complete(asked: npt.NDArray[np.int64], wrong: npt.NDArray[np.int64]) -> None:
    if len(wrong):
        raise DataError(
            f"of {len(asked):,} images to paste onto, {len(wrong):,} may show things without a mask, which a "
            f"model would take for background: {first(wrong)}. Expected state empty or complete"
        )
