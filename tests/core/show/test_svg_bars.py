import math

from nbalabel.core.show.svg_bars import Interval, bar_chart_svg
from nbalabel.core.show.svg_chart import line_chart_svg


def test_each_bar_says_its_value_and_its_interval() -> None:
    svg = bar_chart_svg([Interval("verify", 1200, 900, 1500), Interval("draw <b>", 3, 1, 8)], unit="masks")
    assert svg.count("<rect") == 2
    assert "1,200 (900 to 1,500) masks" in svg
    assert "draw &lt;b&gt;" in svg


def test_bars_stay_inside_and_what_is_not_finite_has_no_length() -> None:
    svg = bar_chart_svg([Interval("a", math.nan, 0, math.inf), Interval("b", 5, 5, 5)], width=520)
    widths = [float(part.split('"')[0]) for part in svg.split('width="')[2:]]
    assert max(widths) <= 520 - 150 - 120
    assert "inf" not in svg.split("<text")[0]


def test_no_bars_make_an_empty_chart() -> None:
    assert bar_chart_svg([]).startswith("<svg")


def test_a_line_has_its_interval_behind_it_and_its_points_as_rings() -> None:
    svg = line_chart_svg(
        {"map": [(1.0, 0.2), (2.0, 0.3)]}, band=[(1, 0.1, 0.3), (2, 0.2, 0.5)], dots=[(1, 0.9)]
    )
    assert svg.count("<polygon") == 1
    assert svg.count('fill="none" stroke="currentColor"') == 1
    assert svg.index("<polygon") < svg.index("<path")
