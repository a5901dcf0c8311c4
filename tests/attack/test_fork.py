"""Fork at any moment: a child reads, edits nothing, and neither it nor its end costs its parent any work."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core import forking
from nbalabel.core.errors import ModelError, ReadOnlyError, RecoveryWarning, StorageError
from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.images.cache import ImageCache
from nbalabel.data.tables.tables import Tables
from nbalabel.learn.embed.plane import project
from nbalabel.learn.propagate.propagation import Propagation

WORKER = Path(__file__).with_name("fork_worker.py")
PATIENCE = 120  # seconds after which a child that says nothing counts as stuck
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning"),
]


class Worker:
    """The warm process; one kernel at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
        command = [sys.executable, str(WORKER)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, bufsize=0, env=environment, **pipes)
        self._rest = b""
        self.alive: list[int] = []
        self.kernel = 0

    def start(self, *command: object) -> int:
        self.process.stdin.write(("\t".join(map(str, command)) + "\n").encode())
        self.kernel = self.read()["pid"]
        return self.kernel

    def read(self) -> dict:
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready, "a child is stuck: most likely it waits for a lock of a thread it does not have"
            data = self.process.stdout.read(1 << 16)
            assert data, "the worker itself died"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        message = json.loads(line)
        if message["kind"] == "gone":
            self.kernel = 0
        if message.get("lives"):
            self.alive.append(message["pid"])
        return message

    def end_children(self) -> None:
        while self.alive:
            os.kill(self.alive.pop(), signal.SIGKILL)

    def close(self) -> None:
        self.end_children()
        if self.kernel:
            os.kill(self.kernel, signal.SIGKILL)
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture
def worker():
    it = Worker()
    yield it
    it.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of six images with pixels, closed."""
    (tmp_path / "images").mkdir()
    for i in range(6):
        Image.new("RGB", (16, 16), (i, 0, 0)).save(tmp_path / "images" / f"{i}.png")
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(6)], "width": 16, "height": 16})
    tables = Tables.of(images, schema.empty("instances", ["cod"]), ["cod"], tmp_path / "images")
    tables.save(tmp_path / "x.nbal").close()
    return tmp_path / "x.nbal"


@pytest.fixture
def ds(folder: Path):
    dataset = nl.open(folder)
    yield dataset
    dataset.close()


def content(ds) -> dict:
    return {"weights": ds.images["weight"].tolist(), "masks": sorted(ds.instances["x"].tolist())}


def in_child(task) -> object:
    """What a task returns in a forked child, or the error it raised."""
    receiver, sender = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=lambda: sender.send(_tried(task)))
    process.start()
    assert receiver.poll(PATIENCE), "the child is stuck"
    found = receiver.recv()
    process.join()
    assert process.exitcode == 0
    return found


def _tried(task) -> object:
    try:
        return task()
    except Exception as error:  # noqa: BLE001  # the test looks at it
        return error


def test_children_of_a_kernel_that_edits_and_is_killed_lose_nothing_and_hold_nothing(
    folder, worker, rng, rounds
):
    expected = None
    n_children = n_alive = n_edits = n_recovered = 0
    for _ in range(rounds(10, 200)):
        n = rng.randrange(1, 5)
        kernel = worker.start(folder, rng.randrange(2**32), n)
        said: list[dict] = []
        while sum(message["kind"] == "child" for message in said) < n or rng.random() > 0.2:
            said.append(worker.read())
        os.kill(kernel, signal.SIGKILL)
        while (message := worker.read())["kind"] != "gone":
            said.append(message)
        children = [message for message in said if message["kind"] == "child"]
        assert [child["problem"] for child in children if child["problem"]] == []
        allowed = [] if expected is None else [expected]
        for message in said:
            if message["kind"] == "done":
                allowed, n_edits = [message["content"]], n_edits + 1
            elif message["kind"] == "try":
                allowed.append(message["content"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecoveryWarning)
            ds = Dataset(folder)
        expected = content(ds)
        assert not allowed or expected in allowed
        assert "still held" not in ds.recovered
        n_recovered += bool(ds.recovered)
        ds.close()
        n_children, n_alive = n_children + n, n_alive + len(worker.alive)
        worker.end_children()
    with Dataset(folder) as ds:
        n_versions = len(ds.verify())
    sys.stdout.write(
        f"{n_children} children, {n_alive} alive at the kill; {n_edits} edits, {n_versions} versions\n"
    )
    assert n_alive
    assert n_recovered
    assert n_edits > n_children


def test_a_data_loader_process_reads_everything_the_parent_had_and_edits_nothing(ds):
    ds.set([1], "images", weight=5)
    ds.images.loc[0, "file"] = "4.png"  # assigned, and not looked at when the child is made

    def read():
        return content(ds)["weights"], ds.read_image(0)[0, 0, 0], len(ds.status().tables), ds.version_id

    assert in_child(read) == ([1, 5, 1, 1, 1, 1], 4, 1, ds.version_id)
    edits = (
        lambda: ds.set([0], "images", weight=2),
        lambda: ds.commit("x"),
        lambda: setattr(ds, "image_root", None),
        ds.sync,
        ds.undo,
        ds.refresh,
    )
    for edit in edits:
        error = in_child(edit)
        assert isinstance(error, ReadOnlyError)
        assert "fork" in str(error)
        assert "nl.open" in str(error)
    assert in_child(ds.close) is None
    ds.set([2], "images", weight=7)
    ds.commit("mine")
    assert ds.images.loc[0, "file"] == "4.png"
    assert len(ds.verify()) == 2


def test_a_child_can_open_a_session_of_its_own_and_save_a_copy(ds, folder, tmp_path):
    ds.set([0], "images", weight=5)

    def work():
        with nl.open(folder) as own:
            assert own is not ds
            assert own.recovered == ""
            own.set([1], "images", weight=6)
            own.commit("a child's")
        with ds.save(tmp_path / "copy.nbal") as copied:
            return content(copied)["weights"]

    assert in_child(work) == [5, 1, 1, 1, 1, 1]
    ds.commit("merged with it")
    assert content(ds)["weights"] == [5, 6, 1, 1, 1, 1]


def test_a_child_forked_while_another_thread_edits_waits_for_no_lock(ds, monkeypatch):
    import nbalabel.data.store.journal as journal

    inside, go_on, real = threading.Event(), threading.Event(), os.fsync

    def slow(handle):
        inside.set()
        assert go_on.wait(PATIENCE)
        real(handle)

    monkeypatch.setattr(journal.os, "fsync", slow)
    thread = threading.Thread(target=lambda: ds.set([0], "images", weight=5))
    thread.start()
    assert inside.wait(PATIENCE)

    def read():
        return content(ds)["weights"], ds.read_image(2)[0, 0, 0], bool(ds.status())

    try:
        assert in_child(read) == ([1] * 6, 2, False)
    finally:
        go_on.set()
        thread.join()
    assert content(ds)["weights"][0] == 5


def test_a_child_forked_while_a_picture_is_being_kept_waits_for_no_lock(folder):
    cache, picture = ImageCache(), folder.parent / "images" / "3.png"
    cache.read(picture)
    with cache._lock:  # as another thread would hold it
        assert in_child(lambda: cache.read(picture)[0, 0, 0]) == 3
    assert len(cache) == 1


def test_a_child_holds_no_lock_of_a_commit_that_was_under_way(folder, monkeypatch):
    ds = nl.open(folder)
    ds.set([0], "images", weight=5)
    context = get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=receiver.recv)  # lives until it is told
    with ds._session.store.lock():
        process.start()
    other = Dataset(folder)  # would wait for the folder's lock, and find it held
    other.set([1], "images", weight=6)
    other.commit("theirs")
    other.close()
    ds.commit("mine")
    sender.send("end")
    process.join()
    assert len(ds.verify()) == 3
    ds.close()


KERNEL = """
import os, subprocess, sys
import nbalabel as nl
ds = nl.open(sys.argv[1])
ds.set([0], "images", weight=5)
child = subprocess.Popen(["sleep", "1000"], pass_fds=[ds._session.journal._handle], stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_work_still_held_by_a_process_that_outlived_its_kernel_is_announced_and_comes_back(folder):
    """Where something forks past Python's hooks: nobody can free the lock, but it is said."""
    command = [sys.executable, "-c", KERNEL, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as kernel:
        survivor = int(kernel.stdout.readline())
        kernel.kill()
    try:
        with pytest.warns(RecoveryWarning, match="1 ended session is still held by a process"):
            ds = Dataset(folder)
        assert content(ds)["weights"][0] == 1
        ds.close()
    finally:
        os.kill(survivor, signal.SIGKILL)
    while Path(f"/proc/{survivor}/fd").exists() and _has_files(survivor):
        time.sleep(0.01)
    with pytest.warns(RecoveryWarning, match="1 uncommitted change of a session that ended"):
        again = Dataset(folder)
    assert content(again)["weights"][0] == 5
    other = Dataset(folder)  # what was taken over by a session that lives is nobody's loss
    assert other.recovered == ""
    other.close()
    again.close()


def _has_files(process: int) -> bool:
    try:
        return bool(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return False


def test_a_child_tells_nothing_to_its_parents_propagation(tmp_path):
    right = np.arange(60) < 30
    features = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) + 4 * right[:, None]
    path = tmp_path / "p.jsonl"
    p = Propagation(features, np.where(right, 0.8, 0.4), strategy="paper", journal=path)
    question = p.ask()
    before = path.read_bytes()

    def tell():
        p.tell(question, right[question.rows])

    error = in_child(tell)
    assert isinstance(error, ReadOnlyError)
    assert "forked" in str(error)
    assert in_child(lambda: (p.close(), p.n_answers)) == (None, 0)
    assert path.read_bytes() == before
    tell()
    assert len(path.read_bytes()) > len(before)
    alone = Propagation(features, np.where(right, 0.8, 0.4), strategy="paper")
    asked = alone.ask()
    assert not isinstance(in_child(lambda: alone.tell(asked, right[asked.rows])), Exception)
    p.close()


def test_a_child_that_ends_leaves_its_parents_projection_running(monkeypatch):
    # Where the fit ends first, reading its result imports umap, whose warnings are of no interest here.
    monkeypatch.setattr("nbalabel.learn.embed.plane.pickle", SimpleNamespace(loads=lambda _: None))
    points = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    projection = project(points, "umap", background=True)
    error = in_child(lambda: projection.wait(PATIENCE))
    assert isinstance(error, ModelError)
    assert "forked" in str(error)
    job = projection._job
    child = os.fork()
    if child == 0:
        weakref.finalize._exitfunc()  # what a process does when it ends
        os._exit(0)
    os.waitpid(child, 0)
    assert job.process.poll() in (None, 0)  # runs still, or is done
    assert job.finished.is_set() or job._folder.exists()
    projection.cancel()
    assert job.finished.is_set()
    assert not job._folder.exists()


def test_a_descriptor_that_was_closed_by_others_and_given_out_again_is_left_open_in_a_child(tmp_path):
    kept = forking.hold(lambda: os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT))
    os.close(kept)  # not by forking.release
    reader, writer = os.pipe()
    if kept not in (reader, writer):
        os.dup2(writer, kept)
    assert in_child(lambda: os.fstat(kept).st_mode) == os.fstat(kept).st_mode
    forking.release(kept)
    for handle in {reader, writer} - {kept}:
        os.close(handle)


def test_a_journal_of_a_propagation_that_was_deleted_is_written_anew(tmp_path):
    right = np.arange(60) < 30
    features = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32) + 4 * right[:, None]

    def make():
        path = tmp_path / "runs" / "p.jsonl"
        return Propagation(features, np.where(right, 0.8, 0.4), strategy="paper", journal=path)

    p = make()
    question = p.ask()
    p.tell(question, right[question.rows])
    (tmp_path / "runs" / "p.jsonl").unlink()
    p.undo()
    again = make()
    assert (again.id, again.n_answers) == (p.id, p.n_answers)
    assert len(again._journal.records) == 2
    again.close()
    shutil.rmtree(tmp_path / "runs")
    question = p.ask()
    with pytest.raises(StorageError, match="is gone"):
        p.tell(question, right[question.rows])
    p.close()
