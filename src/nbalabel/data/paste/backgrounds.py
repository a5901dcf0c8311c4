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


def backgrounds(state: State, onto: Any) -> npt.NDArray[np.int64]:
    """Ids of the images to paste onto, ascending.

    Args:
        state: the tables.
        onto: rows or ids of images; None: all that are allowed and have a weight above 0.

    Raises:
        DataError: some of them are not allowed, or there are none; the message says why.
        UnknownNameError: some images do not exist.
    """
    images = state.tables["images"]
    made = images.index.isin(pasted_images(state.tables["instances"]))
    wrong = {
        "may show things without a mask (a state other than empty or complete), which a model would take for "
        "background": ~labeled_all_over(images),
        "are of split val or test": ~not_measured_on(images),
        "were pasted together themselves": np.asarray(made),
    }
    refused = np.logical_or.reduce(list(wrong.values()))
    if onto is None:
        found: npt.NDArray[np.int64] = ids_of(images)[~refused & (images["weight"].to_numpy() > 0)]
        if not len(found):
            raise DataError(_nothing(len(images)))
        return found
    ids = images_of(state, onto)
    asked = images.index.isin(ids)
    told = [
        f"{int((asked & bad).sum()):,} {text}: {first(images.index[asked & bad])}"
        for text, bad in wrong.items()
        if (asked & bad).any()
    ]
    if told:
        raise DataError(f"of {len(ids):,} images to paste onto, {'; '.join(told)}")
    if not len(ids):
        raise DataError("onto selects no image. " + _nothing(len(images)))
    return ids


def _nothing(n: int) -> str:
    return (
        "Expected images of state empty or complete, split train or none, and weight above 0, that were not "
        f"pasted together themselves; of {n:,} images none is that: ds.mark_empty(ids) and "
        "ds.mark_complete(ids) say which are"
    )
