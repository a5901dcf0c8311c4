"""Pair lists against pycocotools' matrices, and the quick look at masks against their full parse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.extents import extents
from nbalabel.core.geometry.masks.groups import Groups
from nbalabel.core.geometry.overlap import masks as masks_module
from nbalabel.core.geometry.overlap import pairs as pairs_module
from nbalabel.core.geometry.overlap.masks import Masks
from nbalabel.core.geometry.overlap.pairs import box_pairs, mask_pairs

KEYS = st.lists(st.integers(0, 4), max_size=8).map(sorted)


def masks(n: int, seed: int, shape: tuple[int, int] = (7, 9)) -> list[bytes]:
    rng = np.random.default_rng(seed)
    density = rng.choice([0.0, 0.1, 0.5, 1.0], n)[:, None, None]
    return rle.encode_many(rng.random((n, *shape)) < density)


def dense(pairs, n: int, m: int) -> np.ndarray:
    out = np.zeros((n, m))
    out[pairs.left, pairs.right] = pairs.iou
    return out


@settings(deadline=None)
@given(KEYS, KEYS, st.integers(0, 99), st.sampled_from([0.0, 0.3, 1.0]))
def test_pairs_are_the_matrix_of_pycocotools_where_groups_meet(left, right, seed, minimum):
    a, b = masks(len(left), seed), masks(len(right), seed + 1)
    crowd = np.random.default_rng(seed).random(len(right)) < 0.3
    pairs = mask_pairs(a, b, Groups.of(left, right), crowd, minimum=minimum)
    assert (np.lexsort((pairs.right, pairs.left)) == np.arange(len(pairs))).all()
    expected = np.zeros((len(left), len(right)))
    if left and right:
        as_coco = [[{"size": [7, 9], "counts": m} for m in side] for side in (a, b)]
        expected = coco_mask.iou(*as_coco, crowd.tolist())
        expected[np.not_equal.outer(left, right) | (expected < minimum)] = 0
    np.testing.assert_array_equal(dense(pairs, len(left), len(right)), expected)


@settings(deadline=None)
@given(KEYS, KEYS, st.integers(0, 99))
def test_box_pairs_are_the_matrix_of_pycocotools(left, right, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, (len(left), 4)) / 2, rng.integers(0, 6, (len(right), 4)) / 2
    crowd = rng.random(len(right)) < 0.3
    pairs = box_pairs(a, b, Groups.of(left, right), crowd)
    expected = np.zeros((len(left), len(right)))
    if left and right:
        expected = coco_mask.iou(a, b, crowd.tolist())
        expected[np.not_equal.outer(left, right)] = 0
    np.testing.assert_array_equal(dense(pairs, len(left), len(right)), expected)


@settings(deadline=None)
@given(KEYS, KEYS, st.integers(1, 6))
def test_chunks_hold_every_pair_once_and_in_order(left, right, limit):
    groups = Groups.of(left, right)
    parts = [np.stack(part.pairs()) for part in groups.chunks(limit)]
    together = np.concatenate([np.empty((2, 0), int), *parts], axis=1)
    np.testing.assert_array_equal(together, np.stack(groups.pairs()))
    assert groups.pairs()[0].tolist() == [i for i, x in enumerate(left) for y in right if x == y]


def test_left_rows_that_cannot_reach_the_minimum_are_never_compared(monkeypatch):
    from nbalabel.core.geometry.overlap import pairs

    def refuse(*arguments: object) -> None:
        raise AssertionError("compared")

    monkeypatch.setattr(pairs, "overlaps", refuse)
    monkeypatch.setattr(pairs._mask, "iou", refuse, raising=False)
    small, large = rle.encode(np.eye(6, dtype=bool)), rle.encode(np.ones((6, 6), bool))
    assert len(mask_pairs([small], [large], Groups.of([0], [0]), minimum=0.5)) == 0
    with pytest.raises(AssertionError, match="compared"):
        mask_pairs([small], [large], Groups.of([0], [0]), minimum=0.1)


@settings(deadline=None)
@given(st.integers(0, 99), st.sampled_from([(1, 1), (7, 9), (300, 411)]))
def test_extents_agree_with_the_parsed_runs(seed, shape):
    rles = masks(6, seed, shape)
    runs, e, boxed = rle.parse(rles), extents(rles), extents(rles, shape[0])
    np.testing.assert_array_equal(e.totals, runs.totals())
    np.testing.assert_array_equal(e.areas, runs.areas())
    x, y, w, h = runs.boxes(shape[0]).T
    np.testing.assert_array_equal(
        [boxed.lefts, boxed.tops, boxed.rights, boxed.bottoms], [x, y, x + w, y + h]
    )
    for row, mask in enumerate(rles):
        inside = np.flatnonzero(rle.decode(mask, *shape).ravel(order="F"))
        span = (inside[0], inside[-1] + 1) if len(inside) else (0, 0)
        assert (e.tops[row], e.bottoms[row]) == span


def test_boxes_of_several_heights_are_those_of_each():
    shapes = [(4, 6), (8, 3), (2, 12)]
    rles = [rle.encode(np.random.default_rng(i).random(shape) < 0.3) for i, shape in enumerate(shapes)]
    found = extents(rles, [height for height, _ in shapes])
    for i, (height, _) in enumerate(shapes):
        x, y, w, h = rle.boxes([rles[i]], height)[0]
        assert (found.lefts[i], found.rights[i], found.tops[i], found.bottoms[i]) == (x, x + w, y, y + h)


@settings(deadline=None)
@given(KEYS, KEYS, st.integers(0, 99), st.integers(1, 80), st.sampled_from([-1, 40]))
def test_whatever_height_is_given_the_pairs_stay_the_same(left, right, seed, height, heavy):
    """Also where pycocotools compares all (heavy = -1)."""
    a, b = masks(len(left), seed), masks(len(right), seed + 1)
    groups = Groups.of(left, right)
    expected = mask_pairs(a, b, groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs_module, "_CALL", heavy)
        patch.setattr(pairs_module, "_PAIR", 0)
        given_heights = Masks(a, np.full(len(a), height)), Masks(b, np.full(len(b), height))
        found = mask_pairs(*given_heights, groups)
    np.testing.assert_array_equal(
        [found.left, found.right, found.iou], [expected.left, expected.right, expected.iou]
    )


def test_masks_are_measured_once_and_chunks_are_not_joined(monkeypatch):
    import pyarrow as pa

    rles = masks(9, 3)
    column = pa.chunked_array([pa.array(part, pa.large_binary()) for part in (rles[:4], rles[4:5], rles[5:])])
    seen: list[int] = []
    plain = masks_module.extents
    monkeypatch.setattr(
        masks_module, "extents", lambda *given: (seen.append(len(given[0])), plain(*given))[1]
    )
    held = Masks(column)
    assert held.read(np.array([8, 0, 4, 4])).to_pylist() == [rles[8], rles[0], rles[4], rles[4]]
    some = held.picked(np.array([2, 5, 8]))
    assert some.sizes(np.array([0, 2])).areas.tolist() == rle.areas([rles[2], rles[8]]).tolist()
    assert held.sizes(np.arange(9)).areas.tolist() == rle.areas(rles).tolist()
    assert seen == [2, 7]


@pytest.mark.parametrize("bad", [b"", b"11\x00", b"1P", b"0/", b"5A0J", b"PPPPPPPP0"])
def test_malformed_masks_are_refused_before_they_reach_pycocotools(bad):
    good = rle.encode(np.ones((2, 2), bool))
    with pytest.raises(MaskError):
        extents([good, bad])
    with pytest.raises(MaskError):
        mask_pairs([good], [bad], Groups.of([0], [0]))


def test_masks_of_different_sizes_are_refused_by_their_ids():
    small, large = rle.encode(np.ones((2, 2), bool)), rle.encode(np.ones((4, 4), bool))
    groups = Groups.of([0, 1], [0, 1])
    with pytest.raises(MaskError, match=r"predictions 21 \(4 pixels\)"):
        mask_pairs([small, small], [small, large], groups, left_ids=[20, 21], right_ids=[30, 31])
    with pytest.raises(MaskError, match=r"labels 31 \(16 pixels\)"):
        mask_pairs([small], [small, large], Groups.of([0], [0, 0]), right_ids=[30, 31])
