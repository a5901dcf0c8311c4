"""Where tracks end because somebody decided already: complete images, trusted instances, rejected masks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.decisions.decided import REPLACED
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from .track import Placed

_SAME = 0.5
"""Least IoU at which two masks of one image are the same thing."""

_TRUSTED = ("accepted", "verified")


class Barriers:
    """What is decided on the images of some tables.

    Args:
        tables: a Dataset, a Version or Tables; ``rejected``, where they have it, holds rejected predictions.
        image_ids: the images that matter.
        starts: ids of instances that count as trusted, whatever their status.
    """

    def __init__(
        self, tables: LabeledImages, image_ids: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
    ) -> None:
        images, instances = tables.images, tables.instances
        self._closed = set(images.index[labeled_all_over(images)].tolist())
        trusted = instances["status"].isin(_TRUSTED) | (instances["source"] == "human")
        trusted |= instances.index.isin(starts)
        self._instances = _by_image(instances[trusted.to_numpy()], image_ids)
        rejected = getattr(tables, "rejected", None)
        some = instances.iloc[:0] if rejected is None else rejected[(rejected["status"] != REPLACED)]
        self._rejected = _by_image(some, image_ids)
        # Tracks come image by image: those of the last few images are enough.
        self._there = lru_cache(maxsize=4)(self._decode)

    def closed(self, image_id: int) -> bool:
        """Whether all instances of the image are there already."""
        return image_id in self._closed

    def ended(self, image_id: int, label: str, mask: Placed, height: int, width: int) -> str:
        """Why a mask ends on this image: "barrier", "rejected", or "" where it does not.

        Args:
            image_id: the image.
            label: label of the mask.
            mask: the mask.
            height: of the image, pixels.
            width: likewise.
        """
        trusted, rejected = self._there(image_id, height, width)
        if any(mask.iou(other) >= _SAME for _, other in trusted):
            return "barrier"
        if any(name == label and mask.iou(other) >= _SAME for name, other in rejected):
            return "rejected"
        return ""

    def _decode(
        self, image_id: int, height: int, width: int
    ) -> tuple[list[tuple[str, Placed]], list[tuple[str, Placed]]]:
        trusted, rejected = (
            [(label, Placed.decoded(mask, height, width)) for label, mask in table.get(image_id, [])]
            for table in (self._instances, self._rejected)
        )
        return trusted, rejected


def _by_image(rows: pd.DataFrame, image_ids: npt.NDArray[np.int64]) -> dict[int, list[tuple[str, bytes]]]:
    own = rows[rows["image_id"].isin(image_ids)]
    found: dict[int, list[tuple[str, bytes]]] = {}
    for image_id, label, mask in zip(own["image_id"], own["label"], own["mask"], strict=True):
        found.setdefault(int(image_id), []).append((str(label), mask))
    return found
