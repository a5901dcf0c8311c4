"""An exception at any line of what keeps the data: it is done in whole or not at all; nothing else is lost.

Three ways to interrupt: an exception raised by a trace function at a line of ``nbalabel/data``
(KeyboardInterrupt, MemoryError, SystemExit: harder than anything Python does), a signal that comes at that
line and may wait, and real signals from a timer at any instruction.
"""

import os
import shutil
import signal
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

import nbalabel.data
from nbalabel.core.errors import CorruptError
from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.disk import interrupts
from nbalabel.data.disk.atomic import try_lock
from nbalabel.data.tables.tables import Tables

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs setitimer and flock"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),  # opened, and then interrupted
]
OURS = str(Path(nbalabel.data.__file__).parent)
LABELS = ("cod", "ling")
Place = tuple[str, int, int]
KINDS = ["signal", KeyboardInterrupt, MemoryError, SystemExit]


def _edit_in_a_frame(ds: Dataset) -> None:
    ds.images.loc[2, "weight"] = 5
    ds.sync()


def _close(ds: Dataset) -> None:
    ds.close()


OPERATIONS: dict[str, Callable[[Dataset], object]] = {
    "edit": lambda ds: ds.set([2], "images", weight=5),
    "edit in a frame": _edit_in_a_frame,
    "assign a frame": lambda ds: setattr(ds, "images", ds.images.assign(weight=6)),
    "undo": lambda ds: ds.undo(),
    "redo": lambda ds: ds.redo(),
    "discard": lambda ds: ds.discard(),
    "commit": lambda ds: ds.commit("here"),
    "commit that merges": lambda ds: ds.commit("here"),
    "refresh": lambda ds: ds.refresh(),
    "checkout": lambda ds: ds.checkout("v1", discard=True),
    "checkout of the same version": lambda ds: ds.checkout("v2", discard=True),
    "close": _close,
}
BEHIND = ("commit that merges", "refresh")


@pytest.fixture(scope="module")
def templates(tmp_path_factory) -> dict[bool, Path]:
    """Folders with two versions, three uncommitted edits, one undone; behind (True): and a commit on top."""
    out = {}
    for behind in (False, True):
        folder = tmp_path_factory.mktemp("templates") / "x.nbal"
        images = pd.DataFrame({"file": [f"{i}.png" for i in range(5)], "width": 16, "height": 16})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = Tables.of(images, schema.empty("instances", LABELS), LABELS).save(folder)
            ds.set([4], "images", weight=2)
            ds.commit("two")
            for row in (0, 1, 0, 1):
                ds.set([row], "images", weight=len(ds.log()) + 2)
            ds.undo()
            if behind:
                other = Dataset(folder)
                other.set([3], "images", weight=9)
                other.commit("elsewhere")
                other.close()
            ds.close()
        out[behind] = folder
    return out


@contextmanager
def opened(folder: Path) -> Iterator[Dataset]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = Dataset(folder)
    try:
        yield ds
    finally:
        ds.close()


def standing(ds: Dataset) -> tuple[object, ...]:
    """Where a dataset stands, in values that are the same in a copy of it."""
    store, session = ds._session.store, ds._session
    number = [store.manifest(v).number for v in (session.base, store.head.current())]
    undo, redo = (session.next(what) is not None for what in ("undo", "redo"))
    return (*number, len(store.ids()), ds.images["weight"].tolist(), len(session.pending), undo, redo)


class Interrupt:
    """Counts the lines of ours that run in this thread, and raises at one of them."""

    def __init__(self, at: Place | None = None, kind: object = KeyboardInterrupt) -> None:
        self.at, self.kind = at, kind
        self.seen: Counter[tuple[str, int]] = Counter()
        self.places: list[Place] = []
        self.done = False

    def __enter__(self) -> "Interrupt":
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _called(self, frame, *_):
        return self._line if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, frame, event, _):
        if event != "line" or self.done:
            return self._line
        line = (frame.f_code.co_filename, frame.f_lineno)
        self.seen[line] += 1
        place = (*line, self.seen[line])
        self.places.append(place)
        if place == self.at:
            self.done = True
            sys.settrace(None)
            if self.kind == "signal":
                signal.raise_signal(signal.SIGINT)
            else:
                raise self.kind
        return self._line


