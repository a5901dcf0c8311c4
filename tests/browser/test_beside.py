"""What stands beside the picture in JupyterLab: guidelines first, texts, a layer, a widget of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .notebook import Notebook, notebook, settled, wait

pytestmark = pytest.mark.browser

SETUP = """
from pathlib import Path
import ipywidgets
import numpy as np
from PIL import Image
import nbalabel as nl

ds = nl.demo.reef("reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
first, second = (int(i) for i in ds.images.index[:2])
Path("notes.txt").write_text("<b>murky</b> water")
Image.fromarray(np.tile(np.linspace(2, 9, 48, dtype=np.float32), (24, 1))).save("depth.tiff")
ds.attach([first], "notes.txt")
ds.attach([first, second], "depth.tiff", as_="overlay", name="depth", opacity=1)
ds.guidelines = "# What counts" + chr(10) + "- Every <i>fish</i>."
ws = nl.Workspace(ds)
box = ipywidgets.IntSlider(description="weather")

def weather(image_id):
    if image_id == second:
        raise ValueError("no weather for this day")
    return box
"""


def color(view: Any) -> list[int]:
    """The middle pixel of the picture, below masks."""
    return view.locator("canvas.nbl-viewer-layer").first.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"
    )


def begin(book: Notebook, view: Any) -> None:
    view.get_by_role("dialog", name="guidelines").get_by_role("button", name="Begin").click()
    settled(book)


def test_guidelines_texts_layers_and_widgets_stand_beside_the_picture(tmp_path: Path) -> None:
    cells = [SETUP, "editor = nl.Editor(ws, first, beside=weather); editor"]
    with notebook(tmp_path, cells, height=1200) as book:
        page = book.page
        view = page.locator(".nbl[data-view=viewer]")
        guide = view.get_by_role("dialog", name="guidelines")
        guide.get_by_text("Every <i>fish</i>.").wait_for(timeout=30_000)
        page.keyboard.press("x")
        assert guide.count() == 1  # keys do not reach the task below
        begin(book, view)
        assert view.evaluate("view => view === document.activeElement")

        assert view.locator(".nbl-beside-text").text_content() == "<b>murky</b> water"
        assert view.locator(".nbl-beside-custom .widget-slider").count()
        covered = color(view)
        page.keyboard.press(".")
        settled(book)
        bare = color(view)
        assert covered != bare
        page.keyboard.press(".")
        view.get_by_label("opacity of depth").fill("0")
        settled(book)
        assert color(view) == bare

        view.focus()
        page.keyboard.press("n")
        view.get_by_text("ValueError: no weather for this day").wait_for()
        assert view.locator(".nbl-beside-text").count() == 0
        assert view.get_by_label("opacity of depth").input_value() == "0"  # as it was set
        book.until("editor.image_id == second", True)

        book.run("ds.attach([second], 'notes.txt', name='added later')")
        view.get_by_text("added later").wait_for()
        view.focus()
        page.keyboard.press(",")
        guide.wait_for()
        page.keyboard.press("Escape")
        assert guide.count() == 0


def test_guidelines_come_before_the_first_task_and_not_before_the_second(tmp_path: Path) -> None:
    cells = [
        SETUP + "ds.mark_empty(ds.images.index[ds.images.state == 'unlabeled'])\nds.commit('empty')\n",
        "work = nl.Work(nl.Queue(ds, ds.images.iloc[-3:]), 'ana', height=420); work",
    ]
    with notebook(tmp_path, cells, height=1200) as book:
        view = book.page.locator(".widget-vbox .nbl:not(.nbl-work)")
        view.get_by_role("dialog", name="guidelines").wait_for(timeout=30_000)
        begin(book, view)
        now = book.value("work.task.job")
        book.page.keyboard.press("Control+Enter")
        book.until(f"work.task is not None and work.task.job != {now}", True)
        settled(book)
        assert view.get_by_role("dialog", name="guidelines").count() == 0
        view.focus()
        book.page.keyboard.press(",")
        view.get_by_role("dialog", name="guidelines").wait_for()


def test_the_editor_inside_a_review_has_layers_and_one_panel(tmp_path: Path) -> None:
    made = """
rows = ds.instances.head(3)
ds.attach(sorted(set(rows.image_id)), "depth.tiff", as_="overlay", name="depth", opacity=1)
review = nl.Review(ws, rows, again=True, beside=lambda i: f"image {i}")
review"""
    cells = [SETUP, made]
    with notebook(tmp_path, cells, height=1200) as book:
        view = book.page.locator(".nbl[data-view=review]")
        view.get_by_role("dialog", name="guidelines").wait_for(timeout=60_000)
        begin(book, view)
        view.focus()
        book.page.keyboard.press("e")
        editor = view.locator('.nbl[aria-label="Viewer"]')
        editor.locator(".nbl-beside-custom").get_by_text("image ").wait_for(timeout=60_000)
        assert editor.get_by_label("opacity of depth").is_visible()
        assert editor.get_by_role("dialog", name="guidelines").count() == 0
        outer = view.locator(".nbl-beside").first.bounding_box()
        cover = view.locator(".nbl-review-editor").bounding_box()
        assert outer is not None
        assert cover is not None
        assert (
            cover["x"] + cover["width"] >= outer["x"] + outer["width"] - 1
        )  # the panel of the review is below
        beside = view.get_by_role("button", name="Beside")
        assert beside.count() == 1, "of the editor; the panel of the review is covered"
        covered = color(editor)
        editor.get_by_label("opacity of depth").fill("0")
        wait(lambda: color(editor) != covered)
