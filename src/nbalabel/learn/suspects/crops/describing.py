"""The step of describing crops: masks on a part of the images in, their vectors out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.tables.schema import LabeledImages
from ....engine.pictures import pictures
from ....engine.rows import RowsOf, Wanted, fingerprint, parts_of
from ....engine.run import On
from ....engine.shards import Shard, Shards
from ....engine.step import Tell, make, place
from ...runs.frozen_tables import live
from .cut import cut
from .describe import describe

_COLUMNS = ("image_id", "mask")


@dataclass(frozen=True)
class _Describing:
    """Cut the masks of a part out of their images, and describe the crops."""

    def open(self) -> None:
        """Nothing is kept."""

    def make(self, held: None, argument: RowsOf, tell: Tell) -> Shard:  # noqa: ARG002  # nothing is held
        """The vectors of the part's rows."""
        rows = argument.rows
        crops, light = cut(argument.tables, rows["image_id"], rows["mask"].tolist(), tell)
        return Shard(arrays={"places": argument.places, "vectors": describe(crops, light)})


def described(
    tables: LabeledImages,
    image_ids: npt.ArrayLike,
    masks: list[bytes],
    folder: str | Path | None = None,
    on: On = None,
) -> npt.NDArray[np.float32]:
    """Vectors of the crops of masks, ``(n, d)`` float32; see :func:`.describe.describe`.

    Args:
        tables: tables whose images are read.
        image_ids: image of each mask, ``(n,)``.
        masks: compressed masks, ``(n,)``.
        folder: where parts are kept until all are done.
        on: where to run; None is here. See :func:`nbalabel.engine.run.run`.
    """
    rows = pd.DataFrame({"image_id": np.asarray(image_ids, np.int64), "mask": np.array(masks, object)})
    some = Wanted(rows, np.ones(len(rows), np.bool_))
    travel = on is not None
    read = pictures(live(tables) if travel else tables, tables.images, travel=travel)
    with place(folder, on) as where:
        mark = "" if where is None else fingerprint([some], _COLUMNS, tables.images, tables.image_root)
        shards = Shards(None if where is None else where / "crops", mark, "description")
        parts = parts_of(some, read, _COLUMNS)
        sizes = [part.n_images for part in parts]
        made = make(_Describing(), lambda n: parts[n](), sizes, shards, on, "cutting crops").whole()
    shards.clear()
    width = describe(*cut(tables, [], [])).shape[1] if not made else made[0].arrays["vectors"].shape[1]
    out = np.zeros((len(rows), width), np.float32)
    for shard in made:
        out[shard.arrays["places"]] = shard.arrays["vectors"]
    return out
