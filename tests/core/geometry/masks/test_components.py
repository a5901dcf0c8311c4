"""Islands and holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.components import components, fill_holes

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
either = st.sampled_from([4, 8])
RING = np.pad(np.zeros((1, 1), bool), 1, constant_values=True)


def pixels(string: bytes, like: np.ndarray) -> np.ndarray:
    return rle.decode(string, *like.shape)


@given(masks, either)
def test_parts_make_up_the_mask_and_do_not_touch(mask: np.ndarray, connectivity: int) -> None:
    parts = components(rle.encode(mask), *mask.shape, connectivity)
    shown = [pixels(part, mask) for part in parts]
    assert np.array_equal(np.sum(shown, axis=0) if shown else np.zeros(mask.shape), mask)
    structure = ndimage.generate_binary_structure(2, connectivity // 4)
    assert len(parts) == ndimage.label(mask, structure)[1]
    assert all(ndimage.label(part, structure)[1] == 1 for part in shown)


@given(masks)
def test_parts_are_ordered_by_their_first_pixel_down_the_columns(mask: np.ndarray) -> None:
    firsts = [rle.to_counts(part)[0] for part in components(rle.encode(mask), *mask.shape)]
    assert firsts == sorted(firsts)


def test_corners_join_or_part_by_choice() -> None:
    diagonal = rle.encode(np.eye(3))
    assert len(components(diagonal, 3, 3)) == 1
    assert len(components(diagonal, 3, 3, 4)) == 3


@given(masks, either)
def test_filling_leaves_no_holes_and_takes_nothing_away(mask: np.ndarray, connectivity: int) -> None:
    filled = fill_holes(rle.encode(mask), *mask.shape, connectivity=connectivity)
    assert (pixels(filled, mask) >= mask).all()
    assert fill_holes(filled, *mask.shape, connectivity=connectivity) == filled
    structure = ndimage.generate_binary_structure(2, 3 - connectivity // 4)
    assert np.array_equal(pixels(filled, mask), ndimage.binary_fill_holes(mask, structure))


def test_a_hole_is_closed_by_the_connectivity_of_the_mask_around_it() -> None:
    diamond = rle.encode([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert rle.areas([fill_holes(diamond, 3, 3), fill_holes(diamond, 3, 3, connectivity=4)]).tolist() == [
        5,
        4,
    ]
    rings = rle.encode(np.hstack([RING, RING]))
    assert rle.areas([fill_holes(rings, 3, 6, connectivity=4)]).tolist() == [18]


def test_only_small_holes_are_filled_where_a_limit_is_set() -> None:
    mask = np.ones((9, 9), bool)
    mask[1, 1] = mask[4:7, 4:7] = False
    filled = fill_holes(rle.encode(mask), 9, 9, max_area=8)
    assert rle.areas([filled]).tolist() == [72]
    assert rle.areas([fill_holes(rle.encode(mask), 9, 9, max_area=9)]).tolist() == [81]
    assert fill_holes(rle.encode(mask), 9, 9, max_area=0) == rle.encode(mask)


def test_an_island_in_a_filled_hole_becomes_part_of_it() -> None:
    mask = np.ones((7, 7), bool)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    assert len(components(rle.encode(mask), 7, 7)) == 2
    assert rle.areas([fill_holes(rle.encode(mask), 7, 7)]).tolist() == [49]


def test_a_mask_without_pixels_has_neither_parts_nor_holes() -> None:
    assert components(b"9", 3, 3) == []
    assert fill_holes(b"9", 3, 3) == b"9"


def test_other_connectivities_are_refused() -> None:
    with pytest.raises(ValueError, match="connectivity must be 4 or 8, got 6"):
        components(b"04", 2, 2, 6)  # type: ignore[arg-type]


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(MaskError, match="must be 3 x 3"):
        components(b"04", 3, 3)
