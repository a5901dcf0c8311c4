from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import ModelError
from nbalabel.learn.training.schedule import MOST_STEPS, Schedule, length


def rates(plan: Schedule, n: int) -> np.ndarray:
    return np.array([plan.rate(step) for step in range(n)])


def steps(n: int, **given: Any) -> Schedule:
    return Schedule.of(length(n, None, None, n_images=100, batch=8), given, pass_=13)


def rising(plan: Schedule, seconds_per_step: float = 1.0, time: float = 500.0) -> int:
    """Train in thought, on a curve that levels off, until the fall begins; the step at which it does."""
    step = 0
    while not plan.is_falling(step):
        step += plan.length.period
        plan.measured(step, 0.5 * (1 - np.exp(-step / time)))
        plan.look(step, step * seconds_per_step)
    return step


@pytest.mark.parametrize("n", [20, 135, 600, 5000])
def test_phases_are_shares_of_the_steps_there_are(n: int) -> None:
    plan = steps(n)
    rate = rates(plan, n)
    assert plan.warm_up <= 0.05 * n + 1
    assert plan.fall_from == n - round(0.25 * n)
    assert rate.max() == 1
    assert (np.diff(rate[: plan.warm_up]) > 0).all()
    assert (np.diff(rate[plan.fall_from :]) < 0).all()
    assert rate[-1] == pytest.approx(0.01)


def test_a_pass_over_many_images_does_not_stretch_the_warm_up() -> None:
    few, many = (Schedule.of(length(200, None, None, n, 8), {}, -(-n // 8)) for n in (20, 2000))
    assert few.warm_up == many.warm_up == 10
    assert few.fall_from == many.fall_from == 150


def test_the_words_of_ultralytics_replace_the_phases() -> None:
    plan = steps(130, warmup_epochs=1, close_mosaic=2, lrf=0.5)
    assert (plan.warm_up, plan.fall_from) == (13, 104)
    assert plan.rate(129) == pytest.approx(0.5)


def test_an_open_training_falls_when_its_curve_is_level_and_ends_a_quarter_later() -> None:
    plan = Schedule.of(length(None, None, None, 100, 8), {}, 13)
    began = rising(plan)
    assert plan.why == "level"
    assert 700 < began < 4000
    assert plan.end == began + round(began / 3)
    assert plan.missing() == 0
    assert not plan.is_over(plan.end - 1)
    assert plan.is_over(plan.end)


def test_minutes_end_it_in_time_and_say_how_much_is_missing() -> None:
    plan = Schedule.of(length(None, 5.0, None, 100, 8), {}, 13)
    rising(plan, seconds_per_step=0.5, time=900)
    assert plan.why == "minutes"
    assert plan.end is not None
    assert 240 < plan.end * 0.5 <= 300 + plan.length.period
    assert (plan.missing() or 0) > 500


def test_a_curve_that_never_levels_off_ends_all_the_same() -> None:
    plan = Schedule.of(length(None, None, None, 100, 8), {}, 13)
    step = 0
    while not plan.is_over(step):
        step += plan.length.period
        plan.measured(step, step * 1e-5)
        plan.look(step, 0.0)
    assert step <= MOST_STEPS + plan.length.period


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((10, None, 3), "give steps or epochs, not both"),
        ((0, None, None), "steps must be a number above 0, got 0"),
        ((None, -1.0, None), "minutes must be a number above 0, got -1.0"),
        ((None, None, "all"), "epochs must be a number above 0, got 'all'"),
    ],
)
def test_lengths_that_make_no_sense_are_named(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        length(*given, n_images=10, batch=8)


def test_an_epoch_is_a_pass_over_the_images() -> None:
    asked = length(None, None, 3, n_images=20, batch=8)
    assert (asked.steps, asked.period, asked.draws) == (9, 3, 20)
