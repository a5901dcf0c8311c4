"""Points in a polygon: as the browser says it, and as exact arithmetic does."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.core.geometry.outlines.inside import inside

GOLDEN = json.loads((Path(__file__).parents[3] / "wire" / "lasso.json").read_text())
eighths = st.integers(-40, 40).map(lambda k: k / 8)
pairs = st.tuples(eighths, eighths)


def exactly(x, y, corners):
    """The even-odd rule in fractions: lower ends belong to edges, upper ones do not."""
    odd = False
    for (xi, yi), (xj, yj) in zip(corners, corners[-1:] + corners[:-1], strict=True):
        if (yi > y) != (yj > y):
            xi, yi, xj, yj = map(Fraction, (xi, yi, xj, yj))
            odd ^= Fraction(x) < (xj - xi) * (Fraction(y) - yi) / (yj - yi) + xi
    return odd


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_the_kernel_says_what_the_browser_says(case):
    points = np.array(case["points"], np.float64)  # null is NaN
    assert inside(points, case["ring"]).tolist() == case["inside"]


@given(st.lists(pairs, max_size=9), st.lists(pairs, max_size=30))
def test_points_of_few_digits_are_placed_exactly(corners, points):
    """Quotients round, so a point on a slanted edge may go either way."""
    near = Fraction(1, 10**9)
    for (x, y), found in zip(points, inside(points, corners).tolist(), strict=True):
        sides = {exactly(x + d, y, corners) for d in (-near, near)} if len(corners) > 2 else {False}
        assert found in sides or found == exactly(x, y, corners)


def test_frames_with_missing_values_and_single_precision_are_taken_as_they_are():
    frame = pd.DataFrame({"a": pd.array([1, None, 9], "Int64"), "b": np.array([1, 1, 1], np.float32)})
    assert inside(frame, [[0, 0], [2, 0], [2, 2], [0, 2]]).tolist() == [True, False, False]


@pytest.mark.parametrize("corners", [[], [[0, 0]], [[0, 0], [1, 1]]])
def test_fewer_than_three_corners_hold_nothing(corners):
    assert not inside([[0.5, 0.5]], corners).any()


def test_no_points_are_no_answer():
    assert inside(np.zeros((0, 2)), [[0, 0], [2, 0], [2, 2]]).tolist() == []


@pytest.mark.parametrize(
    ("points", "polygon", "message"),
    [
        ([[1, 2, 3]], [[0, 0], [1, 0], [1, 1]], r"points must be pairs \(n, 2\), got shape \(1, 3\)"),
        ([[1, 2]], [1, 2, 3], "polygon must be pairs"),
        ([["a", "b"]], [[0, 0], [1, 0], [1, 1]], "points must be numbers"),
    ],
)
def test_other_shapes_are_refused(points, polygon, message):
    with pytest.raises(DataError, match=message):
        nl.inside(points, polygon)
