"""GrabCut finds what is pointed at, the same each time, on small and on large images."""

import builtins

import cv2
import numpy as np
import pytest

from nbalabel.core.errors import DataError, MissingExtraError
from nbalabel.core.segmenting.grabcut import GrabCut
from nbalabel.core.segmenting.protocol import Segmenter

NONE, NO = np.zeros((0, 2)), np.zeros(0, bool)


def disc(height, width, x, y, radius):
    rows, columns = np.ogrid[:height, :width]
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def scene(*discs, height=200, width=240, noise=12):
    """Discs of one color on a darker ground, a little noise."""
    image = np.full((height, width, 3), (60, 70, 80), np.int16)
    for one in discs:
        image[one] = (230, 170, 40)
    image += np.random.default_rng(1).integers(-noise, noise + 1, image.shape, dtype=np.int16)
    return image.clip(0, 255).astype(np.uint8)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture
def cut():
    pytest.importorskip("cv2")
    return GrabCut()


def test_it_is_a_segmenter():
    assert isinstance(GrabCut(), Segmenter)
    with pytest.raises(DataError, match=r"iterations must be 1\.\.20"):
        GrabCut(iterations=0)


def test_a_box_gives_the_thing_in_it(cut):
    thing, other = disc(200, 240, 80, 90, 40), disc(200, 240, 200, 90, 25)
    mask, score = cut.segment(scene(thing, other), NONE, NO, (35.5, 45.5, 90, 90))
    assert mask.shape == thing.shape
    assert mask.dtype == bool
    assert iou(mask, thing) > 0.97
    assert score > 0.8


@pytest.mark.parametrize("radius", [8, 40, 85])
def test_a_point_gives_the_thing_it_lies_on(cut, radius):
    thing, other = disc(200, 240, 90, 90, radius), disc(200, 240, 220, 20, 12)
    mask, _ = cut.segment(scene(thing, other), np.array([[90.5, 90.5]]), np.array([True]), None)
    assert iou(mask, thing) > 0.9


def test_points_beside_a_thing_are_left_out(cut):
    thing, other = disc(200, 240, 70, 90, 30), disc(200, 240, 150, 90, 30)
    box = (30.0, 50.0, 160.0, 80.0)
    points, positive = np.array([[70.0, 90.0], [150.0, 90.0]]), np.array([True, False])
    mask, _ = cut.segment(scene(thing, other), points, positive, box)
    assert not mask[90, 150]
    assert iou(mask, thing) > 0.9


def test_only_what_holds_a_point_is_kept(cut):
    thing, other = disc(200, 240, 70, 90, 30), disc(200, 240, 150, 90, 30)
    box = (30.0, 50.0, 160.0, 80.0)
    both = np.array([[70.0, 90.0], [150.0, 90.0]])
    mask, _ = cut.segment(scene(thing, other), both[:1], np.array([True]), box)
    assert iou(mask, thing) > 0.97
    mask, _ = cut.segment(scene(thing, other), both, np.array([True, True]), box)
    assert iou(mask, thing | other) > 0.97


def test_the_same_prompt_gives_the_same_mask(cut):
    image = scene(disc(200, 240, 80, 90, 40), noise=60)
    a = cut.segment(image, NONE, NO, (30, 40, 100, 100))
    np.random.default_rng().random(5)
    b = cut.segment(image, NONE, NO, (30, 40, 100, 100))
    assert (a[0] == b[0]).all()
    assert a[1] == b[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 3), (12, 12)])
def test_images_of_a_few_pixels_and_one_color_end_in_a_mask(cut, size):
    image = np.zeros((*size, 3), np.uint8)
    for box in (None, (0.0, 0.0, float(size[1]), float(size[0]))):
        mask, score = cut.segment(image, np.array([[0.5, 0.5]]), np.array([True]), box)
        assert mask.shape == size
        assert mask[0, 0]
        assert 0 <= score <= 1


def test_a_large_image_is_cut_at_the_size_of_a_small_one(cut, monkeypatch):
    thing = disc(8000, 8000, 4000, 5000, 900)
    image = np.full((8000, 8000, 3), 70, np.uint8)
    image[thing] = (230, 170, 40)
    sizes, grab = [], cv2.grabCut
    monkeypatch.setattr(cv2, "grabCut", lambda small, *rest: [sizes.append(small.shape), grab(small, *rest)])
    mask, _ = cut.segment(image, NONE, NO, (3050, 4050, 1900, 1900))
    assert sizes
    assert max(max(shape) for shape in sizes) <= cut.longest
    assert iou(mask, thing) > 0.97


def test_prompts_beside_the_image_are_refused(cut):
    image = scene()
    with pytest.raises(DataError, match="a point inside, or a box"):
        cut.segment(image, np.array([[500.0, 5.0]]), np.array([True]), None)
    with pytest.raises(DataError, match="is not on the image"):
        cut.segment(image, NONE, NO, (300, 300, 10, 10))


def test_without_opencv_it_says_what_to_install(monkeypatch):
    imported = builtins.__import__

    def missing(name, *rest):
        if name == "cv2":
            raise ImportError(name)
        return imported(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingExtraError, match="pip install opencv-python-headless"):
        GrabCut().segment(scene(), NONE, NO, (10, 10, 50, 50))
