"""One list of colors."""

import re
from pathlib import Path

import pytest

import nbalabel
from nbalabel.core.show.palette import COLORS, OKABE_ITO

ROOT = Path(nbalabel.__file__).parent
RAW = re.compile(r"""["']#[0-9a-fA-F]{6}\b|rgba?\(\d""")
SOURCES = [
    path
    for path in ROOT.rglob("*.py")
    if path.name != "palette.py" and path.relative_to(ROOT).parts[0] in ("core", "data", "learn", "widgets")
]


def test_no_color_is_written_outside_of_the_palette():
    assert len(SOURCES) > 300
    assert [str(path) for path in SOURCES if RAW.search(_code(path))] == []


@pytest.mark.parametrize("name", ["bar", "table", "chart"])
def test_style_sheets_carry_the_palette(name):
    text = (ROOT / "static" / f"{name}.css").read_text("utf-8")
    assert f"--nbl-orange: {COLORS.orange}" in text
    assert f"--nbl-deep-green: {COLORS.deep_green}" in text


def test_every_color_can_be_drawn():
    shape = re.compile(r"#[0-9a-f]{6}|rgba\(\d+, \d+, \d+, 0\.\d+\)")
    assert {name: color for name, color in vars(COLORS).items() if not shape.fullmatch(color)} == {}
    assert len(set(OKABE_ITO)) == 7


def _code(path: Path) -> str:
    """Without the examples in docstrings."""
    return re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL)
