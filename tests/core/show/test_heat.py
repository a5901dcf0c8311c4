"""Numbers as colors: each lighter than the one before, nothing where there is no number."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nbalabel.core.show.heat import heat, ramp


def luminance(pixels: np.ndarray) -> np.ndarray:
    light = (pixels[..., :3] / 255) ** 2.2
    return light @ np.array([0.2126, 0.7152, 0.0722])


def test_higher_numbers_are_lighter() -> None:
    light = luminance(heat(np.arange(256.0)[None]).pixels)[0]
    assert (np.diff(light) >= -1e-3).all()
    assert len(ramp()) == 5


def test_what_has_no_number_is_transparent_and_one_number_has_a_color() -> None:
    made = heat(np.array([[np.nan, np.inf, -np.inf]]))
    assert not made.pixels.any()
    made = heat(np.full((2, 2), 7, np.uint16))
    assert (made.low, made.high) == (7, 7)
    assert (made.pixels[..., 3] == 255).all()


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2), elements=st.floats(width=32)))
def test_any_numbers_have_colors_and_order(values) -> None:
    made = heat(values)
    assert made.pixels.shape == (*values.shape, 4)
    there = np.isfinite(values)
    assert ((made.pixels[..., 3] == 255) == there).all()
    order = np.argsort(values[there], kind="stable")
    light = luminance(made.pixels[there][order].astype(float))
    assert (np.diff(light) >= -2e-3).all()
