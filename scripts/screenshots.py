"""``make pictures``: the views as they look in JupyterLab, for README and docs. Needs Chromium.

    python scripts/screenshots.py docs/images          # those that the docs show, JPEG
    python scripts/screenshots.py --all out/looks      # every view and state, to be looked at, PNG

All of them are the views and their states (a panel open, a question asked, an error, nothing there) on the
reef and on dark pictures of cells, in both themes, wide and narrow. The run in them is simulated
(``nl.demo.simulated_run``): they show what views look like, not how well anything was learned.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, Locator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from looks import LOOKS, PICTURES, SETUP, rest

from tests.browser.notebook import Notebook, notebook

THEMES = ("light", "dark")
WIDTHS = {"wide": 1180, "narrow": 480}  # CSS pixels of a view
DOCS = {
    "reef": ["explore", "scatter", "table", "viewer", "histogram", "editor", "gallery"],
    "cells": ["table-display", "gallery-large-accept"],
}
"""What the docs show: wide, in the light theme."""
AROUND = 400  # CSS pixels of JupyterLab's own beside a view, at most
HEIGHT = 2000  # CSS pixels of the window


@contextmanager
def opened(pictures: str, theme: str, names: list[str]) -> Iterator[Notebook]:
    """A notebook of these views, each in the cell of its number, once all have come to rest."""
    cells = [SETUP.format(pictures=PICTURES[pictures]), *(LOOKS[name].cell for name in names)]
    width = WIDTHS["wide"] + AROUND
    with (
        tempfile.TemporaryDirectory() as work,
        notebook(Path(work), cells, theme=theme, width=width, height=HEIGHT) as book,
    ):
        for name in names:
            book.run(LOOKS[name].after or "pass")
        time.sleep(5)
        yield book


def cell_of(book: Notebook, number: int) -> Locator:
    """What a cell shows."""
    return book.page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea-output").first


def resize(book: Notebook, width: int) -> None:
    """Give the views a width."""
    for _ in range(3):  # JupyterLab drops its side bars in small windows
        box, window = cell_of(book, 1).bounding_box(), book.page.viewport_size
        assert box
        assert window
        book.page.set_viewport_size(
            {"width": round(window["width"] + width - box["width"]), "height": HEIGHT}
        )
        time.sleep(1.5)
    time.sleep(3)


def pictures_of(
    book: Notebook, names: list[str], wanted: list[str] | None = None
) -> Iterator[tuple[str, Locator]]:
    """Each view in each of its states, by name, when it is in that state.

    Args:
        book: of these views.
        names: the views.
        wanted: the only ones that are made, by name; default: all.
    """
    for number, name in enumerate(names, start=1):
        cell = cell_of(book, number)
        for state, pose in {"": rest, **LOOKS[name].poses}.items():
            full = f"{name}-{state}" if state else name
            if wanted is not None and full not in wanted:
                continue
            cell.scroll_into_view_if_needed()
            try:
                pose(cell)
            except Error as error:
                print(f"{full}: {error.message.splitlines()[0]}", file=sys.stderr)
            cell.page.wait_for_timeout(1200)
            yield full, cell
            for _ in range(3 if state else 0):
                cell.page.keyboard.press("Escape")


def everything(folder: Path, pictures: list[str], themes: list[str], views: list[str]) -> None:
    """Every view in every state, as PNG."""
    for kind in pictures:
        for theme in themes:
            with opened(kind, theme, views) as book:
                for width, pixels in WIDTHS.items():
                    resize(book, pixels)
                    for name, cell in pictures_of(book, views):
                        cell.screenshot(path=folder / f"{name}-{kind}-{theme}-{width}.png")
                print(f"{kind}, {theme}: {len(views)} views in {folder}")


def documented(folder: Path) -> None:
    """Those that the docs show, as JPEG."""
    for kind, wanted in DOCS.items():
        views = [name for name in LOOKS if any(f"{one}-".startswith(f"{name}-") for one in wanted)]
        with opened(kind, "light", views) as book:
            resize(book, WIDTHS["wide"])
            for name, cell in pictures_of(book, views, wanted):
                path = folder / f"{name}-light.jpg"
                cell.screenshot(path=path, type="jpeg", quality=85)
                print(path, f"{path.stat().st_size / 1024:.0f} KB")


def main() -> None:
    """Write the pictures into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="every view and state instead of the docs' few")
    parser.add_argument("--of", choices=PICTURES, nargs="*", default=[*PICTURES], help="with --all")
    parser.add_argument("--theme", choices=THEMES, nargs="*", default=[*THEMES], help="with --all")
    parser.add_argument("--views", choices=LOOKS, nargs="*", default=[*LOOKS], help="with --all")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.all:
        everything(asked.folder, asked.of, asked.theme, asked.views)
    else:
        documented(asked.folder)


if __name__ == "__main__":
    main()
