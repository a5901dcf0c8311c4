"""What shows in a notebook: escaped, small, self-contained."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nbalabel.core.show.card import bar, card, escape, facts_table, line_chart_svg, thumbnail_strip

EVIL = "<script>alert('x')</script> & \"quotes\" \N{FISH} \N{CJK UNIFIED IDEOGRAPH-9B5A}"
VOID = {"img"}


class Balanced(HTMLParser):
    """Collects tags and text, and fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def parsed(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def picture(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    return Image.fromarray(noise)


@given(st.text())
def test_any_text_shows_letter_by_letter(text: str) -> None:
    assert parsed(f"<p>{escape(text)}</p>").text.replace("\r\n", "\n").replace("\r", "\n") == text.replace(
        "\r\n", "\n"
    ).replace("\r", "\n")


def test_nothing_in_a_card_can_become_markup() -> None:
    html = card(EVIL, {EVIL: EVIL}, subtitle=EVIL, extra_html=bar({EVIL: 1.0}))
    page = parsed(html)
    assert "script" not in page.tags
    assert page.text.count("alert('x')") == 5
    assert "\N{FISH}" in html


def test_a_card_keeps_the_order_of_its_facts_given_as_pairs_or_as_a_mapping() -> None:
    pairs = [("images", 600), ("labels", "fish")]
    assert card("reef", pairs) == card("reef", dict(pairs))
    text = parsed(card("reef", pairs)).text
    assert text.index("images") < text.index("600") < text.index("labels") < text.index("fish")


def test_a_card_loads_nothing_from_anywhere() -> None:
    html = card("reef", {"a": 1}, images=[picture(50, 50)], extra_html=line_chart_svg({"loss": [1, 2]}))
    assert re.findall(r"(?:src|href)=\"(?!data:)|url\(|@import", html) == []


def test_themes_are_followed_through_variables_with_fallbacks() -> None:
    for html in (card("a"), line_chart_svg({"loss": [1.0]})):
        assert "var(--jp-ui-font-color1, var(--vscode-foreground, inherit))" in html
    assert "#fff" not in card("a")


@pytest.mark.parametrize("size", [(4000, 3000), (64, 64), (3000, 20), (20, 3000), (1, 1)])
def test_thumbnails_are_small_whatever_the_picture(size: tuple[int, int]) -> None:
    html = thumbnail_strip([picture(*size)])
    (data,) = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert len(data) < 15_000
    shown = Image.open(io.BytesIO(base64.b64decode(data)))
    assert max(shown.size) <= 576
    assert shown.size[1] <= 192


def test_pictures_of_any_mode_are_shown() -> None:
    modes = [picture(20, 20).convert(mode) for mode in ("L", "RGBA", "P")]
    assert thumbnail_strip(modes).count("<img") == 3


def test_showing_a_picture_does_not_change_it() -> None:
    original = picture(900, 700)
    card("a", images=[original])
    assert original.size == (900, 700)


def test_a_table_of_facts_has_a_row_for_each() -> None:
    page = parsed(facts_table([("a", 1), ("b", 2)]))
    assert page.tags.count("tr") == 2
    assert "table" not in parsed(facts_table([])).tags


def test_a_bar_shows_shares_and_leaves_out_nothing_but_zeros() -> None:
    html = bar({"labeled": 1, "none": 0, "unlabeled": 3, "rare": 0.001})
    text = parsed(html).text
    assert "labeled 25%" in text
    assert "unlabeled 75%" in text
    assert "rare <1%" in text
    assert "none" not in text
    assert sum(map(float, re.findall(r"flex: ([\d.]+)", html))) == pytest.approx(1, abs=1e-4)


def test_a_bar_of_nothing_is_an_empty_bar() -> None:
    assert "<i " not in bar({})
    assert "<i " not in bar({"a": 0})


def test_a_chart_is_valid_svg_with_a_line_for_each_series() -> None:
    chart = line_chart_svg({EVIL: [1, 2, 3], "b": [3, 2, 1]}, title=EVIL, x_label="epoch")
    svg = ElementTree.fromstring(chart)  # noqa: S314  # our own text
    assert len([e for e in svg.iter() if e.tag.endswith("path")]) == 2
    assert any(EVIL in (e.text or "") for e in svg.iter())


def coordinates(svg: str) -> list[list[tuple[float, float]]]:
    paths = re.findall(r'<path d="([^"]+)"', svg)
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)] for path in paths]


def test_values_go_up_the_page_and_epochs_to_the_right() -> None:
    (line,) = coordinates(line_chart_svg({"map": [0.1, 0.5, 0.9]}))
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert [y for _, y in line] == sorted((y for _, y in line), reverse=True)


def test_points_are_placed_by_their_x() -> None:
    (line,) = coordinates(line_chart_svg({"map": [(0, 1.0), (1, 1.0), (10, 1.0)]}))
    assert line[2][0] - line[0][0] == pytest.approx(10 * (line[1][0] - line[0][0]), abs=1)


def test_a_missing_value_leaves_a_gap() -> None:
    svg = line_chart_svg({"loss": [1.0, 2.0, float("nan"), 3.0, 2.0]})
    assert svg.count("h0") == 2
    assert "nan" not in svg


def test_a_chart_without_values_says_so() -> None:
    for series in ({}, {"loss": []}, {"loss": [float("nan")]}):
        assert "no data yet" in line_chart_svg(series)


@given(
    st.dictionaries(st.text(max_size=8), st.lists(st.floats(width=32), max_size=40), max_size=4),
    st.booleans(),
)
def test_any_numbers_make_a_valid_chart(series: dict[str, list[float]], ranged: bool) -> None:
    svg = line_chart_svg(series, y_range=(0, 1) if ranged else None)
    assert svg.startswith("<svg")
    for line in coordinates(svg):
        assert all(np.isfinite(p).all() for p in line)
        assert all(0 <= y <= 200 for _, y in line)


def test_a_long_series_stays_small_and_keeps_its_last_value() -> None:
    svg = line_chart_svg({"loss": [float(i) for i in range(100_000)]})
    assert len(svg) < 20_000
    assert "1e+05" in svg
