"""The views in JupyterLab: what a person does in them, and what Python holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from .notebook import Notebook, notebook, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=60, n_labeled=16, n_test=10, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
"""
CELLS = [
    SETUP,
    "scatter = nl.Scatter(ws, x='n_predictions', y='turbidity', color='habitat', height=260); scatter",
    "table = nl.Table(ws, of='predictions', height=260); table",
    "viewer = nl.Viewer(ws, height=300); viewer",
    "histogram = nl.Histogram(ws, 'score', of='predictions'); histogram",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1300, height=2200) as opened:
        ready(opened)
        yield opened


@pytest.fixture(autouse=True)
def nothing_selected(book: Notebook) -> None:
    book.run("ws.clear()")
    wait(lambda: len(set(numbers(book))) == 1)


def ready(book: Notebook) -> None:
    """Until every view has drawn what it shows."""
    view(book, "Scatter").locator("canvas").first.wait_for(timeout=30_000)
    row(book).wait_for(timeout=30_000)
    view(book, "Viewer").locator("canvas").first.wait_for(timeout=30_000)
    book.page.locator(".bqplot").first.wait_for(timeout=30_000)


def view(book: Notebook, label: str) -> Locator:
    return book.page.locator(f'.nbl[aria-label="{label}"]').first


def row(book: Notebook, n: int = 0) -> Locator:
    return view(book, "Table").locator('.nbl-tr:not(.nbl-wait) [role="gridcell"]').nth(n)


def count(book: Notebook) -> str:
    """What the table says of itself: "128 / 700 predictions"."""
    return view(book, "Table").locator(".nbl-counts").inner_text()


def numbers(book: Notebook) -> list[int]:
    """The two numbers of :func:`count`, whatever parts their thousands."""
    return [int("".join(filter(str.isdigit, part))) for part in count(book).split("/")]


def brush(book: Notebook, share: float = 0.5) -> None:
    """A box over the left part of the scatter."""
    scatter = view(book, "Scatter")
    scatter.scroll_into_view_if_needed()
    scatter.focus()
    book.page.keyboard.press("b")
    area = still(scatter.locator("canvas").first)
    mouse = book.page.mouse
    mouse.move(area["x"] + 2, area["y"] + 2)
    mouse.down()
    mouse.move(area["x"] + area["width"] * share / 2, area["y"] + area["height"] / 2)
    mouse.move(area["x"] + area["width"] * share, area["y"] + area["height"] - 2)
    mouse.up()


def test_a_box_in_the_scatter_is_what_python_has_selected(book: Notebook) -> None:
    book.run(
        "def boxed():\n"
        "    rows, n = ws.selection.allowed('images'), ws.column('images', 'n_predictions').values\n"
        "    return rows is not None and 0 < rows.sum() < len(rows) and bool(n[rows].max() < n[~rows].min())"
    )
    brush(book)
    book.until("boxed()", True)
    assert book.value("len(ws.selected) == len(ws.selection.images) > 0")


def test_brushing_links_the_views_while_the_kernel_is_busy(book: Notebook) -> None:
    asleep, wake = book.folder / "asleep", book.folder / "wake"
    book.start(
        "import os, time\nopen('asleep', 'w').close()\nwhile not os.path.exists('wake'): time.sleep(0.05)"
    )
    wait(asleep.exists)
    brush(book, 0.4)
    wait(lambda: len(set(numbers(book))) == 2)  # the table follows the scatter
    wake.touch()
    wait(lambda: book.value("len(ws.selection.predictions)") == numbers(book)[0])


def test_keys_pressed_in_a_view_are_not_taken_by_jupyterlab(book: Notebook) -> None:
    cells = book.page.locator(".jp-Cell")
    n = cells.count()
    for name in ("Scatter", "Viewer", "Table"):
        view(book, name).focus()
        for key in ("a", "b", "d", "d", "x", "m"):
            book.page.keyboard.press(key)
    assert cells.count() == n
    assert book.page.locator(".jp-mod-editMode .cm-focused").count() == 0


