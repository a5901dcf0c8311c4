"""Masks are cut, joined and smoothed to the pixel: no gap, no double pixel, whatever their shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nbalabel.core.errors import DataError, MaskError
from nbalabel.core.geometry.masks import components, rle
from nbalabel.widgets.edit import mask_ops

SIDES = st.integers(1, 12)


@st.composite
def masks(draw, n=1):
    height, width = draw(SIDES), draw(SIDES)
    return draw(arrays(bool, (n, height, width)))


def coded(stack):
    return [rle.encode(mask) for mask in stack], *stack.shape[1:]


def decoded(strings, height, width):
    return np.array([rle.decode(string, height, width) for string in strings]).reshape(-1, height, width)


@given(masks(4))
def test_after_overwriting_no_pixel_is_double_and_none_is_lost(stack):
    (mask, *others), height, width = coded(stack)
    placed = mask_ops.placed(mask, others, height, width, "overwrite")
    left = decoded([placed.others.get(i, other) for i, other in enumerate(others)], height, width)
    assert placed.mask == mask
    assert not (left & stack[0]).any()
    assert ((left.any(axis=0) | stack[0]) == stack.any(axis=0)).all()
    assert (left == (stack[1:] & ~stack[0])).all()
    assert sorted(placed.others) == np.flatnonzero((stack[1:] & stack[0]).any(axis=(1, 2))).tolist()


@given(masks(4))
def test_behind_others_no_pixel_is_double_and_none_is_lost(stack):
    (mask, *others), height, width = coded(stack)
    placed = mask_ops.placed(mask, others, height, width, "behind")
    new = rle.decode(placed.mask, height, width)
    assert not placed.others
    assert (new == (stack[0] & ~stack[1:].any(axis=0))).all()
    assert ((new | stack[1:].any(axis=0)) == stack.any(axis=0)).all()


@given(masks(3))
def test_where_masks_may_overlap_nothing_changes(stack):
    (mask, *others), height, width = coded(stack)
    assert mask_ops.placed(mask, others, height, width, "allow") == mask_ops.Placed(mask)


@given(masks(3))
def test_cut_and_union_are_those_of_sets(stack):
    (mask, *others), height, width = coded(stack)
    assert mask_ops.cut(mask, others, height, width) == rle.encode(stack[0] & ~stack[1:].any(axis=0))
    assert mask_ops.union([mask, *others], height, width) == rle.encode(stack.any(axis=0))
    assert mask_ops.cut(mask, [], height, width) == mask


@given(masks())
def test_islands_partition_a_mask(stack):
    (mask,), height, width = coded(stack)
    parts = mask_ops.islands(mask, height, width)
    pixels = decoded(parts, height, width)
    assert (pixels.sum(axis=0) == stack[0]).all()
    assert parts == components.components(mask, height, width)
    assert all(mask_ops.islands(part, height, width) == [part] for part in parts)


@given(masks(), st.none() | st.integers(1, 4))
def test_holes_are_filled_as_pixel_by_pixel(stack, most):
    (mask,), height, width = coded(stack)
    filled = mask_ops.fill_holes(mask, height, width, most)
    assert filled == components.fill_holes(mask, height, width, most)
    if most is None:
        assert mask_ops.fill_holes(filled, height, width) == filled


@given(masks())
def test_an_outline_simplified_by_nothing_stays(stack):
    (mask,), height, width = coded(stack)
    assert mask_ops.simplify(mask, height, width, 0) == mask


@given(masks(), st.integers(1, 3))
def test_smoothing_keeps_what_is_all_and_nothing(stack, radius):
    (mask,), height, width = coded(stack)
    smoothed = rle.decode(mask_ops.smooth(mask, height, width, radius), height, width)
    assert smoothed.shape == (height, width)
    for whole in (np.ones((height, width), bool), np.zeros((height, width), bool)):
        assert mask_ops.smooth(rle.encode(whole), height, width, radius) == rle.encode(whole)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(0, 30))
def test_smoothing_leaves_straight_edges_and_takes_specks(radius, speck):
    mask = np.zeros((60, 70), bool)
    mask[20:, :40] = True
    edges = mask.copy()
    mask[5, 5 + speck] = True
    mask[40, speck] = False
    out = rle.decode(mask_ops.smooth(rle.encode(mask), 60, 70, radius), 60, 70)
    assert (out != edges)[:, :30].sum() == 0
    assert (out != edges).sum() < 4 * radius * radius


def test_smoothing_is_the_same_across_tiles(monkeypatch):
    rng = np.random.default_rng(0)
    blob = np.hypot(*(np.mgrid[:150, :130] - 65)) < 50 + 8 * rng.random((150, 130))
    mask = rle.encode(blob)
    whole = mask_ops.smooth(mask, 150, 130, 3)
    monkeypatch.setattr(mask_ops, "_TILE", 16)
    assert mask_ops.smooth(mask, 150, 130, 3) == whole


def test_simplifying_keeps_holes_islands_and_stays_within_its_tolerance():
    y, x = np.mgrid[:120, :120]
    ring = (np.hypot(x - 50, y - 60) < 40) & (np.hypot(x - 50, y - 60) > 15)
    core = np.hypot(x - 50, y - 60) < 6
    out = rle.decode(mask_ops.simplify(rle.encode(ring | core), 120, 120, 2), 120, 120)
    assert not (out & (np.abs(np.hypot(x - 50, y - 60) - 10) < 1)).any()
    assert (out & core).sum() > 0.7 * core.sum()
    assert (out ^ (ring | core)).sum() < 0.1 * ring.sum()


def test_what_is_out_of_range_or_malformed_is_refused():
    mask = rle.encode(np.ones((4, 4), bool))
    with pytest.raises(DataError, match="overlap must be one of allow, overwrite, behind"):
        mask_ops.placed(mask, [], 4, 4, "over")
    with pytest.raises(DataError, match=r"radius must be 1\.\.64"):
        mask_ops.smooth(mask, 4, 4, 0)
    with pytest.raises(DataError, match=r"tolerance must be 0\.\.100"):
        mask_ops.simplify(mask, 4, 4, -1)
    for broken in (b"", b"0", b"\x01", b"0h4"):
        with pytest.raises(MaskError):
            mask_ops.islands(broken, 4, 4)
        with pytest.raises(MaskError):
            mask_ops.cut(mask, [broken], 4, 4)


def test_a_thousand_islands_on_a_large_image():
    height = width = 8000
    large = np.zeros((height, width), bool)
    for i in range(1000):
        y, x = divmod(i, 32)
        large[y * 250 + 5 : y * 250 + 105, x * 250 + 3 : x * 250 + 100] = True
        large[y * 250 + 20 : y * 250 + 30, x * 250 + 20 : x * 250 + 50] = False
    mask = rle.encode(large)
    parts = mask_ops.islands(mask, height, width)
    assert len(parts) == 1000
    filled = mask_ops.fill_holes(mask, height, width)
    assert rle.areas([filled])[0] == 1000 * 100 * 97
    assert not rle.areas([mask_ops.placed(mask, parts, height, width, "behind").mask])[0]
    covered = mask_ops.placed(mask, parts, height, width, "overwrite").others
    assert len(covered) == 1000
    assert not rle.areas(list(covered.values())).any()
