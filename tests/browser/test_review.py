"""Reviewing by keyboard in JupyterLab: what the keys say is in the dataset, also when the kernel dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nbalabel as nl

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=60, n_labeled=8, n_test=4, size=96, by_species=True)
run = nl.demo.simulated_run(ds)
rows = run.predictions.query("not matched and iou < 0.1").drop_duplicates("image_id").head(24)
ws = nl.Workspace(ds, run)
"""
STEPS = """() => {
    window.steps = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries())
            if (entry.name === "nbl:review:step") window.steps.push(entry.duration);
    }).observe({ entryTypes: ["measure"] });
}"""


def open_review(book: Notebook) -> Any:
    """The view, when its first mask is there, with the keyboard."""
    view = book.page.locator('.nbl[aria-label="Review"]').last
    view.locator(".nbl-review-title b").wait_for(timeout=30_000)
    view.focus()
    return view


def press(book: Notebook, view: Any, key: str) -> None:
    """Press a key once the mask shown can be answered; wait until another one is."""
    accept = view.locator('[data-act="Accept"]')
    wait(lambda: accept.is_enabled(), 20)
    book.page.keyboard.press(key)


def test_twenty_are_reviewed_by_keyboard_alone_and_the_last_is_taken_back(tmp_path: Path) -> None:
    with notebook(
        tmp_path, [SETUP, 'review = nl.Review(ws, rows.head(21), annotator="anna"); review']
    ) as book:
        view = open_review(book)
        n = book.value("len(review.left)")
        assert n == 21
        before = book.value("(len(ds.instances), len(ds.rejected))")
        order = book.value("review.left.index.tolist()")
        label = book.value("review.left['label'].iloc[2]")
        digit = next(i for i, name in enumerate(book.value("ds.labels")) if name != label) + 1
        book.page.evaluate(STEPS)
        keys = ["m", "x", str(digit), "ArrowRight", *["Enter", "m", "x", "m"] * 4, "m"]
        for key in keys:
            press(book, view, key)
        assert len(keys) == n
        book.until("len(review.left)", 1)
        view.get_by_text("20 predictions reviewed, 1 skipped").wait_for()
        assert book.value("review.left.index.tolist()") == [order[3]]
        accepted, rejected = 15, 5
        assert book.value("(len(ds.instances), len(ds.rejected))") == (
            before[0] + accepted,
            before[1] + rejected + 1,
        )
        assert book.value("sorted(set(ds.log()['origin'].head(20).str.split(', ').str[0]))") == ["anna"]
        assert book.value("int(review.summary()['answers'].loc['anna'])") == 20
        book.page.keyboard.press("u")
        book.until("len(review.left)", 2)
        book.page.keyboard.press("Control+y")
        book.until("len(review.left)", 1)
        book.page.keyboard.press("Control+z")
        book.until("review.left.index.tolist()", [order[3], order[-1]])
        book.until("ws.selection.active", ("predictions", order[-1]))
        assert len(book.page.evaluate("() => window.steps")) >= 20  # benchmarks/edit.py times them


def test_a_refused_answer_says_why_and_comes_back(tmp_path: Path) -> None:
    cells = [SETUP, 'nl.Review(ws, run.query("matched").head(3), annotator="anna")']
    with notebook(tmp_path, cells) as book:
        view = open_review(book)
        first = view.locator(".nbl-review-facts").inner_text()
        press(book, view, "m")
        view.get_by_text("overlapped an instance").wait_for()
        wait(lambda: view.locator(".nbl-review-facts").inner_text() == first)
        before = book.value("len(ds.instances)")
        press(book, view, "Shift+M")
        book.until("len(ds.instances)", before + 1)


def test_a_busy_kernel_gets_the_answers_when_it_is_free(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, "review = nl.Review(ws, rows); review"]) as book:
        view = open_review(book)
        press(book, view, "m")
        book.until("len(review.left)", len(range(24)) - 1)
        view.locator(".nbl-review-pending:empty").wait_for(state="attached")
        settled(book)  # the next masks have come
        book.start("import time\nwith ws.lock: time.sleep(4)")
        for key in ("m", "x", "m"):
            press(book, view, key)
        view.get_by_text("3 pending").wait_for()
        view.locator(".nbl-review-pending:empty").wait_for(state="attached", timeout=20_000)
        assert book.value("len(review.left)") == 20


def test_a_killed_kernel_loses_no_answer(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, "review = nl.Review(ws, rows); review"]) as book:
        view = open_review(book)
        for key in ("m", "x", "m", "m", "x"):
            press(book, view, key)
        view.locator(".nbl-review-pending:empty").wait_for(state="attached")
        wait(lambda: view.locator(".nbl-review-place").inner_text().startswith("5 "))
        book.until("len(review.left)", 19)
        left = book.value("review.left.index.tolist()")
        book.start("import os; os._exit(1)")
        view.get_by_text("kernel restarted or is gone").wait_for(timeout=60_000)
        assert view.locator('[data-act="Accept"]').is_disabled()
        book.client.stop_channels()
    with pytest.warns(nl.errors.RecoveryWarning, match="5 uncommitted changes"):
        ds = nl.open(tmp_path / "reef.nbal")
    with ds:
        run = nl.demo.simulated_run(
            nl.demo.reef(tmp_path / "same.nbal", n_images=60, n_labeled=8, n_test=4, size=96, by_species=True)
        )
        rows = run.predictions.query("not matched and iou < 0.1").drop_duplicates("image_id").head(24)
        review = nl.Review(nl.Workspace(ds, run), rows)
        assert review.left.index.tolist() == left
        assert int(review.summary()["answers"].sum()) == 5