def test_the_sheet_of_keys_opens_and_closes(book: Notebook) -> None:
    for name in ("Scatter", "Viewer", "Table"):
        view(book, name).focus()
        book.page.keyboard.press("?")
        sheet = view(book, name).locator("kbd").first
        sheet.wait_for(timeout=5_000)
        book.page.keyboard.press("Escape")
        sheet.wait_for(state="hidden", timeout=5_000)


def test_an_edit_in_a_cell_refreshes_the_views(book: Notebook) -> None:
    book.run("table.filters = {}; ws.clear()")
    total = count(book)
    book.run("import dataclasses\nrun = dataclasses.replace(run, predictions=run.predictions.iloc[:-5])")
    book.run("ws.run = run; ds.remove(ds.instances.index[:3])")
    wait(lambda: count(book) != total)
    assert str(book.value("len(run.predictions)")) in count(book).replace(",", "")


def test_a_bulk_accept_arrives_and_is_undone(book: Notebook) -> None:
    rows = "run.query(\"score > 0.6 and iou < 0.2 and state == 'unlabeled'\")"
    before = book.value("len(ds.instances)")
    book.run(f"ws.select({rows})")
    n = book.value(f"len({rows})")
    assert 0 < n <= 100
    accept = view(book, "Table").get_by_role("button", name=f"Accept {n}", exact=True)
    accept.click()
    view(book, "Table").locator(".nbl-sample").wait_for(timeout=10_000)  # more than were on the screen
    accept.click()
    undo = view(book, "Table").get_by_role("button", name="Undo")
    undo.wait_for(timeout=10_000)
    added = book.value("len(ds.instances)") - before
    assert 0 < added <= n
    assert book.value("str(ds.instances.source.iloc[-1])") == "model"
    undo.click()
    book.until("len(ds.instances)", before)


def test_a_row_that_is_clicked_opens_its_image(book: Notebook) -> None:
    row(book, 5).click()
    wait(lambda: book.value("ws.selection.active") is not None)
    of, prediction = book.value("ws.selection.active")
    assert of == "predictions"
    image = book.value(f"int(run.predictions.image_id[{prediction}])")
    name = book.value(f"ds.images.file[{image}]")
    wait(lambda: name in view(book, "Viewer").inner_text())


def test_arrow_keys_turn_to_the_next_image(book: Notebook) -> None:
    viewer = view(book, "Viewer")
    before = viewer.inner_text()
    viewer.focus()
    book.page.keyboard.press("ArrowRight")
    wait(lambda: viewer.inner_text() != before)
    wait(lambda: book.value("ws.selection.active")[0] == "images")


def test_labels_are_text_and_never_html(book: Notebook) -> None:
    book.run("ds.rename_label('fish', '<img src=x onerror=window.hurt=1>')")
    book.run("run.predictions['label'] = run.predictions.label.cat.rename_categories(list(ds.labels))")
    wait(lambda: "<img src=x" in view(book, "Table").inner_text())
    assert book.page.evaluate("window.hurt") is None
    book.run("ds.undo()")


def test_a_missing_image_is_named_and_the_rest_goes_on(book: Notebook) -> None:
    book.run("ds.images.loc[7, 'file'] = 'gone.jpg'")
    book.run("ws.selection.active = ('images', 7)")
    problem = view(book, "Viewer").get_by_text("gone.jpg is missing")
    problem.wait_for(timeout=10_000)
    book.run("ws.selection.active = ('images', 8)")
    problem.wait_for(state="hidden", timeout=10_000)
    book.run("ds.undo()")


def test_the_notebook_is_saved_with_the_focus_in_a_view(book: Notebook) -> None:
    file = book.folder / "story.ipynb"
    before = file.stat().st_mtime_ns
    view(book, "Viewer").focus()
    book.page.keyboard.press("Control+s")
    wait(lambda: file.stat().st_mtime_ns != before)


def test_reloading_the_page_brings_views_and_selection_back(book: Notebook) -> None:
    book.run("ws.select(ds.images.index[:7])")
    book.page.goto(book.page.url.split("?")[0])
    ready(book)
    n = book.value("len(ws.selection.predictions)")
    wait(lambda: count(book).startswith(f"{n} /"))
