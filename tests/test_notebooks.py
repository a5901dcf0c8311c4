"""The notebooks as files: clean outputs; and the first one can be followed with a folder of one's own."""

import ast
import json
import re
from pathlib import Path

import pytest

import nbalabel as nl

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = ROOT / "notebooks" / "00_your_own_pictures.ipynb"
VIEW = "application/vnd.jupyter.widget-view+json"


def cells_of(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def names_in(sources: list[str], kind: type[ast.expr_context]) -> set[str]:
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


@pytest.fixture(scope="module")
def stand_ins() -> list[str]:
    return [cell for cell in cells_of(FIRST) if cell.startswith("# STAND-IN")]


@pytest.fixture(scope="module")
def others() -> list[str]:
    return [cell for cell in cells_of(FIRST) if not cell.startswith("# STAND-IN")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_hold_nothing_of_the_session_that_made_them(path: Path) -> None:
    book = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in book["metadata"]
    for cell in book["cells"]:
        assert "execution" not in cell["metadata"]
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr"
            assert output["output_type"] != "error"
            assert VIEW not in output.get("data", {})


def test_the_first_notebook_is_short_and_defines_nothing() -> None:
    cells = cells_of(FIRST)
    assert len(cells) <= 12
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for cell in cells for node in ast.walk(ast.parse(cell)) if isinstance(node, kinds)]


def test_one_line_says_which_pictures(others: list[str]) -> None:
    (line,) = [line for cell in others for line in cell.splitlines() if line.startswith("PICTURES =")]
    assert "YOUR FOLDER" in line
    assert [cell for cell in others if "nl.demo" in cell] == others[:1], (
        "only that line is about our pictures"
    )


def test_it_works_without_the_cells_that_stand_in_for_a_hand(others: list[str], stand_ins: list[str]) -> None:
    assert len(stand_ins) == 2
    made = names_in(stand_ins, ast.Store)
    assert not made & names_in(others, ast.Load)


def test_it_names_only_what_there_is() -> None:
    for cell in cells_of(FIRST):
        assert set(re.findall(r"\bnl\.([A-Za-z_]+)", cell)) <= set(nl.__all__)


def test_the_readme_names_every_notebook() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"(notebooks/{path.name})" not in readme] == []


@pytest.mark.training
def test_the_readme_begins_with_a_folder_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines run on a folder, with fewer steps and no weights; a reviewer draws where a person would."""
    pytest.importorskip("ultralytics")
    monkeypatch.chdir(tmp_path)
    nl.demo.cells("pictures", n_images=36, size=64)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (code,) = [block for block in blocks if 'nl.read_images("pictures/"' in block]
    begin, drawing, rest = re.split(r"^(nl\.Editor.*)$", code, maxsplit=1, flags=re.MULTILINE)
    rest = rest.replace('"yolo11n-seg"', '"yolo11n-seg.yaml"').replace(
        "train(ds", "train(ds, steps=40, imgsz=64"
    )
    names: dict = {}
    exec(begin + drawing, names)  # noqa: S102  # our own page
    ds = names["ds"]
    reviewer = nl.demo.Reviewer(nl.demo.truth(ds))
    drawn = ds.images.groupby("split", observed=True).head(6).index
    ds.add_instances(reviewer.draw(drawn))
    ds.mark_complete(drawn)
    exec(rest, names)  # noqa: S102
    assert len(ds.versions) == 2
    assert (tmp_path / "cells.json").is_file()
    ds.close()
