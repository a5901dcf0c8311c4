"""A notebook open in JupyterLab, and a second line to its kernel to see what a gesture did there."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking import BlockingKernelClient
from playwright.sync_api import FloatRect, Locator, Page

from .lab import Lab, browser_page, chromium, lab, run_all

_SHOWN = """() => JSON.stringify([
    ...document.querySelectorAll('.nbl, .jp-WindowedPanel-outer')].map(view => ({
    busy: view.matches('[data-waits]'),
    text: view.classList.contains('nbl') ? view.textContent : '',
    place: [view.scrollTop, ...Object.values(view.getBoundingClientRect().toJSON())],
    scrolled: [...view.querySelectorAll('.nbl-tiles, .nbl-grid')].map(element => element.scrollTop),
    pixels: [...view.querySelectorAll('canvas')]
        .filter(canvas => canvas.checkVisibility() && canvas.width).map(canvas => canvas.toDataURL().length),
})))"""
# What the kernel said before, the page has heard when the kernel answers the page itself.
_HEARD = """seconds => {
    const kernel = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    const late = new Promise(resolve => setTimeout(resolve, 1000 * seconds));
    const asked = kernel?.requestExecute({code: '', silent: true, store_history: false}).done;
    return Promise.race([late, asked]).then(() => null);
}"""
STILL = 0.25  # seconds in which what no longer moves has not moved
METADATA = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


class Notebook:
    """What a person sees (``page``) and what Python holds (``run``, ``value``)."""

    def __init__(self, page: Page, folder: Path, where: Lab) -> None:
        self.page, self.folder, self._where = page, folder, where
        self.client = BlockingKernelClient()
        self.connect()

    def connect(self) -> None:
        """To the notebook's kernel."""
        self.client = BlockingKernelClient(connection_file=str(self._where.kernel_file()))
        self.client.load_connection_file()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, timeout: float = 60) -> str:
        """Run code in the kernel as a cell; returns what it printed."""
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=hear)
        content = reply["content"]
        assert content["status"] == "ok", "\n".join(content.get("traceback", []))
        return "".join(printed)

    def start(self, code: str) -> None:
        """Begin to run code; do not wait for it."""
        self.client.execute(code)

    def value(self, expression: str) -> Any:
        """A Python literal: what an expression is in the kernel."""
        return ast.literal_eval(self.run(f"print(repr({expression}))").strip().splitlines()[-1])

    def until(self, expression: str, wanted: Any, seconds: float = 20) -> None:
        """Wait until an expression in the kernel has a value; what it stands on may not be there yet."""
        last: list[Any] = [None]

        def there() -> bool:
            try:
                last[0] = self.value(expression)
            except AssertionError as error:
                last[0] = error
            return bool(last[0] == wanted)

        wait(there, seconds, lambda: f"{expression} is {last[0]!r}")


def wait(condition: Callable[[], bool], seconds: float = 20, otherwise: Callable[[], str] = str) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {otherwise()}"
        time.sleep(0.05)


def still(element: Locator, seconds: float = 20) -> FloatRect:
    """Where an element is on the page, once it no longer moves: views around it may still be arriving.

    What a mouse does at a place that was measured too early it does to something else.
    """
    deadline, before, since = time.monotonic() + seconds, None, time.monotonic()
    while True:
        box = element.bounding_box()
        if box is None or box != before:
            before, since = box, time.monotonic()
        elif time.monotonic() - since >= STILL:
            return box
        assert time.monotonic() < deadline, f"it still moves after {seconds} s, and is at {box}"
        time.sleep(0.03)


def settled(book: Notebook, seconds: float = 40) -> None:
    """Wait until the kernel has answered and no view has changed for a while: text, pixels, sizes, places."""
    book.value("1")  # the kernel takes what came before it first
    book.page.evaluate(_HEARD, seconds)
    before, since, deadline = None, time.monotonic(), time.monotonic() + seconds
    while True:
        now = book.page.evaluate(_SHOWN)
        if now != before or '"busy":true' in now:
            before, since = now, time.monotonic()
        elif time.monotonic() - since >= STILL:
            return
        assert time.monotonic() < deadline, f"views still change after {seconds} s"
        time.sleep(0.05)


@contextmanager
def notebook(
    folder: Path, cells: list[str], *, theme: str = "light", width: int = 1200, height: int = 1500
) -> Iterator[Notebook]:
    """A notebook of these cells, opened in JupyterLab on a fresh page and run in a kernel of its own."""
    path = chromium()
    assert path, "the browser tests need Chromium: install it or set CHROMIUM"
    document = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells], metadata=METADATA
    )
    nbformat.write(document, folder / "story.ipynb")
    with lab(folder, theme) as where, browser_page(path, width, height) as page:
        run_all(page, where, "story.ipynb", len(cells))
        opened = Notebook(page, folder, where)
        try:
            yield opened
        finally:
            opened.client.stop_channels()
