"""The gallery in JupyterLab: tiles picked and acted on by keyboard, and what Python holds afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from .notebook import Notebook, notebook, still, wait

pytestmark = pytest.mark.browser

CELLS = [
    """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=60, n_labeled=16, n_test=10, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
""",
    "scatter = nl.Scatter(ws, x='n_predictions', y='turbidity', height=260); scatter",
    "gallery = nl.Gallery(ws, height=420); gallery",
    "things = nl.Gallery(ws, of='predictions', height=300); things",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1200, height=1900) as opened:
        yield opened


@pytest.fixture
def gallery(book: Notebook) -> Locator:
    """The gallery, nothing selected, its pictures there."""
    book.run("ws.clear()")
    view = book.page.locator('.nbl[data-view="gallery"]').first
    view.locator(".nbl-tile").first.wait_for(timeout=30_000)
    wait(lambda: shown(view) == 60)
    wait(lambda: painted(view))
    return view


def shown(view: Locator) -> int:
    """How many tiles it says there are."""
    return int(view.locator(".nbl-counts b").inner_text())


def painted(view: Locator) -> bool:
    """Whether the middle of the first tile has a picture's colors rather than the gray of a placeholder."""
    r, g, b, _ = view.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(60, 60, 1, 1).data]"
    )
    return bool(max(r, g, b) - min(r, g, b) > 10)


def test_nothing_here_arrives_by_keyboard_and_is_undone(book: Notebook, gallery: Locator) -> None:
    unlabeled = "ds.images.index[~ds.images.index.isin(ds.instances.image_id)]"
    book.run(f"ws.select({unlabeled}[:6], 'images')")
    wait(lambda: shown(gallery) == 6)
    before = book.value("ds.images.state.tolist()")
    gallery.locator(".nbl-tiles").focus()
    for key in ("Home", "Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        book.page.keyboard.press(key)
    book.until(f"sorted(ws.selected.index) == sorted({unlabeled}[:3])", True)
    book.page.keyboard.press("n")
    book.until(f"ds.images.state[{unlabeled}[:3]].tolist()", ["empty"] * 3)
    badge = gallery.locator(".nbl-tile").nth(2).locator('.nbl-badge[data-shape="empty"]')
    badge.wait_for(timeout=10_000)
    book.page.keyboard.press("Control+z")
    book.until("ds.images.state.tolist()", before)
    book.page.keyboard.press("Control+y")
    book.until(f"ds.images.state[{unlabeled}[:3]].tolist()", ["empty"] * 3)
    gallery.get_by_role("button", name="dismiss").click()
    assert book.value("str(gallery.last_error)") == "None"


def test_brushing_elsewhere_narrows_it_while_the_kernel_is_busy(book: Notebook, gallery: Locator) -> None:
    asleep, wake = book.folder / "asleep", book.folder / "wake"
    book.start(
        "import os, time\nopen('asleep', 'w').close()\nwhile not os.path.exists('wake'): time.sleep(0.05)"
    )
    wait(asleep.exists)
    scatter = book.page.locator('.nbl[data-view="scatter"]')
    scatter.focus()
    book.page.keyboard.press("b")
    area = still(scatter.locator("canvas").first)
    mouse = book.page.mouse
    mouse.move(area["x"] + 2, area["y"] + 2)
    mouse.down()
    mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] / 2)
    mouse.move(area["x"] + area["width"] * 0.5, area["y"] + area["height"] - 2)
    mouse.up()
    wait(lambda: 0 < shown(gallery) < 60)
    wake.touch()
    wait(lambda: book.value("len(ws.selection.images)") == shown(gallery))


def test_a_box_drawn_over_tiles_picks_them_and_a_double_click_points_at_one(
    book: Notebook, gallery: Locator
) -> None:
    first, second = (still(gallery.locator(".nbl-tile").nth(i)) for i in (0, 1))
    mouse = book.page.mouse
    mouse.move(first["x"] + 20, first["y"] + 20)
    mouse.down()
    mouse.move(first["x"] + 60, first["y"] + 40)
    mouse.move(second["x"] + 20, second["y"] + 40)
    mouse.up()
    book.until("sorted(ws.selected.index) == sorted(ds.images.index[:2])", True)
    mouse.dblclick(second["x"] + 30, second["y"] + 30)
    book.until("ws.selection.active == ('images', int(ds.images.index[1]))", True)
    book.until("sorted(ws.selected.index) == sorted(ds.images.index[:2])", True)


def test_things_without_a_name_get_one_by_a_digit(book: Notebook) -> None:
    book.run(
        "ws.clear()\n"
        "other, n = 'ray', len(ds.instances); ds.add_label(other)\n"
        "named = run.predictions[run.predictions.label != other].iloc[:2]\n"
        "ws.select(named)"
    )
    things = book.page.locator('.nbl[data-view="gallery"]').nth(1)
    things.scroll_into_view_if_needed()
    wait(lambda: shown(things) == 2)
    things.locator('select[aria-label*="overlap"]').first.select_option("allow")
    things.locator(".nbl-tiles").focus()
    for key in ("Home", "Space", "Shift+ArrowRight", "2"):
        book.page.keyboard.press(key)
    book.until("ds.instances.label.iloc[n:].tolist() == [other] * 2", True)
    book.until(
        "ws.column('predictions', 'decision').values[run.predictions.index.isin(named.index)].tolist()",
        [1, 1],
    )
    if folder := os.environ.get("SCREENSHOTS"):
        things.screenshot(path=f"{folder}/gallery-named.png")
