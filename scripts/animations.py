"""``make pictures``: short animations of drawing and reviewing, recorded in JupyterLab. Needs Chromium.

Masks are drawn along outlines that are known: this shows the tools, not how well a person draws.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.notebook import Notebook, notebook

SETUP = """
import numpy as np
import nbalabel as nl
from nbalabel.core.geometry.masks import rle
ds = nl.demo.reef("reef.nbal", n_images=120, n_labeled=40, n_test=20)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
image = int(ds.instances.image_id.value_counts().index[0])
size = int(ds.images.width[image])
on = ds.instances[ds.instances.image_id == image].sort_values("area", ascending=False)


def outline(mask, n=48):
    "Farthest pixel of a mask from its middle, in n directions."
    y, x = np.nonzero(rle.decode(mask, size, size))
    cx, cy = x.mean(), y.mean()
    angle, away = np.arctan2(y - cy, x - cx), np.hypot(y - cy, x - cx)
    turn = ((angle + np.pi) / (2 * np.pi) * n).astype(int) % n
    far = [np.flatnonzero(turn == k)[np.argmax(away[turn == k])] for k in range(n) if (turn == k).any()]
    return [(float(x[k]) + 0.5, float(y[k]) + 0.5) for k in far]


path = outline(on["mask"].iloc[0])
ds.remove(on.index[:1])
ws.selection.active = ("images", image)
"""
EDITOR = "editor = nl.Editor(ws, height=470, show_list=False, show_predictions=False); editor"
REVIEW = "review = nl.Review(ws, run.predictions, order='score', height=470); review"
WIDTH = 720  # pixels of the animation


class Film:
    """Frames of one cell's output."""

    def __init__(self, book: Notebook) -> None:
        self.output = book.page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").first
        self.output.scroll_into_view_if_needed()
        self.frames: list[Image.Image] = []
        self.times: list[int] = []

    def shot(self, milliseconds: int) -> None:
        """One more frame, shown so long."""
        picture = Image.open(io.BytesIO(self.output.screenshot())).convert("RGB")
        self.frames.append(picture.resize((WIDTH, round(picture.height * WIDTH / picture.width))))
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """As an animated WebP."""
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.times, loop=0, quality=70, method=4)
        print(path, f"{path.stat().st_size / 1024:.0f} KB, {len(self.frames)} frames")


def on_page(book: Notebook, points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Where points of the fitted image are on the page."""
    size = book.value("size")
    area = book.page.locator(".nbl-viewer-stage").bounding_box()
    assert area
    scale = min((area["width"] - 16) / size, (area["height"] - 16) / size)
    scale = float(int(scale)) if scale > 4 else scale
    left, top = round((area["width"] - size * scale) / 2), round((area["height"] - size * scale) / 2)
    for x, y in points:
        yield area["x"] + left + x * scale, area["y"] + top + y * scale


def drawing(folder: Path) -> None:
    """A fish drawn by hand, its edge brushed, undone and redone."""
    with tempfile.TemporaryDirectory() as work, notebook(Path(work), [SETUP, EDITOR], width=1080) as book:
        book.page.locator(".nbl-edit-rail button").first.wait_for(timeout=30_000)
        time.sleep(2)
        film = Film(book)
        book.page.locator('.nbl[aria-label="Viewer"]').focus()
        film.shot(900)
        book.page.keyboard.press("p")
        points = list(on_page(book, book.value("path")))
        mouse = book.page.mouse
        mouse.move(*points[0])
        mouse.down()
        for k, point in enumerate([*points[1:], points[0]]):
            mouse.move(*point, steps=2)
            if k % 3 == 0:
                film.shot(70)
        mouse.up()
        time.sleep(0.6)
        film.shot(900)
        book.page.keyboard.press("b")
        xs, ys = zip(*points, strict=True)
        middle = sum(ys) / len(ys)
        mouse.move(min(xs) - 30, middle)
        mouse.down()
        for k in range(8):
            mouse.move(min(xs) - 30 + 10 * k, middle, steps=2)
            film.shot(70)
        mouse.up()
        time.sleep(0.5)
        film.shot(700)
        for key in ("Control+z", "Control+x", "Control+z"):
            book.page.keyboard.press(key)
            time.sleep(0.5)
            film.shot(600)
        film.save(folder / "editor.webp")


def reviewing(folder: Path) -> None:
    """Answers by keyboard."""
    with tempfile.TemporaryDirectory() as work, notebook(Path(work), [SETUP, REVIEW], width=1080) as book:
        root = book.page.locator('[data-view="review"]')
        root.locator("canvas").first.wait_for(timeout=30_000)
        time.sleep(3)
        film = Film(book)
        root.focus()
        film.shot(900)
        for key in "xxmxmmxm":
            book.page.keyboard.press(key)
            time.sleep(0.35)
            film.shot(450)
        film.save(folder / "review.webp")


def main() -> None:
    """Write both into the folder given."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    drawing(folder)
    reviewing(folder)


if __name__ == "__main__":
    main()
