"""Bytes of every file of a dataset folder are flipped, cut off, zeroed: the same tables, or a named error.

Never another exception, never other tables. What is damaged is also named by ``verify()``, unless the damage
was mended by opening the folder.
"""

import random
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import CorruptError, StorageError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.store import storage
from nbalabel.data.tables.tables import Tables


def square(x: int) -> bytes:
    mask = np.zeros((16, 16), dtype=bool)
    mask[2:5, x : x + 3] = True
    return rle.encode(mask)


@pytest.fixture
def whole(tmp_path, monkeypatch) -> Path:
    """Ten versions with a snapshot, a skip, a checkout, and uncommitted work in a journal."""
    folder = tmp_path / "whole.nbal"
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(4)], "width": 16, "height": 16})
    instances = pd.DataFrame({"image_id": [0, 1], "label": ["cod", "ling"], "mask": [square(1), square(5)]})
    ds = Tables.of(images, instances, ["cod", "ling"]).save(folder)
    for i in range(9):
        if i == 8:  # after the skip over eight versions comes a snapshot
            monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", 1500)
        ds.set([i % 4], "images", weight=i + 2)
        ds.add_instances(pd.DataFrame({"image_id": [2], "label": ["cod"], "mask": [square(i)]}))
        ds.commit(f"edit {i}")
    ds.set([0], label="ling")
    ds.close()
    for name in ("snapshots", "skips", "journal", "objects", "versions"):
        assert list((folder / name).iterdir()), name
    return folder


def tables(ds) -> tuple:
    found = ds.instances
    cells = zip(found.index, found["image_id"], found["label"].astype(str), found["mask"], strict=True)
    return ds.images["weight"].tolist(), [(int(i), int(m), n, bytes(k)) for i, m, n, k in cells], ds.labels


def damaged(data: bytes, how: str, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    if how == "flip":
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if how == "cut":
        return data[:at]
    if how == "zeros":  # a block that never reached the medium
        return data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]
    return data + rng.randbytes(40)


def told(error: StorageError, folder: Path) -> None:
    assert str(folder) in str(error), error


def read_all(folder: Path, versions: list[str]) -> dict[str, tuple]:
    """Every version and the working copy, each read or refused by name; other exceptions go up."""
    found, name = {}, ""
    try:
        ds = Dataset(folder)
    except StorageError as error:
        told(error, folder)
        return {}
    try:
        if "damaged" not in ds.recovered:  # which keeps the file and says what is brought back
            found["working copy"] = tables(ds)
        for name in versions:
            try:
                found[name] = tables(ds.version(name))
            except StorageError as error:
                told(error, folder)
    finally:
        ds._unwatch()
        ds._finalizer.detach()
        ds._session.journal.close(keep=True)
    return found


def test_damage_anywhere_gives_the_same_tables_or_an_error_that_names_the_file(whole, tmp_path, rounds, rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Dataset(whole) as ds:
            versions = list(ds.versions.index)
            want = {v: tables(ds.version(v)) for v in versions} | {"working copy": tables(ds)}
        files = sorted(p.relative_to(whole) for p in whole.rglob("*") if p.is_file() and p.stat().st_size)
        n_same = n_refused = n_named = 0
        each = rounds(1, 5)
        for file in files:
            for how in rng.sample(["flip", "cut", "zeros", "more"] * each, rounds(1, 4 * each)):
                copy = tmp_path / "copy.nbal"
                shutil.copytree(whole, copy)
                before = (copy / file).read_bytes()
                (copy / file).write_bytes(damaged(before, how, rng))
                found = read_all(copy, versions)
                if file.parts[0] == "journal" and found.get("working copy") == want[versions[-1]]:
                    del found["working copy"]  # a journal's last record, cut short, was never acknowledged
                assert all(tables_ == want[name] for name, tables_ in found.items()), (file, how)
                n_same += len(found) == len(want)
                n_refused += len(found) < len(want)
                if found and (copy / file).is_file() and (copy / file).read_bytes() != before:
                    n_named += is_named(copy, file)
                shutil.rmtree(copy)
    assert n_same
    assert n_refused
    print(f"{len(files)} files: {n_same} read the same, {n_refused} refused, {n_named} named by verify")  # noqa: T201


def is_named(folder: Path, file: Path) -> bool:
    """Whether ``verify`` finds the damage; journals are looked at by opening."""
    try:
        storage.Store(folder).verify()
    except CorruptError as error:
        told(error, folder)
        return True
    assert file.parts[0] in ("journal", "lock", "HEAD"), f"verify does not see that {file} is damaged"
    return False
