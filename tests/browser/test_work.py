"""Two annotators and a reviewer at one queue in JupyterLab, to the end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
rows = ds.images.iloc[:5]
ds.mark_empty(rows.index[rows.state == "unlabeled"])
ds.commit("five images that may be sent as they are")
q = nl.Queue(ds, rows, review=True)
"""


def opened(book: Notebook, at: int) -> tuple[Any, Any]:
    """Line and editor of a place, when its image is there."""
    place = book.page.locator(".widget-vbox:has(.nbl-work)").nth(at)
    line, view = place.locator(".nbl-work"), place.locator(".nbl:not(.nbl-work)")
    line.locator(".nbl-work-what").get_by_text("Label this image").wait_for(timeout=30_000)
    view.locator("canvas").first.wait_for()
    return line, view


def draw(book: Notebook, view: Any, at: float = 0.45) -> None:
    """A box with the mouse, at this part of the picture's width and height."""
    view.focus()
    book.page.keyboard.press("r")
    box = still(view.locator("canvas").first)
    x, y = box["x"] + box["width"] * at, box["y"] + box["height"] * at
    book.page.mouse.move(x, y)
    book.page.mouse.down()
    book.page.mouse.move(x + 30, y + 30, steps=3)
    book.page.mouse.up()


def send(book: Notebook, place: str, line: Any, view: Any) -> None:
    """Send the answer to the task of a place; a key pressed while the last one is on its way does nothing."""
    now = book.value(f"{place}.task.job")
    ready = line.locator("button:is([data-act=send], [data-act=accept]):not([hidden])").first
    changed = f"{place}.task is None or {place}.task.job != {now}"
    for _ in range(8):
        wait(ready.is_enabled)
        view.focus()
        book.page.keyboard.press("Control+Enter")
        with suppress(AssertionError):
            return book.until(changed, True, seconds=5)
    raise AssertionError(f"task {now} of {place} is not sent")


def test_two_annotators_and_a_reviewer_work_through_a_queue(tmp_path: Path) -> None:
    cells = [SETUP, 'ana = nl.Work(q, "ana", height=420); ana', 'bo = nl.Work(q, "bo", height=420); bo']
    with notebook(tmp_path, cells, height=1700) as book:
        line, view = opened(book, 0)
        below, other = opened(book, 1)
        first = book.value("ana.task.image_id")
        before = book.value("len(ana.draft.instances)")
        draw(book, view)
        book.until("len(ana.draft.instances)", before + 1)
        book.page.keyboard.press("Control+Enter")
        book.until("q.answers()[0].image", first)
        book.until(f"ana.task.image_id != {first}", True)
        settled(book)
        assert view.evaluate("view => view === document.activeElement")  # on with the keyboard
        assert book.value("bool(q.answers()[0].seconds > 0)")

        line.get_by_role("button", name="Skip").click()
        line.get_by_label("Why do you skip it?").fill("blurred")
        book.page.keyboard.press("Enter")
        book.until("int(q.table['skipped'].sum())", 1)
        settled(book)
        for _ in range(6):
            if book.value("ana.task is None"):
                break
            send(book, "ana", line, view)
        line.get_by_text("Nothing for you at the moment").wait_for()

        while book.value("bo.task is not None"):
            send(book, "bo", below, other)
            book.run("bo.look()")
        assert book.value("q.progress().review") == 5

        assert book.value("ds.collect(q).n_waiting") == 5
        book.run("eva = nl.Work(q, 'eva', review=True)\nwhile eva.task is not None: eva.decide('approve')")
        assert book.value("[(len(c), c.n_already) for c in [ds.collect(q)]]") == [(1, 4)]
        assert book.value("ds.log()['origin'].iloc[0]") == "ana"
        assert book.value("bool(nl.people(q).table.loc['ana', 'hours'] > 0)")
        line.get_by_text("Everything is done").wait_for(timeout=20_000)


HOST = """
import nbalabel as nl
from nbalabel.data.queue import leases
leases.AT_FIRST = 4.0                   # who leaves this kernel alone soon loses what they hold
ds = nl.demo.reef("../reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
rows = ds.images.iloc[:5]
ds.mark_empty(rows.index[rows.state == "unlabeled"])
ds.commit("five images that may be sent as they are")
q = nl.Queue(ds, rows, review=True)
"""
GUEST = """
import nbalabel as nl
ds = nl.open("../reef.nbal")
q = nl.Queue(ds, name="queue")
"""


