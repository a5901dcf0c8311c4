"""The views in JupyterLab, in headless Chromium without a GPU, against their peers in the same browser.

``python benchmarks/views.py [scatter] [table] [viewer] [linking]``; all of them without arguments (about 6
minutes). Frames are the time from one animation frame to the next while the mouse drags, as a person sees it.
The views themselves mark the durations of single steps (``performance.measure``); a step that waits for the
kernel includes the kernel and JupyterLab.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from report import Row, against, human, show

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.notebook import Notebook, notebook, wait  # the harness of the browser tests

T = TypeVar("T")

SETUP = Path(__file__).with_name("views_setup.py").read_text(encoding="utf-8")

TABLE = "nl.Table(ws, columns=['image_id', 'file', 'habitat', 'depth', 'weight'], thumbnails=False)"

JUMP = """share => {
    const grid = document.querySelector('.nbl-grid');
    grid.scrollTop = share * (grid.scrollHeight - grid.clientHeight);
}"""
PEER_SHOWS = """() => {
    const canvas = document.querySelector('.ipydatagrid-widget canvas, .lm-DataGrid canvas');
    if (!canvas) return false;
    const [width, height] = [Math.min(canvas.width, 400), Math.min(canvas.height, 200)];
    const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let dark = 0;
    for (let i = 0; i < pixels.length; i += 4)
        if (pixels[i + 3] && pixels[i] + pixels[i + 1] + pixels[i + 2] < 300) dark++;
    return dark > 300;
}"""

LISTEN = """() => {
    window.__marks = {};
    new PerformanceObserver((list) => {
        for (const { name, duration } of list.getEntries())
            if (name.startsWith('nbl:')) (window.__marks[name] ??= []).push(duration);
    }).observe({ type: 'measure', buffered: true });
}"""
# Waits for the frame that draws the change, and for one more if the change was requested within that frame;
# then reads a pixel, which waits until the canvas is drawn.
FRAMES = """async () => {
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const canvas = window.__drawn;
    canvas?.getContext('2d')?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
}"""


def opened(cells: list[str], work: Callable[[Notebook], T]) -> T:
    with (
        tempfile.TemporaryDirectory() as folder,
        notebook(Path(folder), [SETUP, *cells], width=1300, height=1800) as book,
    ):
        book.page.evaluate(LISTEN)
        return work(book)


def marks(book: Notebook, name: str) -> list[float]:
    """Milliseconds of every step of that name since the last call for it."""
    return list(
        book.page.evaluate(
            "n => { const m = window.__marks[n] ?? []; window.__marks[n] = []; return m; }", name
        )
    )


def drag(book: Notebook, selector: str, *, drawn: bool = False, steps: int = 40) -> tuple[float, float]:
    """Drag the mouse in a circle over an element; with ``drawn`` each frame waits until its canvas is drawn.

    Returns: median seconds from a move of the pointer to the drawn frame after it, and from its release.
    """
    area = book.page.locator(selector).first
    area.scroll_into_view_if_needed()
    canvas = "el.matches('canvas') ? el : el.querySelector('canvas')" if drawn else "null"
    area.evaluate(f"el => {{ window.__drawn = {canvas}; }}")
    box = area.bounding_box()
    assert box
    mouse = book.page.mouse
    x, y = box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3
    mouse.move(x, y)
    mouse.down()
    moves = []
    for step in range(steps):
        turn = 2 * math.pi * (step + 1) / steps
        start = time.perf_counter()
        mouse.move(x + box["width"] * 0.2 * math.sin(turn), y + box["height"] * 0.2 * (1 - math.cos(turn)))
        book.page.evaluate(FRAMES)
        moves.append(time.perf_counter() - start)
    start = time.perf_counter()
    mouse.up()
    book.page.evaluate(FRAMES)
    return statistics.median(moves), time.perf_counter() - start


def one(values: list[float]) -> float:
    """Median of milliseconds, in seconds."""
    return statistics.median(values) / 1e3


def scatter() -> list[Row]:
    """Frames and lasso at 1,000,000 points; jupyter-scatter at 1,000,000 points, bqplot's lasso at 25,000."""
    view = "view = nl.Scatter(ws, x='east', y='north', color='habitat', height=500); view"
    ours = opened([view], _ours)
    theirs = opened([JSCATTER], lambda book: _dragged(book, ".jp-OutputArea canvas", drawn=True))
    bqplot = opened([BQPLOT], lambda book: _dragged(book, ".bqplot"))
    drawn = "from a move of the pointer to the drawn frame after it"
    return [
        Row(
            "scatter, 1,000,000 points: work of a frame while panning",
            human(ours["pan work"]),
            target="<= 33 ms",
        ),
        against(f"{drawn}, panning", ours["pan"], "jupyter-scatter", theirs[0]),
        Row("which of 1,000,000 points are in a lasso", human(ours["lasso"]), target="<= 100 ms"),
        Row("work of a frame while a lasso is drawn", human(ours["brush work"]), target="<= 33 ms"),
        against(
            f"{drawn}, a lasso: ours tests 1,000,000 points each time, bqplot none",
            ours["brush"],
            "bqplot",
            bqplot[0],
        ),
        against(
            "letting go of the lasso, until points are marked: ours at 1,000,000",
            ours["done"],
            "bqplot at 25,000",
            bqplot[1],
        ),
    ]


