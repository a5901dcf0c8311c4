"""Images cut into tiles, each with the masks in it: what is asked about whether anything is missing."""

from __future__ import annotations

from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.regions.of_tables import regions_of
from ...core.tables.schema import LabeledImages

Ints = npt.NDArray[np.int64]

_UNKNOWN = 0.5  # share of a tile that is ignored from which it is left out


def tiles_of(tables: LabeledImages, images: pd.DataFrame, side: int) -> pd.DataFrame:
    """Windows that cover these images without overlap, as rows that `nl.Verify` can show.

    An image is cut into equal parts, none longer than ``side``. A tile that mostly lies in regions to ignore
    is left out.

    Args:
        tables: the tables.
        images: rows of its images.
        side: longest side of a tile, pixels.

    Returns:
        Columns image_id, label (""), mask (a function that draws the masks in the tile, and its edge), x, y,
        w, h; index ``tile_id``.
    """
    regions = regions_of(tables)
    regions = regions[((regions["kind"] == "ignore") & regions["label"].isna()).to_numpy()]
    ignored = regions.groupby("image_id")["mask"].agg(list).to_dict()
    masks = tables.instances.groupby("image_id")["mask"].agg(list).to_dict()
    rows: list[tuple[Any, ...]] = []
    sizes = images[["width", "height"]].to_numpy(np.int64).tolist()
    for image, (width, height) in zip(images.index.tolist(), sizes, strict=True):
        boxes = _grid(width, height, side)
        if image in ignored:
            boxes = boxes[~_mostly(ignored[image], boxes, height, width)]
        drawn = partial(_drawn, masks.get(image, []), height, width)
        rows += [(image, "", partial(drawn, box), *box) for box in boxes.tolist()]
    table = pd.DataFrame(rows, columns=["image_id", "label", "mask", *"xywh"])
    return table.set_index(pd.RangeIndex(len(rows), name="tile_id"))


def _grid(width: int, height: int, side: int) -> Ints:
    """x, y, w, h of each tile, row by row."""
    across, down = (np.linspace(0, n, -(-n // side) + 1).round().astype(np.int64) for n in (width, height))
    both = product(pairwise(down.tolist()), pairwise(across.tolist()))
    return np.array([(x, y, right - x, lower - y) for (y, lower), (x, right) in both], np.int64)


def _mostly(masks: list[bytes], boxes: Ints, height: int, width: int) -> npt.NDArray[np.bool_]:
    """Which tiles mostly lie in one of the masks."""
    whole = rle.decode(rle.union(masks, height, width), height, width)
    share = [whole[y : y + h, x : x + w].mean() for x, y, w, h in boxes.tolist()]
    return np.array(share) > _UNKNOWN


def _drawn(masks: list[bytes], height: int, width: int, box: list[int]) -> bytes:
    """The masks in a tile, and a line along its edge."""
    x, y, w, h = box
    out = np.zeros((height, width), np.uint8)
    if masks:
        inside = rle.decode(rle.union(masks, height, width), height, width)
        out[y : y + h, x : x + w] = inside[y : y + h, x : x + w]
    edge = max(round(max(w, h) / 128), 1)
    out[y : y + edge, x : x + w] = out[y + h - edge : y + h, x : x + w] = 1
    out[y : y + h, x : x + edge] = out[y : y + h, x + w - edge : x + w] = 1
    return rle.encode(out)
