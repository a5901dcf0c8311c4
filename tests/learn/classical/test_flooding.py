"""Touching things come apart, and an outline that only wavers does not."""

from __future__ import annotations

import numpy as np

from nbalabel.learn.classical.flooding import regions


def discs(*circles: tuple[float, float, float], size: int = 64) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    return np.logical_or.reduce([np.hypot(y - b, x - a) <= r for a, b, r in circles])


def test_two_touching_discs_come_apart_at_a_small_depth_and_stay_one_at_depth_1() -> None:
    apart, whole = regions(discs((20, 32, 11), (40, 32, 11)), (0.25, 1.0))
    assert apart.max() == 2
    assert apart[32, 20] != apart[32, 40]
    assert whole.max() == 1


def test_one_disc_is_one_region_at_every_depth() -> None:
    disc = discs((32, 32, 20))
    for labels in regions(disc, (0.1, 0.5, 1.0)):
        assert labels.max() == 1
        assert np.array_equal(labels > 0, disc)


def test_things_that_do_not_touch_are_never_joined() -> None:
    (labels,) = regions(discs((14, 14, 8), (48, 48, 8), (48, 14, 8)), (1.0,))
    assert labels.max() == 3


def test_the_depth_is_a_share_of_the_lower_peak_at_any_size() -> None:
    for factor in (1, 2, 3):
        circles = [(20 * factor, 32 * factor, 11 * factor), (37 * factor, 32 * factor, 11 * factor)]
        shallow, deep = regions(discs(*circles, size=64 * factor), (0.2, 0.6))
        assert (shallow.max(), deep.max()) == (2, 1)


def test_no_foreground_is_no_region() -> None:
    (labels,) = regions(np.zeros((8, 8), bool), (0.5,))
    assert labels.max() == 0
