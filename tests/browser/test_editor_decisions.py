"""Deciding in the editor, in JupyterLab: predictions as they are, all of an image, its state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from .notebook import Notebook, notebook, still, wait

pytestmark = pytest.mark.browser

SIZE = 120
# Three predictions on the first image, the last of which overlaps the second; one on the second image.
SETUP = f"""
import numpy as np
import pandas as pd
from PIL import Image
import nbalabel as nl
from nbalabel.core.geometry.masks import rle

def square(x, y, side=24):
    mask = np.zeros(({SIZE}, {SIZE}), bool)
    mask[y:y + side, x:x + side] = True
    return rle.encode(mask)

y, x = np.mgrid[:{SIZE}, :{SIZE}]
for k in range(3):
    shade = np.stack([30 + x // 3, 60 + y // 3, np.full_like(x, 90)], -1).astype(np.uint8)
    Image.fromarray(shade).save(f"picture-{{k}}.png")
ds = nl.create("decided.nbal", ["fish", "coral"], image_root=".")
ds.add_images(pd.DataFrame({{"file": [f"picture-{{k}}.png" for k in range(3)],
    "width": {SIZE}, "height": {SIZE}}}))
predictions = pd.DataFrame({{
    "image_id": [0, 0, 0, 1], "label": ["fish", "coral", "coral", "fish"], "score": [0.9, 0.8, 0.3, 0.7],
    "mask": [square(10, 10), square(60, 60), square(62, 62), square(20, 70)]}})
ds.commit("pictures")
run = nl.read_predictions(predictions, ds)
ws = nl.Workspace(ds, run)
"""
CELLS = [SETUP, "editor = nl.Editor(ws, height=520); editor"]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1200, height=1100) as opened:
        opened.page.locator(".nbl-viewer-name").filter(has_text="picture-0").wait_for(timeout=30_000)
        yield opened


@pytest.fixture(autouse=True)
def clean(book: Notebook) -> None:
    """Nothing accepted, rejected or said; the first image, nothing active."""
    book.run(
        "if len(ds.instances): ds.remove(ds.instances.index)\n"
        "ds.rejected = ds.rejected.iloc[:0]\nds.set(ds.images.index, 'images', state='unlabeled')\n"
        "editor.min_score = 0; editor.tool = 'select'; ws.clear(); ws.selection.active = ('images', 0)"
    )
    wait(lambda: book.page.locator(".nbl-viewer-name").inner_text() == "picture-0.png")
    wait(lambda: chip(book).input_value() == "unlabeled")
    press(book, "Escape")
    press(book, "f")
    book.page.mouse.move(5, 5)


def chip(book: Notebook) -> Locator:
    return book.page.get_by_label("state of the image")


def press(book: Notebook, key: str) -> None:
    book.page.locator('.nbl[aria-label="Viewer"]').focus()
    book.page.keyboard.press(key)


def hover(book: Notebook, x: float, y: float) -> None:
    """The pointer over a point of the image, while the image is fitted."""
    area = still(book.page.locator(".nbl-viewer-stage"))
    scale = min((area["width"] - 16) / SIZE, (area["height"] - 16) / SIZE)
    scale = float(int(scale)) if scale > 4 else scale
    left, top = ((area[side] - SIZE * scale) / 2 for side in ("width", "height"))
    book.page.mouse.move(area["x"] + left + x * scale, area["y"] + top + y * scale, steps=3)


def hint(book: Notebook) -> str:
    return book.page.locator(".nbl-edit-hint").inner_text()


def test_the_prediction_under_the_pointer_is_accepted_and_taken_back(book: Notebook) -> None:
    hover(book, 20, 20)
    press(book, "m")
    book.until("ds.instances[['label', 'score']].values.tolist()", [["fish", pytest.approx(0.9)]])
    book.until("ws.selection.active == ('instances', int(ds.instances.index[0]))", True)
    wait(lambda: chip(book).input_value() == "partial")
    press(book, "Control+z")
    book.until("len(ds.instances)", 0)
    wait(lambda: chip(book).input_value() == "unlabeled")


def test_enter_accepts_the_active_prediction_and_x_rejects_it(book: Notebook) -> None:
    book.run("ws.selection.active = ('predictions', int(run.predictions.index[1]))")
    wait(lambda: book.page.locator(".nbl-edit-drop > button").is_enabled())
    press(book, "Enter")
    book.until("ds.instances.label.tolist()", ["coral"])
    hover(book, 20, 20)
    press(book, "Escape")
    press(book, "x")
    book.until("len(ds.rejected)", 1)


def test_all_here_takes_what_is_shown_and_says_what_stayed_out(book: Notebook) -> None:
    book.run("editor.min_score = 0.5")
    all_here = book.page.get_by_role("button", name="Accept all 2")
    all_here.wait_for(timeout=10_000)
    book.run("editor.min_score = 0")
    book.page.get_by_role("button", name="Accept all 3").wait_for(timeout=10_000)
    press(book, "Shift+A")
    book.until("sorted(ds.instances.label)", ["coral", "fish"])
    wait(lambda: hint(book).startswith("accepted 2 of 3, 1 overlapped an instance or a better one"))
    wait(lambda: chip(book).input_value() == "partial")
    book.page.get_by_role("button", name="Accept all 1").wait_for(
        timeout=10_000
    )  # the one that is open still
    book.run("ds.undo()")
    wait(lambda: chip(book).input_value() == "unlabeled")
    assert book.value("len(ds.instances)") == 0


def test_an_image_is_said_to_be_complete_or_empty_and_undone(book: Notebook) -> None:
    press(book, "Shift+N")
    book.until("ds.images.state[0]", "empty")
    wait(lambda: chip(book).input_value() == "empty")
    hover(book, 20, 20)
    press(book, "m")  # it is empty no longer
    book.until("ds.images.state[0]", "partial")
    book.page.get_by_role("button", name="Complete").click()
    book.until("ds.images.state[0]", "complete")
    chip(book).select_option("empty")  # with a label on it: refused
    wait(lambda: "no instance is on an image" in hint(book))
    assert book.value("ds.images.state[0]") == "complete"
    wait(lambda: chip(book).input_value() == "complete")
    press(book, "Control+z")
    book.until("ds.images.state[0]", "partial")


@pytest.mark.parametrize(
    ("name", "trait"),
    [("image", "show_image"), ("instances", "show_labels"), ("predictions", "show_predictions")],
)
def test_the_key_on_a_layer_button_turns_that_layer(book: Notebook, name: str, trait: str) -> None:
    button = book.page.locator(".nbl-viewer-layers").get_by_role("button", name=name)
    title = button.get_attribute("title") or ""
    for on in ("false", "true"):
        press(book, title[title.index("(") + 1 : -1])
        wait(lambda on=on: button.get_attribute("aria-pressed") == on)  # type: ignore[misc]
        book.until(f"editor.{trait}", on == "true")
