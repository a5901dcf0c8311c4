from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.propagate.audit.betting import betting_bounds
from nbalabel.learn.propagate.audit.bounds import expected_answers, lower_bound, upper_bound


def by_hand(right: int, asked: int, size: int, alpha: float) -> float:
    """The lower bound with an even prior, from the definition, in fractions."""

    def chance(number: int) -> Fraction:
        if number < right or size - number < asked - right:
            return Fraction(0)
        return Fraction(comb(size - asked, number - right), comb(size, number))

    for m in range(size + 1):
        above = [chance(number) for number in range(m + 1, size + 1)]
        if not above or (chance(m) and sum(above) / len(above) / chance(m) < 1 / Fraction(alpha)):
            return m / size
    raise AssertionError


@pytest.mark.parametrize(
    ("right", "asked", "size"), [(0, 0, 5), (3, 3, 8), (5, 6, 12), (1, 9, 10), (20, 21, 40)]
)
@pytest.mark.parametrize("alpha", [0.02, 0.05, 0.3])
def test_the_lower_bound_equals_the_definition_in_fractions(right, asked, size, alpha):
    assert lower_bound(right, asked, size, alpha) == pytest.approx(by_hand(right, asked, size, alpha))


def test_two_of_three_asked_and_right_leaves_two_or_three():
    # "at most 2 right": the likelihoods are 1 under 3 and 1/3 under 2, so their ratio is 3
    assert lower_bound(2, 2, 3, alpha=0.34) == 1
    assert lower_bound(2, 2, 3, alpha=0.33) == pytest.approx(2 / 3)