def _ours(book: Notebook) -> dict[str, float]:
    area = '[data-view="scatter"] .nbl-scatter-plot'
    book.page.locator(area).wait_for(timeout=60_000)
    wait(lambda: bool(marks(book, "nbl:scatter:frame")), 60)
    time.sleep(2)
    out = {}
    steps = ("lasso", "link", "state", "frame")
    for mode in ("pan", "lasso"):
        book.run(f"view.mode = {mode!r}")
        time.sleep(0.5)
        for step in steps:
            marks(book, f"nbl:scatter:{step}")
        name = "brush" if mode == "lasso" else mode
        out[name], out["done"] = drag(book, area, drawn=True)
        work = {step: marks(book, f"nbl:scatter:{step}") for step in steps}
        out[f"{name} work"] = sum(one(times) for times in work.values() if times)
        if mode == "lasso":
            out["lasso"] = one(work["lasso"])
    return out


def _dragged(book: Notebook, selector: str, *, drawn: bool = False) -> tuple[float, float]:
    book.page.locator(selector).first.wait_for(timeout=90_000)
    time.sleep(5)
    return drag(book, selector, drawn=drawn)


JSCATTER = """
import jscatter
jscatter.Scatter(data=frame, x="east", y="north", color_by="habitat", height=460).show()
"""
BQPLOT = """
import warnings; warnings.simplefilter("ignore")
import bqplot
some = frame.iloc[:25_000]
scales = {"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}
marks = bqplot.Scatter(x=some.east, y=some.north, scales=scales, default_size=6)
bqplot.Figure(marks=[marks], interaction=bqplot.interacts.LassoSelector(marks=[marks]))
"""


def table() -> list[Row]:
    """First rows, filter and jump at 1,000,000 rows; ipydatagrid at 1,000,000 rows."""
    cells = [f"table = {TABLE}; table"]

    def work(book: Notebook) -> list[Row]:
        rows = book.page.locator(".nbl-table .nbl-tr:not(.nbl-wait)")
        rows.first.wait_for(timeout=60_000)
        time.sleep(1)
        for k in range(12):
            low = 5 + 3 * k
            depth = {"kind": "range", "lo": low, "hi": low + 20, "missing": "out"}
            book.run(f"table.filters = {{'depth': {depth!r}}}")
            time.sleep(0.4)
        kept = marks(book, "nbl:table:filter")
        book.run("table.filters = {}")
        time.sleep(1)
        marks(book, "nbl:table:jump")
        for share in (0.1, 0.9, 0.3, 0.7, 0.5, 0.2, 0.8, 0.4, 0.6, 1.0, 0.0, 0.55):
            book.page.evaluate(JUMP, share)
            time.sleep(0.4)
        jumps = marks(book, "nbl:table:jump")
        return [
            Row(
                "table, 1,000,000 rows: from a filter to its first rows", human(one(kept)), target="<= 60 ms"
            ),
            Row("table, 1,000,000 rows: from a jump to its rows", human(one(jumps)), target="<= 60 ms"),
        ]

    ours = opened(cells, work)
    return [*ours, *_first_rows()]


