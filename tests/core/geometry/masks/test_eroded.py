"""Erosion, boundary IoU and stacks of masks on run lengths, against pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.eroded import eroded
from nbalabel.core.geometry.masks.stacked import MOST, stretches
from nbalabel.core.geometry.overlap.boundary import boundary_pairs

seeds = st.integers(0, 2**32 - 1)


def blobs(rng: np.random.Generator, n: int, size: tuple[int, int] | None = None) -> list[np.ndarray]:
    out = []
    for _ in range(n):
        noise = rng.random(size or tuple(rng.integers(1, 18, 2)))
        out.append(ndimage.uniform_filter(noise, int(rng.integers(1, 5))) > rng.uniform(0.3, 0.6))
    return out


@given(seeds)
def test_erosion_is_that_of_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks, steps = blobs(rng, 6), rng.integers(0, 5, 6)
    runs = rle.parse([rle.encode(m) for m in masks])
    found = eroded(runs, np.array([m.shape[0] for m in masks]), steps).encode()
    for mask, step, out in zip(masks, steps, found, strict=True):
        square = np.ones((2 * step + 1, 2 * step + 1))
        assert out == rle.encode(ndimage.binary_erosion(mask, square))


@given(seeds, st.integers(1, 3))
def test_boundary_iou_is_that_of_bands_of_pixels(seed: int, width: int) -> None:
    a, b = blobs(np.random.default_rng(seed), 2, (15, 12))
    square = np.ones((2 * width + 1, 2 * width + 1))
    bands = [m & ~ndimage.binary_erosion(m, square) for m in (a, b)]
    either = (bands[0] | bands[1]).sum()
    expected = (bands[0] & bands[1]).sum() / either if either else 0.0
    runs = rle.parse([rle.encode(a), rle.encode(b)])
    pair = np.array([0]), np.array([1])
    assert boundary_pairs(runs, 15, width, *pair).tolist() == pytest.approx([expected])


@given(seeds)
def test_stretches_say_which_masks_cover_each_pixel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    stacks = [blobs(rng, int(rng.integers(1, 5)), (7, 9)) for _ in range(4)]
    runs = rle.parse([rle.encode(m) for masks in stacks for m in masks])
    stack = np.repeat(np.arange(4), [len(m) for m in stacks])
    place = np.concatenate([np.arange(len(m)) for m in stacks])
    found = stretches(runs, stack, place, 4)
    covered = np.zeros((4, 63), np.int64)
    for i, begin, end, bits in zip(found.stack, found.begin, found.end, found.covered, strict=True):
        assert (covered[i, begin:end] == 0).all()
        covered[i, begin:end] = bits
    for i, masks in enumerate(stacks):
        bits = sum(m.ravel(order="F").astype(np.int64) << j for j, m in enumerate(masks))
        assert covered[i].tolist() == bits.tolist()
    both = found.masks(found.covered == 3).encode()
    for i, masks in enumerate(stacks):
        bits = sum(m.astype(np.int64) << j for j, m in enumerate(masks))
        assert both[i] == rle.encode(bits == 3)


def test_a_stack_holds_as_many_masks_as_it_has_bits() -> None:
    n = MOST + 1
    runs = rle.parse([b"13"] * n)
    with pytest.raises(DataError, match="62 masks at most, got 63"):
        stretches(runs, np.zeros(n, np.int64), np.arange(n), 1)
