"""A scatter of 400,000 points in JupyterLab: density and a sample, more of it on zooming in, exact lassos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import numpy as np, pandas as pd, nbalabel as nl
from nbalabel.core.tables.schema import empty
from nbalabel.widgets.scatter import columns, scatter
scatter.SENT_AT_MOST = columns.SENT_AT_MOST = 300_000  # so that this machine need not make a million rows
rng = np.random.default_rng(0)
N = 400_000
kind = rng.integers(4, size=N)
frame = pd.DataFrame({
    "file": pd.Series(np.char.add("f", np.arange(N).astype(str)), dtype="str"), "width": 64, "height": 48,
    "east": rng.normal(size=N) + 3 * kind, "north": rng.normal(size=N),
    "habitat": pd.Categorical.from_codes(kind, ["reef", "sand", "mud", "open"]),
})
frame.loc[::1000, "north"] = np.nan
ds = nl.Tables.of(frame, empty("instances", ["fish"]), ["fish"], None).save("large.nbal")
ws = nl.Workspace(ds)
"""
CELLS = [
    SETUP,
    "view = nl.Scatter(ws, x='east', y='north', color='habitat', height=420, mode='box'); view",
]
# Colored pixels of the points, and all of them.
PIXELS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let colored = 0;
    for (let i = 0; i < data.length; i += 4)
        if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 25)
            colored++;
    return [colored, data.length / 4];
}"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder: Path = tmp_path_factory.mktemp("large")
    with notebook(folder, CELLS) as opened:
        opened.page.locator('[data-view="scatter"]').wait_for()
        yield opened


def caption(book: Notebook) -> str:
    return book.page.locator(".nbl-scatter-caption").inner_text()


def count(book: Notebook) -> str:
    return book.page.locator(".nbl-scatter-count").inner_text()


def colored(book: Notebook) -> float:
    part, whole = book.page.locator(".nbl-scatter-points").evaluate(PIXELS)
    return float(part / whole)


def test_the_density_of_all_and_a_sample_are_seen(book: Notebook) -> None:
    wait(lambda: "points; density and counts are of all" in caption(book), 60)
    assert count(book) == "399,600 images"
    assert "400 not shown: no coordinates" in caption(book)
    assert colored(book) > 0.2
    book.page.locator('[data-view="scatter"]').focus()
    book.page.keyboard.press("d")
    wait(lambda: bool(book.value("view.density")))
    settled(book)
    assert colored(book) > 0.2
    book.page.keyboard.press("d")
    settled(book)


def test_a_box_selects_all_points_in_it_not_only_those_drawn(book: Notebook) -> None:
    area = still(book.page.locator(".nbl-scatter-points"))
    mouse = book.page.mouse
    mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * 0.3)
    mouse.down()
    mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] * 0.5)
    mouse.move(area["x"] + area["width"] * 0.6, area["y"] + area["height"] * 0.6)
    mouse.up()
    book.until("len(ws.selection.clauses)", 1)
    book.run("rows = ds.images; found = eval(ws.selection.clauses[view.source].code).fillna(False)")
    n = book.value("int(found.sum())")
    assert n > 20_000
    assert book.value("sorted(ws.selection.ids) == sorted(rows.index[found])")
    wait(lambda: f"{n:,} selected" in count(book), 30)
    book.run("ws.clear()")
    wait(lambda: "selected" not in count(book))


def test_a_filter_of_another_view_is_in_density_and_sample(book: Notebook) -> None:
    book.run("ws.select(ds.images.query('habitat == \"reef\"'), title='reef')")
    n = book.value("int((ds.images.habitat == 'reef').sum() - (ds.images.habitat == 'reef')[::1000].sum())")
    wait(lambda: count(book).startswith(f"{n:,} / "), 30)
    book.run("ws.clear()")
    wait(lambda: "/" not in count(book), 30)


def test_zooming_in_draws_all_points_that_are_there(book: Notebook) -> None:
    assert "of 400,000 points" in caption(book)
    area = still(book.page.locator(".nbl-scatter-points"))
    book.page.locator('[data-view="scatter"]').focus()
    book.page.mouse.move(area["x"] + area["width"] * 0.4, area["y"] + area["height"] * 0.5)
    for _ in range(8):
        book.page.keyboard.press("+")
    wait(lambda: "of 400,000 points" not in caption(book), 30)
    settled(book)
    assert colored(book) > 0.001
    book.page.keyboard.press("0")
    wait(lambda: "of 400,000 points" in caption(book), 30)
    assert book.value("view.errors == type(view.errors)(maxlen=20)")
