"""Where nothing is labeled: places of background, masked by the shapes of random instances."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.geometry.masks import rle
from ....core.tables.of_images import sizes_of

_TRIES = 30


def occupied(masks: Iterable[bytes], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Pixels of any of the masks, ``(height, width)``."""
    out = np.zeros((height, width), bool)
    for mask in masks:
        crop, x, y = rle.decode_crop(mask, height, width)
        out[y : y + crop.shape[0], x : x + crop.shape[1]] |= crop
    return out


def place_free(
    shape: npt.NDArray[np.bool_], taken: npt.NDArray[np.bool_], rng: np.random.Generator
) -> bytes | None:
    """A mask of this shape at a random place where nothing is taken; None where none was found.

    Args:
        shape: ``(h, w)`` bool.
        taken: ``(height, width)`` bool.
        rng: source of chance.
    """
    height, width = taken.shape
    h, w = shape.shape
    if not shape.any() or h > height or w > width:
        return None
    for _ in range(_TRIES):
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        if not (taken[y : y + h, x : x + w] & shape).any():
            return rle.encode_labels(shape.astype(np.uint8), height, width, x, y)[1][0]
    return None


def turned(shape: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """The shape turned by a random number of right angles, perhaps mirrored."""
    out = np.rot90(shape, int(rng.integers(0, 4)))
    return np.ascontiguousarray(out[:, ::-1] if rng.random() < 0.5 else out)


def background(
    instances: pd.DataFrame,
    avoid: pd.DataFrame,
    images: pd.DataFrame,
    image_ids: npt.NDArray[np.int64],
    n: int,
    seed: int,
) -> pd.DataFrame:
    """Masks on background: shapes of random instances at places that no mask covers.

    Args:
        instances: rows whose shapes are taken.
        avoid: rows with ``image_id`` and ``mask`` that background must not touch: labels, open predictions.
        images: all images, with their sizes.
        image_ids: images to place on, those that are labeled all over.
        n: how many; fewer where there is no room.
        seed: seed of shapes and places.

    Returns:
        ``image_id`` and ``mask``, in order of image.
    """
    rng = np.random.default_rng(seed)
    if not len(image_ids) or not len(instances):
        return pd.DataFrame({"image_id": np.zeros(0, np.int64), "mask": np.zeros(0, object)})
    on = np.sort(rng.choice(image_ids, n))
    near = avoid.groupby("image_id")["mask"].apply(list).to_dict()
    sizes = images[["height", "width"]]
    shapes = rng.integers(0, len(instances), n)
    rows = instances[["image_id", "mask"]].iloc[shapes]
    of = sizes_of(images, rows["image_id"])
    found: list[tuple[int, bytes]] = []
    last, taken = -1, np.zeros((0, 0), bool)
    for k, image_id in enumerate(on.tolist()):
        if image_id != last:
            height, width = (int(v) for v in sizes.loc[image_id])
            last, taken = image_id, occupied(near.get(image_id, []), height, width)
        shape = rle.decode_crop(rows["mask"].iloc[k], int(of[k, 0]), int(of[k, 1]))[0]
        mask = place_free(turned(shape, rng), taken, rng)
        if mask is not None:
            found.append((image_id, mask))
    return pd.DataFrame({"image_id": [f[0] for f in found], "mask": [f[1] for f in found]})
