"""Things that touch are parted where they are narrow, to the pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.touching import split_touching


def discs(shape, *circles):
    """A mask of circles (x, y, radius)."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.any([np.hypot(x - cx, y - cy) < r for cx, cy, r in circles], axis=0)


def parts_of(mask, **options):
    parts = split_touching(rle.encode(mask), *mask.shape, **options)
    return np.array([rle.decode(part, *mask.shape) for part in parts]).reshape(-1, *mask.shape)


@settings(deadline=None, max_examples=60)
@given(arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14))), st.sampled_from([0.0, 0.75, 3.0]))
def test_parts_share_no_pixel_and_are_the_mask_together(mask, depth):
    parts = parts_of(mask, depth=depth)
    assert (parts.sum(axis=0) == mask).all()
    assert all(part.any() for part in parts)


def test_each_disc_of_a_chain_is_a_part():
    circles = [(10, 12, 9), (25, 12, 9), (40, 14, 9)]
    parts = parts_of(discs((30, 52), *circles))
    assert len(parts) == 3
    for part, (x, y, _) in zip(parts, circles, strict=True):
        assert part[y, x]
    overlap = [(part & discs((30, 52), c)).sum() / (part | discs((30, 52), c)).sum() for part, c in
               zip(parts, circles, strict=True)]  # fmt: skip
    assert min(overlap) > 0.85


def test_what_is_round_or_long_stays_whole():
    bar = np.zeros((20, 60), bool)
    bar[6:14, 3:55] = True
    assert len(parts_of(bar)) == 1
    assert len(parts_of(discs((40, 40), (20, 20, 15)))) == 1
    assert len(parts_of(np.ones((9, 7), bool))) == 1


def test_depth_decides_how_narrow_it_must_be():
    mask = discs((30, 44), (14, 15, 11), (28, 15, 11))
    assert [len(parts_of(mask, depth=depth)) for depth in (0.5, 4.0)] == [2, 1]


def test_what_the_image_cuts_off_is_not_parted_at_its_border():
    assert len(parts_of(discs((30, 30), (0, 15, 12)))) == 1
    assert len(parts_of(discs((60, 30), (0, 15, 12), (0, 36, 12)))) == 2


@pytest.mark.parametrize("shape", [(1, 1), (5, 1)])
def test_masks_without_pixels_have_no_parts(shape):
    assert len(parts_of(np.zeros(shape, bool))) == 0
