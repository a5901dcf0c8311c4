"""Ctrl-C and other exceptions at moments that matter: what was acknowledged stays, and what comes after."""

import os
import shutil
import signal
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.disk.interrupts import allowed, deferred
from nbalabel.data.disk.locking import OutermostLock
from nbalabel.data.store import storage
from nbalabel.data.store.head_log import HeadLog
from nbalabel.data.store.journal import Journal


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


@contextmanager
def once(owner: type, name: str, *, act=ctrl_c, after: bool = False):
    """Act the first time a method is called, before it or after it."""
    real, left = getattr(owner, name), [1]

    def interrupted(*args, **kwargs):
        if left and not after:
            left.pop()
            act()
        result = real(*args, **kwargs)
        if left:
            left.pop()
            act()
        return result

    with mock.patch.object(owner, name, interrupted):
        yield
    assert not left, f"{name} was never called"


def fail() -> None:
    raise MemoryError


def on_disk(ds: Dataset, tmp_path) -> list[float]:
    """The weights that whoever opens the folder finds if this process is killed now."""
    copy = tmp_path / "killed.nbal"
    shutil.copytree(ds.folder, copy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = Dataset(copy)
    found = again.images["weight"].tolist()
    again.close()
    shutil.rmtree(copy)
    return found


def test_ctrl_c_while_an_edit_is_written_comes_once_it_is_made(ds, tmp_path):
    real = os.fsync

    def fsync(handle: int) -> None:
        real(handle)
        ctrl_c()

    with mock.patch("os.fsync", fsync), pytest.raises(KeyboardInterrupt):
        ds.set([0], "images", weight=4)
    assert ds.images["weight"].tolist() == [4, 1, 1, 1, 1]
    assert on_disk(ds, tmp_path) == [4, 1, 1, 1, 1]
    ds.undo()
    assert ds.images["weight"].tolist() == [1] * 5


def test_ctrl_c_while_a_change_is_being_built_acts_at_once_and_nothing_is_made(ds, tmp_path):
    reached = []

    def build(state):
        ctrl_c()
        reached.append(state)

    with pytest.raises(KeyboardInterrupt):
        ds._copy.make(build)
    assert not reached
    ds.set([0], "images", weight=4)
    assert on_disk(ds, tmp_path) == [4, 1, 1, 1, 1]


@pytest.mark.parametrize("act", [ctrl_c, fail], ids=["Ctrl-C", "MemoryError"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name", "operation"),
    [
        (HeadLog, "append", lambda ds: ds.commit("x")),
        (Journal, "restart", lambda ds: ds.commit("x")),
        (Journal, "restart", lambda ds: ds.checkout("v1", discard=True)),
        (HeadLog, "append", lambda ds: ds.checkout("v1", discard=True)),
        (Journal, "close", lambda ds: ds.refresh()),
        (Journal, "append", lambda ds: ds.refresh()),
        (Journal, "append", lambda ds: ds.undo()),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_edits_after_an_operation_that_was_cut_off_are_not_dropped(
    ds, tmp_path, other_kernel, owner, name, operation, act, after
):
    ds.set([4], "images", weight=2)
    ds.commit("two")
    ds.set([0], "images", weight=7)
    other = other_kernel()
    other.set([3], "images", weight=9)
    other.commit("elsewhere")
    with once(owner, name, act=act, after=after), pytest.raises((KeyboardInterrupt, MemoryError)):
        operation(ds)
    ds.set([1], "images", weight=8)
    now = ds.images["weight"].tolist()
    assert now[1] == 8
    assert now[0] in (1, 7)
    assert on_disk(ds, tmp_path) == now
    ds.commit("all")
    now = ds.images["weight"].tolist()
    ds.set([2], "images", weight=6)
    assert on_disk(ds, tmp_path) == [*now[:2], 6, *now[3:]]
    ds.verify()


def test_ctrl_c_acts_while_a_lock_is_waited_for(ds):
    held, done = threading.Event(), threading.Event()

    def view() -> None:
        with ds._copy.lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=view)
    thread.start()
    held.wait()
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # it may come early
            threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            ds.sync()
    finally:
        done.set()
        thread.join()
    ds.sync()


def test_a_lock_whose_holder_was_interrupted_on_the_way_out_is_free(ds):
    lock = OutermostLock(lambda: None)

    def hold() -> None:
        with lock.held():
            ctrl_c()

    with pytest.raises(KeyboardInterrupt):
        hold()
    taken = threading.Event()

    def take() -> None:
        with lock.held():
            taken.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    assert taken.wait(20)


def test_an_interrupted_opening_leaves_the_work_to_the_next(ds, folder, recwarn):
    ds.set([0], "images", weight=4)
    ds.close()
    with once(Journal, "adopt", after=True), pytest.raises(KeyboardInterrupt):
        Dataset(folder)
    again = Dataset(folder)
    assert again.images["weight"].tolist() == [4, 1, 1, 1, 1]
    again.close()


def test_signals_wait_in_their_order_and_handlers_come_back():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with pytest.raises(KeyboardInterrupt), deferred(), deferred():  # noqa: PT012
            signal.raise_signal(signal.SIGTERM)
            ctrl_c()
            ctrl_c()
            assert heard == []
        assert heard == [signal.SIGTERM]
        with deferred(), allowed():
            signal.raise_signal(signal.SIGTERM)
            assert len(heard) == 2
        signal.raise_signal(signal.SIGTERM)
        assert len(heard) == 3
    finally:
        signal.signal(signal.SIGTERM, before)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("after", [False, True], ids=["before HEAD", "after the file"])
def test_a_commit_that_was_cut_off_does_not_come_back_once_its_work_is_given_up(ds, folder, after):
    ds.set([0], "images", weight=4)
    where = (storage, "write_version") if after else (HeadLog, "append")
    with once(*where, act=fail, after=after), pytest.raises(MemoryError):
        ds.commit("never made")
    ds.discard()
    ds.close()
    again = Dataset(folder)
    assert not again.recovered
    assert len(again.versions) == 1
    assert again.images["weight"].tolist() == [1] * 5
    again.close()


def test_a_replaced_journal_that_could_not_be_removed_goes_before_the_one_after_the_next(
    ds, tmp_path, other_kernel, monkeypatch
):
    """What the second journal had to remove must not be forgotten where a third one replaces it."""
    other = other_kernel()
    ds.set([0], "images", weight=4)
    real = Path.unlink

    def unlink(path: Path, **options) -> None:
        if path.suffix == ".nbj":
            raise PermissionError(13, "denied")
        real(path, **options)

    for row in (3, 4):
        other.set([row], "images", weight=9)
        other.commit("elsewhere")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", unlink)
            ds.refresh()
    assert len(list((ds.folder / "journal").glob("*.nbj"))) > 2
    ds.undo()
    assert len(list((ds.folder / "journal").glob("*.nbj"))) == 2  # one of each kernel, at most
    assert on_disk(ds, tmp_path) == [1, 1, 1, 9, 9]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_child_forked_beside_a_block_gets_its_signals_and_a_parents_are_not_its_own():
    ends = []

    def fork() -> None:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with deferred(), allowed():  # the parent's Ctrl-C does not act here
                    code = 2
                ctrl_c()
            except KeyboardInterrupt:
                os._exit(0 if code == 2 else code)
            finally:
                os._exit(3)
        ends.append(os.waitpid(child, 0)[1])

    def beside_a_block() -> None:
        with deferred():
            ctrl_c()
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()

    with pytest.raises(KeyboardInterrupt):
        beside_a_block()
    assert ends == [0]
