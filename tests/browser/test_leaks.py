"""Closing a view frees what it held in the browser: counted by the browser itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import CDPSession

from .notebook import Notebook, notebook, wait

pytestmark = pytest.mark.browser

SETUP = """
import ipywidgets
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=40, n_labeled=12, n_test=6, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
box = ipywidgets.VBox()
box
"""
ROUNDS = 5


def counted(session: CDPSession) -> tuple[int, int]:
    """Nodes and listeners that are still alive after the garbage was collected."""
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    counters = session.send("Memory.getDOMCounters")
    return counters["nodes"], counters["jsEventListeners"]


def open_and_close(book: Notebook, view: str, shows: str) -> None:
    book.run(f"view = {view}; box.children = [view]")
    book.page.locator(f".nbl {shows}").first.wait_for(timeout=30_000)
    book.run("box.children = []; view.close()")
    wait(lambda: book.page.locator(".nbl").count() == 0)


@pytest.mark.parametrize(
    ("view", "shows"),
    [
        ("nl.Scatter(ws, x='n_predictions', y='turbidity', height=260)", "canvas"),
        ("nl.Table(ws, of='predictions', height=260)", ".nbl-tr:not(.nbl-wait)"),
        ("nl.Viewer(ws, height=300)", "canvas"),
        ("nl.Editor(ws, height=300)", ".nbl-edit-rail button"),
        ("nl.Gallery(ws, of='predictions', height=300)", "img, canvas"),
        ("nl.Review(ws, run.predictions, height=340)", "canvas"),
    ],
)
def test_closing_a_view_frees_its_nodes_and_listeners(tmp_path: Path, view: str, shows: str) -> None:
    with notebook(tmp_path, [SETUP], width=1100, height=1100) as book:
        session = book.page.context.new_cdp_session(book.page)
        for _ in range(2):  # what is made once and kept, is made by now
            open_and_close(book, view, shows)
        grown = kept(book, session, view, shows)
        # JupyterLab makes some things of its own late, once; a view that leaks leaks again.
        if not few(grown):
            grown = kept(book, session, view, shows)
    assert few(grown)


def kept(book: Notebook, session: CDPSession, view: str, shows: str) -> tuple[int, int]:
    """Nodes and listeners that are more after some rounds than before."""
    before = counted(session)
    for _ in range(ROUNDS):
        open_and_close(book, view, shows)
    after = counted(session)
    return after[0] - before[0], after[1] - before[1]


def few(grown: tuple[int, int]) -> bool:
    """A view has hundreds of nodes; JupyterLab itself keeps a few an update."""
    nodes, listeners = grown
    return nodes < 40 * ROUNDS and listeners < 5 * ROUNDS
