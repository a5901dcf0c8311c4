"""Editing where it is hard: 8,000 x 8,000 pixels; one pixel, the whole image, a thousand islands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SIDE = 8000
SETUP = f"""
import numpy as np
import pandas as pd
from PIL import Image
import nbalabel as nl
from nbalabel.core.geometry.masks import rle

side = {SIDE}
y, x = np.mgrid[:side:8, :side:8]
small = np.uint8(127 + 60 * np.sin(x / 300) + 60 * np.cos(y / 210))
Image.fromarray(np.kron(small, np.ones((8, 8), np.uint8))).save("large.png", compress_level=1)
ds = nl.create("large.nbal", ["fish"], image_root=".")
ds.add_images(pd.DataFrame({{"file": ["large.png"], "width": side, "height": side}}))
one, whole, islands = (np.zeros((side, side), bool) for _ in range(3))
one[4000, 4000] = True
whole[:] = True
rows = np.random.default_rng(0).permutation(1600)[:1000]
for k in rows:
    top, left = k // 40 * 200, k % 40 * 200
    islands[top + 20 : top + 90, left + 20 : left + 120] = True
masks = [rle.encode(m) for m in (one, whole, islands)]
ds.add_instances(pd.DataFrame({{"image_id": 0, "label": "fish", "mask": masks}}))
ws = nl.Workspace(ds)
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    cells = [SETUP, "editor = nl.Editor(ws, height=600, brush_size=400); editor"]
    with notebook(tmp_path_factory.mktemp("lab"), cells, width=1200, height=1400) as opened:
        opened.page.locator(".nbl-edit-rail button").first.wait_for(timeout=60_000)
        stage = opened.page.locator(".nbl-viewer-stage")
        stage.scroll_into_view_if_needed()
        wait(lambda: "8000" in opened.page.locator(".nbl-viewer-name").get_attribute("title"))
        settled(opened)
        yield opened


def work_on(book: Notebook, row: int, tool: str) -> None:
    book.run(f"ws.selection.active = ('instances', int(ds.instances.index[{row}]))")
    book.run(f"editor.tool = {tool!r}")
    settled(book)


def stroke(book: Notebook) -> None:
    area = still(book.page.locator(".nbl-viewer-stage"))
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    book.page.mouse.move(x - 60, y)
    book.page.mouse.down()
    book.page.mouse.move(x + 60, y, steps=10)
    book.page.mouse.up()


def area(book: Notebook, row: int) -> int:
    return int(book.value(f"int(ds.instances.area.iloc[{row}])"))


def test_a_pixel_grows(book: Notebook) -> None:
    work_on(book, 0, "brush")
    stroke(book)
    wait(lambda: area(book, 0) > 100_000)
    assert book.value("str(ds.next_undo.note)").startswith("reshaped")


def test_the_whole_image_is_cut_into(book: Notebook) -> None:
    work_on(book, 1, "eraser")
    stroke(book)
    wait(lambda: 0 < area(book, 1) < SIDE * SIDE, 40)
    assert area(book, 1) > SIDE * SIDE * 0.9


def test_a_thousand_islands_are_reshaped_filled_and_painted(book: Notebook) -> None:
    work_on(book, 2, "reshape")
    before = area(book, 2)
    work_on(book, 2, "brush")
    stroke(book)
    wait(lambda: area(book, 2) > before, 40)
    book.page.locator('.nbl[aria-label="Viewer"]').focus()
    book.page.keyboard.press("i")
    wait(lambda: book.value("len(ds.instances)") > 900, 60)
    book.page.keyboard.press("Control+z")
    wait(lambda: book.value("len(ds.instances)") == 3, 60)
    assert not book.page.locator(".nbl-edit-hint[data-wrong]").count()
