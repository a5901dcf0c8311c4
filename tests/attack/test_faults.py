"""Every call to the system fails once, at every place of every operation: nothing acknowledged is lost.

The calls are those through which a dataset touches its folder. Operation by operation they are counted, then
each is made to fail in turn, alone or with all that follow (as on a disk that turned read-only).
"""

import builtins
import errno
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import NbalabelError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.store import snapshot, storage
from nbalabel.data.tables.tables import Tables

fcntl = pytest.importorskip("fcntl")
CODES = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EDQUOT)
CALLS = ("open", "read", "write", "lseek", "fsync", "fdatasync", "ftruncate", "replace", "rename", "link")
CALLS += ("unlink", "mkdir", "stat", "fstat", "scandir", "listdir")
LABELS = ("cod", "ling")


class Fault:
    """Counts the calls below one folder; from the ``at``-th on, one or all fail."""

    def __init__(self, root: Path, at: int = -1, code: int = errno.EIO, *, lasting: bool = False) -> None:
        self.root, self.at, self.code, self.lasting = os.fspath(root), at, code, lasting
        self.n, self.on, self.failed = 0, False, list[str]()

    def meet(self, name: str, target: object) -> None:
        """A call of that name on a path or an open file."""
        if not self.on or not self._is_ours(target):
            return
        fails = self.n == self.at or (self.lasting and self.n > self.at >= 0)
        self.n += 1
        if fails:
            self.failed.append(f"{name} {target}")
            is_busy = name == "flock" and self.code == errno.EACCES  # which would mean: held, wait a minute
            code = errno.EIO if is_busy else self.code
            raise OSError(code, os.strerror(code))

    def _is_ours(self, target: object) -> bool:
        if isinstance(target, int):
            with suppress(OSError):
                target = os.readlink(f"/proc/self/fd/{target}")
        return str(target).startswith(self.root)


@contextmanager
def injected(fault: Fault) -> Iterator[Fault]:
    """Calls go through the fault, those of Python's files and of Arrow's included."""
    with pytest.MonkeyPatch.context() as patch:

        def through(owner: object, name: str, called: str | None = None) -> None:
            real = getattr(owner, name)

            def call(target, *rest, **named):
                fault.meet(called or name, target)
                return real(target, *rest, **named)

            patch.setattr(owner, name, call)

        for name in CALLS:
            through(os, name)
        through(fcntl, "flock")
        through(snapshot.pa, "OSFile")
        through(snapshot.pa, "memory_map")
        through(snapshot.np, "memmap")
        real_open = builtins.open

        def opened(path, mode="r", *rest, **named):
            fault.meet("open", path)
            file = real_open(path, mode, *rest, **named)
            return File(file, fault) if fault.on and "b" in mode else file

        patch.setattr(builtins, "open", opened)
        patch.setattr("io.open", opened)
        fault.on = True
        try:
            yield fault
        finally:
            fault.on = False


class File:
    """A Python file whose reads and writes go through the fault."""

    def __init__(self, file, fault: Fault) -> None:
        self._file, self._fault = file, fault

    def read(self, *n):
        self._fault.meet("read", self._file.name)
        return self._file.read(*n)

    def write(self, data):
        self._fault.meet("write", self._file.name)
        return self._file.write(data)

    def __getattr__(self, name: str):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._file.close()


def square(x: int) -> bytes:
    mask = np.zeros((16, 16), dtype=bool)
    mask[2:5, x : x + 3] = True
    return rle.encode(mask)


def rows(image: int, x: int) -> pd.DataFrame:
    return pd.DataFrame({"image_id": [image], "label": ["cod"], "mask": [square(x)]})


def made(folder: Path) -> None:
    """A dataset eight versions old, so that the next commit writes a skip and a snapshot."""
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(4)], "width": 16, "height": 16})
    with Tables.of(images, schema.empty("instances", LABELS), LABELS).save(folder) as ds:
        ds.add_instances(rows(0, 1))
        for i in range(7):
            ds.set([i % 4], "images", weight=i + 2)
            ds.commit(f"edit {i}")