def test_two_browsers_and_two_kernels_work_through_one_queue_with_a_lost_lease_and_a_rework(
    tmp_path: Path,
) -> None:
    for name in ("host", "guest"):
        (tmp_path / name).mkdir()
    mine = [
        HOST,
        'ana = nl.Work(q, "ana", height=420); ana',
        'check = nl.Work(q, "ana", review=True, height=420); check',
    ]
    theirs = [GUEST, 'bo = nl.Work(q, "bo", height=420); bo']
    with (
        notebook(tmp_path / "host", mine, height=1700) as a,
        notebook(tmp_path / "guest", theirs) as b,
    ):
        assert a.value("__import__('os').getpid()") != b.value("__import__('os').getpid()")
        line, view = opened(a, 0)
        lost = a.value("ana.task.image_id")
        before = a.value("len(ana.draft.instances)")
        draw(a, view)
        a.until("len(ana.draft.instances)", before + 1)

        # Ana goes away with her answer unsent. Bo gets what she held, too.
        below, other = opened(b, 0)
        done: set[int] = set()
        while len(done) < 5:
            b.until("bo.look() or bo.task is not None", True, seconds=40)
            done.add(b.value("bo.task.image_id"))
            while b.value("bo.task is not None"):
                send(b, "bo", below, other)
            done |= set(b.value("[one.image for one in q.answers()]"))
        assert lost in done

        # Her late answer is one more opinion, and her line says so.
        view.focus()
        a.page.keyboard.press("Control+Enter")
        line.get_by_text("Others were faster: your answer is kept as one more opinion.").wait_for()
        assert a.value(
            f"sorted((one.annotator, one.late) for one in q.answers() if one.image == {lost})"
        ) == [
            ("ana", True),
            ("bo", False),
        ]

        # Ana looks at bo's answers. The second goes back with a comment about a place.
        a.run("check.look()")
        place = a.page.locator(".widget-vbox:has(.nbl-work)").nth(1)
        asks, seen = place.locator(".nbl-work"), place.locator(".nbl:not(.nbl-work)")
        asks.get_by_text("Check what bo answered").wait_for(timeout=30_000)
        settled(a)
        first = a.value("check.task.job")
        seen.focus()
        a.page.keyboard.press("Control+Enter")
        a.until(f"check.task.job != {first}", True)
        settled(a)
        back = a.value("check.task.image_id")
        assert back != lost
        asks.get_by_role("button", name="Send back").click()
        asks.get_by_label("What is to be done?").fill("one is missing here")
        box = still(seen.locator("canvas").first)
        a.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        asks.get_by_text("About the place at 48, 48").wait_for()
        assert seen.locator(".nbl-viewer-spot").is_visible()
        asks.get_by_role("button", name="Send back", exact=True).last.click()
        a.until("q.progress().rework", 1)

        # Bo sees where, draws it, and sends it again.
        b.until("bo.look() or bo.task is not None", True)
        theirs_line = b.page.locator(".nbl-work")
        theirs_line.locator(".nbl-work-thread").get_by_text("one is missing here").wait_for()
        b.page.locator(".nbl-viewer-spot").wait_for()
        assert b.value("(bo.task.step, bo.task.image_id)") == ("rework", back)
        settled(b)
        pin, canvas = still(b.page.locator(".nbl-viewer-spot")), still(other.locator("canvas").first)
        assert abs(pin["x"] + pin["width"] / 2 - canvas["x"] - canvas["width"] / 2) < 4
        n = b.value("len(bo.draft.instances)")
        draw(b, other, at=0.52)
        b.until("len(bo.draft.instances)", n + 1)
        b.page.keyboard.press("Control+Enter")
        b.until("bo.task is None", True)

        # All is accepted: bo's by ana in her browser, hers by bo.
        a.run("check.look()")
        while a.value("check.task is not None"):
            settled(a)
            while a.value("check.task is not None"):
                send(a, "check", asks, seen)
            a.run("check.look()")
        b.run("eva = nl.Work(q, 'bo', review=True)\nwhile eva.task is not None: eva.decide('approve')")
        assert a.value("q.progress().is_done")
        assert b.value("q.progress().is_done")

        # Nothing is lost: two opinions on one image, the rest is in the dataset, in both kernels.
        a.run("got = ds.collect(q)")
        assert a.value("(len(got), got.conflicts['why'].tolist())") == (1, ["opinions differ"])
        assert a.value("got.conflicts['image_id'].tolist()") == [lost]
        a.run("more = ds.collect(q, prefer='ana'); ds.commit('what the team answered')")
        assert a.value("[change.origin for change in [*got.changes, *more.changes]]") == ["bo", "ana"]
        b.run("ds.refresh()")
        assert b.value(f"'ana' in set(ds.instances.query('image_id == {lost}')['origin'])")
        assert b.value(f"'bo' in set(ds.instances.query('image_id == {back}')['origin'])")
