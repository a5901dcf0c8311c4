"""How pictures look: the rule of auto contrast, and the curve that the viewer draws with, too."""

import json
from pathlib import Path

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.core.show.display import Display, measured

TONE = Path(__file__).parents[2] / "wire" / "tone.json"


def shown(values, **setting):
    return Display(**setting).look(measured(values)).apply(values)


def gray(values):
    return np.repeat(np.asarray(values, np.uint8)[:, :, None], 3, axis=2)


def test_a_bright_picture_stays_as_it_is():
    ramp = gray(np.arange(256).reshape(16, 16))
    assert shown(ramp) is ramp
    assert not Display().look(measured(ramp)).auto


def test_a_dark_picture_is_stretched_between_its_2nd_and_98th_percentile():
    ramp = gray(np.arange(100).reshape(10, 10))
    look = Display().look(measured(ramp))
    assert look.auto
    assert (look.low, look.high) == tuple(np.percentile(ramp[..., 0], (2, 98)))
    out = shown(ramp)[..., 0].ravel()
    assert (out[0], out[99]) == (0, 255)
    assert abs(int(out[50]) - 128) <= 2
    assert shown(ramp, auto=False) is ramp


def test_the_colors_of_a_dark_picture_stay_in_proportion():
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[..., 2] = np.arange(100).reshape(10, 10)
    picture[..., 1] = picture[..., 2] // 2
    out = shown(picture)[5, 0].astype(int)
    assert out[0] == 0
    assert abs(out[2] - 2 * out[1]) <= 2


def test_noise_is_not_stretched_to_black_and_white():
    noise = gray(np.random.default_rng(0).integers(4, 7, (50, 50)))
    assert int(shown(noise).max()) <= 16 * 2 + 1


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_more_than_eight_bits_are_stretched_before_they_become_eight(dtype):
    values = np.full((100, 100), 1000, np.float64)
    values[:, :96] = np.linspace(1000, 1200, 9600).reshape(100, 96)
    values[0] = 60_000  # a few bright pixels: eight bits of the whole range would leave no levels
    values = values.astype(dtype)
    out = shown(values)
    assert out.shape == (100, 100, 3)
    assert len(np.unique(out)) > 100
    assert len(np.unique(shown(values, auto=False))) < 12


def test_a_flat_picture_and_one_with_holes_are_no_errors():
    assert shown(np.full((4, 4), 4000, np.uint16)).max() == 0
    holes = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    holes[3, 3], holes[4, 4] = np.nan, np.inf
    assert shown(holes).max() == 255
    assert shown(gray(np.zeros((3, 3)))).max() == 0


def test_a_part_looks_like_the_whole():
    values = np.random.default_rng(1).integers(0, 90, (40, 50, 3)).astype(np.uint8)
    look = Display(gamma=1.7, contrast=0.2).look(measured(values))
    np.testing.assert_array_equal(look.apply(values)[5:20, 7:30], look.apply(values[5:20, 7:30]))


@pytest.mark.parametrize("case", json.loads(TONE.read_text()), ids=str)
def test_the_curve_is_the_one_the_viewer_draws_with(case):
    ramp = gray(np.arange(256).reshape(16, 16))
    out = shown(ramp, auto=False, **case["tone"])[..., 0].ravel()
    assert out[::15].tolist() == case["table"]


@pytest.mark.parametrize(
    "wrong", [{"auto": "yes"}, {"gamma": 0}, {"brightness": float("nan")}, {"contrast": "2"}, {"gamma": True}]
)
def test_a_setting_out_of_range_is_refused_by_name(wrong):
    with pytest.raises(DataError, match=rf"Display: {next(iter(wrong))} must be"):
        Display(**wrong)
