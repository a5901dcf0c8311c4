"""Polygons painted as OpenCV paints them, and outlines through the middle of pixels that give masks back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.outlines.centres import centre_outlines
from nbalabel.core.geometry.outlines.painted import paint

laws = settings(max_examples=150, deadline=None)


@st.composite
def masks(draw: st.DrawFn) -> np.ndarray:
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    bits = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    return np.array(bits).reshape(height, width)


@st.composite
def polygons(draw: st.DrawFn) -> tuple[np.ndarray, int, int]:
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    point = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    return np.array(draw(st.lists(point, min_size=1, max_size=9)), np.int64), height, width


def painted(points: np.ndarray, height: int, width: int) -> np.ndarray:
    mask = paint(points.astype(np.int64), np.array([len(points)]), np.array([[height, width]]))[0]
    return rle.decode(mask, height, width)


@laws
@given(polygons())
def test_any_polygon_is_painted_as_opencv_paints_it(polygon: tuple[np.ndarray, int, int]) -> None:
    cv2 = pytest.importorskip("cv2")
    points, height, width = polygon
    expected = np.zeros((height, width), np.uint8)
    cv2.fillPoly(expected, [points.astype(np.int32)], 1)
    np.testing.assert_array_equal(painted(points, height, width), expected.astype(bool))


def test_what_lies_outside_is_cut_off_and_many_are_painted_at_once() -> None:
    corners = np.array([[-2, -2], [9, -2], [9, 1], [-2, 1], [20, 20], [30, 20], [30, 30], [0, 0]])
    found = paint(corners, np.array([4, 3, 1]), np.array([[4, 5], [4, 5], [2, 2]]))
    assert [rle.decode(m, h, w).sum() for m, (h, w) in zip(found, [(4, 5), (4, 5), (2, 2)], strict=True)] == [
        10,
        0,
        1,
    ]
    assert paint(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), np.zeros((0, 2), np.int64)) == []


@laws
@given(masks())
def test_painting_its_centre_outlines_gives_every_mask_back(mask: np.ndarray) -> None:
    height, width = mask.shape
    back = np.zeros_like(mask)
    for outline in centre_outlines(rle.encode(mask), height, width):
        assert len(outline) >= 3
        back |= painted(outline, height, width)
    np.testing.assert_array_equal(back, mask)


@laws
@given(masks())
def test_pillow_gives_them_back_too(mask: np.ndarray) -> None:
    height, width = mask.shape
    image = Image.new("L", (width, height))
    for outline in centre_outlines(rle.encode(mask), height, width):
        ImageDraw.Draw(image).polygon(list(map(tuple, outline.tolist())), outline=1, fill=1)
    np.testing.assert_array_equal(np.asarray(image) > 0, mask)


def test_simplified_outlines_stay_close() -> None:
    disk = np.hypot(*np.mgrid[-30:31, -30:31]) < 25
    (outline,) = centre_outlines(rle.encode(disk), 61, 61, tolerance=1.0)
    assert len(outline) < 30
    assert rle.iou_pairs([rle.encode(disk)], [rle.encode(painted(outline, 61, 61))])[0] > 0.95


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(MaskError, match="must be 3 x 3"):
        centre_outlines(b"222", 3, 3)
