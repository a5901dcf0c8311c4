"""nl.explore outside JupyterLab: it is laid out and linked, and what is accepted reaches the dataset."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page

import nbalabel as nl

from .lab import browser_page, chromium, free_port, lab, run_all, served
from .notebook import METADATA, still, wait

pytestmark = pytest.mark.browser

SETUP = """\
import nbalabel as nl
ds = nl.open("reef.nbal")
ws = nl.explore(ds, nl.demo.simulated_run(ds), x="n_predictions", y="turbidity", color="habitat")
"""
# marimo shows the last expression of a cell, and its names belong to one cell each.
MARIMO = """\
import marimo

app = marimo.App(width="full")


@app.cell
def _():
    {setup}
    return (ws,)


@app.cell
def _(ws):
    ws
    return


if __name__ == "__main__":
    app.run()
"""


def _dataset_and_notebooks(folder: Path) -> Path:
    """A folder with a notebook that explores a dataset beside it."""
    with nl.demo.reef(folder / "reef.nbal", n_images=30, n_labeled=8, n_test=6, size=96):
        pass
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, "ws")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=METADATA), folder / "story.ipynb")
    (folder / "story.py").write_text(MARIMO.format(setup=SETUP.strip().replace("\n", "\n    ")))
    return folder


@contextmanager
def in_marimo(folder: Path, page: Page) -> Iterator[None]:
    """As an app of marimo."""
    port = free_port()
    command = [sys.executable, "-m", "marimo", "--quiet", "run", "story.py", "--headless", "--no-token"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with served(command, folder, f"http://127.0.0.1:{port}/health"):
        page.goto(f"http://127.0.0.1:{port}/")
        yield


@contextmanager
def in_voila(folder: Path, page: Page) -> Iterator[None]:
    """As a page of Voilà, which shows outputs alone."""
    port = free_port()
    command = [sys.executable, "-m", "voila", "story.ipynb", "--no-browser", f"--port={port}"]
    # Voilà brings this file, and asks a CDN for it all the same.
    command += ["--Voila.ip=127.0.0.1", "--HTMLExporter.require_js_url=/voila/static/require.min.js"]
    with served(command, folder, f"http://127.0.0.1:{port}/voila/static/favicon.ico"):
        page.goto(f"http://127.0.0.1:{port}/", timeout=120_000)
        yield


@contextmanager
def in_notebook(folder: Path, page: Page) -> Iterator[None]:
    """In Notebook 7."""
    with lab(folder, app="notebook") as where:
        run_all(page, where, "story.ipynb", 2)
        yield


HOSTS = {"marimo": in_marimo, "voila": in_voila, "notebook": in_notebook}


def view(page: Page, label: str) -> Locator:
    return page.locator(f'.nbl[aria-label="{label}"]').first


def numbers(page: Page) -> list[int]:
    """What the table says of itself, "12 / 26 predictions", as numbers."""
    text = view(page, "Table").locator(".nbl-counts").inner_text()
    return [int("".join(filter(str.isdigit, part))) for part in text.split("/")]


def lasso(page: Page) -> None:
    """Around the left half of the scatter."""
    area = still(view(page, "Scatter").locator("canvas").first)
    left, top, right, bottom = 2, 2, area["width"] / 2, area["height"] - 2
    page.mouse.move(area["x"] + left, area["y"] + top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(area["x"] + x, area["y"] + y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("host", HOSTS)
def test_explore_is_linked_and_what_is_accepted_reaches_the_dataset(host: str, tmp_path: Path) -> None:
    if find_spec(host) is None:
        pytest.skip(f"{host} is not installed: pip install -e '.[hosts]'")
    path = chromium()
    assert path, "the browser tests need Chromium: install it or set CHROMIUM"
    folder = _dataset_and_notebooks(tmp_path)
    with browser_page(path, 1300, 1700) as page, HOSTS[host](folder, page):
        for name in ("Selection", "Scatter", "Viewer", "Table"):
            view(page, name).wait_for(timeout=120_000)
        view(page, "Scatter").get_by_text("30 images", exact=True).wait_for()
        wait(lambda: page.locator('.nbl[aria-label^="Chart of"]').count() == 4)
        wait(lambda: numbers(page)[0] > 0)
        assert len(set(numbers(page))) == 1

        lasso(page)
        wait(lambda: len(set(numbers(page))) == 2)  # the table follows the scatter
        lassoed = numbers(page)[0]
        score = page.locator('.nbl[aria-label="Chart of score"]')
        score.locator("summary", has_text="range").click()
        score.get_by_label("at least").fill("0.5")
        score.get_by_label("at least").press("Enter")
        wait(lambda: 0 < numbers(page)[0] < lassoed)  # and the histogram, through the kernel

        accepted = numbers(page)[0]
        _keep(page, host)
        accept = view(page, "Table").get_by_role("button", name=f"Accept {accepted}", exact=True)
        accept.click()
        said = view(page, "Table").locator(".nbl-report")
        said.wait_for()
        if said.get_attribute("role") == "alert":  # more rows than the table has shown: it asks
            accept.click()
        view(page, "Selection").get_by_text("1 uncommitted change").wait_for()
    with warnings.catch_warnings():
        # A host that is stopped may end its kernel without a goodbye.
        warnings.simplefilter("ignore", nl.errors.RecoveryWarning)
        ds = nl.open(folder / "reef.nbal")
    with ds:
        assert 0 < (ds.instances["source"] == "model").sum() <= accepted


def _keep(page: Page, host: str) -> None:
    """A picture for people to judge, where SCREENSHOTS says."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"explore-{host}.png"))
