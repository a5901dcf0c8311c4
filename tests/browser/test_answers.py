"""The questions of the ontology by keys: in the editor, one after the other in a review, and in bulk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .notebook import Notebook, notebook, settled, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl

ds = nl.demo.reef("reef.nbal", n_images=10, n_labeled=6, n_test=2, size=192)
cod = [int(i) for i in ds.instances.index[:3]]
ds.add_label("cod")
ds.set(cod, label="cod", status="verified")
ds.define("cod", parent="animal", key=";", text="By the barbel.", right=cod[1:2])
ds.ask("sex", options=["f", "m", "unsure"], where="label == 'cod'", required=True)
ds.ask("ripe", kind="yes/no", where="sex == 'f'", required=True)
ds.ask("length", kind="number", unit="cm", low=0, high=200)
ds.ask("weather", of="images", options=["sun", "fog"], required=True)
ws = nl.Workspace(ds)
ws.selection.active = ("instances", cod[0])
"""
CELLS = [
    "editor = nl.Editor(ws, height=480); editor",
    "review = nl.Review(ds, ds.unanswered(), height=520); review",
    "scatter = nl.Scatter(ws, x='area', y='w', of='instances', color='sex', height=360); scatter",
]
AT = "document.activeElement.closest('.nbl-field')?.dataset.name ?? ''"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), [SETUP, *CELLS], height=2000) as opened:
        opened.page.locator(".nbl-edit-rail button").first.wait_for(timeout=60_000)
        settled(opened)
        yield opened


def at(book: Notebook, name: str) -> None:
    """Wait until a question has the keys."""
    wait(lambda: book.page.evaluate(AT) == name, otherwise=lambda: f"at {book.page.evaluate(AT)!r}")


def answer(book: Notebook, row: int, name: str) -> str:
    return str(book.value(f"str(ds.instances[{name!r}].loc[cod[{row}]])"))


def test_questions_of_the_active_instance_are_answered_by_keys_and_taken_back(book: Notebook) -> None:
    page = book.page
    page.locator('[data-view="viewer"]').focus()
    page.keyboard.press("Shift+Q")
    at(book, "sex")
    page.keyboard.press("1")
    at(book, "ripe")  # asked because of that answer
    page.keyboard.press("1")
    at(book, "length")
    page.keyboard.type("300")
    page.keyboard.press("Enter")
    wrong = page.locator('[data-view="viewer"] .nbl-field-error:visible')
    wait(lambda: "at most 200 cm" in " ".join(wrong.all_inner_texts()))
    assert page.evaluate("document.activeElement.value") == "300"
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    book.until("float(ds.instances.length.loc[cod[0]])", 30.0)
    assert (answer(book, 0, "sex"), answer(book, 0, "ripe")) == ("f", "True")
    at(book, "weather")
    page.keyboard.press("2")
    book.until("int(ds.images.weather.notna().sum())", 1)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.view") == "viewer"
    settled(book)
    page.keyboard.press("Control+z")
    book.until("int(ds.images.weather.notna().sum())", 0)
    page.keyboard.press("Control+z")
    book.until("bool(ds.instances.length.isna().all())", True)


def test_one_key_makes_an_example_and_the_definition_shows_it(book: Notebook) -> None:
    page = book.page
    page.locator('[data-view="viewer"]').focus()
    page.keyboard.press("Shift+T")
    panel = page.locator('[data-view="viewer"] .nbl-definition')
    wait(lambda: panel.locator(".nbl-example").count() == 1)
    assert "By the barbel." in panel.inner_text()
    page.keyboard.press("Alt+x")
    book.until("ds.ontology.labels['cod'].right == (cod[1], cod[0])", True)
    wait(lambda: panel.locator(".nbl-example img").count() == 2)
    page.keyboard.press("Alt+Shift+X")
    book.until(
        "(ds.ontology.labels['cod'].right, ds.ontology.labels['cod'].wrong) == ((cod[1],), (cod[0],))", True
    )
    page.keyboard.press("Shift+T")
    wait(lambda: panel.count() == 0)


def test_a_review_of_what_is_unanswered_asks_one_question_after_the_other(book: Notebook) -> None:
    page = book.page
    view = page.locator('[data-view="review"]')
    book.run("ds.give_answer(cod, 'ripe', None); ds.give_answer(cod, 'sex', None)")
    settled(book)
    assert view.locator(".nbl-field").count() >= 2  # the form is there already
    view.focus()
    page.keyboard.press("1")
    book.until("int(ds.instances.sex.notna().sum())", 1)
    at(book, "ripe")
    page.keyboard.press("2")
    book.until("bool(ds.instances.ripe.loc[cod[0]])", False)
    title = view.locator('.nbl-part[data-of="instances"] .nbl-part-title')
    wait(lambda: title.inner_text() == f"cod {book.value('cod[1]')}")
    at(book, "sex")
    page.keyboard.press("2")
    book.until("str(ds.instances.sex.loc[cod[1]])", "m")
    wait(lambda: title.inner_text() == f"cod {book.value('cod[2]')}")
    at(book, "sex")
    page.keyboard.press("2")
    book.until("len(review.left)", 0)
    wait(lambda: "All 3 instances reviewed" in view.inner_text())


def test_what_a_scatter_selects_is_answered_at_once_after_a_look_at_some(book: Notebook) -> None:
    page = book.page
    book.run("ds.give_answer(cod, 'sex', None); ws.select(ds.instances.loc[cod])")
    settled(book)
    view = page.locator('[data-view="scatter"]')
    view.scroll_into_view_if_needed()
    view.focus()
    page.keyboard.press("q")
    at(book, "sex")
    page.keyboard.press("3")
    sure = view.locator(".nbl-actions button", has_text="Answer 3")
    sure.wait_for()
    assert view.locator(".nbl-sample figure").count() == 3
    wait(lambda: "Answer 3" in page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Enter")
    book.until("int((ds.instances.sex == 'unsure').sum())", 3)
    view.locator(".nbl-actions button", has_text="Undo").click()
    book.until("int(ds.instances.sex.notna().sum())", 0)


def test_a_label_is_given_by_its_own_key(book: Notebook) -> None:
    page = book.page
    book.run("other = int(ds.instances.index[5]); ws.clear(); ws.selection.active = ('instances', other)")
    settled(book)
    page.locator('[data-view="viewer"]').focus()
    page.keyboard.press(";")
    book.until("str(ds.instances.label.loc[other])", "cod")
