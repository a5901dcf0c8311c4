"""Tables in parts: what an edit rewrites, when masks are checked, folders from before there were parts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import CorruptError
from nbalabel.data.store import snapshot, storage
from nbalabel.data.store.snapshot import files_of, parts_of

N = 400


@pytest.fixture
def small_parts(monkeypatch: Any) -> None:
    """Parts of 64 rows; a commit writes a snapshot; masks are checked when they are looked at."""
    monkeypatch.setattr(snapshot, "PART_ROWS", 64)
    monkeypatch.setattr(snapshot, "LATE_BYTES", 0)
    monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", -1)
    monkeypatch.setattr(storage.Store, "_snapshot_bytes", lambda *_: 0)


@pytest.fixture
def saved(tmp_path: Path, small_parts: None) -> Path:
    """A folder with a row of masks per image, cut into parts."""
    rng = np.random.default_rng(0)
    masks = [nl.encode_mask(rng.random((8, 8)) < 0.4) for _ in range(N)]
    images = pd.DataFrame({"file": [f"{i}.jpg" for i in range(N)], "width": 8, "height": 8})
    instances = pd.DataFrame({"image_id": np.arange(N), "label": "cod", "mask": masks})
    nl.Tables.of(images, instances, ["cod", "ling"]).save(tmp_path / "ds.nbal")
    return tmp_path / "ds.nbal"


def parts(folder: Path, version: str | None = None) -> list[dict[str, Any]]:
    """Those of the instances of the last snapshot."""
    store = storage.Store(folder)
    manifest = store.manifest(store.head.current() if version is None else version)
    meta = manifest.base or store.shortcuts._meta(manifest.id)
    return parts_of(meta["tables"]["instances"])


def test_a_table_in_parts_opens_as_it_was(saved: Path) -> None:
    assert len(parts(saved)) == 6
    assert json.loads((saved / "dataset.json").read_text())["schema"] == 2
    with nl.open(saved) as ds:
        assert ds.instances.index.tolist() == list(range(N))
        assert ds.instances["image_id"].tolist() == list(range(N))
        assert set(ds.instances["label"]) == {"cod"}
        assert len({*ds.instances["mask"]}) > N / 2
        assert ds.verify()


def test_an_edit_rewrites_the_files_of_its_part_alone(saved: Path) -> None:
    before = parts(saved)
    with nl.open(saved) as ds:
        mask = ds.instances["mask"].iloc[0]
        made = ds.set([70], mask=[mask])
        assert not hasattr(made.tables["instances"].updated["mask"].old, "pieces")  # undo holds one mask
        ds.set([300], score=0.5)
        ds.commit("edited")
        after = parts(saved)
        assert [a["masks"] == b["masks"] for a, b in zip(before, after, strict=True)] == [
            True, False, True, True, True, True,
        ]  # fmt: skip
        assert [a["file"] == b["file"] for a, b in zip(before, after, strict=True)] == [
            True, False, True, True, False, True,
        ]  # fmt: skip
        ds.remove([130])
        ds.add_instances(ds.instances.iloc[[0]][["image_id", "label", "mask"]].assign(label="ling"))
        ds.commit("a row less, a row more")
        again = parts(saved)
        assert [a["masks"] == b["masks"] for a, b in zip(after, again, strict=True)] == [
            True, True, False, True, True, False,
        ]  # fmt: skip
        now = ds.instances.copy()
        assert ds.verify()
    with nl.open(saved) as ds:
        pd.testing.assert_frame_equal(ds.instances, now)
        assert ds.instances.loc[70, "mask"] == mask


def test_parts_hold_every_row_once_and_none_is_long(monkeypatch: Any) -> None:
    monkeypatch.setattr(snapshot, "PART_ROWS", 64)
    rng = np.random.default_rng(0)
    for ids in (np.arange(0), np.arange(1000), np.arange(1000) * 97, np.sort(rng.permutation(9000)[:1000])):
        bounds = snapshot._parts(ids)
        assert [end for _, end in bounds[:-1]] == [begin for begin, _ in bounds[1:]]
        assert (bounds[0][0], bounds[-1][1]) == (0, len(ids))
        assert all(end - begin <= 128 for begin, end in bounds)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_damaged_masks_are_found_when_one_of_their_file_is_looked_at(saved: Path) -> None:
    broken = saved / "objects" / parts(saved)[3]["masks"]
    damage(broken)
    with nl.open(saved) as ds:
        assert ds.instances.loc[[10, 150], "mask"].tolist()
        ds.set([10], mask=[ds.instances["mask"].iloc[150]])  # another part
        assert ds.instances["label"].loc[300] == "cod"
        ds.set([200], score=0.5)  # the part itself: an edit of other columns reads no masks
        ds.instances["score"] = np.float32(0.25)
        ds.sync()
        for _ in range(2):
            with pytest.raises(CorruptError, match=f"{broken.name} is damaged.*from a backup"):
                ds.instances.loc[[200], "mask"].tolist()
        with pytest.raises(CorruptError, match=broken.name):
            ds.verify()


def test_a_missing_file_of_masks_is_told_at_opening(saved: Path) -> None:
    broken = saved / "objects" / parts(saved)[3]["masks"]
    broken.unlink()
    with pytest.raises(CorruptError, match=f"{broken.name} is missing"):
        nl.open(saved)


def test_damaged_masks_of_a_snapshot_say_that_it_can_be_deleted(saved: Path) -> None:
    first = {part["masks"] for part in parts(saved)}
    with nl.open(saved) as ds:
        mask = ds.instances["mask"].iloc[0]
        ds.set([70], mask=[mask])
        version = ds.commit("edited").id
    (own,) = {part["masks"] for part in parts(saved)} - first
    damage(saved / "objects" / own)
    shortcut = saved / "snapshots" / f"{version}.nbs"
    with nl.open(saved) as ds:
        with pytest.raises(CorruptError, match=f"{own} is damaged.*delete .*{shortcut.name}"):
            ds.instances["mask"].tolist()
        with pytest.raises(CorruptError, match=f"all 2 versions are whole, but .*{shortcut.name} is damaged"):
            ds.verify()
    shortcut.unlink()
    with nl.open(saved) as ds:
        assert ds.instances.loc[70, "mask"] == mask


def test_parts_of_different_tables_are_refused(saved: Path) -> None:
    store = storage.Store(saved)
    meta = store.manifest(store.head.current()).base
    assert meta
    table = meta["tables"]["instances"]
    for wrong in (
        {**table, "parts": [*table["parts"][:-1], {**table["parts"][-1], "masks": None}]},
        {**table, "parts": [*table["parts"], meta["tables"]["images"]["parts"][0]]},
        {**table, "parts": table["parts"][:-1] + table["parts"][:1]},
        {**table, "parts": [{**table["parts"][0], "masks": table["parts"][0]["file"]}, *table["parts"][1:]]},
    ):
        crafted = {**meta, "tables": {**meta["tables"], "instances": wrong}}
        with pytest.raises(CorruptError):
            snapshot.read_snapshot(crafted, saved / "objects")
    assert len(files_of(meta)) >= 10


def test_a_folder_from_before_there_were_parts_opens_and_gets_parts(
    tmp_path: Path, small_parts: None
) -> None:
    """Written by the version of nbalabel before parts, with three commits and uncommitted work."""
    shutil.unpack_archive(Path(__file__).with_name("before_parts.zip"), tmp_path)
    folder = tmp_path / "before_parts.nbal"
    with nl.open(folder) as ds:
        assert ds.instances.loc[9, "status"] == "verified"  # the uncommitted work
        assert ds.instances.loc[[3, 200], "score"].tolist() == [0.5, 0.5]
        assert 7 not in ds.instances.index
        assert len(ds.verify()) == 3
        ds.commit("looked at")
        now = ds.instances.copy()
    assert len(parts(folder)) > 3
    assert (
        json.loads((folder / "dataset.json").read_text())["schema"] == 1
    )  # earlier nbalabel opens it, slower
    with nl.open(folder) as ds:
        pd.testing.assert_frame_equal(ds.instances, now)
        assert len(ds.verify()) == 4
        assert len(ds.version("v1").instances) == N
