"""The gallery in JupyterLab stays where it is when it is pressed, and takes only what was on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from .notebook import Notebook, notebook, settled, wait

pytestmark = pytest.mark.browser

CELLS = [
    """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=160, n_labeled=120, n_test=20, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
""",
    "gallery = nl.Gallery(ws, of='predictions', height=420, size=96); gallery",
    "print('\\n' * 60)",  # the notebook is taller than the window
]
FAR = "int(run.predictions.index[-1])"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1100, height=800) as opened:
        yield opened


@pytest.fixture
def tiles(book: Notebook) -> Locator:
    """The gallery at its top, nothing picked; another view has just pointed at its last row.

    The kernel sends its tables anew, with the row that is active.
    """
    view = book.page.locator('.nbl[data-view="gallery"] .nbl-tiles')
    view.locator(".nbl-tile").first.wait_for(timeout=30_000)
    view.scroll_into_view_if_needed()
    book.run("ws.clear(); ws.selection.active = ('predictions', int(run.predictions.index[0]))")
    book.run(f"ws.selection.active = ('predictions', {FAR})")
    wait(lambda: top(view) > 0)
    view.evaluate("element => { element.scrollTop = 0 }")
    book.run("ds.set(ds.images.index[:1], 'images', weight=float(ds.images.weight.iloc[0]) + 1)")
    settled(book)
    return view


def top(view: Locator) -> float:
    return float(view.evaluate("element => element.scrollTop"))


def picked(book: Notebook) -> int:
    return int(book.value("len(ws.selected)"))


def corner(view: Locator, place: int, x: float = 30, y: float = 30) -> tuple[float, float]:
    box = view.locator(f'.nbl-tile[aria-posinset="{place + 1}"]').bounding_box()
    assert box
    return box["x"] + x, box["y"] + y


def drag(book: Notebook, *points: tuple[float, float]) -> None:
    book.page.mouse.move(*points[0])
    book.page.mouse.down()
    for point in points[1:]:
        book.page.mouse.move(*point, steps=5)
        book.page.evaluate("() => new Promise(requestAnimationFrame)")
    book.page.mouse.up()


def test_a_press_or_a_drag_scrolls_neither_the_gallery_nor_the_notebook(
    book: Notebook, tiles: Locator
) -> None:
    assert top(tiles) == 0
    before = tiles.bounding_box()
    drag(book, corner(tiles, 0), corner(tiles, 1))
    wait(lambda: picked(book) == 2)
    book.page.mouse.click(*corner(tiles, 3))
    wait(lambda: picked(book) == 1)
    settled(book)
    assert top(tiles) == 0
    assert tiles.bounding_box() == before


def test_a_jump_of_the_scroll_bar_in_a_drag_picks_nothing_between(book: Notebook, tiles: Locator) -> None:
    start = corner(tiles, 0)
    on_screen = tiles.locator(".nbl-tile:visible").count()
    book.page.mouse.move(*start)
    book.page.mouse.down()
    book.page.mouse.move(start[0] + 40, start[1] + 40, steps=4)
    tiles.evaluate("element => { element.scrollTop = element.scrollHeight / 2 }")
    book.page.mouse.move(start[0] + 700, start[1] + 60, steps=4)
    settled(book)
    book.page.mouse.up()
    wait(lambda: picked(book) > 0)
    assert picked(book) <= 2 * on_screen


def test_a_large_accept_shows_what_it_takes_and_is_confirmed_by_enter(book: Notebook, tiles: Locator) -> None:
    n, labels = book.value("len(run.predictions)"), book.value("len(ds.instances)")
    tiles.focus()
    book.page.keyboard.press("Control+a")
    wait(lambda: picked(book) == n)
    book.page.keyboard.press("a")
    report = book.page.locator('.nbl[data-view="gallery"] .nbl-report')
    wait(lambda: "were not shown" in report.inner_text() and "score 0." in report.inner_text())
    images = book.page.locator(".nbl-sample img")
    assert images.count() == 12
    wait(lambda: images.first.evaluate("image => image.naturalWidth > 0"))
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        view = book.page.locator('.nbl[data-view="gallery"]')
        view.screenshot(path=str(Path(folder) / "gallery-sample.png"))
    book.page.keyboard.press("Escape")
    wait(lambda: images.count() == 0)
    assert book.value("len(ds.instances)") == labels
    book.page.keyboard.press("a")
    wait(lambda: images.count() == 12)
    book.page.keyboard.press("Enter")
    book.until(f"len(ds.instances) > {labels}", True)
    book.run("ds.undo()")
