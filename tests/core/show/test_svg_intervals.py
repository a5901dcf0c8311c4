"""Values with intervals as SVG."""

from math import nan
from xml.dom import minidom

import numpy as np
import pytest

from nbalabel.core.show.svg_intervals import Whisker, intervals_svg


def circles(svg: str) -> list[float]:
    """Height of each dot, from above; the SVG is whole XML."""
    found = minidom.parseString(svg).getElementsByTagName("circle")  # noqa: S318  # ours
    return [float(one.getAttribute("cy")) for one in found]


def test_dots_lie_where_their_values_are() -> None:
    svg = intervals_svg(
        [Whisker("a", 0.2, 0.1, 0.3), Whisker("b", 0.4, 0.3, 0.5), Whisker("c", 0.3, 0.2, 0.4)]
    )
    low, high, middle = circles(svg)
    assert middle == pytest.approx((low + high) / 2, abs=0.1)
    assert high < low
    assert svg.count("<polyline") == 1


def test_a_difference_whose_interval_holds_zero_is_faint() -> None:
    svg = intervals_svg([Whisker("a", 0.2, 0.1, 0.3), Whisker("b", -0.1, -0.2, 0.1)], zero=True)
    assert svg.count('opacity=".5"') - svg.count('stroke-opacity=".5"') == 1
    assert "\N{MINUS SIGN}0.10" in svg
    assert "<polyline" not in svg


def test_what_is_missing_leaves_a_gap_and_nothing_says_so() -> None:
    assert len(circles(intervals_svg([Whisker("a", nan, nan, nan), Whisker("b", 0.5, nan, nan)]))) == 1
    assert "nothing to measure" in intervals_svg([])
    assert circles(intervals_svg([Whisker("a", nan, nan, nan)])) == []


def test_names_are_escaped_cut_and_thinned() -> None:
    svg = intervals_svg([Whisker(f"<b>{i} a very long name of a run", 0.5, 0.4, 0.6) for i in range(40)])
    assert len(circles(svg)) == 40
    assert "<b>" not in svg
    assert np.all(np.isfinite(circles(svg)))
    assert svg.count("…") < 30
