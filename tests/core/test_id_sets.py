"""Sets of ids agree with NumPy's, whatever the order, and do not copy or change what is given."""

from __future__ import annotations

import numpy as np
import pytest

from nbalabel.core.id_sets import are_in, common, distinct, minus, union


@pytest.mark.parametrize("seed", range(20))
def test_sets_are_those_of_numpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c = (rng.integers(-20, 20, rng.integers(0, 30)) for _ in range(3))
    given = a.copy()
    if seed % 2:
        a, b = np.unique(a), np.unique(b)
    assert distinct(a).tolist() == np.unique(a).tolist()
    assert union(a, b, c).tolist() == np.unique(np.concatenate([a, b, c])).tolist()
    assert common(a, b).tolist() == np.intersect1d(a, b).tolist()
    assert minus(a, b).tolist() == np.setdiff1d(a, b).tolist()
    assert are_in(a, np.unique(b)).tolist() == np.isin(a, b).tolist()
    assert seed % 2 or np.array_equal(a, given)


def test_sets_of_nothing_are_ids_too() -> None:
    for found in (union(), distinct([]), common([], [1]), minus([], [])):
        assert found.dtype == np.int64
        assert not len(found)


def test_what_ascends_is_not_sorted_again() -> None:
    ids = np.arange(5)
    assert distinct(ids) is ids
    assert union(ids) is ids
