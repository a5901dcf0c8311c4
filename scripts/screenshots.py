"""``make pictures``: every view as it looks in JupyterLab, for README and docs. Needs Chromium.

The run in them is simulated (``nl.demo.simulated_run``): they show what views look like, not how well
anything was learned.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.notebook import Notebook, notebook

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=400, n_labeled=60, n_test=60)
run = nl.demo.simulated_run(ds)
run.layout("images").wait()
"""
EXPLORE = [SETUP, "ws = nl.explore(ds, run, color='habitat', height=440)\nws"]
VIEWS = [
    SETUP + "ws = nl.Workspace(ds, run)",
    "nl.Scatter(ws, color='n_instances', height=380)",
    "nl.Table(ws, of='predictions', height=380)",
    "nl.Viewer(ws, height=420)",
    "nl.Histogram(ws, 'score', of='predictions', split='outcome')",
    "nl.Confusion(ws)",
    "nl.Editor(ws, height=420, tool='brush', brush_size=14)",
    "nl.Gallery(ws, of='predictions', size=96, order='score', ascending=False, height=380)",
    "nl.Review(ws, run.predictions, order='score', height=420)",
    "p = nl.propagate(run, min_area=60, journal=False, known=None)\nnl.Verify(p, height=560)",
]
EMPTY = ["import nbalabel as nl\nds = nl.create('empty.nbal', ['fish'])", "nl.explore(ds)"]
NAMES = ("scatter", "table", "viewer", "histogram", "confusion", "editor", "gallery", "review", "verify")


def save(book: Notebook, cell: int, path: Path) -> None:
    """The output of one cell."""
    output = book.page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output").first
    output.scroll_into_view_if_needed()
    output.screenshot(path=str(path), type="jpeg", quality=88)
    print(path, f"{path.stat().st_size / 1024:.0f} KB")


def settle(book: Notebook, seconds: float = 4) -> None:
    """Time for pictures to load and layouts to come to rest."""
    book.run("pass")
    time.sleep(seconds)


def explore(folder: Path, name: str, theme: str, width: int) -> None:
    """The composed views, something selected and a prediction opened."""
    with (
        tempfile.TemporaryDirectory() as work,
        notebook(Path(work), EXPLORE, theme=theme, width=width, height=1800) as book,
    ):
        book.run("ws.select(run.query('score > 0.6 and not matched'), title='confident, not labeled')")
        book.run("ws.selection.active = ('predictions', int(ws.selection.predictions[40]))")
        settle(book, 6)
        save(book, 1, folder / f"{name}.jpg")


def views(folder: Path, theme: str) -> None:
    """One view after the other."""
    with (
        tempfile.TemporaryDirectory() as work,
        notebook(Path(work), VIEWS, theme=theme, width=1180, height=4800) as book,
    ):
        book.run("ws.selection.active = ('images', int(ds.instances.image_id.value_counts().index[0]))")
        settle(book)
        for number, name in enumerate(NAMES, start=1):
            save(book, number, folder / f"{name}-{theme}.jpg")


def empty(folder: Path) -> None:
    """What there is to see before there is anything."""
    with tempfile.TemporaryDirectory() as work, notebook(Path(work), EMPTY, width=1180, height=1600) as book:
        settle(book)
        save(book, 1, folder / "explore-empty.jpg")


def main() -> None:
    """Write all of them into the folder given."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    explore(folder, "explore-light", "light", 1500)
    explore(folder, "explore-dark", "dark", 1500)
    explore(folder, "explore-narrow", "light", 1000)
    views(folder, "light")
    views(folder, "dark")
    empty(folder)


if __name__ == "__main__":
    main()
