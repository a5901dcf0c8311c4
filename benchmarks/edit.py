"""Editing, reviewing and browsing in JupyterLab, in headless Chromium without a GPU, compared to peers.

``python benchmarks/edit.py [brush] [large] [review] [gallery] [peers]``; all without arguments (about 6
minutes). The views themselves mark the steps (``performance.measure``); saving includes JupyterLab, the
kernel and the fsync of the journal.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable

from report import Row, against, human, show
from views import marks, one, opened

from tests.browser.notebook import Notebook, wait

LARGE = """
import numpy as np, pandas as pd
from PIL import Image
side = 8000
y, x = np.mgrid[:side:8, :side:8]
small = np.uint8(127 + 60 * np.sin(x / 300) + 60 * np.cos(y / 210))
Image.fromarray(np.kron(small, np.ones((8, 8), np.uint8))).convert("RGB").save("large.jpg", quality=85)
pictures = nl.create("large.nbal", ["kind 0"], image_root=".")
pictures.add_images(pd.DataFrame({"file": ["large.jpg"], "width": side, "height": side}))
vs = nl.Workspace(pictures)
"""
REEF = """
ds = nl.demo.reef("reef.nbal", n_images=400, n_labeled=60, n_test=60)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
"""
THEIRS = """
from ipyannotations.images import PolygonAnnotator
theirs = PolygonAnnotator(options=["kind 0"])
theirs.display("crowd-0.jpg")
theirs
"""
BBOX = """
from jupyter_bbox_widget import BBoxWidget
bbox = BBoxWidget(image="crowd-0.jpg", classes=["kind 0"])
bbox
"""
# Reads one canvas after each frame until it differs: from the pointer's event to changed pixels.
WATCH = """([selector, root]) => {
    const canvas = [...document.querySelectorAll(selector)].at(-1);
    const pen = canvas.getContext('2d');
    const look = () => {
        const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let i = 0; i < data.length; i += 4)
            sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2] + data[i + 3]) | 0;
        return sum;
    };
    window.__paints = [];
    let start = 0, before = look();
    document.querySelector(root).addEventListener('pointermove', () => {
        if (!start) [start, before] = [performance.now(), look()];
    }, { capture: true });
    const tick = () => {
        if (start && look() !== before) {
            window.__paints.push(performance.now() - start);
            start = 0;
        }
        setTimeout(tick, 0);
    };
    tick();
}"""


FRAMES = """() => {
    window.__frames = [];
    let last = 0;
    const tick = (now) => {
        if (last) window.__frames.push(now - last);
        last = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


def strokes(book: Notebook, selector: str, n: int = 10, pause: float = 0.6) -> None:
    """Draw wavy strokes over the middle of an element."""
    box = book.page.locator(selector).first.bounding_box()
    assert box
    mouse = book.page.mouse
    for k in range(n):
        y = box["y"] + box["height"] * (0.2 + 0.6 * k / n)
        mouse.move(box["x"] + box["width"] * 0.3, y)
        mouse.down()
        for step in range(24):
            mouse.move(box["x"] + box["width"] * (0.3 + 0.012 * step), y + 12 * math.sin(step / 3))
        mouse.up()
        time.sleep(pause)


def editor(book: Notebook) -> None:
    book.page.locator(".nbl-edit-rail button").first.wait_for(timeout=60_000)
    wait(lambda: bool(marks(book, "nbl:viewer:image")), 60)
    time.sleep(2)
    book.page.locator('[data-view="viewer"]').first.focus()
    book.page.keyboard.press("b")


def brush() -> list[Row]:
    """500 masks on 1920 x 1080: a frame of the brush, and a stroke until it is in the journal."""
    cells = [
        "pictures = crowded(2); vs = nl.Workspace(pictures)",
        "editor = nl.Editor(vs, height=1000, show_list=False, brush_size=40); editor",
    ]

    def work(book: Notebook) -> list[Row]:
        editor(book)
        marks(book, "nbl:edit:draw")
        strokes(book, ".nbl-viewer-stage")
        return [
            Row(
                "brush, 500 masks on 1920 x 1080: a frame",
                human(one(marks(book, "nbl:edit:draw"))),
                target="<= 16 ms",
            ),
            Row(
                "stroke, from pointer up to journaled",
                human(one(marks(book, "nbl:edit:saved"))),
                target="<= 80 ms",
            ),
        ]

    return opened(cells, work)


def large() -> list[Row]:
    """The same on 8,000 x 8,000 pixels."""
    cells = [LARGE, "editor = nl.Editor(vs, height=900, show_list=False, brush_size=120); editor"]

    def work(book: Notebook) -> list[Row]:
        editor(book)
        marks(book, "nbl:edit:draw")
        strokes(book, ".nbl-viewer-stage", 6, 1.5)
        return [
            Row("brush, 8,000 x 8,000: a frame", human(one(marks(book, "nbl:edit:draw"))), target="<= 33 ms"),
            Row("stroke, from pointer up to journaled", human(one(marks(book, "nbl:edit:saved")))),
        ]

    return opened(cells, work)


def review() -> list[Row]:
    """500 answers by keyboard as fast as crops come: the step, the pace, the memory."""
    cells = [REEF, "review = nl.Review(ws, run.predictions.head(520), order='score'); review"]

    def work(book: Notebook) -> list[Row]:
        root = book.page.locator('[data-view="review"]')
        root.locator("canvas").first.wait_for(timeout=60_000)
        time.sleep(2)
        root.focus()
        steps: list[float] = []
        heap = []
        start = time.perf_counter()
        for k in range(500):
            book.page.keyboard.press("x" if k % 3 == 0 else "m")
            for _ in range(200):
                if got := marks(book, "nbl:review:step"):
                    steps += got
                    break
                time.sleep(0.005)
            if k in (100, 499):
                heap.append(memory(book))
        minutes = (time.perf_counter() - start) / 60
        return [
            Row("review: key to the next crop painted", human(one(steps)), target="<= 100 ms"),
            Row(
                "review: 500 answers by a scripted reviewer",
                f"{500 / minutes:.0f} a minute",
                target=">= 60 a minute",
            ),
            Row(
                "review: heap of the page after 100 and 500 answers",
                " and ".join(f"{h:.0f} MB" for h in heap),
            ),
        ]

    return opened(cells, work)


def memory(book: Notebook) -> float:
    """MB of JavaScript heap after a collection."""
    session = book.page.context.new_cdp_session(book.page)
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6


def gallery() -> list[Row]:
    """100,000 crops scrolled by the wheel."""
    cells = [
        REEF
        + "import dataclasses\nimport pandas as pd\n"
        + "times = 100_000 // len(run.predictions) + 1\n"
        + "many = pd.concat([run.predictions] * times, ignore_index=True).head(100_000)\n"
        + "many.index = pd.RangeIndex(len(many), name=run.predictions.index.name)\n"
        + "run = dataclasses.replace(run, predictions=many)\nws = nl.Workspace(ds, run)",
        "gallery = nl.Gallery(ws, of='predictions', size=112, height=640); gallery",
    ]

    def work(book: Notebook) -> list[Row]:
        root = book.page.locator('[data-view="gallery"]')
        root.wait_for(timeout=60_000)
        time.sleep(3)
        box = root.bounding_box()
        assert box
        book.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        book.page.evaluate(FRAMES)
        for _ in range(120):
            book.page.mouse.wheel(0, 240)
        frames = book.page.evaluate("() => window.__frames")
        median = statistics.median(frames)
        slow = sorted(frames)[int(len(frames) * 0.95)]
        return [
            Row(
                "gallery of 100,000 crops: frames while scrolling",
                f"{1000 / median:.0f} a second",
                target=">= 30 a second",
            ),
            Row("the slowest 5 of 100 of them", f"{slow:.0f} ms or more"),
        ]

    return opened(cells, work)


def peers() -> list[Row]:
    """Pointer to paint beside ipyannotations; change of image beside jupyter-bbox-widget."""
    cells = [
        "pictures = crowded(12, 5); vs = nl.Workspace(pictures)",
        "editor = nl.Editor(vs, height=700, show_list=False, tool='brush', brush_size=30); editor",
        THEIRS,
        BBOX,
    ]

    def work(book: Notebook) -> list[Row]:
        editor(book)
        ours = pointer_to_paint(book, ".nbl-edit-layer", ".nbl-viewer-stage")
        theirs = pointer_to_paint(
            book, ".jp-OutputArea canvas:not(.nbl-viewer-layer):not(.nbl-viewer-minimap)", "body"
        )
        turns = []
        book.page.locator('[data-view="viewer"]').first.focus()
        book.page.keyboard.press("v")
        marks(book, "nbl:viewer:image")
        for _ in range(8):
            book.page.keyboard.press("ArrowRight")
            time.sleep(1)
            turns += marks(book, "nbl:viewer:image")
        return [
            against("brush or pen, pointer to changed pixels", ours, "ipyannotations", theirs),
            against("next image on the screen", one(turns), "jupyter-bbox-widget", bbox(book)),
        ]

    return opened(cells, work)


def pointer_to_paint(book: Notebook, canvas: str, root: str) -> float:
    """Median seconds from a move of the pressed pointer to changed pixels on the canvas."""
    area = book.page.locator(canvas).last
    area.scroll_into_view_if_needed()
    book.page.evaluate(WATCH, [canvas, root])
    box = area.bounding_box()
    assert box
    mouse = book.page.mouse
    mouse.move(box["x"] + 150, box["y"] + 150)
    mouse.down()
    for step in range(40):
        mouse.move(box["x"] + 150 + 6 * step, box["y"] + 150 + 40 * math.sin(step / 4))
        time.sleep(0.12)
    mouse.up()
    return statistics.median(book.page.evaluate("() => window.__paints")) / 1e3


def bbox(book: Notebook) -> float:
    """Median seconds from setting another image on the widget until the browser has loaded it."""
    book.page.evaluate(
        """() => {
        window.__loads = [];
        document.addEventListener('load', (event) => {
            if (event.target instanceof HTMLImageElement) window.__loads.push(Date.now());
        }, { capture: true });
    }"""
    )
    out = []
    for k in range(1, 9):
        book.page.evaluate("() => { window.__loads = []; }")
        sent = float(book.run(f"import time; print(time.time()); bbox.image = 'crowd-{k}.jpg'").strip())
        wait(lambda: bool(book.page.evaluate("() => window.__loads.length")), 10)
        out.append(book.page.evaluate("() => window.__loads.at(-1)") / 1e3 - sent)
        time.sleep(0.3)
    return statistics.median(out)


def main() -> None:
    parts: dict[str, Callable[[], list[Row]]] = {
        f.__name__: f for f in (brush, large, review, gallery, peers)
    }
    for name in sys.argv[1:] or parts:
        show(f"Editing and reviewing in JupyterLab, headless Chromium without a GPU: {name}", parts[name]())


if __name__ == "__main__":
    main()
