"""Choosing among a thousand labels by keyboard: found, new, and taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

N = 1000
SETUP = f"""
import nbalabel as nl

ds = nl.demo.reef("reef.nbal", n_images=12, n_labeled=8, n_test=2, size=192)
for k in range({N} - 4):
    ds.add_label(f"species {{k}}")
for name in ("Père cœur", "rock cod", "cod"):
    ds.add_label(name)
ws = nl.Workspace(ds)
first = int(ds.instances.index[0])
ws.selection.active = ("instances", first)
"""
CELLS = [
    "editor = nl.Editor(ws, height=460); editor",
    "table = nl.Table(ws, of='instances', height=300); table",
    "gallery = nl.Gallery(ws, of='instances', height=320); gallery",
]
PICKER = ".nbl-popover .nbl-labels"
TOOK = "name => performance.getEntriesByName(name).map(({duration}) => duration)"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), [SETUP, *CELLS], height=1900) as opened:
        opened.page.locator(".nbl-edit-rail button").first.wait_for(timeout=60_000)
        wait(lambda: opened.page.locator(".nbl-viewer-row.nbl-active").count() == 1)
        settled(opened)
        yield opened


def label(book: Notebook) -> str:
    return str(book.value("str(ds.instances.label.loc[first])"))


def active(book: Notebook) -> str:
    return book.page.locator(f'{PICKER} [role="option"][aria-selected="true"]').inner_text()


def test_a_label_of_a_thousand_is_found_by_its_letters_and_given_by_enter(book: Notebook) -> None:
    page = book.page
    page.locator(".nbl-viewer-stage").click(position={"x": 3, "y": 3})
    book.run("ws.selection.active = ('instances', first)")
    settled(book)
    page.keyboard.press("Shift+L")
    wait(lambda: page.evaluate("document.activeElement.getAttribute('role')") == "combobox")
    assert page.locator(f'{PICKER} [role="option"]').count() < 30
    page.keyboard.type("pere")
    wait(lambda: "Père cœur" in active(book))
    page.keyboard.press("Enter")
    wait(lambda: label(book) == "Père cœur")
    assert page.evaluate("document.activeElement.dataset.view") == "viewer"
    page.keyboard.press("Shift+L")
    wait(lambda: "Père cœur" in active(book))  # used last: listed first
    page.keyboard.press("Escape")
    assert page.locator(PICKER).count() == 0


def test_a_new_label_is_made_by_enter_and_undone_in_two_steps(book: Notebook) -> None:
    page = book.page
    labels = book.value("len(ds.labels)")
    page.keyboard.press("Shift+L")
    page.keyboard.type("sea bass")
    wait(lambda: "create" in active(book))
    page.keyboard.press("Enter")
    wait(lambda: label(book) == "sea bass")
    assert book.value("len(ds.labels)") == labels + 1
    settled(book)
    page.keyboard.press("Control+z")
    wait(lambda: label(book) == "Père cœur")
    page.keyboard.press("Control+z")
    wait(lambda: book.value("len(ds.labels)") == labels)


def test_a_label_gets_another_color_from_the_list_and_the_views_show_it(book: Notebook) -> None:
    page = book.page
    page.keyboard.press("Shift+L")
    page.keyboard.type("rock cod")
    wait(lambda: "rock cod" in active(book))
    page.locator(f"{PICKER} input[type=color]").fill("#aa0000")
    book.until("ds.ontology.labels['rock cod'].color", "#aa0000")
    swatch = page.locator(f'{PICKER} [aria-selected="true"] .nbl-swatch')
    wait(lambda: swatch.evaluate("one => one.style.background") == "rgb(170, 0, 0)")
    page.keyboard.press("Escape")
    wait(lambda: page.locator(PICKER).count() == 0)
    assert page.evaluate("document.activeElement.dataset.view") == "viewer"


@pytest.mark.parametrize("view", ["table", "gallery"])
def test_picked_rows_get_a_label_that_was_not_there_before(book: Notebook, view: str) -> None:
    page = book.page
    name = f"new in {view}"
    rows = page.locator(f'[data-view="{view}"] .nbl-grid')
    rows.scroll_into_view_if_needed()
    rows.click(position={"x": 60, "y": 60})
    settled(book)
    page.keyboard.press("Space") if view == "table" else None
    page.keyboard.press("l")
    wait(lambda: page.locator(PICKER).count() == 1)
    page.keyboard.type(name)
    wait(lambda: "create" in active(book))
    page.keyboard.press("Enter")
    wait(lambda: book.value(f"int((ds.instances.label == {name!r}).sum())") == 1)


def test_a_cell_of_the_label_column_opens_the_list_at_the_cell(book: Notebook) -> None:
    page = book.page
    book.run("ws.selection.clear()")
    settled(book)
    cell = page.locator('[data-view="table"] .nbl-td[data-kind]').filter(has_text="fish").first
    cell.dblclick()
    wait(lambda: page.locator(PICKER).count() == 1)
    page.keyboard.type("rock")
    wait(lambda: "rock cod" in active(book))
    page.keyboard.press("Enter")
    book.until("int((ds.instances.label == 'rock cod').sum())", 1)


def test_a_hidden_label_is_not_hit_by_the_pointer_and_the_legend_counts_its_masks(book: Notebook) -> None:
    page = book.page
    book.run("ws.selection.clear(); ws.selection.active = ('instances', first)")
    stage = page.locator(".nbl-viewer-stage")
    stage.scroll_into_view_if_needed()
    page.locator(".nbl-viewer-list-foot").click()
    settled(book)
    page.locator('[data-view="viewer"]').focus()
    page.keyboard.press("z")
    settled(book)
    area, over = still(stage), page.locator(".nbl-viewer-over")
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    wait(lambda: over.is_visible() and label(book) in over.inner_text())
    page.keyboard.press("Alt+h")
    legend = page.locator(".nbl-viewer-legend")
    n = book.value("int(ds.instances.groupby(['image_id', 'label'], observed=True).transform('size')[first])")
    wait(lambda: f"{n} hidden" in legend.inner_text())
    page.mouse.move(x + 1, y)
    wait(lambda: not over.is_visible() or label(book) not in over.inner_text())
    legend.locator("button", has_text="hidden").click()
    page.mouse.move(x, y)
    wait(lambda: over.is_visible() and label(book) in over.inner_text())


def test_the_page_measures_how_long_opening_and_finding_take(book: Notebook) -> None:
    """What docs and changelog say of it is read from here: ``performance.getEntriesByName(...)``."""
    for name in ("nbl:labels:open", "nbl:labels:find"):
        assert book.page.evaluate(TOOK, name), name
