"""Datasets joined, copied whole, and cut out of: ids, labels, pictures and history stay right."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, NbalabelWarning, StorageError

SIZE = 24


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def labeled(root: Path, files: dict[str, int], labels: list[str], n_labeled: int | None = None, **columns):
    """Tables of pictures (file -> seed), each of the first few with one mask of each label."""
    for name, seed in files.items():
        picture(root / name, seed)
    done = len(files) if n_labeled is None else n_labeled
    images = pd.DataFrame({"file": list(files), "width": SIZE, "height": SIZE, **columns})
    images["state"] = ["complete"] * done + ["unlabeled"] * (len(files) - done)
    mask = np.zeros((SIZE, SIZE), bool)
    mask[2:9, 3:12] = True
    rows = [(i, label, nl.encode_mask(mask)) for i in range(done) for label in labels]
    instances = pd.DataFrame(rows, columns=["image_id", "label", "mask"])
    return nl.Tables.of(images, instances, labels, root)


@pytest.fixture
def ds(tmp_path):
    tables = labeled(tmp_path / "pictures", {"a.png": 1, "b.png": 2}, ["cod", "ling"], 1)
    return tables.save(tmp_path / "ours.nbal")


@pytest.fixture
def other(tmp_path):
    root = tmp_path / "pictures" / "more"
    return labeled(root, {"c.png": 3, "d.png": 4}, ["ling", "eel"], habitat=["reef", "sand"])


def test_joining_matches_labels_by_name_and_gives_ids_anew(ds, other) -> None:
    change = ds.join(other, origin="ana")
    assert change.note == "joined 2 images and 4 instances"
    assert ds.labels == ("cod", "ling", "eel")
    assert ds.images["file"].tolist() == ["a.png", "b.png", "more/c.png", "more/d.png"]
    assert ds.images.index.is_unique
    assert ds.instances.index.is_unique
    on = ds.instances.groupby(ds.instances["image_id"].map(ds.images["file"]))["label"].agg(list)
    both = ["ling", "eel"]
    assert on.to_dict() == {"a.png": ["cod", "ling"], "more/c.png": both, "more/d.png": both}
    assert ds.images["habitat"].astype("str").fillna("").tolist() == ["", "", "reef", "sand"]
    assert ds.read_image(int(ds.images.index[2])).shape == (SIZE, SIZE, 3)
    assert ds.log()["origin"].iloc[0] == "ana"


def test_a_join_is_one_step_to_undo(ds, other) -> None:
    before = ds.images.copy(), ds.instances.copy()
    ds.join(other)
    ds.undo()
    pd.testing.assert_frame_equal(ds.images, before[0])
    pd.testing.assert_frame_equal(ds.instances, before[1])
    assert ds.labels == ("cod", "ling")
    ds.redo()
    ds.commit("joined")
    assert len(nl.open(ds.folder).version("HEAD").images) == 4


def test_pictures_elsewhere_are_copied_when_asked(ds, tmp_path) -> None:
    far = labeled(tmp_path / "far", {"a.png": 9}, ["cod"])
    with pytest.raises(
        DataError, match=r"1 of 1 pictures are in .*far, outside.*copy=True copies them there"
    ):
        ds.join(far)
    ds.join(far, copy=True)
    assert ds.images["file"].tolist() == ["a.png", "b.png", "far/a.png"]
    assert (ds.read_image(int(ds.images.index[2])) == far.read_image(0)).all()


def test_the_same_picture_is_one_image_and_gets_the_labels_it_lacks(ds, tmp_path) -> None:
    twins = labeled(tmp_path / "copy", {"one.png": 1, "two.png": 2, "new.png": 7}, ["eel"])
    with pytest.warns(NbalabelWarning, match="1 images are labeled in both, ours stay: images 0"):
        change = ds.join(twins, copy=True)
    assert "1 images that were there got their labels" in change.note
    assert ds.images["file"].tolist() == ["a.png", "b.png", "copy/new.png"]
    assert not (tmp_path / "pictures" / "copy" / "one.png").exists()
    assert ds.images["state"].tolist() == ["complete"] * 3
    labels = ds.instances.groupby("image_id")["label"].agg(list).to_dict()
    assert labels == {0: ["cod", "ling"], 1: ["eel"], 2: ["eel"]}
    ds.undo()
    assert ds.images["state"].tolist() == ["complete", "unlabeled"]


def test_twins_may_be_kept(ds, tmp_path) -> None:
    twins = labeled(tmp_path / "copy", {"one.png": 1}, ["eel"])
    ds.join(twins, copy=True, duplicates="keep")
    assert len(ds.images) == 3
    with pytest.raises(DataError, match="duplicates must be"):
        ds.join(twins, duplicates="drop")


def test_a_column_of_another_type_is_refused_and_nothing_changes(ds, other) -> None:
    ds.images["habitat"] = [1, 2]
    ds.commit("numbers")
    with pytest.raises(DataError, match="habitat must be int64"):
        ds.join(other)
    assert not ds.status()
    assert ds.labels == ("cod", "ling")


def test_datasets_join_into_tables_with_their_pictures_where_they_are(ds, tmp_path) -> None:
    far = labeled(tmp_path / "far", {"a.png": 9, "same.png": 1}, ["eel"])
    both = nl.join(ds, far)
    assert both.image_root == tmp_path.resolve()
    assert both.images["file"].tolist() == ["pictures/a.png", "pictures/b.png", "far/a.png"]
    assert both.labels == ("cod", "ling", "eel")
    saved = both.save(tmp_path / "both.nbal")
    assert (saved.read_image(2) == far.read_image(0)).all()
    assert len(nl.join(ds, far, duplicates="keep").images) == 4
    with pytest.raises(DataError, match="nothing to join"):
        nl.join()


def test_a_copy_has_the_history_and_the_work_and_goes_its_own_way(ds, tmp_path) -> None:
    ds.images.loc[0, "weight"] = 2
    ds.commit("heavier")
    ds.set([0], label="ling", origin="ana")
    ds.rename_label("cod", "codling")
    copied = ds.copy(tmp_path / "copy.nbal")
    assert copied.versions.index.tolist() == ds.versions.index.tolist()
    assert copied.labels == ("codling", "ling")
    assert copied.log()["origin"].tolist()[:2] == ds.log()["origin"].tolist()[:2]
    copied.undo()
    assert copied.labels == ("cod", "ling")
    copied.commit("mine")
    assert ds.labels == ("codling", "ling")
    assert copied.image_root == ds.image_root
    assert nl.open(ds.folder) is ds
    assert nl.open(copied.folder) is copied
    with pytest.raises(StorageError, match="is not empty"):
        ds.copy(copied.folder)
    with pytest.raises(StorageError, match="inside the dataset"):
        ds.copy(ds.folder / "copy")


def test_a_copy_takes_the_pictures_in_its_folder_along(ds, tmp_path) -> None:
    ds.copy_images()
    copied = ds.copy(tmp_path / "elsewhere" / "copy.nbal")
    assert copied.image_root == copied.folder / "images"
    assert copied.read_image(0).shape == (SIZE, SIZE, 3)


def test_versions_and_tables_have_subsets_as_datasets_do(ds, tmp_path) -> None:
    version = ds.commit("first")
    ds.remove(ds.instances.index)
    assert len(version.subset([0]).instances) == 2
    tables = version.subset(version.instances)
    assert tables.images.index.tolist() == [0]
    assert tables.subset([0]).labels == ("cod", "ling")
    saved = version.subset(version.images.query("state == 'unlabeled'")).save(tmp_path / "rest.nbal")
    assert saved.images["file"].tolist() == ["b.png"]
    with pytest.raises(nl.errors.UnknownNameError):
        tables.subset([1])
