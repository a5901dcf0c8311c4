"""The best assignment of masks: as good as the best of all there are."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.geometry.overlap.assign import assign
from nbalabel.core.geometry.overlap.pairs import Pairs


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.01, 1)), max_size=10))
def test_no_assignment_is_worth_more(rows: list[tuple[int, int, float]]) -> None:
    worth = {(i, j): value for i, j, value in rows}
    left, right = (np.array([pair[k] for pair in worth], np.int64) for k in (0, 1))
    pairs = Pairs(left, right, np.array(list(worth.values()), np.float64))
    chosen = assign(pairs)
    assert len(set(left[chosen])) == len(set(right[chosen])) == len(chosen)
    best = max(sum(worth.get((i, j), 0) for i, j in enumerate(order)) for order in permutations(range(4)))
    assert np.isclose(pairs.iou[chosen].sum(), best)


def test_what_a_pair_is_worth_may_be_more_than_its_iou() -> None:
    pairs = Pairs(np.array([0, 0]), np.array([0, 1]), np.array([0.6, 0.3]))
    assert assign(pairs).tolist() == [0]
    assert assign(pairs, [0.6, 0.8]).tolist() == [1]
