"""The wheel over a view in JupyterLab: the notebook scrolls, unless the view was meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=40, n_labeled=12, n_test=4, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
"""
VIEWS = {
    "Scatter": ("nl.Scatter(ws, x='width', y='n_predictions', height=320)", ".nbl-scatter-plot"),
    "Viewer": ("nl.Viewer(ws, height=320)", ".nbl-viewer-stage"),
    "Review": ("nl.Review(ws, run.predictions, height=320)", ".nbl-review-stage"),
}
TABLE = "nl.Table(ws, of='images', height=260)"
AFTER = "print('line\\n' * 100)"
SCROLLED = "() => document.querySelector('.jp-WindowedPanel-outer').scrollTop"
PIXELS = """selector => [...document.querySelectorAll(`${selector} canvas`)]
    .filter(c => c.checkVisibility() && c.width).map(c => c.toDataURL().length).join()"""


def scrolled(book: Notebook) -> float:
    return float(book.page.evaluate(SCROLLED))


def over(book: Notebook, selector: str) -> Any:
    """The pointer in the middle of a view; the scroll before is over."""
    place = book.page.locator(selector).last
    place.scroll_into_view_if_needed()
    settled(book)
    box = still(place)
    book.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 20)
    return box


def test_the_notebook_scrolls_until_a_view_was_clicked(tmp_path: Path) -> None:
    cells = [SETUP, *(code for code, _ in VIEWS.values()), TABLE, AFTER]
    with notebook(tmp_path, cells, width=1000, height=700) as book:
        for name, (_, selector) in VIEWS.items():
            book.page.locator(f"{selector} canvas").first.wait_for()
            box = over(book, selector)
            before, shown = scrolled(book), book.page.evaluate(PIXELS, selector)
            book.page.mouse.wheel(0, 60)
            wait(lambda before=before: scrolled(book) > before, 5, lambda name=name: f"{name} took the wheel")
            assert book.page.locator(f"{selector} .nbl-wheel-hint").is_visible(), name
            assert book.page.evaluate(PIXELS, selector) == shown, name
            box = over(book, selector)
            before = scrolled(book)
            book.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 20)
            settled(book)
            shown = book.page.evaluate(PIXELS, selector)
            book.page.mouse.wheel(0, -200)
            wait(
                lambda selector=selector, shown=shown: book.page.evaluate(PIXELS, selector) != shown,
                5,
                lambda name=name: f"{name} does not zoom after a click",
            )
            assert scrolled(book) == before, f"the notebook scrolled under {name}"
            assert not book.page.locator(f"{selector} .nbl-wheel-hint").is_visible(), name
            book.page.locator(".jp-CodeCell .jp-InputPrompt").first.click()


def test_a_table_at_its_end_lets_the_notebook_scroll_on(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, TABLE, AFTER], width=1000, height=700) as book:
        grid = book.page.locator(".nbl-grid")
        grid.wait_for()
        wait(lambda: grid.evaluate("e => e.scrollHeight > e.clientHeight"))
        over(book, ".nbl-grid")
        before = scrolled(book)
        book.page.mouse.wheel(0, 120)
        wait(lambda: grid.evaluate("e => e.scrollTop") > 0, 5)
        assert scrolled(book) == before

        def on() -> bool:
            book.page.mouse.wheel(0, 600)
            settled(book)
            return scrolled(book) > before

        wait(on, 20)
