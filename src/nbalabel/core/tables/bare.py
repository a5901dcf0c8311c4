"""Complete images without instances: training learns from them that nothing is there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import first


def complete_without_masks(images: pd.DataFrame, instances: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Ids of the images of state "complete" without any instance, ascending.

    Example:
        >>> images = pd.DataFrame({"state": ["complete", "complete", "empty"]}, index=[1, 2, 3])
        >>> complete_without_masks(images, pd.DataFrame({"image_id": [1]})).tolist()
        [2]
    """
    ids = images.index[(images["state"] == "complete").to_numpy()]
    return np.sort(ids[~ids.isin(instances["image_id"])].to_numpy(np.int64))


def said_of(ids: npt.NDArray[np.int64]) -> str:
    """A message: what complete images without masks mean and what to do; "" where there are none."""
    if not len(ids):
        return ""
    have = "1 image is complete and has" if len(ids) == 1 else f"{len(ids):,} images are complete and have"
    return (
        f"{have} no mask, which tells a model that nothing is there: {first(ids)}. Where nobody looked, "
        "ds.unlabel(ids) says so; where there is nothing, state 'empty' does"
    )
