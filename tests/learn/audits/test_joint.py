"""Bounds from masks and honeypots together, against counting everything that can happen."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from nbalabel.learn.audits import joint
from nbalabel.learn.audits.joint import Heard, wrong_bounds


def test_the_likelihood_is_that_of_all_draws():
    size, asked, no, i, j = 6, 3, 2, 20, 12
    miss, refuse = joint._RATES[i], joint._RATES[j]
    for wrong in range(size + 1):
        found = 0.0
        draws = list(permutations([True] * wrong + [False] * (size - wrong), asked))
        for draw, said in product(draws, product([True, False], repeat=asked)):
            if sum(said) == no:
                chances = [
                    (1 - miss if refused else miss) if bad else (refuse if refused else 1 - refuse)
                    for bad, refused in zip(draw, said, strict=True)
                ]
                found += np.prod(chances) / len(draws)
        heard = Heard(4, 1, 3, 2)
        found *= miss**2 * (1 - miss) * refuse * (1 - refuse) ** 3
        known = joint._Likelihood(size, asked, no, heard, np.array([wrong]))._grid[0, i, j]
        assert np.exp(known) == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.2, 0.0), (0.1, 0.1), (0.5, 0.3)])
@pytest.mark.parametrize("wrong", [3, 4, 10])
def test_either_bound_is_wrong_as_seldom_as_promised(rates, wrong):
    """Exactly: every outcome of 12 masks of 40, 6 wrong and 6 right honeypots, with its chance."""
    alpha, size, asked, pots = 0.3, 40, 12, 6
    miss, refuse = rates
    k = np.arange(asked + 1)
    drawn = hypergeom.pmf(k, size, wrong, asked)
    of_no = [
        sum(
            drawn[i]
            * np.convolve(
                binom.pmf(np.arange(i + 1), i, 1 - miss),
                binom.pmf(np.arange(asked - i + 1), asked - i, refuse),
            )[no]
            for i in k
        )
        for no in k
    ]
    too_low = too_high = 0.0
    for no, missed, refused in product(k, range(pots + 1), range(pots + 1)):
        chance = of_no[no] * binom.pmf(missed, pots, miss) * binom.pmf(refused, pots, refuse)
        if chance < 1e-7:
            continue
        low, high = wrong_bounds(size, asked, int(no), Heard(pots, refused, pots, missed), alpha, 3)
        too_high += chance * (low > wrong)
        too_low += chance * (high < wrong)
    assert too_low <= alpha
    assert too_high <= alpha


def test_few_honeypots_are_enough_where_no_mask_was_refused():
    most = [wrong_bounds(2000, n, 0, Heard(10, 0, 10, 0), 0.05, 100)[1] for n in (50, 100, 150)]
    assert most[0] > 100 >= most[2]
    assert most == sorted(most, reverse=True)
    assert wrong_bounds(2000, 150, 0, Heard(10, 0, 0, 0), 0.05, 100)[1] == 2000  # no wrong one was shown
    assert wrong_bounds(2000, 150, 0, Heard(10, 0, 10, 10), 0.05, 100)[1] > 1000  # says yes to everything


def test_right_honeypots_tell_refusals_from_wrong_masks():
    least = [wrong_bounds(2000, 400, 40, Heard(n, 0, 10, 0), 0.05, 100)[0] for n in (0, 100, 400)]
    assert least[0] == 0
    assert least[0] < least[1] < least[2]
    assert least[2] > 100
    assert wrong_bounds(2000, 400, 40, Heard(400, 40, 10, 0), 0.05, 100)[0] < 20  # all of them refusals
