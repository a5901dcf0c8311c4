"""Tables that go to another process: what a worker needs to read the pictures of some images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.errors import DataError
from ..core.tables.schema import LabeledImages

Pictures: TypeAlias = Callable[[npt.NDArray[np.int64]], LabeledImages]
"""Gives tables from which the pictures of some images, by their ids, can be read."""


def pictures(tables: LabeledImages, images: pd.DataFrame, *, travel: bool) -> Pictures:
    """Tables to read pictures from, for a part of the images.

    Args:
        tables: a Dataset, a Version or Tables; where nothing travels, any tables.
        images: rows of all images.
        travel: whether they go to another process: then they hold the rows of these images and nothing else,
            and can be pickled.

    Raises:
        DataError: these tables cannot go to another process.
    """
    if not travel:
        return lambda _: tables
    subset = getattr(tables, "subset", None)
    if subset is None:
        raise DataError(
            f"on= takes a Dataset, a Version or Tables, whose pictures other processes can read; got "
            f"{type(tables).__name__}"
        )
    bare: Any = subset(tables.images.index[:0])
    return lambda ids: replace(bare, images=images.loc[ids])
