"""The image size for training and prediction: proposed from the instances, chosen by measuring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ...core.tables.schema import LabeledImages

STEP = 32
_LEAST, _MOST_TRAINED, _MOST = 160, 640, 2048
_SMALL = 16.0
"""Side in pixels that a small instance (the lower quartile) should have: two cells of the finest map."""
_FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0)
_DOWN = (0.8,)
_EVEN = 0.03  # differences below this share of the best mAP are noise
_SAMPLE = 16


def rounded(size: float) -> int:
    """The next multiple of 32, which the network's strides need."""
    return max(STEP, STEP * round(size / STEP))


def proposed(tables: LabeledImages) -> int:
    """A size to train at: small instances get two cells of the finest feature map, 160 to 640 pixels.

    The lower quartile of the instances' sides (the square root of their area, as a share of the image's long
    side) is scaled to 16 pixels, but images are not enlarged by more than half.

    Args:
        tables: labeled images.

    Returns:
        Long side of the images, pixels; 640 where nothing is labeled.
    """
    images, instances = tables.images, tables.instances
    if not len(instances):
        return _MOST_TRAINED
    long = images[["width", "height"]].max(axis=1)
    sides = np.sqrt(instances["area"].to_numpy(np.float64)) / long.reindex(instances["image_id"]).to_numpy()
    small = float(np.quantile(sides, 0.25))
    largest = min(_MOST_TRAINED, 1.5 * float(long.median()))
    return int(min(max(rounded(_SMALL / max(small, 1e-6)), _LEAST), max(rounded(largest), _LEAST)))


def sample(tables: LabeledImages, seed: int = 0) -> npt.NDArray[np.int64]:
    """Up to 16 images to measure sizes on: complete, with instances, not of split test, ``(n,)``."""
    images = tables.images
    usable = (images["state"] == "complete").to_numpy() & ~(images["split"] == "test").to_numpy()
    usable &= images.index.isin(tables.instances["image_id"])
    ids = images.index[usable].to_numpy(np.int64)
    if len(ids) <= _SAMPLE:
        return ids
    return np.sort(np.random.default_rng(seed).choice(ids, _SAMPLE, replace=False))


def climb(measure: Callable[[int], float], trained: int) -> dict[int, float]:
    """Measure larger sizes until mAP is worse twice; where none is better, measure a smaller one, too.

    Args:
        measure: returns mAP at a size.
        trained: the size that was trained at, pixels.

    Returns:
        mAP by size, in the order measured; see :func:`best`.
    """
    found: dict[int, float] = {}
    for size in dict.fromkeys(min(rounded(trained * factor), _MOST) for factor in _FACTORS):
        found[size] = measure(size)
        if all(value < max(found.values()) for value in list(found.values())[-2:]):
            break
    if max(found, key=found.__getitem__) == rounded(trained):
        found |= {size: measure(size) for size in (rounded(trained * factor) for factor in _DOWN)}
    return found


def best(found: dict[int, float]) -> int:
    """The smallest size that is as good as the best, or worse by no more than 3% of it.

    Most images measured on were trained on. On these, mAP still rises a little with the size where it falls
    on other images. Source: the rule of one standard error, Breiman et al. 1984.

    Example:
        >>> best({256: 0.311, 320: 0.361, 384: 0.371, 448: 0.373, 512: 0.375})
        384
    """
    most = max(found.values())
    return min(size for size, value in found.items() if value >= most - _EVEN * abs(most))
