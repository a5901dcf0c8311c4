"""Charts of a report: as many marks as there are numbers, texts escaped, nothing where there is nothing."""

import re
from xml.dom import minidom

import numpy as np
import pandas as pd

from nbalabel.reporting.charts.days import days_svg
from nbalabel.reporting.charts.histogram import histogram_svg, sizes_svg, whole_bins
from nbalabel.reporting.charts.maps import centres_svg
from nbalabel.reporting.charts.shares import shares_svg
from nbalabel.reporting.charts.stacked import stacked_svg

EVIL = "<b>&"


def rectangles(svg: str) -> list[tuple[float, float]]:
    """Width and height of each rectangle; the SVG is whole XML."""
    found = minidom.parseString(svg).getElementsByTagName("rect")  # noqa: S318  # ours
    return [(float(r.getAttribute("width")), float(r.getAttribute("height"))) for r in found]


def test_stacked_bars_are_as_tall_as_their_parts() -> None:
    svg = stacked_svg(
        [EVIL, "v2"], {"human": [10, 0], "model": [30, 20]}, {"human": "#111111", "model": "#222222"}
    )
    tall = [height for _, height in rectangles(svg)]
    assert len(tall) == 3
    np.testing.assert_allclose(np.array(tall) / tall[0], [1, 3, 2], atol=0.01)
    assert "&lt;b&gt;" in svg
    assert rectangles(stacked_svg([], {}, {})) == []
    assert rectangles(stacked_svg(["v1"], {"human": [0]}, {"human": "#111111"})) == []


def test_names_of_many_bars_are_thinned() -> None:
    names = [f"round {i}" for i in range(80)]
    svg = stacked_svg(names, {"human": [1] * 80}, {"human": "#111111"})
    assert len(rectangles(svg)) == 80
    assert 3 < len(re.findall(r">round \d+<", svg)) < 20


def test_bins_of_whole_numbers() -> None:
    assert whole_bins([]) == (["0"], [0])
    names, counts = whole_bins([0, 1, 1, 119])
    assert len(names) <= 30
    assert (names[0], counts[0], counts[-1]) == ("0-3", 3, 1)
    svg = histogram_svg(names, counts, x_label=EVIL)
    assert len(rectangles(svg)) == len(names)


def test_sizes_beyond_the_axis_count_at_its_ends() -> None:
    tall = [height for _, height in rectangles(sizes_svg(np.array([0.0, 1e-9, 1.0]), color="#111111"))]
    assert (tall[0], tall[-1]) == (2 * tall[-1], tall[0] / 2)
    assert sum(height > 0 for height in tall) == 2


def test_a_map_has_a_cell_where_something_lies() -> None:
    grid = np.zeros((24, 24), np.int64)
    grid[3, 4], grid[0, 0] = 9, 1
    svg = centres_svg(grid, color="#111111", label=EVIL)
    assert len(rectangles(svg)) == 2 + 1  # the frame
    assert 'fill-opacity="1.00"' in svg
    assert len(rectangles(centres_svg(np.zeros((24, 24), np.int64), color="#111111", label="x"))) == 1


def test_shares_have_two_bars_a_label() -> None:
    wide = [width for width, _ in rectangles(shares_svg([EVIL, "cod"], [0.8, 0.2], [0.4, 0.6]))]
    np.testing.assert_allclose(np.array(wide) / wide[0], [1, 0.5, 0.25, 0.75], atol=0.01)


def test_days_become_weeks_and_months_where_they_are_many() -> None:
    for n_days, n_squares in ((10, 2), (300, 2), (2000, 2)):
        day = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta([0, 0, n_days], unit="D")
        index = pd.MultiIndex.from_arrays([[EVIL, "ben", EVIL], day], names=["who", "day"])
        frame = pd.DataFrame({"seconds": [60.0, 10.0, 7200.0], "changes": [1, 2, 3]}, index=index)
        svg = days_svg(frame, [EVIL])
        assert len(rectangles(svg)) == n_squares
        assert "2.0 h" in svg
        assert max(x + w for x, w in _places(svg)) < 1000
    assert rectangles(days_svg(frame.iloc[:0], ["nobody"])) == []


def _places(svg: str) -> list[tuple[float, float]]:
    found = minidom.parseString(svg).getElementsByTagName("rect")  # noqa: S318  # ours
    return [(float(r.getAttribute("x")), float(r.getAttribute("width"))) for r in found]
