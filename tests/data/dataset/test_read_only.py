"""Folders that cannot be written open for reading; disks and shares that refuse say why and what to do."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import ReadOnlyError, RecoveryWarning, StorageError
from nbalabel.data.dataset.dataset import Dataset

NOBODY = 65534
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")


@pytest.fixture
def share(tables):
    """A dataset of two versions with pixels, in a place that any user can reach."""
    place = Path(tempfile.mkdtemp(prefix="nbalabel-share-"))
    place.chmod(0o755)
    pictures = place / "pictures"
    pictures.mkdir()
    for file in tables.images["file"]:
        Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(pictures / file)
    with nl.Tables.of(tables.images, tables.instances, tables.labels, pictures).save(place / "x.nbal") as ds:
        ds.set([0], "images", weight=3)
        ds.commit("second")
    yield place / "x.nbal"
    make_writable(place)
    shutil.rmtree(place)


def make_writable(place: Path) -> None:
    for path in [place, *place.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def as_reader(share) -> Callable:
    """Take away the right to write; root, whom permissions do not bind, becomes nobody for the while."""
    for path in [share, *share.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    with pytest.raises(OSError, match=r"denied|not permitted"):
        (share / "probe").write_bytes(b"")
    yield
    if os.getuid() == 0:
        os.seteuid(0)


def listing(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_that_cannot_be_written_opens_and_all_that_reads_works(share, request):
    with Dataset(share) as ds:
        nl.explore(ds)._repr_mimebundle_()  # nobody may not be allowed to read Python's own modules
    request.getfixturevalue("as_reader")
    before = listing(share)
    ds = nl.open(share)
    assert "can be read and not written" in ds.read_only
    assert "read-only" in repr(ds)
    assert ds.images["weight"].tolist() == [3, 1, 1, 1, 1]
    assert ds.read_image(0).shape == (32, 32, 3)
    assert len(ds.versions) == 2
    assert len(ds.log()) == 2
    assert len(ds.verify()) == 2
    assert not ds.status()
    first = ds.version("v1")
    assert first.images["weight"].tolist() == [1] * 5
    assert ds.diff(first.id, "HEAD")
    assert ds.refresh() is not None
    with nl.open(share, version="v1") as earlier:
        assert earlier.images["weight"].tolist() == [1] * 5
    nl.explore(ds)._repr_mimebundle_()
    ds.close()
    assert listing(share) == before


def test_edits_of_a_read_only_folder_are_refused_give_the_frame_back_and_name_the_way_out(share, as_reader):
    ds = nl.open(share)
    row = pd.DataFrame({"file": ["new.png"], "width": 3, "height": 3})
    for edit in (
        lambda: ds.set([0], "images", weight=9),
        lambda: ds.add_images(row),
        lambda: ds.add_images(share.parent),
        lambda: ds.remove([0]),
        lambda: ds.unlabel([0]),
        lambda: ds.split(),
        lambda: ds.reorder_labels(ds.labels[::-1]),
        lambda: ds.copy_images(),
        lambda: ds.commit("x"),
        lambda: ds.checkout("v1"),
        lambda: setattr(ds, "image_root", share.parent),
    ):
        with pytest.raises(
            ReadOnlyError, match=r"can be read and not written.*Copy it to a place of your own"
        ):
            edit()
    ds.images.loc[0, "weight"] = 9
    with pytest.raises(ReadOnlyError):
        ds.sync()
    assert ds.images.loc[0, "weight"] == 3
    assert ds.rejected_edit["images"].loc[0, "weight"] == 9
    assert not ds.status()
    ds.close()


@pytest.mark.skipif(sys.platform != "linux", reason="cp of GNU")
def test_the_copy_that_the_message_names_can_be_edited(share, as_reader):
    message = nl.open(share).read_only
    if os.getuid() == 0:
        os.seteuid(0)
    command = message[message.index("(cp ") + 1 : message.index(" copy.nbal)")].split()
    subprocess.run([*command, str(share.parent / "copy.nbal")], check=True)
    with nl.open(share.parent / "copy.nbal") as copy:
        copy.set([0], "images", weight=7)
        copy.commit("in the copy")
        assert len(copy.verify()) == 3


def test_uncommitted_work_in_a_read_only_folder_is_told(share, request):
    with Dataset(share) as ds:
        ds.set([1], "images", weight=8)
    request.getfixturevalue("as_reader")
    with Dataset(share) as ds:
        assert "uncommitted work of 1 session is in" in ds.recovered
        assert ds.images.loc[1, "weight"] == 1


def test_lines_that_head_lost_are_told_where_they_cannot_be_put_back(share, request):
    (share / "HEAD").write_bytes((share / "HEAD").read_bytes()[:64])
    request.getfixturevalue("as_reader")
    with pytest.warns(RecoveryWarning, match="HEAD lost 1 of its lines"):
        Dataset(share).close()


def test_nothing_can_be_made_in_a_folder_that_cannot_be_written(share, tables, as_reader):
    with pytest.raises(StorageError, match=r"denied.*folder of your own"):
        tables.save(share.parent / "pictures" / "y.nbal")
    with pytest.raises(StorageError, match="file"):
        tables.save(share / "HEAD" / "y.nbal")


READ_BACK = """
import os, sys, nbalabel as nl
ds = nl.open(sys.argv[1])
assert ds.read_only, "opened as if it could be written"
print(ds.images["weight"].tolist(), len(ds.verify()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts of Linux")
def test_a_file_system_mounted_read_only_opens_for_reading(share):
    mount = f"mount --bind {share} {share} && mount -o remount,ro,bind {share}"
    namespace = ["unshare", "-m", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*namespace, mount], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    told = subprocess.run(
        [*namespace, f'{mount} && exec "$@"', "sh", sys.executable, "-c", READ_BACK, str(share)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout.split("\n")[0] == "[3.0, 1.0, 1.0, 1.0, 1.0] 2", told.stderr


@pytest.mark.parametrize("code", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_told_at_once(share, monkeypatch, code):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match=r"no file locks.*could not see each other.*local disk"):
        Dataset(share)


def test_a_journal_of_another_user_is_left_to_them(share):
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    with Dataset(share) as ds:
        ds.set([1], "images", weight=8)
    for path in [share, *share.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (journal,) = (share / "journal").iterdir()
    journal.chmod(0o600)
    os.seteuid(NOBODY)
    try:
        with Dataset(share) as ds:
            assert not ds.read_only
            ds.set([2], "images", weight=5)
            ds.commit("a colleague's")
    finally:
        os.seteuid(0)
    with Dataset(share) as ds:
        assert ds.images["weight"].tolist() == [3, 8, 1, 1, 1]
