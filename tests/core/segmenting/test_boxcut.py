"""BoxCut gives the object in a box: by its colors where they differ, else the ellipse in the box."""

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.core.segmenting.boxcut import BoxCut
from nbalabel.core.segmenting.protocol import Segmenter

pytest.importorskip("cv2")
NONE, NO = np.zeros((0, 2)), np.zeros(0, bool)
GROUND, THING, OTHER = (60, 70, 80), (230, 170, 40), (40, 160, 220)


def scene(colors, height=160, width=200, noise=10):
    image = np.full((height, width, 3), GROUND, np.int16)
    for where, color in colors:
        image[where] = color
    image += np.random.default_rng(1).integers(-noise, noise + 1, image.shape, dtype=np.int16)
    return image.clip(0, 255).astype(np.uint8)


def where(height=160, width=200):
    return np.mgrid[:height, :width] + 0.5


def diamond(x, y, half_width, half_height):
    rows, columns = where()
    return abs(columns - x) / half_width + abs(rows - y) / half_height <= 1


def box_of(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_it_is_a_segmenter_of_a_stated_size():
    assert isinstance(BoxCut(), Segmenter)
    with pytest.raises(DataError, match=r"32\.\.4096 pixels, got 9"):
        BoxCut(longest=9)


def test_an_object_that_is_no_ellipse_is_followed():
    thing = diamond(90, 80, 60, 45)
    mask, score = BoxCut().segment(scene([(thing, THING)]), NONE, NO, box_of(thing))
    assert iou(mask, thing) > 0.93
    assert score > 0.7


def test_where_colors_say_nothing_the_ellipse_is_the_answer():
    rows, columns = where()
    ellipse = ((columns - 90) / 50) ** 2 + ((rows - 70) / 30) ** 2 <= 1
    mask, score = BoxCut().segment(scene([], noise=0), NONE, NO, (40, 40, 100, 60))
    assert iou(mask, ellipse) > 0.97
    assert score < 0.05


def test_a_thing_of_many_colors_is_found_whole_and_without_holes():
    thing = diamond(90, 80, 60, 45)
    stripes = thing & (where()[1] % 20 < 10)
    hole = thing & (np.hypot(where()[1] - 90, where()[0] - 80) < 6)
    image = scene([(thing, THING), (stripes, OTHER), (hole, GROUND)])
    mask, _ = BoxCut().segment(image, NONE, NO, box_of(thing))
    assert iou(mask, thing) > 0.9
    assert mask[80, 90]


def test_nothing_lies_outside_of_the_box_and_the_answer_is_never_empty():
    rng = np.random.default_rng(5)
    for _ in range(60):
        image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        if rng.random() < 0.5:
            image[:] = rng.integers(0, 256, 3)
        x, y, w, h = rng.integers(0, 39), rng.integers(0, 29), rng.integers(1, 30), rng.integers(1, 30)
        mask, score = BoxCut().segment(image, NONE, NO, (float(x), float(y), float(w), float(h)))
        box = np.zeros((40, 50), bool)
        box[y : y + h, x : x + w] = True
        assert mask.any()
        assert not (mask & ~box).any()
        assert 0 <= score <= 1


def test_points_decide_between_two_things_in_one_box():
    left, right = diamond(60, 80, 35, 40), diamond(140, 80, 35, 40)
    image = scene([(left, THING), (right, THING)])
    box = box_of(left | right)
    at, one = np.array([[60.5, 80.5], [140.5, 80.5]]), np.array([True, False])
    mask, _ = BoxCut().segment(image, at, one, box)
    assert mask[80, 60]
    assert not mask[80, 140]
    assert iou(mask, left) > 0.85
    mask, _ = BoxCut().segment(image, at, ~one, box)
    assert iou(mask, right) > 0.85


def test_a_point_outside_keeps_a_hole_open():
    thing = diamond(90, 80, 60, 45)
    hole = np.hypot(where()[1] - 90, where()[0] - 80) < 12
    image = scene([(thing, THING), (hole, GROUND)])
    mask, _ = BoxCut().segment(image, np.array([[90.5, 80.5]]), np.array([False]), box_of(thing))
    assert not mask[80, 90]
    assert iou(mask, thing & ~hole) > 0.9


def test_a_point_without_a_box_is_answered_too():
    thing = diamond(90, 80, 40, 40)
    mask, _ = BoxCut().segment(scene([(thing, THING)]), np.array([[90.5, 80.5]]), np.array([True]))
    assert iou(mask, thing) > 0.9


def test_a_large_object_is_computed_small_and_the_answer_is_the_same_each_time():
    rows, columns = np.mgrid[:3000, :3000] + 0.5
    thing = abs(columns - 1400) / 1000 + abs(rows - 1500) / 1300 <= 1
    image = np.full((3000, 3000, 3), GROUND, np.uint8)
    image[thing] = THING
    first, _ = BoxCut().segment(image, NONE, NO, box_of(thing))
    again, _ = BoxCut().segment(image, NONE, NO, box_of(thing))
    assert (first == again).all()
    assert iou(first, thing) > 0.93


def test_a_box_beside_the_image_is_refused():
    with pytest.raises(DataError, match="is not on the image"):
        BoxCut().segment(scene([]), NONE, NO, (300, 300, 10, 10))


def test_a_shape_that_is_known_is_followed_where_colors_say_nothing():
    ell = np.zeros((60, 100), np.float32)
    ell[:, :50] = 1  # the left half of the box
    mask, _ = BoxCut().from_shape(scene([], noise=0), ell, (40, 40, 100, 60), ellipse=0)
    half = np.zeros(mask.shape, bool)
    half[40:100, 40:90] = True
    assert iou(mask, half) > 0.9


def test_a_coarse_shape_is_moved_to_the_edges():
    thing = diamond(90, 80, 60, 45)
    x, y, w, h = box_of(thing)
    coarse = np.zeros((h, w), np.float32)
    coarse[h // 4 : -h // 4, w // 4 : -w // 4] = 1
    mask, score = BoxCut().from_shape(scene([(thing, THING)]), coarse, (x, y, w, h))
    assert iou(mask, thing) > 0.93
    assert score > 0.7


def test_points_count_beside_a_shape():
    image, at = scene([], noise=0), np.array([[45.5, 70.5]])
    shape = np.ones((60, 100), np.float32)
    inside, _ = BoxCut().from_shape(image, shape, (40, 40, 100, 60), at, np.array([True]))
    beside, _ = BoxCut().from_shape(image, shape, (40, 40, 100, 60), at, np.array([False]))
    assert inside[70, 45]
    assert not beside[70, 45]


def test_a_shape_of_another_size_is_refused():
    with pytest.raises(DataError, match=r"expected a shape \(60, 100\) as the box, got \(9, 9\)"):
        BoxCut().from_shape(scene([]), np.zeros((9, 9), np.float32), (40, 40, 100, 60))