def test_wrong_masks_mirror_right_ones():
    right, asked = np.array([0, 3, 17, 40]), np.array([5, 9, 20, 40])
    upper = upper_bound(right, asked, 40, 0.05, prior=(2, 5))
    np.testing.assert_allclose(upper, 1 - lower_bound(asked - right, asked, 40, 0.05, prior=(5, 2)))


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 300, 5000])
def test_when_all_were_asked_both_bounds_are_the_share(size):
    right = np.unique([0, 1, size // 2, size - 1, size])
    lower, upper = (bound(right, size, size, 0.025) for bound in (lower_bound, upper_bound))
    np.testing.assert_allclose(lower, right / size)
    np.testing.assert_allclose(upper, right / size)


def test_before_any_answer_nothing_is_known():
    lower, upper = (bound(0, 0, [1, 10, 1000], 0.025) for bound in (lower_bound, upper_bound))
    assert (lower == 0).all()
    assert (upper == 1).all()


def test_bounds_enclose_what_was_seen_and_what_is_possible():
    rng = np.random.default_rng(0)
    size = rng.integers(1, 3000, 400)
    asked = (size * rng.random(400) ** 3).astype(int)
    right = rng.binomial(asked, rng.random(400))
    lower, upper = (bound(right, asked, size, 0.025) for bound in (lower_bound, upper_bound))
    assert (right / size <= lower + 1e-12).all()
    assert (upper <= 1 - (asked - right) / size + 1e-12).all()
    assert (lower[asked > 0] <= (right / np.maximum(asked, 1) + 1 / size)[asked > 0]).all()
    assert (lower <= upper).all()


def test_more_right_answers_and_smaller_confidence_raise_the_lower_bound():
    right = np.arange(41)
    lower = lower_bound(right, 40, 700, 0.05)
    assert (np.diff(lower) >= 0).all()
    assert (lower_bound(right, 40, 700, 0.2) >= lower).all()
    assert (np.diff(lower_bound(right, right, 700, 0.05)) >= 0).all()


@pytest.mark.parametrize(
    ("size", "n_right", "prior"), [(60, 51, (1, 1)), (300, 252, (6, 2)), (2000, 1690, (9, 1))]
)
def test_the_lower_bound_is_ever_too_high_in_alpha_of_the_runs_at_most(size, n_right, prior):
    rng, alpha = np.random.default_rng(1), 0.1
    runs = 400
    right = rng.permuted(np.tile(np.arange(size) < n_right, (runs, 1)), axis=1)[:, :60].cumsum(axis=1)
    lower = lower_bound(right, np.arange(1, 61), size, alpha, prior)
    missed = (lower > n_right / size + 1e-12).any(axis=1).mean()
    assert missed <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)
    assert missed > 0  # or the simulation would show nothing


def test_a_prior_that_is_far_off_costs_answers_but_not_coverage():
    rng = np.random.default_rng(2)
    right = rng.permuted(np.tile(np.arange(400) < 200, (300, 1)), axis=1)[:, :80].cumsum(axis=1)
    lower = lower_bound(right, np.arange(1, 81), 400, 0.1, prior=(50, 1))
    assert (lower > 0.5).any(axis=1).mean() <= 0.1 + 3 * np.sqrt(0.09 / 300)


def test_bets_keep_their_coverage_and_lie_near_the_other_bounds():
    rng = np.random.default_rng(3)
    out = 0
    for _ in range(150):
        lower, upper = betting_bounds(rng.permutation(np.arange(120) < 100)[:60], 120, 0.1)
        out += (lower > 100 / 120 + 1e-12).any() or (upper < 100 / 120 - 1e-12).any()
    assert out / 150 <= 0.1 + 3 * np.sqrt(0.09 / 150)
    assert betting_bounds([True] * 40, 800, 0.1)[0][-1] == pytest.approx(
        lower_bound(40, 40, 800, 0.05), abs=0.03
    )


def test_bets_about_everything_end_in_the_share():
    answers = np.random.default_rng(4).random(50) < 0.8
    lower, upper = betting_bounds(answers, 50, 0.05)
    assert lower[-1] == pytest.approx(answers.mean())
    assert upper[-1] == pytest.approx(answers.mean())
    assert (np.diff(lower) >= 0).all()


def test_expected_answers_foretell_the_median_within_a_half():
    rng = np.random.default_rng(5)
    for share in (0.99, 0.95, 0.6):
        n_right = round(share * 1000)
        right = rng.permuted(np.tile(np.arange(1000) < n_right, (60, 1)), axis=1)[:, :150].cumsum(axis=1)
        n = np.arange(1, 151)
        if share > 0.85:
            passed = lower_bound(right, n, 1000, 0.05) >= 0.85
        else:
            passed = upper_bound(right, n, 1000, 0.05) < 0.85
        median = np.median(np.where(passed.any(axis=1), passed.argmax(axis=1) + 1, 1000))
        assert expected_answers(share, 1000, 0.85, 0.05) == pytest.approx(median, rel=0.5)


def test_expected_answers_grow_towards_the_target_and_never_exceed_the_cluster():
    need = expected_answers(np.linspace(0.86, 1, 20), 500, 0.85, 0.05)
    assert (np.diff(need) < 0).all()
    assert (expected_answers(np.linspace(0, 1, 50), [[3], [80]], 0.85, 0.05) <= [[3], [80]]).all()


@pytest.mark.parametrize(
    ("n_right", "n_asked", "size", "alpha", "prior"),
    [(3, 2, 9, 0.05, (1, 1)), (1, 9, 8, 0.05, (1, 1)), (-1, 2, 8, 0.05, (1, 1)), (0, 0, 0, 0.05, (1, 1)),
     (1, 2, 3, 0.0, (1, 1)), (1, 2, 3, 1.0, (1, 1)), (1, 2, 3, 0.05, (0, 1))],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(n_right, n_asked, size, alpha, prior):
    for bound in (lower_bound, upper_bound):
        with pytest.raises(DataError, match="must"):
            bound(n_right, n_asked, size, alpha, prior)


def test_more_bets_than_masks_are_refused():
    with pytest.raises(DataError, match="answers"):
        betting_bounds([True] * 5, 4, 0.05)