def content(ds) -> tuple:
    found = ds.instances
    cells = zip(found.index, found["image_id"], found["label"].astype(str), found["mask"], strict=True)
    return [float(w) for w in ds.images["weight"]], sorted(
        (int(i), int(m), n, bytes(k)) for i, m, n, k in cells
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "x.nbal"
    made(folder)
    return folder


def quietly(folder: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset(folder)


def edit(ds: Dataset) -> None:
    ds.set([1], "images", weight=50)


def edit_directly(ds: Dataset) -> None:
    ds.images.loc[1, "weight"] = 50
    ds.sync()


def add(ds: Dataset) -> None:
    ds.add_instances(rows(2, 9))


def commit(ds: Dataset) -> None:
    ds.commit("the commit")


def undo(ds: Dataset) -> None:
    ds.undo()


def checkout(ds: Dataset) -> None:
    ds.checkout("v3", discard=True)


def refresh(ds: Dataset) -> None:
    ds.refresh(keep="mine")


def verify(ds: Dataset) -> None:
    ds.verify()


def close(ds: Dataset) -> None:
    ds.close()


OPERATIONS: dict[str, Callable[[Dataset], None]] = {
    f.__name__: f for f in (edit, edit_directly, add, commit, undo, checkout, refresh, verify, close)
}


def prepared(original: Path, folder: Path, operation: str) -> Dataset:
    """An open dataset with one acknowledged, uncommitted edit, ready for the operation."""
    shutil.copytree(original, folder)
    ds = quietly(folder)
    if operation == "refresh":
        with quietly(folder) as other:
            other.set([3], "images", weight=70)
            other.commit("theirs")
    if operation != "edit":  # whose first edit makes the journal
        ds.set([0], "images", weight=40)
    return ds


def outcomes(original: Path, tmp_path: Path, operation: str) -> tuple[list[tuple], int]:
    """What may be there afterwards, without the operation and with it; and how many calls it makes."""
    ds = prepared(original, tmp_path / "plain", operation)
    before = content(ds)
    with injected(Fault(tmp_path / "plain")) as fault:
        OPERATIONS[operation](ds)
    after = before if operation in ("verify", "close") else content(ds)
    ds.close()
    return [before, after], fault.n


def survives(original: Path, folder: Path, operation: str, fault: Fault, allowed: list[tuple]) -> bool:
    """Whether the operation failed; what must hold then is asserted."""
    where = f"{operation}, call {fault.at} of kind {errno.errorcode[fault.code]}"
    fault.on = False
    ds, failed = prepared(original, folder, operation), False
    versions = list(ds.versions.index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with injected(fault):
                OPERATIONS[operation](ds)
        except NbalabelError as error:
            failed = len(str(error)) > 30
            assert failed, where  # the other outcome is right, too
        where += f" ({fault.failed})"
        if operation != "close":
            if not failed:
                assert content(ds) == allowed[1], where
            assert content(ds) in allowed, where
            ds.set([2], "images", weight=60)  # it can be used afterwards
            assert ds.images.loc[2, "weight"] == 60
            if operation == "edit_directly" and failed:
                assert ds.images.loc[1, "weight"] == 50, where  # what was assigned is taken then
            left = content(ds)
            die(ds)
        else:
            left = allowed[1]
            if ds._is_open:  # it could not be closed, so that the session goes on
                assert failed, where
                die(ds)
    again = quietly(folder)
    assert content(again) == left, where
    assert set(versions) <= set(again.versions.index), where
    again.commit("afterwards")
    again.verify()
    assert not list(folder.rglob(".part-*")), where
    left = content(again)
    again.close()
    again = quietly(folder)
    assert content(again) == left, where
    again.close()
    shutil.rmtree(folder)
    return failed


def die(ds: Dataset) -> None:
    """Leave the session as a killed process does."""
    ds._unwatch()
    ds._finalizer.detach()
    if ds._session.journal._handle is not None:
        os.close(ds._session.journal._handle)


@pytest.mark.parametrize("lasting", [False, True], ids=["one call fails", "all calls fail from there on"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_loses_anything_where_a_call_to_the_system_fails(
    original, tmp_path, operation, lasting, rounds, rng, monkeypatch
):
    monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", 100)
    allowed, n_calls = outcomes(original, tmp_path, operation)
    n_tried = min(rounds(2, 10_000), n_calls)
    failures = 0
    for number in sorted(rng.sample(range(n_calls), n_tried)):
        folder = tmp_path / f"at-{number}"
        fault = Fault(folder, number, rng.choice(CODES), lasting=lasting)
        failures += survives(original, folder, operation, fault, allowed)
    print(f"{operation}: {failures} of {n_tried} faults (of {n_calls} places) told")  # noqa: T201


@pytest.mark.parametrize("lasting", [False, True], ids=["one call fails", "all calls fail from there on"])
def test_opening_survives_faults_with_work_to_bring_back(original, tmp_path, lasting, rounds, rng):
    ready = tmp_path / "ready.nbal"
    shutil.copytree(original, ready)
    ds = quietly(ready)
    ds.set([0], "images", weight=40)
    want = content(ds)
    die(ds)
    (ready / "HEAD").write_bytes((ready / "HEAD").read_bytes()[:-64])  # a line to put back as well
    shutil.copytree(ready, tmp_path / "plain")
    with injected(Fault(tmp_path / "plain")) as fault:
        plain = quietly(tmp_path / "plain")
        fault.on = False
        assert content(plain) == want
        plain.close()
    n_failed, n_tried = 0, min(rounds(6, 10_000), fault.n)
    for number in rng.sample(range(fault.n), n_tried):
        folder = tmp_path / f"at-{number}"
        shutil.copytree(ready, folder)
        failing = Fault(folder, number, rng.choice(CODES), lasting=lasting)
        try:
            with injected(failing):
                ds = quietly(folder)
        except NbalabelError:
            n_failed += 1
        else:
            die(ds)
        again = quietly(folder)
        assert content(again) == want, failing.failed
        again.commit("afterwards")
        again.verify()
        again.close()
        shutil.rmtree(folder)
    print(f"open: {n_failed} of {n_tried} faults (of {fault.n} places) told")  # noqa: T201


@pytest.mark.parametrize("lasting", [False, True], ids=["one call fails", "all calls fail from there on"])
def test_saving_that_fails_leaves_none_or_a_whole_dataset_and_can_be_done_again(
    tmp_path, lasting, rounds, rng
):
    made(tmp_path / "source")
    with quietly(tmp_path / "source") as source:
        tables = Tables.of(source.images, source.instances, source.labels)
        want = content(source)
    with injected(Fault(tmp_path / "plain")) as fault:
        plain = tables.save(tmp_path / "plain")
        fault.on = False
        plain.close()
    n_failed, n_tried = 0, min(rounds(6, 10_000), fault.n)
    for number in rng.sample(range(fault.n), n_tried):
        folder = tmp_path / f"at-{number}"
        failing = Fault(folder, number, rng.choice(CODES), lasting=lasting)
        try:
            with injected(failing):
                saved = tables.save(folder)
        except NbalabelError:
            n_failed += 1
            try:
                saved = tables.save(folder)
            except NbalabelError as error:
                is_there = "is a dataset already" in str(error)  # it was made in whole
                saved = quietly(folder) if is_there else None
        assert saved is not None, failing.failed
        assert content(saved) == want, failing.failed
        saved.verify()
        saved.close()
        shutil.rmtree(folder)
    print(f"save: {n_failed} of {n_tried} faults (of {fault.n} places) told")  # noqa: T201
