from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.learn.planning.allot import allot
from nbalabel.learn.planning.kinds import DRAW, KINDS, REVIEW, VERIFY
from nbalabel.learn.planning.pace import Pace
from nbalabel.learn.planning.work import Work

WORTH = dict.fromkeys(KINDS, 1.0)


def work(name: str, gains: Any, seconds: float) -> Work:
    gains = np.sort(np.asarray(gains, float))[::-1]
    once, drawn = np.ones(len(gains)), np.tile(gains, (20, 1))
    rows = np.arange(len(gains))
    return Work(
        KINDS[name], Pace(seconds, 0.0, "given"), rows, gains, once, 0.0, drawn, np.ones_like(drawn), ""
    )


def test_minutes_go_to_what_is_worth_most_per_second_first() -> None:
    works = {REVIEW: work(REVIEW, [1.0] * 10 + [0.1] * 90, 6), DRAW: work(DRAW, [1.0] * 100, 12)}
    shares = allot(works, 3, WORTH, (0, 0), {})
    assert shares == {REVIEW: 60, DRAW: 120, VERIFY: 0}


def test_worth_moves_the_minutes() -> None:
    works = {REVIEW: work(REVIEW, [1.0] * 100, 6), DRAW: work(DRAW, [1.0] * 100, 12)}
    assert allot(works, 3, {**WORTH, DRAW: 5}, (0, 0), {})[REVIEW] == 0


def test_what_clusters_decide_is_not_reviewed_again() -> None:
    works = {REVIEW: work(REVIEW, [1.0] * 10, 6), DRAW: work(DRAW, [0.5] * 100, 12)}
    open_after = dict.fromkeys(range(10), 0.0)
    shares = allot(works, 3, WORTH, (9, 30), open_after)
    assert shares == {REVIEW: 0, DRAW: 150, VERIFY: 30}


def test_clusters_that_bring_less_than_the_rest_are_left_out() -> None:
    works = {REVIEW: work(REVIEW, [1.0] * 100, 6)}
    assert allot(works, 3, WORTH, (5, 120), dict.fromkeys(range(100), 0.5))[VERIFY] == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), max_size=30),
    st.lists(st.floats(0, 1), max_size=30),
    st.floats(0.1, 10),
    st.floats(0, 20),
    st.floats(0, 600),
)
def test_shares_fit_into_the_minutes_and_bring_no_less_than_any_kind_alone(
    a: list[float], b: list[float], minutes: float, gain: float, seconds: float
) -> None:
    works = {REVIEW: work(REVIEW, a, 6), DRAW: work(DRAW, b, 12)}
    shares = allot(works, minutes, WORTH, (gain, seconds), {})
    assert sum(shares.values()) <= minutes * 60 + 1e-6
    total = sum(works[name].expected(shares[name] / 60) for name in works) + (gain if shares[VERIFY] else 0)
    alone = [one.expected(minutes) for one in works.values()]
    alone += [gain] if 0 < seconds <= minutes * 60 else []
    assert total >= max(alone) - 1e-6


def test_an_interval_is_wider_where_the_pace_is_less_known() -> None:
    rng = np.random.default_rng(0)
    gains = np.ones(1000)
    one = work(REVIEW, gains, 6)
    loose = Work(
        **{**vars(one), "pace": Pace(6, 0.5, "assumed"), "drawn": np.ones((400, 1000))}
        | {"drawn_steps": np.ones((400, 1000))}
    )
    low, high = loose.interval(10, 0.9, rng)
    assert one.interval(10, 0.9, rng) == (pytest.approx(100), pytest.approx(100))
    assert low < 60
    assert high > 160