def places(template: Path, tmp_path: Path, operation: str) -> tuple[list[Place], object]:
    """The lines an operation runs through, each the first and the last time; and where it leads."""
    folder = tmp_path / "dry"
    shutil.copytree(template, folder)
    with opened(folder) as ds:
        with Interrupt() as dry:
            OPERATIONS[operation](ds)
        after = None if operation == "close" else standing(ds)
    shutil.rmtree(folder)
    return [place for place in dry.places if place[2] in (1, dry.seen[place[:2]])], after


def assert_sound(ds: Dataset, folder: Path, allowed: list[object]) -> None:
    """Everything works on, here and in whoever opens the folder next."""
    assert interrupts._gate.open
    assert not interrupts._gate.before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_no_lock_is_held(ds, folder)
    ds.sync()
    assert standing(ds) in allowed
    assert_a_crash_loses_nothing(ds, folder)
    ds.set([3], "images", weight=20)
    ds.images.loc[4, "weight"] = 30
    ds.sync()
    assert ds.images["weight"].tolist()[3:] == [20, 30]
    assert_a_crash_loses_nothing(ds, folder)
    ds.refresh(keep="mine")
    ds.commit("all of it")
    ds.set([3], "images", weight=40)
    assert_a_crash_loses_nothing(ds, folder)
    ds.verify()


def assert_no_lock_is_held(ds: Dataset, folder: Path) -> None:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    free = try_lock(handle)
    os.close(handle)
    assert free, "the lock of the folder is held"
    taken = threading.Event()

    def take() -> None:
        with ds._copy.lock:
            taken.set()

    threading.Thread(target=take, daemon=True).start()
    assert taken.wait(20), "the lock of the working copy is held"


def assert_a_crash_loses_nothing(ds: Dataset, folder: Path) -> None:
    """What is on disk now, as a process that is killed leaves it, is what the session holds."""
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    with opened(copy) as again:
        assert standing(again) == standing(ds)
    shutil.rmtree(copy)


def attack(template: Path, tmp_path: Path, operation: str, at: Place, kind: object, after: object) -> None:
    folder = tmp_path / "x.nbal"
    shutil.copytree(template, folder)
    with opened(folder) as ds:
        before = standing(ds)
        with suppress(KeyboardInterrupt, MemoryError, SystemExit), Interrupt(at, kind) as interrupt:
            try:
                OPERATIONS[operation](ds)
            except CorruptError as error:  # as which what reads reports a MemoryError
                if kind is not MemoryError or "MemoryError" not in str(error):
                    raise
        assert interrupt.done
        if operation == "close":
            ds.close()
            with opened(folder) as again:
                assert_sound(again, folder, [before])
        else:
            assert_sound(ds, folder, [before, after])
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch):
    """No process is killed here: nothing has to reach the medium."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_exception_at_any_line_leaves_an_operation_done_in_whole_or_not_at_all(
    templates, tmp_path, operation, rounds, rng
):
    template = templates[operation in BEHIND]
    all_places, after = places(template, tmp_path, operation)
    tries = [(place, kind) for place in all_places for kind in KINDS]
    failed = []
    for at, kind in rng.sample(tries, min(len(tries), rounds(2, 120))):
        try:
            attack(template, tmp_path / str(len(failed)), operation, at, kind, after)
        except Exception as error:  # noqa: BLE001  # all of them are shown
            failed.append((Path(at[0]).name, *at[1:], kind, f"{type(error).__name__}: {error}"[:300]))
    assert not failed, f"{len(failed)} of {len(tries)}:\n" + "\n".join(map(str, failed[:60]))


# A signal may fall into a callback of the collector's, where Python can only print what was raised.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "close"])
def test_a_real_signal_at_any_moment_leaves_an_operation_done_in_whole_or_not_at_all(
    templates, tmp_path, operation, rounds, rng
):
    template = templates[operation in BEHIND]
    _, after = places(template, tmp_path, operation)
    before_us = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for n in range(rounds(2, 120)):
            folder = tmp_path / f"{n}.nbal"
            shutil.copytree(template, folder)
            with opened(folder) as ds:
                before = standing(ds)
                with suppress(KeyboardInterrupt):
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 0.03))
                    OPERATIONS[operation](ds)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                assert_sound(ds, folder, [before, after])
            shutil.rmtree(folder)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before_us)
