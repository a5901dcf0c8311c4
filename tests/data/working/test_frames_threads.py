"""What one thread assigns in a frame while another is in the middle of an operation is an edit all the same.

JupyterLab answers a view in a thread beside the one that runs cells: a cell's assignment can come at any
moment, and in the frame that the other thread is about to replace.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from nbalabel.core.errors import DataError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.working import working_copy as workingcopy


def in_another_thread(act: Callable[[], None]) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  # shown below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failed, failed


@contextlib.contextmanager
def while_waiting_for_the_disk(act: Callable[[], None]) -> Iterator[list[int]]:
    """Another thread acts each time something was written and synced, before the caller hears of it."""
    real, calls = os.fsync, list[int]()

    def slow(handle: int) -> None:
        real(handle)
        calls.append(handle)
        in_another_thread(act)

    with mock.patch("os.fsync", slow):
        yield calls
    assert calls, "the disk was never waited for"


def assigning(ds: Dataset) -> Callable[[], None]:
    """At each call, the image that comes last of those not yet taken gets the weight 50."""
    rows = iter(range(4, -1, -1))

    def assign() -> None:
        ds.images.loc[next(rows), "weight"] = 50

    return assign


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda ds: ds.set([0], "images", weight=7), [7, 1, 1, 1, 1]),
        (lambda ds: ds.undo(), [1, 1, 1, 1, 1]),
        (lambda ds: ds.discard(), [1, 1, 1, 1, 1]),
        (lambda ds: setattr(ds, "images", ds.images.assign(weight=2)), [2, 2, 2, 2, 2]),
        (lambda ds: ds.images.__setitem__("weight", 2) or ds.sync(), [2, 2, 2, 2, 2]),
        (lambda ds: ds.images.loc.__setitem__((0, "weight"), 7) or ds.sync(), [7, 1, 1, 1, 1]),
    ],
    ids=["set", "undo", "discard", "assign a frame", "sync a retyped column", "sync a cell"],
)
def test_an_assignment_while_an_edit_is_being_journaled_is_an_edit(ds, folder, operation, expected):
    ds.set([0], "images", weight=9)
    with while_waiting_for_the_disk(assigning(ds)) as calls:
        operation(ds)
    ds.sync()
    expected = expected[: 5 - len(calls)] + [50] * len(calls)
    assert ds.images["weight"].tolist() == expected
    ds.close()
    again = Dataset(folder)
    assert again.images["weight"].tolist() == expected
    again.close()


def test_assignments_during_a_commit_a_refresh_and_a_checkout_are_edits(ds, other_kernel):
    other = other_kernel()
    steps = {
        "commit": lambda: ds.commit("here"),
        "refresh": lambda: ds.refresh(),
        "checkout": lambda: ds.checkout("v1"),
    }
    for step, act in steps.items():
        other.checkout(ds.version_id, discard=True)
        other.set([0], "images", weight=len(other.versions) + 1)
        ds.set([1], "images", weight=len(other.versions) + 11)
        if step != "checkout":
            other.commit("elsewhere")
        else:
            ds.commit("before it")
        with while_waiting_for_the_disk(assigning(ds)) as calls:
            act()
        ds.sync()
        n = len(calls)
        assert ds.images["weight"].tolist()[-n:] == [50] * n, step
        ds.commit(f"what was assigned during {step}")
        ds.images["weight"] = 1
        ds.commit("as in the beginning")


def test_an_assignment_in_a_frame_fetched_before_it_was_replaced_is_an_edit(ds):
    """``ds.images.loc[...] = ...`` holds the frame alone for a moment; here that takes its time."""
    fetched, replaced = threading.Event(), threading.Event()

    def cell() -> None:
        frame = ds.images
        fetched.set()
        replaced.wait()
        frame.loc[4, "weight"] = 50

    thread = threading.Thread(target=cell)
    thread.start()
    fetched.wait()
    ds.set([0], "images", weight=7)
    ds.undo()
    ds.set([1], "images", weight=8)
    replaced.set()
    thread.join()
    ds.sync()
    assert ds.images["weight"].tolist() == [1, 8, 1, 1, 50]


def test_an_assignment_while_another_is_being_refused_is_an_edit_once_that_one_is_mended(ds):
    ds.images.loc[[0, 1], "weight"] = [7, -1]
    reading, assign = workingcopy.read_edits, assigning(ds)

    def slow(frames, state):
        try:
            return reading(frames, state)
        finally:
            in_another_thread(assign)

    with mock.patch.object(workingcopy, "read_edits", slow), pytest.raises(DataError, match="break it: 1"):
        ds.sync()
    ds.rejected_edit["images"].loc[1, "weight"] = 8
    ds.sync()
    assert ds.images["weight"].tolist() == [7, 8, 1, 1, 50]


def test_a_frame_that_another_thread_has_got_is_never_written_in(ds):
    """pandas is not made for two threads that write in one frame: a new one shows what became of it."""
    images = ds.images
    in_another_thread(lambda: ds.images.loc.__setitem__((4, "weight"), 50))
    images["weight"] = images["weight"].astype(int)
    ds.sync()
    assert images["weight"].dtype == int
    assert ds.images["weight"].dtype == "float32"
    images.loc[0, "weight"] = 7
    ds.sync()
    assert ds.images["weight"].tolist() == [7, 1, 1, 1, 50]