def _first_rows() -> list[Row]:
    """Time from running a cell to rows on the screen."""

    def shown(code: str, there: str, seconds: float) -> float:
        with (
            tempfile.TemporaryDirectory() as folder,
            notebook(Path(folder), [SETUP, "pass"], width=1300, height=1200) as book,
        ):
            page = book.page
            page.locator(".jp-CodeCell .cm-content").last.click()
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(code)
            start = time.perf_counter()
            page.keyboard.press("Shift+Enter")
            try:
                page.wait_for_function(there, timeout=seconds * 1e3)
            except Exception:  # noqa: BLE001  # for any reason, it did not appear in time
                return float("inf")
            return time.perf_counter() - start

    ours = shown(
        TABLE,
        "() => document.querySelector('.nbl-tr:not(.nbl-wait)')",
        60,
    )
    out = []
    for n in (1_000_000, 100_000):
        peer = shown(
            f"import ipydatagrid; ipydatagrid.DataGrid(frame.iloc[:{n}])",
            PEER_SHOWS,
            90,
        )
        task = f"table, from running the cell to rows: ours 1,000,000 rows, ipydatagrid {n:,}"
        if peer == float("inf"):
            out.append(Row(task, human(ours), "ipydatagrid: nothing within 90 s"))
        else:
            out.append(against(task, ours, "ipydatagrid", peer))
            break
    return out


def viewer() -> list[Row]:
    """500 masks on 1920 x 1080."""
    cells = [
        "pictures = crowded(); vs = nl.Workspace(pictures)",
        "viewer = nl.Viewer(vs, height=1080, show_list=False); viewer",
    ]

    def work(book: Notebook) -> list[Row]:
        book.page.set_viewport_size({"width": 2300, "height": 1300})
        root = book.page.locator('[data-view="viewer"]').first
        wait(lambda: bool(marks(book, "nbl:viewer:image")), 30)
        time.sleep(2)
        paints, turns, colors = [], [], []
        for image in range(3, 24, 3):  # beyond what is fetched ahead
            book.run(f"viewer.image_id = {image}")
            time.sleep(1.5)
            paints += marks(book, "nbl:viewer:paint")
        marks(book, "nbl:viewer:image")
        root.focus()
        for _ in range(8):
            book.page.keyboard.press("ArrowLeft")
            time.sleep(1)
            turns += marks(book, "nbl:viewer:image")
        marks(book, "nbl:viewer:recolor")
        for value in (0.2, 0.5, 0.3, 0.7, 0.4, 0.6, 0.25, 0.45):
            book.run(f"viewer.opacity = {value}")
            time.sleep(0.3)
            colors += marks(book, "nbl:viewer:recolor")
        return [
            Row(
                "viewer, 500 masks on 1920 x 1080: first paint after the bytes arrive",
                human(one(paints)),
                target="<= 250 ms",
            ),
            Row("viewer: recolor", human(one(colors)), target="<= 16 ms"),
            Row("viewer: next image, prefetched", human(one(turns)), target="<= 100 ms"),
        ]

    return opened(cells, work)


def linking() -> list[Row]:
    """Time from a clause in one view until another view shows it, with a busy kernel; 1,000,000 images."""
    cells = [
        "view = nl.Scatter(ws, x='east', y='north', height=300); view",
        "other = nl.Scatter(ws, x='depth', y='north', height=300); other",
        "table = nl.Table(ws, columns=['image_id', 'file'], thumbnails=False, height=300); table",
    ]

    def work(book: Notebook) -> list[Row]:
        area = '[data-view="scatter"] .nbl-scatter-plot'
        book.page.locator(area).nth(1).wait_for(timeout=60_000)
        book.page.locator(".nbl-table .nbl-tr:not(.nbl-wait)").first.wait_for(timeout=60_000)
        book.run("view.mode = 'lasso'")
        time.sleep(2)
        book.start("import time; time.sleep(25)")
        time.sleep(1)
        marks(book, "nbl:scatter:link")
        drawn, _ = drag(book, area)
        told = one(marks(book, "nbl:scatter:link"))
        return [
            Row(
                "brush in one view, kernel busy: a second scatter and a table know their rows",
                human(told),
                target="<= 5 ms",
            ),
            Row("from a move of the pointer to the frame with all three drawn", human(drawn)),
        ]

    return opened(cells, work)


def main() -> None:
    parts: dict[str, Callable[[], list[Row]]] = {f.__name__: f for f in (scatter, table, viewer, linking)}
    for name in sys.argv[1:] or parts:
        show(f"Views in JupyterLab, headless Chromium without a GPU: {name}", parts[name]())


if __name__ == "__main__":
    main()
