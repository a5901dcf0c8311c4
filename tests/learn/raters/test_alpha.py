"""Alpha by hand, against published values, and against what kalos 0.8.0 says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.learn.raters.alpha import coincidences, spread
from nbalabel.learn.raters.bootstrap import measured
from nbalabel.learn.raters.tallies import alpha_sums
from nbalabel.learn.raters.units import Units

MISSING = -2


def alpha(codes: np.ndarray) -> float:
    """Alpha of raters x units; -2 is missing, -1 a code like the others."""
    n = int(codes.max(initial=0)) + 1
    given = np.where(codes < 0, n, codes).T
    units = np.zeros(codes.shape[1], np.int64)
    return float(coincidences(given, (codes != MISSING).T, units, 1, n + 1).alpha()[0])


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    codes = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, -2, -2, -2],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, -2, 3],
            [-2, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, -2],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, -2],
        ]
    )
    assert alpha(codes) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_numbers_is_that_of_krippendorffs_own_example() -> None:
    # K. Krippendorff, Computing Krippendorff's alpha-reliability, 2011: the same data as interval data.
    x = np.nan
    values = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, x, x, x],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, x, 3],
            [x, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, x],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, x],
        ]
    ).T
    found = spread(values, ~np.isnan(values), np.arange(12) % 3, 3)
    assert found.alpha()[0] == pytest.approx(0.849, abs=5e-4)
    twice = spread(np.tile(values, (2, 1)), np.tile(~np.isnan(values), (2, 1)), np.repeat([0, 1], 12), 2)
    assert found.alpha(np.full((1, 3), 2.0)) == pytest.approx(twice.alpha())


def test_alpha_of_numbers_by_hand() -> None:
    # Two raters, 1 1 / 2 4: apart = 0 + 2 * (2 - 4)^2 / 1 = 8.
    # All ordered pairs of 1 1 2 4: 2 * (1 + 9 + 1 + 9 + 4) = 48.
    values = np.array([[1.0, 1.0], [2.0, 4.0]])
    both = np.ones((2, 2), bool)
    assert spread(values, both, np.zeros(2, np.int64), 1).alpha()[0] == pytest.approx(1 - 3 * 8 / 48)
    assert spread(values + 1e9, both, np.zeros(2, np.int64), 1).alpha()[0] == pytest.approx(0.5)
    assert spread(np.full((2, 2), 0.1), both, np.zeros(2, np.int64), 1).alpha()[0] == 1.0
    assert np.isnan(spread(values, ~both, np.zeros(2, np.int64), 1).alpha()[0])


def test_alpha_by_hand() -> None:
    # Two raters, codes 0 0 / 0 1 / 1 1: n = 6, three of each; o = 2 + 0 + 2; by chance 3 * 2 * 2 = 12.
    assert alpha(np.array([[0, 0, 1], [0, 1, 1]])) == pytest.approx((5 * 4 - 12) / (30 - 12))


def test_alpha_has_an_answer_at_the_edges() -> None:
    assert alpha(np.array([[0, 0], [0, 0]])) == 1.0
    assert np.isnan(alpha(np.array([[0, -2], [-2, 1]])))


def codes_beside_kalos() -> np.ndarray:
    i = np.arange(40)
    codes = np.stack([i * 7 % 4, i * 7 % 4, (i * 7 + (i % 5 == 0)) % 4])
    codes[0, i % 9 == 3], codes[1, i % 11 == 5], codes[2, i % 6 == 1] = -1, -1, -1
    codes[1, i % 13 == 0] = MISSING
    return codes


def units_of(codes: np.ndarray) -> Units:
    """Units with these codes, raters x units, on one image each."""
    code = codes.T
    row = np.where(code >= 0, np.arange(code.size).reshape(code.shape), -1)
    none, numbers = np.zeros(0, np.int64), np.zeros(0)
    return Units(np.arange(len(code)), row, code, none, none, none, numbers, numbers)


def test_alpha_and_vitality_are_those_of_kalos() -> None:
    # python benchmarks/raters_peers.py kalos, on this table
    codes = codes_beside_kalos()
    assert alpha(codes) == pytest.approx(0.5266604303086997, abs=1e-12)
    units = units_of(codes)
    looked = units.code != MISSING
    without = [alpha_sums(units, looked, 4, without=k).alpha()[0] for k in range(3)]
    found = alpha(codes) - np.array(without)
    expected = [0.044656539258116024, 0.08540306292166627, -0.1959958196913003]
    assert found == pytest.approx(expected, abs=1e-12)


@given(hnp.arrays(np.int64, (3, 8), elements=st.integers(-2, 3)), st.permutations(range(3)))
def test_alpha_does_not_depend_on_the_order_of_raters_and_is_1_at_most(
    codes: np.ndarray, order: list[int]
) -> None:
    value = alpha(codes)
    assert np.array_equal([value], [alpha(codes[order])], equal_nan=True)
    assert np.isnan(value) or value <= 1 + 1e-12


def test_an_empty_image_is_one_unit_of_agreement() -> None:
    units = units_of(np.array([[0, -1], [0, 0]]))
    looked = np.ones((3, 2), bool)  # the third image has no unit
    # codes: 0 0 / nobody 0 / nobody nobody, as in the example by hand
    assert alpha_sums(units, looked, 1).alpha()[0] == pytest.approx((5 * 4 - 12) / (30 - 12))


def test_a_unit_that_only_one_drew_goes_with_them() -> None:
    units = units_of(np.array([[0, 0], [0, -1], [0, -1]]))
    looked = np.ones((2, 3), bool)
    assert alpha_sums(units, looked, 1, without=0).alpha()[0] == 1.0


def test_sums_per_image_weighted_are_alpha_of_the_images_repeated() -> None:
    codes = codes_beside_kalos()
    units = units_of(codes)
    weights = np.random.default_rng(0).integers(0, 3, codes.shape[1])
    found = alpha_sums(units, units.code != MISSING, 4).alpha(weights[None].astype(float))[0]
    assert found == pytest.approx(alpha(np.repeat(codes, weights, axis=1)), abs=1e-12)


def test_an_interval_holds_its_value_and_is_the_same_for_the_same_seed() -> None:
    codes = codes_beside_kalos()
    units = units_of(codes)
    sums = alpha_sums(units, units.code != MISSING, 4)
    first = measured(lambda w: sums.alpha(w)[:, None], codes.shape[1], 300, 5)
    again = measured(lambda w: sums.alpha(w)[:, None], codes.shape[1], 300, 5)
    value, low, high = (float(x[0]) for x in first)
    assert low < value < high
    assert [x.tolist() for x in first] == [x.tolist() for x in again]
