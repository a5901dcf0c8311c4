"""Polygons to masks as pycocotools draws them, and masks to polygons without loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.components import components, fill_holes
from nbalabel.core.geometry.outlines.polygon import (
    Polygon,
    polygons_to_rle,
    rle_to_polygons,
    rles_to_polygons,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=13))
corners = st.lists(st.tuples(st.floats(-5, 30), st.floats(-5, 30)), min_size=3, max_size=9)
SQUARE = [1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]


def drawn(polygons: list[Polygon], height: int, width: int) -> np.ndarray:
    """Exteriors minus their holes, by our own rasteriser."""
    out = np.zeros((height, width), bool)
    for polygon in polygons:
        part = rle.decode(polygons_to_rle([polygon.exterior], height, width), height, width)
        for hole in polygon.holes:
            cut = rle.decode(polygons_to_rle([hole], height, width), height, width)
            assert (cut <= part).all()
            part &= ~cut
        assert not (out & part).any()
        out |= part
    return out


@settings(deadline=None)
@given(st.lists(corners, min_size=1, max_size=3), st.integers(1, 25), st.integers(1, 25))
def test_polygons_are_drawn_as_pycocotools_does(polygons: list[Any], height: int, width: int) -> None:
    flat = [list(np.ravel(polygon)) for polygon in polygons]
    expected = coco.merge(coco.frPyObjects(flat, height, width))["counts"]
    assert polygons_to_rle(flat, height, width) == expected
    assert polygons_to_rle([np.array(p) for p in polygons], height, width) == expected
    rle.check([expected], height, width)


def test_no_polygon_is_an_empty_mask() -> None:
    assert polygons_to_rle([], 2, 3) == b"6"


def test_a_polygon_outside_the_image_is_empty() -> None:
    assert rle.areas([polygons_to_rle([np.array(SQUARE) + 50], 20, 20)]).tolist() == [0]


@pytest.mark.parametrize(
    ("polygon", "problem"),
    [
        ([1, 2, 3, 4], "at least 3 corners"),
        ([], "at least 3 corners"),
        ([1, 2, 3, 4, 5, 6, 7], "at least 3 corners"),
        ([1, 2, 3, 4, 5, float("nan")], "must be finite"),
        ([1, 2, 3, 4, 5, float("inf")], "must be finite"),
        ([1, 2, 3, 4, 5, 1e12], "16 image sizes away"),
        (["a", "b", "c"], "must be numbers"),
        ([[1, 2], [3]], "must be numbers"),
        (None, "at least 3 corners"),
    ],
)
def test_what_is_no_polygon_is_refused_by_its_number(polygon: Any, problem: str) -> None:
    with pytest.raises(MaskError, match=rf"polygon 1 .*{problem}|{problem}"):
        polygons_to_rle([SQUARE, polygon], 10, 10)


def test_an_endless_outline_is_refused_before_it_fills_the_memory() -> None:
    zigzag = np.zeros((4000, 2))
    zigzag[::2, 0] = 10_000
    with pytest.raises(MaskError, match="at most 5,000,000 pixels around"):
        polygons_to_rle([zigzag], 10_000, 10_000)


@settings(deadline=None)
@given(masks)
def test_a_traced_mask_is_drawn_back_pixel_by_pixel(mask: np.ndarray) -> None:
    string = rle.encode(mask)
    polygons = rle_to_polygons(string, *mask.shape)
    assert np.array_equal(drawn(polygons, *mask.shape), mask)
    assert len(polygons) == len(components(string, *mask.shape, 4))
    holes = rle.difference(fill_holes(string, *mask.shape, connectivity=4), string, *mask.shape)
    assert sum(len(p.holes) for p in polygons) == len(components(holes, *mask.shape, 8))


@settings(deadline=None)
@given(masks)
def test_a_mask_without_holes_survives_coco_polygons_byte_for_byte(mask: np.ndarray) -> None:
    string = fill_holes(rle.encode(mask), *mask.shape, connectivity=4)
    outlines = [p.exterior for p in rle_to_polygons(string, *mask.shape)]
    assert polygons_to_rle(outlines, *mask.shape) == string


@settings(deadline=None)
@given(masks)
def test_corners_are_real_corners_on_whole_pixels(mask: np.ndarray) -> None:
    for polygon in rle_to_polygons(rle.encode(mask), *mask.shape):
        for ring in (polygon.exterior, *polygon.holes):
            assert np.array_equal(ring, ring.round())
            steps = np.roll(ring, -1, axis=0) - ring
            assert ((steps == 0).sum(axis=1) == 1).all()
            assert (steps * np.roll(steps, 1, axis=0) == 0).all()


@settings(deadline=None)
@given(st.lists(masks, max_size=5))
def test_many_masks_are_traced_as_one_by_one(several: list[np.ndarray]) -> None:
    strings = [rle.encode(mask) for mask in several]
    heights, widths = ([mask.shape[i] for mask in several] for i in range(2))
    together = rles_to_polygons(strings, heights, widths)
    alone = [rle_to_polygons(s, *mask.shape) for s, mask in zip(strings, several, strict=True)]
    assert [[p.exterior.tolist() for p in ps] for ps in together] == [
        [p.exterior.tolist() for p in ps] for ps in alone
    ]
    assert [[len(p.holes) for p in ps] for ps in together] == [[len(p.holes) for p in ps] for ps in alone]


def test_thousands_of_masks_are_traced_at_once() -> None:
    rng = np.random.default_rng(0)
    stack = rng.random((3000, 20, 20)) < 0.6
    polygons = rles_to_polygons(rle.encode_many(stack), 20, 20)
    for i in (0, 1234, 2999):
        assert np.array_equal(drawn(polygons[i], 20, 20), stack[i])


def test_a_hole_belongs_to_the_part_around_it_and_not_to_what_lies_inside() -> None:
    mask = np.zeros((13, 13), bool)
    mask[0:13, 0:13] = True
    mask[2:11, 2:11] = False
    mask[4:9, 4:9] = True
    mask[6, 6] = False
    outer, inner = rle_to_polygons(rle.encode(mask), 13, 13)
    assert outer.holes[0].tolist() == [[2, 2], [11, 2], [11, 11], [2, 11]]
    assert inner.holes[0].tolist() == [[6, 6], [7, 6], [7, 7], [6, 7]]


def test_exteriors_run_clockwise_on_screen() -> None:
    polygon = rle_to_polygons(polygons_to_rle([SQUARE], 5, 5), 5, 5)[0]
    assert polygon.exterior.tolist() == [[1, 1], [4, 1], [4, 3], [1, 3]]


def test_an_empty_mask_has_no_outline() -> None:
    assert rle_to_polygons(b"9", 3, 3) == []
    assert rles_to_polygons([], [], []) == []


def disk(radius: float, size: int = 120) -> np.ndarray:
    y, x = np.mgrid[:size, :size] + 0.5
    return np.hypot(y - size / 2, x - size / 2) < radius


@pytest.mark.parametrize("tolerance", [0.5, 1.0, 2.0])
def test_simplified_outlines_stay_within_the_tolerance(tolerance: float) -> None:
    exact = rle_to_polygons(rle.encode(disk(40)), 120, 120)[0].exterior
    simple = rle_to_polygons(rle.encode(disk(40)), 120, 120, tolerance)[0].exterior
    assert len(simple) < len(exact)
    a, b = simple, np.roll(simple, -1, axis=0)
    along = b - a
    for point in exact:
        share = np.clip(((point - a) * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
        assert np.hypot(*(a + share[:, None] * along - point).T).min() <= tolerance + 1e-9


def test_a_simplified_mask_is_still_nearly_the_same() -> None:
    string = rle.encode(disk(40))
    outlines = [p.exterior for p in rle_to_polygons(string, 120, 120, 1.0)]
    assert rle.iou([string], [polygons_to_rle(outlines, 120, 120)], 120, 120)[0, 0] > 0.97


@settings(deadline=None)
@given(masks, st.floats(0.1, 30))
def test_no_part_and_no_hole_is_simplified_away(mask: np.ndarray, tolerance: float) -> None:
    string = rle.encode(mask)
    exact, simple = rle_to_polygons(string, *mask.shape), rle_to_polygons(string, *mask.shape, tolerance)
    assert [len(p.holes) for p in exact] == [len(p.holes) for p in simple]
    assert all(len(ring) >= 3 for p in simple for ring in (p.exterior, *p.holes))


def test_malformed_masks_are_not_traced() -> None:
    for string in (b"", b"o", b"5"):
        with pytest.raises(MaskError):
            rle_to_polygons(string, 2, 2)


def test_real_polygons_are_drawn_as_pycocotools_does(shared_data: Any) -> None:
    import json

    coco_file = json.loads((shared_data / "coco_tiny" / "instances.json").read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in coco_file["images"]}
    rows = [row for row in coco_file["annotations"] if isinstance(row["segmentation"], list)]
    assert len(rows) > 600
    for row in rows:
        size = sizes[row["image_id"]]
        ours = polygons_to_rle(row["segmentation"], *size)
        assert ours == coco.merge(coco.frPyObjects(row["segmentation"], *size))["counts"]
