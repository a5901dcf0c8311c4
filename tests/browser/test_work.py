"""Two annotators and a reviewer at one queue in JupyterLab, to the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .notebook import Notebook, notebook, settled, still

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
rows = ds.images.iloc[:5]
ds.mark_empty(rows.index[rows.state == "unlabeled"])
ds.commit("five images that may be sent as they are")
q = nl.Queue(ds, rows, review=True)
"""


def opened(book: Notebook, at: int) -> tuple[Any, Any]:
    """Line and editor of a place, when its image is there."""
    place = book.page.locator(".widget-vbox:has(.nbl-work)").nth(at)
    line, view = place.locator(".nbl-work"), place.locator(".nbl:not(.nbl-work)")
    line.locator(".nbl-work-what").get_by_text("Label this image").wait_for(timeout=30_000)
    view.locator("canvas").first.wait_for()
    return line, view


def draw(book: Notebook, view: Any) -> None:
    """A box with the mouse."""
    view.focus()
    book.page.keyboard.press("r")
    box = still(view.locator("canvas").first)
    x, y = box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.45
    book.page.mouse.move(x, y)
    book.page.mouse.down()
    book.page.mouse.move(x + 30, y + 30, steps=3)
    book.page.mouse.up()


def test_two_annotators_and_a_reviewer_work_through_a_queue(tmp_path: Path) -> None:
    cells = [SETUP, 'ana = nl.Work(q, "ana", height=420); ana', 'bo = nl.Work(q, "bo", height=420); bo']
    with notebook(tmp_path, cells, height=1700) as book:
        line, view = opened(book, 0)
        _, other = opened(book, 1)
        first = book.value("ana.task.image_id")
        before = book.value("len(ana.draft.instances)")
        draw(book, view)
        book.until("len(ana.draft.instances)", before + 1)
        book.page.keyboard.press("Control+Enter")
        book.until("q.answers()[0].image", first)
        book.until(f"ana.task.image_id != {first}", True)
        settled(book)
        assert view.evaluate("view => view === document.activeElement")  # on with the keyboard
        assert book.value("bool(q.answers()[0].seconds > 0)")

        line.get_by_role("button", name="Skip").click()
        line.get_by_label("Why do you skip it?").fill("blurred")
        book.page.keyboard.press("Enter")
        book.until("int(q.table['skipped'].sum())", 1)
        settled(book)
        for _ in range(6):
            if book.value("ana.task is None"):
                break
            now = book.value("ana.task.job")
            view.focus()
            book.page.keyboard.press("Control+Enter")
            book.until(f"ana.task is None or ana.task.job != {now}", True)
        line.get_by_text("Nothing for you at the moment").wait_for()

        while book.value("bo.task is not None"):
            now = book.value("bo.task.job")
            other.focus()
            book.page.keyboard.press("Control+Enter")
            book.until(f"bo.task is None or bo.task.job != {now}", True)
            book.run("bo.look()")
        assert book.value("q.progress().review") == 5

        assert book.value("ds.collect(q).n_waiting") == 5
        book.run("eva = nl.Work(q, 'eva', review=True)\nwhile eva.task is not None: eva.decide('approve')")
        assert book.value("[(len(c), c.n_already) for c in [ds.collect(q)]]") == [(1, 4)]
        assert book.value("ds.log()['origin'].iloc[0]") == "ana"
        assert book.value("bool(nl.people(q).table.loc['ana', 'hours'] > 0)")
        line.get_by_text("Everything is done").wait_for(timeout=20_000)
