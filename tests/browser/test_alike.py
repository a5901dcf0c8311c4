"""More like this in four views, and the box of the density, in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from .notebook import Notebook, notebook, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=120, n_labeled=40, n_test=0, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
"""
CELLS = [
    SETUP,
    "density = nl.Density(ws); density",
    "scatter = nl.Scatter(ws, of='predictions', x='score', y='solidity', height=240); scatter",
    "table = nl.Table(ws, of='predictions', height=260); table",
    "gallery = nl.Gallery(ws, of='predictions', size=96, height=280); gallery",
    "review = nl.Review(ws, run.predictions, height=320); review",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1300, height=2400) as opened:
        view(opened, "Table").locator(".nbl-tr:not(.nbl-wait)").first.wait_for(timeout=30_000)
        view(opened, "Gallery").locator(".nbl-tile").first.wait_for(timeout=30_000)
        view(opened, "Review").locator("canvas").first.wait_for(timeout=30_000)
        opened.page.locator(".nbl-density .bqplot").first.wait_for(timeout=30_000)
        yield opened


@pytest.fixture(autouse=True)
def nothing_selected(book: Notebook) -> None:
    book.run("ws.clear(); ws.selection.active = None; table.sort = []")


def view(book: Notebook, label: str) -> Locator:
    return book.page.locator(f'.nbl[aria-label="{label}"]').first


def found(book: Notebook) -> int:
    """Number of predictions in the clause of look-alikes; 0 without one."""
    return int(
        book.value("'similar' in ws.selection.clauses and int(ws.selection.clauses['similar'].rows.sum())")
    )


def test_a_box_in_the_density_is_what_python_has_selected(book: Notebook) -> None:
    area = still(book.page.locator(".nbl-density .bqplot .overlay").first)
    mouse = book.page.mouse
    mouse.move(area["x"] + area["width"] * 0.05, area["y"] + area["height"] * 0.1)
    mouse.down()
    mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * 0.4)
    mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.9)
    mouse.up()
    book.run(
        "def boxed():\n"
        "    if density.box is None or density._brush.brushing: return False\n"
        "    (left, right), (top, bottom) = density.box\n"
        "    at = nl.shapes(ds)\n"
        "    rows = at.query('@left <= centre_x <= @right and @top <= centre_y <= @bottom')\n"
        "    return ws.selected.index.tolist() == rows.index.tolist() and 0 < len(rows) < len(at)"
    )
    book.until("boxed()", True)
    assert book.value("abs(density.box[0][0] - 0.05) < 0.02 and abs(density.box[1][1] - 0.9) < 0.02")


def test_the_table_asks_with_a_key_and_shows_the_nearest_first(book: Notebook) -> None:
    row = view(book, "Table").locator('.nbl-tr:not(.nbl-wait) [role="gridcell"]').nth(1)
    row.click()
    book.page.keyboard.press("k")
    wait(lambda: found(book) == 21)
    book.until("table.sort", [["distance", True]])
    wait(lambda: view(book, "Table").locator(".nbl-counts").inner_text().startswith("21"))
    book.run("distance = ws.column('predictions', 'distance').values")
    assert book.value("float(distance[table._first(ws.allowed('predictions'), table.sort)[0]])") == 0
    book.page.keyboard.press("Escape")
    wait(lambda: found(book) == 0)


def test_the_gallery_has_a_button_for_what_is_picked(book: Notebook) -> None:
    gallery = view(book, "Gallery")
    gallery.locator(".nbl-tile").nth(2).click()
    gallery.get_by_role("button", name="More like this").click()
    wait(lambda: found(book) == 21)
    book.until("gallery.order_by", "distance")
    wait(lambda: gallery.locator(".nbl-focus").inner_text().startswith("21 predictions that match"))


def test_review_shows_what_looks_like_its_item_in_the_others(book: Notebook) -> None:
    view(book, "Review").focus()
    book.page.keyboard.press("k")
    wait(lambda: found(book) == 21, otherwise=lambda: str(book.run("print(ws.selection.clauses)")))
    assert book.value("int((ws.column('predictions', 'distance').values == 0).sum())") == 1


def test_the_scatter_asks_for_what_is_selected_in_it(book: Notebook) -> None:
    book.run("ws.selection.set(scatter.source, 'predictions', run.predictions.index[:3], 'three')")
    scatter = view(book, "Scatter")
    scatter.focus()
    book.page.keyboard.press("k")
    wait(lambda: found(book) == 23)
    assert book.value("scatter.source in ws.selection.clauses") is False