def test_a_mask_is_mended_in_place_and_counts_as_accepted(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, "review = nl.Review(ws, rows); review"]) as book:
        view = open_review(book)
        shown = book.value("review.left.index.tolist()")[0]
        n = book.value("len(ds.instances)")
        press(book, view, "e")
        editor = view.locator('.nbl[aria-label="Viewer"]')
        editor.locator(".nbl-edit-rail button").first.wait_for(timeout=20_000)
        wait(lambda: book.value("ws.selection.active") == ("predictions", shown))
        stage = still(editor.locator(".nbl-viewer-stage"))
        editor.focus()
        book.page.keyboard.press("b")
        for share in (0.4, 0.6):  # the second stroke is on the instance that the first one made
            mouse = book.page.mouse
            mouse.move(stage["x"] + stage["width"] * 0.45, stage["y"] + stage["height"] * share)
            mouse.down()
            mouse.move(stage["x"] + stage["width"] * 0.55, stage["y"] + stage["height"] * share, steps=5)
            mouse.up()
        book.until("ds.next_undo.note.startswith('reshaped')", True)
        assert book.value("len(ds.instances)") == n + 1
        assert book.value("str(ds.instances.source.iloc[-1])") == "human"
        book.page.keyboard.press("Control+Enter")
        editor.wait_for(state="detached", timeout=5_000)
        book.until(f"{shown} in review.left.index", False)


def test_suspects_are_asked_about_by_their_chance_which_each_answer_changes(tmp_path: Path) -> None:
    setup = SETUP.replace("n_labeled=8", "n_labeled=50") + "found = nl.suspects(ds, run)\n"
    with notebook(tmp_path, [setup, 'review = nl.Review(ws, found, annotator="anna"); review']) as book:
        view = open_review(book)
        facts = view.locator(".nbl-review-facts")
        first = book.value("found.instances().index[:3].tolist()")
        wait(lambda: facts.locator('dd[data-fact="id"]').inner_text() == str(first[0]))
        assert facts.locator('dd[data-fact="chance"]').is_visible()
        press(book, view, "x")
        press(book, view, "x")
        book.until("len(review.suspects.answers)", 2)
        wait(lambda: view.locator(".nbl-review-pending").inner_text() == "")
        shown = int(facts.locator('dd[data-fact="id"]').inner_text())
        wanted = [i for i in book.value("review.left.index[:4].tolist()") if i != shown]
        settled(book)
        press(book, view, "m")
        wait(lambda: int(facts.locator('dd[data-fact="id"]').inner_text()) == wanted[0])


CORRECTED = """
import nbalabel as nl, numpy as np
from nbalabel.core.geometry.masks import rle
ds = nl.demo.reef("reef.nbal", n_images=60, n_labeled=50, n_test=4, size=96, by_species=True)
run = nl.demo.simulated_run(ds)
rows = ds.instances.index[::7]
grown = [rle.encode(np.roll(rle.decode(m, 96, 96), 6, 1)) for m in ds.instances["mask"][rows]]
ds.set(rows, mask=grown)
found = nl.suspects(ds, run.matched_to(ds))
"""


def test_c_takes_the_dashed_outline_and_u_gives_the_old_one_back(tmp_path: Path) -> None:
    with notebook(tmp_path, [CORRECTED, 'review = nl.Review(ds, found, annotator="anna"); review']) as book:
        view = open_review(book)
        button = view.locator('[data-act="Correct"]')
        shown = view.locator('.nbl-review-facts dd[data-fact="id"]')

        def outline() -> bool:
            return button.is_enabled() and "outline" in button.inner_text()

        for _ in range(20):  # until one whose outline would change
            wait(lambda: view.locator('[data-act="Accept"]').is_enabled())
            if outline():
                break
            book.page.keyboard.press("ArrowRight")
            settled(book)
        assert outline()
        assert view.locator(".nbl-review-dashes").is_visible()
        item = int(shown.inner_text())
        before = book.value(f"ds.instances.at[{item}, 'mask']")
        pictures = [view.locator(".nbl-review-canvas").evaluate("canvas => canvas.toDataURL()")]
        book.page.keyboard.press("o")  # without outlines there are no dashes
        settled(book)
        pictures.append(view.locator(".nbl-review-canvas").evaluate("canvas => canvas.toDataURL()"))
        assert pictures[0] != pictures[1]
        book.page.keyboard.press("o")
        press(book, view, "c")
        book.until(f"ds.instances.at[{item}, 'mask'] == {before!r}", False)
        assert book.value("ds.log()['origin'].iloc[0]") == book.value("f'anna, {found.id}'")
        wait(lambda: shown.inner_text() != str(item))
        wait(lambda: "1" in view.locator(".nbl-review-tally.nbl-review-corrected").inner_text())
        book.page.keyboard.press("u")
        book.until(f"ds.instances.at[{item}, 'mask'] == {before!r}", True)
        wait(lambda: shown.inner_text() == str(item))
