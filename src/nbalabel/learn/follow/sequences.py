"""The images of a video or sequence in their order, and between which of them masks can be carried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, first

Ints = npt.NDArray[np.int64]

_GAP = 2.0  # a step this many times the usual one is a gap


@dataclass(frozen=True, eq=False)
class Sequence:
    """Images of one group, by ascending frame.

    Attributes:
        image_ids: ``(n,)``.
        frames: number of each, ``(n,)``, ascending.
        sizes: height and width of each, ``(n, 2)`` pixels.
        gap: least difference of neighbouring frames that is a gap.
    """

    image_ids: Ints
    frames: Ints
    sizes: Ints
    gap: float

    def __len__(self) -> int:
        return len(self.image_ids)

    @cached_property
    def joined(self) -> npt.NDArray[np.bool_]:
        """Whether each image and the next are neighbours: no gap, and of one size, ``(n - 1,)``."""
        alike = (np.diff(self.sizes, axis=0) == 0).all(axis=1)
        return np.asarray(alike & (np.diff(self.frames) < self.gap))

    @cached_property
    def places(self) -> dict[int, int]:
        """Position of each image, by its id."""
        return {image_id: place for place, image_id in enumerate(self.image_ids.tolist())}


def sequences(images: pd.DataFrame, wanted: Ints, gap: int | None = None) -> list[Sequence]:
    """The sequences that hold some images.

    Args:
        images: the table of images.
        wanted: ids of images, each of which must be in a sequence.
        gap: least difference of neighbouring frames that is a gap; None takes twice the usual difference of
            the sequence (its median), so that a missing image is one.

    Raises:
        DataError: a wanted image has no group or no frame, or two images have the same.

    Example:
        >>> images = pd.DataFrame(
        ...     {"group": "dive", "frame": [0, 5, 10, 20], "height": 8, "width": 8}, index=[4, 3, 2, 1]
        ... )
        >>> (only,) = sequences(images, np.array([3]))
        >>> only.image_ids.tolist(), only.joined.tolist()
        ([4, 3, 2, 1], [True, True, False])
    """
    own = images.loc[wanted]
    _check_placed(own)
    groups = own["group"].unique()
    rows = images[images["group"].isin(groups) & images["frame"].notna()]
    twice = rows.duplicated(["group", "frame"], keep=False).to_numpy()
    if twice.any():
        pairs = [f"{i} ({g}, {f})" for i, g, f in rows.loc[twice, ["group", "frame"]].itertuples()]
        raise DataError(
            f"images of one group need a frame of their own, which tells their order; these share one: "
            f"{first(pairs)}. Assign ds.images.loc[ids, 'frame']"
        )
    rows = rows.sort_values("frame", kind="stable")
    return [_sequence(part, gap) for _, part in rows.groupby("group", observed=True, sort=False)]


def _check_placed(images: pd.DataFrame) -> None:
    for name, what in (("group", "video or sequence"), ("frame", "position in it")):
        lost = images.index[images[name].isna()]
        if len(lost):
            raise DataError(
                f"follow carries masks along a sequence, and {len(lost)} of {len(images)} images have no "
                f"{name} ({what}): {first(lost)}. Assign it, as in ds.images.loc[ids, {name!r}] = ..., or "
                "start from instances of other images"
            )


def _sequence(rows: pd.DataFrame, gap: int | None) -> Sequence:
    frames = rows["frame"].to_numpy(np.int64)
    usual = float(np.median(np.diff(frames))) if len(frames) > 1 else 1.0
    sizes = rows[["height", "width"]].to_numpy(np.int64)
    return Sequence(rows.index.to_numpy(np.int64), frames, sizes, _GAP * usual if gap is None else gap)
