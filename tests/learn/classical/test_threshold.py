"""Light things and dark things, on ground that is not even."""

from __future__ import annotations

import numpy as np
import pytest

from nbalabel.learn.classical.threshold import GRAY, Threshold, candidates, otsu


def picture(inside: float, ground: float, slope: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:64, :64]
    mask = np.hypot(y - 20, x - 44) < 9
    gray = np.where(mask, inside, ground) + slope * x / 64
    return np.repeat(gray[..., None], 3, axis=2).astype(np.float32), mask


@pytest.mark.parametrize(("inside", "sign"), [(0.8, 1), (0.1, -1)])
def test_the_direction_says_whether_things_are_light_or_dark(inside: float, sign: int) -> None:
    pixels, mask = picture(inside, 0.45)
    r, g, b = (sign * part for part in GRAY)
    assert np.array_equal(Threshold((r, g, b), 0.0, 0, 0.0).foreground(pixels), mask)


def test_a_window_follows_light_that_falls_off() -> None:
    pixels, mask = picture(0.35, 0.2, slope=0.9)
    whole = Threshold(GRAY, 0.0, 0, 0.0).foreground(pixels)
    local = Threshold(GRAY, 0.0, 31, 0.4).foreground(pixels)
    iou = [np.sum(found & mask) / np.sum(found | mask) for found in (whole, local)]
    assert iou[0] < 0.3
    assert iou[1] > 0.9


def test_small_holes_are_filled_and_open_ground_is_not() -> None:
    pixels = np.zeros((64, 64, 3), np.float32)
    pixels[10:30, 10:30] = 1
    pixels[18:21, 18:21] = 0
    found = Threshold(GRAY, 0.0, 0, 0.0).foreground(pixels)
    assert found[19, 19]
    assert found.sum() == 400


def test_otsu_parts_two_groups_and_bears_an_even_picture() -> None:
    assert 0.2 < otsu(np.array([0.1, 0.12, 0.1, 0.9, 0.88])) < 0.85
    assert otsu(np.full(5, 0.3)) == pytest.approx(0.3)


def test_scaled_to_twice_the_size_it_does_the_same() -> None:
    threshold = Threshold(GRAY, 1.0, 21, 0.2)
    assert threshold.scaled(2) == Threshold(GRAY, 2.0, 43, 0.2)
    assert threshold.scaled(1) == threshold
    assert Threshold(GRAY, 1.0, 0, 0.2).scaled(2).window == 0


def test_each_direction_is_tried_both_ways() -> None:
    signs = {np.sign(found.direction[0]) for found in candidates([GRAY], 20.0)}
    assert signs == {1.0, -1.0}
