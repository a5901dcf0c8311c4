"""Verifying clusters in JupyterLab, in headless Chromium without a GPU.

``python benchmarks/verify.py`` (about 4 minutes). The view itself marks the steps (``performance.measure``):
from a key until the next mask or the answer is drawn; from Enter until the first crop of the next question is
drawn. That includes JupyterLab, the kernel, the journal's fsync, and reading, cutting and encoding images
that were not shown before.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from report import Row, human, show
from views import LISTEN, marks

from tests.browser.notebook import Notebook, notebook, wait

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images={n}, n_labeled={n} // 8, n_test={n} // 8, size={size})
run = nl.demo.simulated_run(ds)
p = nl.propagate(run, strategy={strategy!r}, min_area=0, target_quality={target}, budget={budget})
"""
QUESTIONS = 40


def verify(n: int, size: int, strategy: str = "paper") -> list[Row]:
    """Questions answered by keyboard, half with a page of masks and half with one large mask."""
    target, budget = (0.98, None) if strategy == "paper" else (0.6, 500)
    setup = SETUP.format(n=n, size=size, strategy=strategy, target=target, budget=budget)
    cells = [setup, "view = nl.Verify(p); view"]
    with tempfile.TemporaryDirectory() as folder, notebook(Path(folder), cells, width=1300) as book:
        book.page.evaluate(LISTEN)
        root = book.page.locator('[data-view="verify"]')
        root.locator(".nbl-verify-card").first.wait_for(timeout=60_000)
        root.focus()
        book.page.keyboard.press("Enter")
        one, grid, following = [], [], []
        for number in range(QUESTIONS):
            if root.locator(".nbl-verify-done").count():
                break
            if number == QUESTIONS // 2:
                book.page.keyboard.press("g")
            steps, after = answered(book, number)
            (one if number >= QUESTIONS // 2 else grid).extend(steps)
            following.extend(after)
    images = f"{strategy}, images of {size} x {size}"
    return [
        Row(
            f"{what}, {images}: median, slowest of {len(took)}",
            f"{human(statistics.median(took) / 1e3)}, {human(max(took) / 1e3)}",
            target="<= 100 ms",
        )
        for what, took in (
            ("key to the answer drawn, a page of masks", grid),
            ("key to the next crop drawn, one mask", one),
            ("Enter to the first crop of the next question drawn", following),
        )
        if took
    ]


def answered(book: Notebook, number: int) -> tuple[list[float], list[float]]:
    """Answer one question mask by mask; returns milliseconds of the steps, and of the step after Enter."""
    root = book.page.locator('[data-view="verify"]')
    n = int(root.locator(".nbl-verify-card").first.get_attribute("aria-setsize") or 0)
    steps: list[float] = []
    for place in range(n):
        book.page.keyboard.press("n" if (place + number) % 4 == 0 else "y")
        steps += awaited(book, "nbl:verify:step")
    book.page.keyboard.press("Enter")
    after = awaited(book, "nbl:verify:next")
    wait(
        lambda: root.locator('[data-act="Yes"]').is_enabled() or root.locator(".nbl-verify-done").count() > 0
    )
    return steps, after


def awaited(book: Notebook, name: str) -> list[float]:
    """Milliseconds of a step, once it is done; empty after a time-out."""
    for _ in range(400):
        if got := marks(book, name):
            return got
        time.sleep(0.005)
    return []


if __name__ == "__main__":
    show("Verifying in JupyterLab", [*verify(400, 256, "certified"), *verify(400, 256), *verify(80, 1024)])
