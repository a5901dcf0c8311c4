"""Verifying by keyboard in JupyterLab: what the keys say is in the propagation, also when the kernel dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nbalabel as nl

from .notebook import Notebook, notebook, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=80, n_labeled=12, n_test=4, size=96)
run = nl.demo.simulated_run(ds)
p = nl.propagate(run, strategy="paper", n_samples=8, min_area=0)
"""
VERIFY = "view = nl.Verify(p, annotator='anna'); view"
STEPS = """() => {
    window.steps = [];
    new PerformanceObserver(list => {
        for (const { name, duration } of list.getEntries())
            if (name.startsWith("nbl:verify:")) window.steps.push([name, duration]);
    }).observe({ entryTypes: ["measure"] });
}"""


def open_verify(book: Notebook) -> Any:
    """The view, its masks there and the instructions away, with the keyboard."""
    view = book.page.locator('.nbl[aria-label="Verify"]').last
    view.locator(".nbl-verify-card canvas").first.wait_for(timeout=30_000)
    view.focus()
    if view.locator(".nbl-verify-intro").is_visible():
        book.page.keyboard.press("Enter")
    wait_for_masks(view)
    return view


def wait_for_masks(view: Any) -> None:
    """Until the masks of the page can be answered."""
    wait(lambda: view.locator('[data-act="Yes"]').is_enabled())
    wait(lambda: view.locator('.nbl-verify-card[aria-busy="true"]').count() == 0)


def answers(book: Notebook) -> list[bool]:
    """What somebody who goes by the score would say of the open question."""
    return list(book.value("[bool(s > 0.55) for s in run.predictions.loc[p.ask().ids, 'score']]"))


def type_answers(book: Notebook, said: list[bool]) -> None:
    """As few keys as it takes: all yes and the exceptions, or one by one."""
    keyboard = book.page.keyboard
    if said.count(False) > 2:
        for one in said:
            keyboard.press("y" if one else "n")
        return
    keyboard.press("a")
    at = 0
    for place, one in enumerate(said):
        if not one:
            for _ in range(place - at):
                keyboard.press("ArrowRight")
            keyboard.press("n")
            at = min(place + 1, len(said) - 1)


def test_a_propagation_is_answered_by_keyboard_alone(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, VERIFY]) as book:
        view = open_verify(book)
        book.page.evaluate(STEPS)
        told = []
        while book.value("p.ask() is not None"):
            said = answers(book)
            number = book.value("p.ask().number")
            view.locator(f'.nbl-verify-card[aria-setsize="{len(said)}"]').nth(len(said) - 1).wait_for()
            wait_for_masks(view)
            type_answers(book, said)
            view.locator(".nbl-verify-count", has_text="0 open").wait_for()
            if number == 1:  # taken back, and told again as it was
                book.page.keyboard.press("Enter")
                book.until("p.propagation.progress().n_questions", 2)
                wait(lambda: view.locator('[data-act="Yes"]').is_enabled())
                book.page.keyboard.press("u")
                book.until("p.propagation.progress().n_questions", 1)
                view.locator(".nbl-verify-count", has_text="0 open").wait_for()
            book.page.keyboard.press("Enter")
            book.until("p.progress().n_questions", number + 1)
            told.append(said)
        assert len(told) >= 2
        view.locator(".nbl-verify-done").wait_for()
        assert book.value("p.n_answers") == sum(len(said) for said in told)
        assert book.value("str(view.last_error)") == "None"
        assert book.value("p.progress().seconds > 0")
        accepted = book.value("len(p.accepted)")
        assert accepted > 10
        assert f"{accepted} masks accepted" in view.locator(".nbl-verify-done").inner_text()
        book.run("again = nl.propagate(run, strategy='paper', n_samples=8, min_area=0, journal=False)")
        for said in told:
            book.run(f"again.tell(again.ask(), {said})")
        assert book.value("again.accepted.index.equals(p.accepted.index)")
        code = view.locator(".nbl-verify-cell input").first.input_value()
        before = book.value("len(ds.instances)")
        book.run(code)
        assert book.value("len(ds.instances)") > before
        steps = book.page.evaluate("() => window.steps")
        assert {"nbl:verify:step", "nbl:verify:next"} <= {name for name, _ in steps}  # benchmarks/verify.py


def test_a_busy_kernel_gets_the_answers_when_it_is_free(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, VERIFY]) as book:
        view = open_verify(book)
        n = book.value("len(p.ask().ids)")
        book.start("import time\nwith view.lock: time.sleep(4)")
        for key in ("n", "n", "n", "n", "a", "Enter", "y", "y"):  # the last two are for nobody
            book.page.keyboard.press(key)
        view.get_by_text(f"{n} answers pending").wait_for()
        assert view.locator('[data-act="Yes"]').is_disabled()
        view.locator(".nbl-verify-pending:empty").wait_for(state="attached", timeout=20_000)
        book.until("p.n_answers", n)
        view.locator(".nbl-verify-count", has_text="✓ 0").wait_for()


def test_what_a_cell_answers_shows_in_the_view(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, VERIFY]) as book:
        view = open_verify(book)
        book.page.keyboard.press("y")
        book.run("p.tell(p.ask(), [True] * len(p.ask().ids))")
        gained = book.value("len(p.accepted)")
        view.get_by_text(f"{gained} masks gained").wait_for()
        book.run("p.undo()")
        view.get_by_text("0 masks gained").wait_for()


def test_a_reload_keeps_what_is_not_told_and_a_killed_kernel_what_is(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, VERIFY]) as book:
        view = open_verify(book)
        for key in ("n", "n", "n", "n", "a", "Enter"):  # half of them: the cluster is split
            book.page.keyboard.press(key)
        book.until("p.progress().n_questions", 1)
        wait(lambda: view.locator('[data-act="Yes"]').is_enabled())
        view.locator('.nbl-verify-card[data-answer="null"]').first.wait_for()
        wait_for_masks(view)
        for key in ("y", "n"):
            book.page.keyboard.press(key)
        book.until("sum(one is not None for one in next(iter(view._drafts.values())))", 2)
        file = tmp_path / "story.ipynb"
        before = file.stat().st_mtime_ns
        book.page.keyboard.press("Control+s")
        wait(lambda: file.stat().st_mtime_ns != before)
        book.page.goto(book.page.url.split("?")[0])
        view = open_verify(book)
        wait(lambda: view.locator('.nbl-verify-card[data-answer="false"]').count() == 1)
        assert view.locator('.nbl-verify-card[data-answer="true"]').count() == 1
        name, open_ids = book.value("p.id"), book.value("p.ask().ids.tolist()")
        book.start("import os; os._exit(1)")
        view.get_by_text("kernel restarted or is gone").wait_for(timeout=60_000)
        assert view.locator('[data-act="Next"]').is_disabled()
        book.client.stop_channels()
    with nl.open(tmp_path / "reef.nbal") as ds:
        run = nl.demo.simulated_run(ds)
        p = nl.propagate(run, strategy="paper", n_samples=8, min_area=0)
        assert (p.id, p.ask().ids.tolist(), p.progress().n_questions) == (name, open_ids, 1)
