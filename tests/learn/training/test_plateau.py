import numpy as np
import pytest

from nbalabel.learn.training.plateau import forecast, is_level, smoothed


def curve(level: float, time: float, until: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A saturating exponential, measured every 20 steps."""
    steps = np.arange(20, until + 1, 20)
    wobble = np.random.default_rng(0).normal(0, noise, len(steps))
    return steps, level * (1 - np.exp(-steps / time)) + wobble


def test_smoothing_averages_the_last_part_of_what_came_before() -> None:
    found = smoothed([10, 20, 100, 110], [1.0, 2.0, 3.0, 5.0])
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_curve_that_still_rises_is_not_level() -> None:
    steps, values = curve(0.5, time=1000, until=1000)
    assert not is_level(steps, values)


def test_a_curve_that_has_levelled_off_is_level_in_spite_of_noise() -> None:
    steps, values = curve(0.5, time=100, until=1500, noise=0.02)
    assert is_level(steps, values)


def test_a_curve_of_nothing_found_yet_is_not_level() -> None:
    assert not is_level([], [])
    assert not is_level(range(20, 2000, 20), [0.0] * 99)


def test_a_few_hundred_steps_are_too_few_to_tell() -> None:
    assert not is_level([40, 80, 120, 160, 200], [0.3] * 5)


@pytest.mark.parametrize("time", [300, 900])
def test_a_forecast_finds_where_a_curve_levels_off_and_when(time: int) -> None:
    steps, values = curve(0.5, time=time, until=900)
    found = forecast(steps, values)
    assert found is not None
    assert found.level == pytest.approx(0.5, abs=0.1)
    assert found.steps == pytest.approx(3 * time, rel=0.5)


def test_no_forecast_is_made_of_a_level_curve_or_of_a_few_points() -> None:
    assert forecast([20, 40], [0.1, 0.2]) is None
    assert forecast(range(20, 2000, 20), [0.4] * 99) is None


def test_noise_on_a_few_images_is_not_taken_for_the_end() -> None:
    """A measured curve: 24 reef images, 5 of them put aside; it rose again for long after a bump at 1,000."""
    values = [0.02, 0.17, 0.2, 0.26, 0.25, 0.28, 0.27, 0.28, 0.24, 0.27, 0.26, 0.29, 0.32, 0.33, 0.32]
    steps = np.linspace(67, 2881, len(values))
    fine = np.arange(40, 1081, 40)
    assert not is_level(fine, np.interp(fine, steps, values))
