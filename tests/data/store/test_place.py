"""A dataset is known by what it is, not by where it lies: folders are deleted, moved, copied and replaced."""

import copy
import os
import pickle
import shutil
import warnings
from pathlib import Path

import orjson
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, NbalabelWarning, ReadOnlyError, StorageError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.folder import overwriting
from nbalabel.data.store import settings


def edit_of(ds: Dataset, value: float) -> None:
    ds.set([0], "images", weight=value)


def weights(ds) -> list[float]:
    return ds.images["weight"].tolist()


@pytest.fixture(params=["with an id", "of an earlier version"])
def opened(request, ds, folder):
    """An open dataset; one that earlier versions made has no id in its settings."""
    if request.param == "with an id":
        yield ds
        return
    ds.close()
    facts = settings.read_settings(folder)
    del facts["id"]
    settings.write_settings(folder, facts)
    again = nl.open(folder)
    yield again
    again.close()


def test_a_dataset_saved_again_after_its_folder_was_deleted_is_a_new_one(opened, tables, folder):
    edit_of(opened, 5)
    shutil.rmtree(folder)
    new = tables.save(folder)
    assert new is not opened
    assert weights(new) == [1] * 5
    new.set([1], "images", weight=7)
    version = new.commit("on what is on disk")
    new.close()
    with pytest.raises(StorageError, match=r"ds\.save"):
        opened.close()
    again = Dataset(folder)  # as the next kernel does
    assert again.version_id == version.id
    assert weights(again) == [1, 7, 1, 1, 1]
    assert len(again.verify()) == 2
    again.close()


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_where_the_folder_is_gone_or_another_dataset_is_in_its_place(
    opened, tables, folder, replaced, mask
):
    edit_of(opened, 5)
    shutil.rmtree(folder)
    if replaced:
        tables.save(folder).close()
    before = sorted((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())
    row = pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(2)]})
    attempts = [
        lambda: edit_of(opened, 6),
        lambda: opened.add_instances(row),
        opened.undo,
        opened.discard,
        lambda: opened.commit("x"),
        lambda: opened.checkout("HEAD", discard=True),
        opened.refresh,
        lambda: setattr(opened, "image_root", folder),
    ]
    for attempt in attempts:
        with pytest.raises(StorageError, match=r"deleted, moved or replaced.*ds\.save"):
            attempt()
    assert opened.status()
    opened.images.loc[1, "weight"] = 9
    with pytest.raises(StorageError, match=r"ds\.save"):
        opened.sync()
    assert sorted((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()) == before
    assert weights(opened) == [5, 9, 1, 1, 1]
    with pytest.raises(StorageError, match="in memory alone"):
        opened.close()


def test_all_work_of_a_deleted_folder_is_saved_elsewhere_even_after_closing(
    ds, folder, tmp_path, predictions, mask
):
    ds.reject(predictions.iloc[:1])
    edit_of(ds, 5)
    older = ds.images
    ds.add_label("hake")
    ds.set([0], label="hake")
    shutil.rmtree(folder)
    ds.instances.at[0, "mask"] = mask(3, 4, 6)
    older.loc[2, "weight"] = 8
    with pytest.raises(StorageError, match="in memory alone"), ds:
        pass
    kept = ds.save(tmp_path / "kept.nbal", "rescued")
    assert weights(kept) == [5, 1, 8, 1, 1]
    assert kept.instances["label"].astype(str).tolist() == ["hake", "ling", "cod"]
    assert kept.instances.loc[0, ["x", "area"]].tolist() == [3, 36]  # boxes follow what was assigned, too
    assert len(kept.rejected) == 1
    assert kept.labels == ("cod", "ling", "hake")
    assert kept.version("HEAD").message == "rescued"
    assert kept.verify()
    kept.close()
    there = ds.save(folder)  # also where it had been
    assert weights(there) == [5, 1, 8, 1, 1]
    there.close()


def test_a_folder_deleted_with_nothing_uncommitted_closes_quietly(ds, folder):
    shutil.rmtree(folder)
    assert len(ds.images) == 5
    assert not ds.status()
    ds.close()


def test_what_is_only_on_disk_says_that_the_folder_is_gone(ds, folder):
    shutil.rmtree(folder)
    for look in (lambda: ds.versions, lambda: ds.version("HEAD"), ds.verify):
        with pytest.raises(StorageError, match=r"deleted, moved or replaced|does not exist"):
            look()


def test_a_moved_folder_is_followed_with_its_uncommitted_work(opened, folder, tmp_path, tables):
    edit_of(opened, 5)
    moved = tmp_path / "elsewhere" / "cod.nbal"
    moved.parent.mkdir()
    folder.rename(moved)
    with pytest.raises(StorageError, match=r"only moved, nl\.open"):
        edit_of(opened, 6)
    other = tables.save(folder)  # somebody else's, where it was
    assert nl.open(moved) is opened
    assert opened.folder == moved
    edit_of(opened, 7)
    assert opened.commit("after moving").folder == moved
    edit_of(opened, 8)
    opened.close()
    assert len(other.versions) == 1
    other.close()
    again = Dataset(moved)
    assert weights(again)[0] == 8
    assert len(again.verify()) == 2
    again.close()


def test_a_moved_folder_that_is_closed_keeps_its_work_where_it_is_now(ds, folder, tmp_path):
    edit_of(ds, 5)
    moved = tmp_path / "cod.nbal"
    folder.rename(moved)
    ds.close()
    again = nl.open(moved)
    assert weights(again)[0] == 5
    again.close()


def test_a_folder_moved_away_and_back_goes_on_as_if_nothing_had_been(ds, folder, tmp_path):
    edit_of(ds, 5)
    folder.rename(tmp_path / "away")
    with pytest.raises(StorageError):
        edit_of(ds, 6)
    (tmp_path / "away").rename(folder)
    edit_of(ds, 7)
    assert weights(ds)[0] == 7
    ds.commit("x")
    assert len(ds.verify()) == 2


def test_one_dataset_reached_by_several_paths_is_opened_once_and_a_copy_is_another(
    ds, folder, tmp_path, monkeypatch
):
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    assert nl.open("fish.nbal") is ds
    assert nl.open("link") is ds
    (tmp_path / "other").mkdir()
    assert nl.open(tmp_path / "other" / ".." / "fish.nbal") is ds
    shutil.copytree(folder, tmp_path / "copy.nbal")
    copied = nl.open(tmp_path / "copy.nbal")
    assert copied is not ds
    edit_of(copied, 5)
    copied.commit("in the copy")
    assert len(ds.versions) == 1
    copied.close()


def test_a_link_turned_to_another_dataset_is_noticed(tables, tmp_path):
    first, second = tables.save(tmp_path / "1.nbal"), tables.save(tmp_path / "2.nbal")
    link = tmp_path / "link"
    link.symlink_to(first.folder)
    first.close()
    ds = nl.open(link)
    edit_of(ds, 5)
    link.unlink()
    link.symlink_to(second.folder)
    with pytest.raises(StorageError, match="another dataset"):
        edit_of(ds, 6)
    assert nl.open(link) is second
    assert nl.open(tmp_path / "1.nbal") is ds
    edit_of(ds, 7)
    ds.close()
    second.close()


def test_a_relative_path_stays_where_it_was_when_the_working_directory_changes(tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ds = tables.save("fish.nbal")
    (tmp_path / "deeper").mkdir()
    monkeypatch.chdir(tmp_path / "deeper")
    edit_of(ds, 5)
    ds.commit("from elsewhere")
    assert len(ds.verify()) == 2
    ds.close()


def test_a_commit_on_a_version_that_is_not_on_disk_is_refused(ds, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "backup")
    edit_of(ds, 5)
    ds.commit("after the backup")
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    edit_of(ds, 6)
    with pytest.raises(StorageError, match=r"has no version v2-.*ds\.save"):
        ds.commit("on nothing")
    assert weights(ds)[0] == 6
    assert len(ds.verify()) == 1
    kept = ds.save(tmp_path / "kept.nbal")
    assert weights(kept)[0] == 6
    kept.close()


@pytest.mark.parametrize("end", ["commit", "close"])
def test_a_journal_deleted_under_an_open_session_is_written_anew(ds, folder, end):
    edit_of(ds, 5)
    ds.set([1], "images", weight=6)
    ds.undo()
    for path in (folder / "journal").iterdir():
        path.unlink()
    ds.set([2], "images", weight=7)
    for path in (folder / "journal").iterdir():
        path.unlink()
    assert weights(ds) == [5, 1, 7, 1, 1]
    if end == "commit":
        ds.commit("x")
        ds.set([3], "images", weight=8)
    ds.close()
    again = Dataset(folder)
    assert weights(again) == [5, 1, 7, 8 if end == "commit" else 1, 1]
    again.close()


def test_opening_again_what_others_have_committed_to_goes_forward_and_says_so(ds, folder, other_kernel):
    told = []
    ds.on_change(lambda: told.append(weights(ds)[0]))
    other = other_kernel()
    edit_of(other, 5)
    version = other.commit("theirs")
    with pytest.warns(NbalabelWarning, match=f"gone forward to {version.id}"):
        assert nl.open(folder) is ds
    assert ds.version_id == version.id
    assert weights(ds)[0] == 5
    assert told == [5]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nl.open(folder)


@pytest.mark.parametrize("work", ["edited", "assigned", "discarded"])
def test_opening_again_with_work_of_ones_own_says_what_is_behind_and_touches_nothing(
    ds, folder, other_kernel, work
):
    other = other_kernel()
    edit_of(other, 5)
    other.commit("theirs")
    base = ds.version_id
    if work == "assigned":
        ds.images.loc[1, "weight"] = 3
    else:
        ds.set([1], "images", weight=3)
    if work == "discarded":
        ds.discard()  # undo brings it back: that is work, too
    with pytest.warns(NbalabelWarning, match=r"ds\.refresh\(\)"):
        assert nl.open(folder) is ds
    assert ds.version_id == base
    if work == "discarded":
        ds.undo()
    assert weights(ds) == [1, 3, 1, 1, 1]
    ds.refresh()
    assert weights(ds) == [5, 3, 1, 1, 1]


def test_opening_again_after_another_session_went_back_says_where_it_is(ds, folder, other_kernel):
    first = ds.version_id
    edit_of(ds, 5)
    ds.commit("x")
    other_kernel().checkout(first)
    with pytest.warns(NbalabelWarning, match=rf"went to {first}.*checkout\('HEAD'\)"):
        nl.open(folder)
    assert weights(ds)[0] == 5


def test_overwriting_replaces_a_dataset_and_the_open_one_says_so(ds, tables, folder, tmp_path):
    edit_of(ds, 5)
    ds.commit("old")
    edit_of(ds, 6)
    (folder / "runs").mkdir()
    (folder / "runs" / "run.json").write_text("{}")
    with pytest.raises(StorageError, match="overwrite=True replaces it"):
        tables.save(folder)
    new = tables.save(folder, overwrite=True)
    assert weights(new) == [1] * 5
    assert len(new.verify()) == 1
    assert not (folder / "runs").exists()
    with pytest.raises(StorageError, match="another dataset"):
        edit_of(ds, 7)
    kept = ds.save(tmp_path / "kept.nbal")
    assert weights(kept)[0] == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fish.nbal", "kept.nbal"]
    with pytest.raises(StorageError, match="in memory alone"):
        ds.close()
    empty = nl.create(folder, ["hake"], overwrite=True)
    assert empty.labels == ("hake",)
    for one in (new, kept, empty):
        one.close()


def test_overwriting_where_nothing_is_just_saves(tables, folder):
    folder.mkdir()
    tables.save(folder, overwrite=True).close()
    assert len(Dataset(folder).images) == 5


def test_overwriting_keeps_pictures_and_whatever_else_is_not_the_datasets(tmp_path, tables):
    folder = tmp_path / "fish.nbal"
    (folder / "images").mkdir(parents=True)
    for i in range(5):
        Image.new("RGB", (32, 32), (i, 0, 0)).save(folder / "images" / f"{i}.png")
    (folder / "notes.txt").write_text("mine")
    with_pictures = nl.Tables.of(tables.images, tables.instances, tables.labels, folder / "images")
    ds = with_pictures.save(folder)
    ds.close()
    again = with_pictures.save(folder, overwrite=True)
    assert (folder / "notes.txt").read_text() == "mine"
    assert again.read_image(3)[0, 0].tolist() == [3, 0, 0]
    again.close()
    copied = with_pictures.save(folder, overwrite=True, copy_images=True)
    assert copied.image_root == folder / "images"
    assert copied.read_image(4)[0, 0].tolist() == [4, 0, 0]
    copied.close()


@pytest.mark.parametrize("there", ["a file", "pictures", "a foreign dataset.json", "a damaged dataset"])
def test_what_is_no_dataset_is_never_overwritten(tables, folder, there):
    if there == "a file":
        folder.write_text("mine")
    elif there == "a damaged dataset":
        tables.save(folder).close()
        (folder / "dataset.json").write_bytes(b"{")
    else:
        folder.mkdir()
        name = "dataset.json" if there == "a foreign dataset.json" else "1.png"
        (folder / name).write_bytes(orjson.dumps({"name": "mine"}))
    before = sorted((path, path.is_file() and path.read_bytes()) for path in folder.parent.rglob("*"))
    with pytest.raises(StorageError, match=r"is a file|overwrite=True replaces a dataset"):
        tables.save(folder, overwrite=True)
    assert sorted((path, path.is_file() and path.read_bytes()) for path in folder.parent.rglob("*")) == before


def test_bad_tables_overwrite_nothing(ds, tables, folder):
    bad = tables.images.assign(width=0)
    with pytest.raises(DataError):
        nl.Tables(bad, tables.instances, tables.labels).save(folder, overwrite=True)
    edit_of(ds, 5)
    assert ds.commit("still there")


@pytest.mark.parametrize("fails", [1, 2])
def test_a_dataset_that_cannot_be_replaced_is_as_it_was(ds, tables, folder, monkeypatch, fails):
    real, calls = os.rename, []

    def rename(a, b):
        calls.append(a)
        if len(calls) == fails:
            raise OSError(16, "Device or resource busy")
        real(a, b)

    monkeypatch.setattr(overwriting.os, "rename", rename)
    with pytest.raises(StorageError, match=r"is as it was.*busy"):
        tables.save(folder, overwrite=True)
    monkeypatch.undo()
    assert [path.name for path in folder.parent.iterdir()] == ["fish.nbal"]
    edit_of(ds, 5)
    ds.commit("x")
    assert len(ds.verify()) == 2


def test_a_process_killed_between_the_two_renames_leaves_both_and_says_where(ds, tables, folder, monkeypatch):
    real = os.rename

    def rename(a, b):
        if Path(b) == folder:  # neither the new one comes nor, as in a killed process, the old one back
            raise OSError(16, "killed here")
        real(a, b)

    edit_of(ds, 5)
    ds.close()
    monkeypatch.setattr(overwriting.os, "rename", rename)
    with pytest.raises(OSError, match="killed here"):
        tables.save(folder, overwrite=True)
    monkeypatch.undo()
    with pytest.raises(StorageError, match=r"whole in .*\.replaced-.*rename that") as caught:
        nl.open(folder)
    aside = next(folder.parent.glob(".fish.nbal.replaced-*"))
    assert str(aside) in str(caught.value)
    aside.rename(folder)
    again = nl.open(folder)
    assert weights(again)[0] == 5
    again.close()


def test_a_pickled_or_deeply_copied_dataset_reads_all_and_edits_nothing(ds, predictions, tmp_path, folder):
    ds.accept(predictions.iloc[1:])
    ds.images.loc[1, "weight"] = 4
    for copied in (pickle.loads(pickle.dumps(ds)), copy.deepcopy(ds)):  # noqa: S301  # our own bytes
        assert_reads_all_and_edits_nothing(copied, ds)
    ds.commit("mine")
    assert len(ds.verify()) == 2
    assert nl.open(folder) is ds


def assert_reads_all_and_edits_nothing(copied: Dataset, ds: Dataset) -> None:
    pd.testing.assert_frame_equal(copied.images, ds.images)
    pd.testing.assert_frame_equal(copied.instances, ds.instances)
    assert copied.version_id == ds.version_id
    assert copied.status().tables == ds.status().tables
    assert len(copied.log()) == len(ds.log())
    edits = (lambda: edit_of(copied, 5), copied.sync, copied.undo, lambda: copied.commit("x"), copied.refresh)
    for attempt in edits:
        with pytest.raises(ReadOnlyError, match="copy, made by fork or pickle"):
            attempt()
    copied.close()
