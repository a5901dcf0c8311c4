"""Bytes on disk: versions open from few files, damage is noticed and named, shortcuts can be lost."""

import random
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import CorruptError, NbalabelError, StorageError
from nbalabel.data import storage
from nbalabel.data.dataset import Dataset
from nbalabel.data.storage import Store


def commit_weights(ds: Dataset, n: int) -> dict[str, list[float]]:
    """``n`` versions that differ in weights; what each holds."""
    out = {}
    for i in range(n):
        ds.set([i % 5], "images", weight=i + 2)
        out[ds.commit(f"edit {i}").id] = ds.images["weight"].tolist()
    return out


def reopened(folder: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset(folder)


@pytest.mark.slow
def test_each_of_many_versions_opens_exactly_through_few_files(ds, folder, monkeypatch):
    versions = commit_weights(ds, 140)
    read = []
    real = storage.read_net
    monkeypatch.setattr(storage, "read_net", lambda f, manifest: read.append(1) or real(f, manifest))
    for version_id, weights in versions.items():
        read.clear()
        store = Store(folder)
        assert store.state(version_id).tables["images"]["weight"].tolist() == weights
        assert len(read) <= 7
    assert ds.verify()[1:] == list(versions)


@pytest.mark.slow
def test_lost_or_damaged_shortcuts_cost_time_but_no_data(ds, folder):
    versions = commit_weights(ds, 70)
    skips = sorted((folder / "skips").iterdir())
    assert len(skips) > 8
    for i, path in enumerate(skips):
        if i % 2:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-5])
    store = Store(folder)
    assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())


def test_a_snapshot_is_written_when_the_changes_outgrow_it_and_may_be_lost(ds, folder, monkeypatch):
    monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", 2000)
    versions = commit_weights(ds, 30)
    snapshots = list((folder / "snapshots").iterdir())
    assert 1 <= len(snapshots) < 30
    ds.verify()
    for path in snapshots[::2]:
        path.unlink()
    snapshots[-1].write_bytes(b"nonsense")
    store = Store(folder)
    assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())


def test_a_commit_of_few_cells_writes_few_bytes(tables, folder):
    images = pd.concat([tables.images] * 4000).reset_index(drop=True)
    ds = nl.data.dataset.create_from(type(tables)(images, tables.instances, tables.labels), folder)
    rng = np.random.default_rng(0)
    ds.set(np.sort(rng.choice(20_000, 100, replace=False)), "images", weight=rng.random(100))
    version = ds.commit("100 weights")
    size = (folder / "versions" / f"{version.id}.nbv").stat().st_size
    assert size < 5_000
    assert sum(f.stat().st_size for f in (folder / "objects").iterdir()) > 50 * size
    ds.close()


def test_a_damaged_version_is_named_with_what_can_be_done_and_an_earlier_one_opens(ds, folder):
    first = ds.version_id
    ds.set([0], "images", weight=3)
    version = ds.commit("x")
    ds.close()
    path = folder / "versions" / f"{version.id}.nbv"
    whole = path.read_bytes()
    for length in range(0, len(whole), 9):
        path.write_bytes(whole[:length])
        with pytest.raises(
            CorruptError, match=rf"{version.id}.*earlier version with nl.open\(folder, version="
        ):
            Dataset(folder)
    earlier = nl.open(folder, version=first)
    assert earlier.images["weight"].tolist() == [1] * 5
    earlier.set([1], "images", weight=9)
    earlier.commit("goes on")
    earlier.close()
    with Dataset(folder) as again:
        assert again.images["weight"].tolist() == [1, 9, 1, 1, 1]


def test_a_head_log_cut_at_any_byte_gives_the_old_or_the_new_version(ds, folder):
    first = ds.version_id
    ds.set([0], "images", weight=3)
    second = ds.commit("x").id
    ds.close()
    head = folder / "HEAD"
    whole = head.read_bytes()
    for length in range(len(whole) // 2, len(whole) + 1):
        head.write_bytes(whole[:length])
        with Dataset(folder) as again:
            assert again.version_id == (second if length == len(whole) else first)
            if length != len(whole):
                again.set([0], "images", weight=4)
                again.commit("on the old one")
                assert len(again.verify()) == 2
    head.write_bytes(b"")
    with pytest.raises(StorageError, match="holds no version"):
        Dataset(folder)


def test_a_missing_file_is_named(ds, folder):
    ds.close()
    for path in [*(folder / "objects").iterdir(), folder / "HEAD", *(folder / "versions").iterdir()]:
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(CorruptError, match=path.name):
            Dataset(folder)
        path.write_bytes(kept)
    (folder / "ids.json").unlink()
    with Dataset(folder) as ds, pytest.raises(CorruptError, match=r"ids\.json"):
        ds.add_images(pd.DataFrame({"file": ["a.png"], "width": 3, "height": 3}))


def test_a_create_that_was_killed_can_be_done_again(tables, folder, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "write_settings", crash)
    with pytest.raises(KeyboardInterrupt):
        tables.save(folder)
    monkeypatch.undo()
    with pytest.raises(StorageError, match="no nbalabel dataset"):
        Dataset(folder)
    with tables.save(folder) as ds:
        assert len(ds.versions) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_bit_flips_anywhere_give_a_clean_error_or_the_right_data(ds, folder, tmp_path, seed):
    ds.set([0], label="ling")
    want = {}
    commit_weights(ds, 9)
    ds.set([2], label="ling")
    for version_id in ds.versions.index:
        version = ds.version(version_id)
        want[version_id] = (
            version.images["weight"].tolist(),
            version.instances["label"].astype(str).tolist(),
        )
    working = ds.instances["label"].astype(str).tolist()
    ds.close()
    rng, n_errors = random.Random(seed), 0
    for trial in range(40):
        copy = tmp_path / f"copy-{trial}"
        shutil.copytree(folder, copy)
        files = [path for path in copy.rglob("*") if path.is_file() and path.stat().st_size]
        path = rng.choice(sorted(files))
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            damaged = reopened(copy)
        except NbalabelError:
            n_errors += 1
            continue
        try:
            if "damaged" not in damaged.recovered:
                assert damaged.instances["label"].astype(str).tolist() == working, path
            for version_id in want:
                version = damaged.version(version_id)
                found = version.images["weight"].tolist(), version.instances["label"].astype(str).tolist()
                assert found == want[version_id], path
        except NbalabelError:
            n_errors += 1
        finally:
            damaged._unwatch()
            damaged._finalizer.detach()
            damaged._session.journal.close(keep=True)
        shutil.rmtree(copy)
    assert n_errors > 5


def test_unfinished_files_of_dead_writers_are_swept_away_in_time(ds, folder):
    import os

    old, new = folder / "objects" / ".part-old", folder / "objects" / ".part-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    ds.close()
    with Dataset(folder):
        assert new.exists()
        assert not old.exists()
