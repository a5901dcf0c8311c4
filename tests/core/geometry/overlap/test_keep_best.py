"""The one rule for masks that overlap: which of them meet, and which go."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.overlap.keep_best import losers, overlapping

SHAPE = (6, 7)
IMAGES = st.lists(st.integers(0, 2), max_size=7)


def drawn(n: int, seed: int) -> pd.Series:
    """Random masks, some of them empty, under ids that are no positions."""
    rng = np.random.default_rng(seed)
    density = rng.choice([0.0, 0.3, 0.7, 1.0], n)[:, None, None]
    masks = rle.encode_many(rng.random((n, *SHAPE)) < density)
    return pd.Series(masks, index=np.arange(n) * 3 + 50, dtype=object)


def one_by_one(image, masks, others_image, others, above):
    return [
        (i, j)
        for (i, (a, m)), (j, (b, k)) in itertools.product(
            enumerate(zip(image, masks, strict=True)), enumerate(zip(others_image, others, strict=True))
        )
        if a == b and rle.iou_pairs([m], [k])[0] > above
    ]


@settings(deadline=None)
@given(IMAGES, IMAGES, st.integers(0, 99), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_masks_of_two_tables_meet_where_one_comparison_after_the_other_says_so(left, right, seed, above):
    a, b = drawn(len(left), seed), drawn(len(right), seed + 1)
    pairs = overlapping(left, a, right, b.array, above=above)
    assert list(zip(pairs.left, pairs.right, strict=True)) == one_by_one(left, a, right, b, above)
    assert (pairs.iou == rle.iou_pairs(a.iloc[pairs.left].tolist(), b.iloc[pairs.right].tolist())).all()


@settings(deadline=None)
@given(IMAGES, st.integers(0, 99), st.sampled_from([0.0, 0.5]))
def test_masks_of_one_table_meet_in_both_directions_and_never_themselves(image, seed, above):
    masks = drawn(len(image), seed)
    pairs = overlapping(image, masks, above=above)
    expected = [(i, j) for i, j in one_by_one(image, masks, image, masks, above) if i != j]
    assert list(zip(pairs.left, pairs.right, strict=True)) == expected


def test_masks_that_cannot_be_compared_are_named_by_their_ids():
    small, large = rle.encode(np.ones((2, 2), bool)), rle.encode(np.ones((3, 3), bool))
    masks = pd.Series([small, large], dtype=object)
    with pytest.raises(MaskError, match=r"predictions 21 \(9 pixels\)"):
        overlapping([0, 0], masks, above=0.5, ids=[20, 21])


PAIRS = np.array([[0, 1], [1, 2], [3, 4], [4, 9]])


@pytest.mark.parametrize(
    ("order", "expected"),
    [([0, 1, 2, 4, 3], [1, 3]), ([1, 0, 2], [0, 2]), ([2, 1, 0, 3, 4], [1, 4]), ([0, 2, 3], [])],
)
def test_a_row_goes_where_a_better_one_that_stays_overlaps_it(order, expected):
    assert losers(PAIRS, np.array(order)).tolist() == expected
    assert losers(np.concatenate([PAIRS, PAIRS[:, ::-1]]), np.array(order)).tolist() == expected


def test_where_nothing_overlaps_nothing_goes():
    assert losers(PAIRS[:0], np.array([1, 0])).tolist() == []
