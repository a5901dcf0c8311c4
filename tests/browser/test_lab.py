"""What a person sees in JupyterLab: a dataset, its pictures, and a cell's edit that is found and kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import nbalabel as nl

from .lab import Lab, browser_page, chromium, lab, run_all

pytestmark = pytest.mark.browser

CELLS = [
    "import nbalabel as nl\nds = nl.demo.reef('reef.nbal', n_images=30, n_labeled=8, n_test=6, size=96)",
    "ds",
    "ds.show(int(ds.instances.image_id.iloc[0]))",
    "ds.images.loc[ds.images.index[:3], 'weight'] = 2",
    "ds.status()",
    "ds.images.loc[ds.images.index[:3], 'weight'] = -1",
    "assert (ds.images.weight >= 0).all()\nds.commit('from a cell')\nds.log().head(3)",
]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "story.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


@pytest.fixture
def server(tmp_path: Path, theme: str) -> Iterator[Lab]:
    with lab(tmp_path, theme) as where:
        yield where


def test_a_dataset_shows_itself_and_a_cells_edit_is_journaled(
    notebook: Path, server: Lab, theme: str
) -> None:
    path = chromium()
    assert path, "the browser tests need Chromium: install it or set CHROMIUM"
    with browser_page(path) as page:
        run_all(page, server, notebook.name, len(CELLS))
        outputs = page.locator(".jp-CodeCell")
        card = outputs.nth(1).locator(".jp-RenderedHTMLCommon")
        assert "30, " in card.inner_text()
        picture = outputs.nth(2).locator(".jp-RenderedImage img")
        assert picture.evaluate("img => img.naturalWidth") >= 96
        assert "weight" in outputs.nth(4).locator(".jp-OutputArea").inner_text()
        assert "weight must be a number >= 0" in outputs.nth(5).locator(".jp-OutputArea").inner_text()
        _screenshot(page, f"lab-{theme}.png")
    with nl.open(notebook.parent / "reef.nbal") as ds:
        assert ds.versions["message"].iloc[-1] == "from a cell"
        assert ds.images["weight"].iloc[:3].tolist() == [2, 2, 2]


def _screenshot(page: object, name: str) -> None:
    """Keep a picture for people to judge, where SCREENSHOTS says."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / name))  # type: ignore[attr-defined]  # playwright's Page
