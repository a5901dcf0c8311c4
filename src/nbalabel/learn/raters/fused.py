"""One mask of the several masks of a unit, on run lengths."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...core.geometry.masks import rle
from ...core.geometry.masks.runs import Runs
from ...core.geometry.masks.stacked import Stretches, stretches
from .alpha import sums
from .opinions import Opinions
from .staple import staple
from .units import Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WAYS = ("majority", "staple", "medoid")

_MARGIN = 0.25  # of the crop of STAPLE around all boxes of a unit, share of the longer side
_BLOCK = 2_000  # units fused at one time


def fused(opinions: Opinions, units: Units, chosen: Ints, way: str) -> list[bytes]:
    """One mask per chosen unit, of the annotators who drew it; never without pixels.

    Args:
        opinions: what was drawn.
        units: the units.
        chosen: numbers of units, ``(n,)``.
        way: "majority": pixels that more than half cover; "staple": pixels that are inside with 0.5 or more
            (:func:`.staple.staple`), in a crop of all boxes and a quarter of the longer side around them;
            "medoid": the mask with the highest mean IoU with the others, as it was drawn.

    Source: S. Warfield, K. Zou, W. Wells, IEEE TMI 2004, for "staple".
    """
    best = _medoids(units)[chosen]
    as_drawn: list[bytes] = opinions.masks.iloc[best].tolist()
    if way == "medoid":
        return as_drawn
    found: list[bytes] = []
    for begin in range(0, len(chosen), _BLOCK):
        found += _block(opinions, units, chosen[begin : begin + _BLOCK], way)
    areas: Ints = rle.areas(found) if found else np.zeros(0, np.int64)
    return [mask if area else drawn for mask, area, drawn in zip(found, areas, as_drawn, strict=True)]


def _block(opinions: Opinions, units: Units, chosen: Ints, way: str) -> list[bytes]:
    stack, rater = np.nonzero(units.drew[chosen])
    row = units.row[chosen[stack], rater]
    n_drew = np.bincount(stack, minlength=len(chosen))
    place = np.arange(len(stack)) - np.repeat(np.cumsum(n_drew) - n_drew, n_drew)
    runs = rle.parse(opinions.masks.iloc[row])
    over = stretches(runs, stack, place, len(chosen))
    covered = (over.covered[:, None] >> np.arange(int(n_drew.max()))) & 1 == 1
    if way == "majority":
        kept = 2 * covered.sum(axis=1) > n_drew[over.stack]
    else:
        sizes = opinions.sizes[units.image[chosen]]
        kept = _stapled(over, covered, n_drew, _crop_pixels(runs, stack, sizes))
    return over.masks(kept).encode()


def _stapled(over: Stretches, covered: Bools, n_drew: Ints, crop: Floats) -> Bools:
    """Which stretches STAPLE keeps."""
    n = len(n_drew)
    seen, code = np.unique(over.covered, return_inverse=True)
    seen, width = np.append(0, seen), len(seen) + 1
    key = np.append(over.stack * width + code + 1, np.arange(n) * width)  # last: what no mask covers
    kinds, of = np.unique(key, return_inverse=True)
    unit, masks = kinds // width, seen[kinds % width]
    count = sums(of, np.append(over.end - over.begin, np.zeros(n)), len(kinds))
    count[masks == 0] = crop - sums(unit, count, n)
    bits = np.arange(covered.shape[1])
    found = staple(unit, (masks[:, None] >> bits) & 1 == 1, count, bits < n_drew[:, None])
    return np.asarray(found.inside[of[: len(over.stack)]] >= 0.5)


def _crop_pixels(runs: Runs, stack: Ints, sizes: Ints) -> Floats:
    """Pixels of the crop around the boxes of each stack, ``(n_stacks,)``."""
    box = runs.boxes(sizes[stack, 0])
    start = np.flatnonzero(np.diff(stack, prepend=-1))
    low = np.minimum.reduceat(box[:, :2], start)
    high = np.maximum.reduceat(box[:, :2] + box[:, 2:], start)
    margin = np.ceil(_MARGIN * (high - low).max(axis=1))[:, None]
    ends = np.minimum(high + margin, sizes[:, ::-1])
    return np.asarray(np.prod(ends - np.maximum(low - margin, 0), axis=1))


def _medoids(units: Units) -> Ints:
    """The instance of each unit with the highest mean IoU with the others; of equal ones the first."""
    total = np.bincount(units.left, units.iou, len(units.of_row))
    total += np.bincount(units.right, units.iou, len(units.of_row))
    score = np.where(units.drew, np.append(total, 0.0)[units.row], -1.0)
    return np.asarray(units.row[np.arange(len(units.row)), score.argmax(axis=1)])
