"""Dark pictures in JupyterLab: seen in every view, by one setting that all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .notebook import Notebook, notebook, wait

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np, nbalabel as nl
from pathlib import Path
from PIL import Image
Path("cells").mkdir()
rng = np.random.default_rng(0)
yy, xx = np.mgrid[:96, :96]
found = []
for i in range(8):
    values = rng.integers(2, 7, (96, 96))
    for x, y in ((24, 30), (66, 24), (48, 70)):
        disc = (xx - x) ** 2 + (yy - y) ** 2 < 300
        values[disc] = 24 + rng.integers(0, 8)
        found.append({"file": f"{i}.png", "label": "cell", "score": 0.5 + i / 20, "mask": disc})
    Image.fromarray(values.astype(np.uint8)).save(f"cells/{i}.png")
import pandas as pd
ds = nl.read_images("cells", labels=["cell"]).save("cells.nbal")
vectors = rng.normal(size=(len(found), 4)).astype(np.float32)
run = nl.read_predictions(pd.DataFrame(found), ds, embeddings=vectors)
ws = nl.Workspace(ds, run)
p = nl.propagate(run, strategy="paper", n_samples=8, min_area=0, journal=False)
"""
VIEWS = {
    "Table": "nl.Table(ws, of='predictions', height=240)",
    "Gallery": "nl.Gallery(ws, of='predictions', size=96, height=240)",
    "Review": "nl.Review(ws, run.predictions, height=320)",
    "Verify": "nl.Verify(p, ws)",
    "Viewer": "nl.Viewer(ws, height=320, show_predictions=False)",
}
LIGHT = """name => {
    const view = document.querySelector(`.nbl[aria-label="${name}"]`);
    const all = [...view.querySelectorAll('canvas, .nbl-picture img')].filter(e => e.checkVisibility());
    const shown = all.find(e => !/map|over|minimap/.test(e.className) && (e.naturalWidth ?? e.width) > 8);
    if (!shown) return -1;
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [shown.naturalWidth ?? shown.width, shown.naturalHeight ?? shown.height];
    if (!copy.width) return -1;
    const pen = copy.getContext('2d');
    pen.drawImage(shown, 0, 0);
    const { data } = pen.getImageData(0, 0, copy.width, copy.height);
    const gray = [];
    for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 250 && Math.abs(data[i] - data[i + 2]) < 12) gray.push(data[i]);
    gray.sort((a, b) => a - b);
    return gray[Math.floor(gray.length * 0.9)] ?? -1;
}"""


def light(book: Notebook, name: str) -> float:
    """How light the gray pixels of a view's pictures are; outlines are colored."""
    return float(book.page.evaluate(LIGHT, name))


def view(book: Notebook, name: str) -> Any:
    return book.page.locator(f'.nbl[aria-label="{name}"]').last


def until_all(book: Notebook, least: float, most: float) -> None:
    for name in VIEWS:

        def fits(name: str = name) -> bool:
            return least <= light(book, name) <= most

        wait(fits, 20, lambda name=name: f"{name} is {light(book, name)}, expected {least}..{most}")


def test_dark_pictures_are_seen_in_every_view_and_one_setting_is_for_all(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, *VIEWS.values()], width=1100, height=2600) as book:
        verify = view(book, "Verify")
        verify.locator(".nbl-verify-card canvas").first.wait_for(timeout=30_000)
        verify.focus()
        book.page.keyboard.press("Enter")
        until_all(book, 150, 255)
        for name in VIEWS:
            assert view(book, name).locator(".nbl-auto").is_visible(), name
        view(book, "Gallery").locator(".nbl-auto").click()  # off, in all of them
        book.until("ws.display.auto", False)
        until_all(book, 5, 60)
        for name in VIEWS:
            view(book, name).locator(".nbl-auto").wait_for(state="hidden", timeout=10_000)
        book.run("ws.display = nl.Display(auto=False, gamma=5)")
        until_all(book, 110, 200)
        table = view(book, "Table")
        table.locator('[aria-label="how pictures look"]').first.click()
        panel = table.get_by_role("dialog", name="how pictures look")
        panel.get_by_label("gamma").fill("0")
        until_all(book, 5, 60)
        assert book.value("ws.display.gamma") == 1.0
        panel.get_by_label("auto contrast").select_option("dark pictures")
        until_all(book, 150, 255)
        assert book.value("str(ws.display)") == "Display(auto=None, brightness=0.0, contrast=0.0, gamma=1.0)"
        assert book.value("[v.last_error for v in ws._views if v.last_error]") == []


def test_the_viewer_answers_a_slider_while_the_kernel_is_busy(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, VIEWS["Viewer"]], width=1100, height=900) as book:
        wait(lambda: light(book, "Viewer") > 150)
        viewer = view(book, "Viewer")
        viewer.locator('[aria-label="how it looks"]').click()
        book.start("import time\nwith ws.lock: time.sleep(6)")
        before = light(book, "Viewer")
        viewer.get_by_role("dialog", name="how it looks").get_by_label("brightness").fill("-40")
        wait(lambda: light(book, "Viewer") < before - 100, 4)
        book.until("ws.display.brightness", -0.8)
