"""Overlap of boxes, as pycocotools computes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from nbalabel.core.geometry.overlap.boxes import box_iou

numbers = st.floats(-1e4, 1e4)
boxes = st.lists(st.tuples(numbers, numbers, st.floats(0, 1e4), st.floats(0, 1e4)), min_size=1, max_size=6)


@given(boxes, boxes, st.data())
def test_box_iou_is_that_of_pycocotools_in_every_bit(
    a: list[tuple], b: list[tuple], data: st.DataObject
) -> None:
    crowd = data.draw(st.lists(st.integers(0, 1), min_size=len(b), max_size=len(b)))
    expected = coco.iou(np.array(a), np.array(b), crowd)
    assert np.array_equal(box_iou(a, b, crowd), expected)


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert box_iou([[0, 0, 2, 2]], [[2, 0, 2, 2], [0, 2, 2, 2]]).tolist() == [[0, 0]]


def test_a_crowd_is_measured_by_the_box_inside_it() -> None:
    assert box_iou([[0, 0, 2, 2]], [[0, 0, 20, 20]], [True]).tolist() == [[1.0]]


def test_boxes_without_area_overlap_nothing() -> None:
    assert box_iou([[1, 1, 0, 0]], [[0, 0, 5, 5], [1, 1, 0, 0]]).tolist() == [[0, 0]]


def test_no_boxes_give_an_empty_matrix() -> None:
    assert box_iou([], [[0, 0, 1, 1]]).shape == (0, 1)
    assert box_iou([[0, 0, 1, 1]], np.zeros((0, 4))).shape == (1, 0)


@pytest.mark.parametrize("wrong", [[1, 2, 3, 4], [[1, 2, 3]], np.zeros((2, 4, 1))])
def test_other_shapes_are_refused(wrong: list) -> None:
    with pytest.raises(ValueError, match=r"must be \(n, 4\) boxes"):
        box_iou(wrong, [[0, 0, 1, 1]])


def test_crowd_needs_a_flag_for_each_box() -> None:
    with pytest.raises(ValueError, match=r"one flag for each box of b, \(1,\), got \(2,\)"):
        box_iou([[0, 0, 1, 1]], [[0, 0, 1, 1]], [0, 1])
