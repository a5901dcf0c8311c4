"""Datasets and pictures that move: alone, together, and into one folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, NbalabelWarning, StorageError, UnknownNameError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with pictures and, beside them, a dataset of them."""
    home = tmp_path / "somewhere" / "project"
    (home / "photos").mkdir(parents=True)
    for i in range(3):
        pixels = np.full((6, 8, 3), 50 * i, np.uint8)
        Image.fromarray(pixels).save(home / "photos" / f"{i}.png")
    nl.read_images(home / "photos").save(home / "a.nbal").close()
    return home


def test_a_project_that_moves_keeps_its_pictures(project: Path, tmp_path: Path) -> None:
    shutil.move(project, tmp_path / "moved")
    with nl.open(tmp_path / "moved" / "a.nbal") as ds:
        assert ds.image_root == tmp_path / "moved" / "photos"
        assert ds.read_image(2)[0, 0, 0] == 50


def test_a_dataset_that_moves_alone_keeps_its_pictures(project: Path, tmp_path: Path) -> None:
    (tmp_path / "else" / "photos").mkdir(parents=True)  # the same way from there leads to other pictures
    shutil.move(project / "a.nbal", tmp_path / "else" / "a.nbal")
    with nl.open(tmp_path / "else" / "a.nbal") as ds:
        assert ds.image_root == project / "photos"


def test_pictures_that_are_nowhere_are_told_of_by_where_they_were(project: Path) -> None:
    shutil.rmtree(project / "photos")
    with nl.open(project / "a.nbal") as ds:
        assert ds.image_root == project / "photos"
        with pytest.raises(ImageError, match=r"0\.png is missing"):
            ds.read_image(1)


def test_an_assigned_root_moves_with_the_project_too(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project / "photos", project / "data" / "more")
    with nl.open(project / "a.nbal") as ds:
        ds.image_root = project / "data" / "more"
    shutil.move(project, tmp_path / "moved")
    with nl.open(tmp_path / "moved" / "a.nbal") as ds:
        assert ds.image_root == tmp_path / "moved" / "data" / "more"
        ds.image_root = None
        assert ds.image_root is None


def test_a_folder_with_history_becomes_whole(project: Path, tmp_path: Path) -> None:
    with nl.open(project / "a.nbal") as ds:
        first = ds.version_id
        ds.remove([2], table="images")
        ds.commit("two left")
        ds.remove([3], table="images")
        assert ds.copy_images() == project / "a.nbal" / "images" == ds.image_root
        assert ds.copy_images() == ds.image_root
        shutil.rmtree(project / "photos")
        assert ds.version(first).read_image(2)[0, 0, 0] == 50
        assert ds.read_image(1).shape == (6, 8, 3)
    shutil.move(project / "a.nbal", tmp_path / "b.nbal")
    with nl.open(tmp_path / "b.nbal") as ds:
        assert ds.image_root == tmp_path / "b.nbal" / "images"
        assert ds.images.index.tolist() == [1]


def test_pictures_of_earlier_versions_that_are_gone_are_told_of(project: Path) -> None:
    with nl.open(project / "a.nbal") as ds:
        ds.remove([2], table="images")
        (project / "photos" / "1.png").unlink()
        with pytest.warns(NbalabelWarning, match=r"1 pictures of earlier versions alone .*: 1\.png"):
            ds.copy_images()
        assert sorted(path.name for path in ds.image_root.iterdir()) == ["0.png", "2.png"]


def test_a_dataset_stays_where_it_is_when_pictures_cannot_be_copied(project: Path) -> None:
    with nl.open(project / "a.nbal") as ds:
        (project / "a.nbal" / "images").mkdir()
        (project / "a.nbal" / "images" / "0.png").write_text("mine")
        with pytest.raises(StorageError, match="other files are in the way"):
            ds.copy_images()
        assert ds.image_root == project / "photos"
        (project / "photos" / "2.png").unlink()
        with pytest.raises(ImageError, match=r"1 of 3 pictures are not in .*: 2\.png"):
            ds.copy_images()


def test_a_label_nobody_uses_goes_and_comes_back(ds) -> None:
    ds.add_label("eel")
    ds.remove_label("eel")
    assert ds.labels == ("cod", "ling")
    ds.undo()
    assert ds.labels == ("cod", "ling", "eel")


def test_a_label_in_use_goes_only_to_another(ds, predictions) -> None:
    ds.reject(predictions)
    with pytest.raises(
        DataError, match=r"'ling' is used by 1 rows of instances and 1 rows of rejected: .*to="
    ):
        ds.remove_label("ling")
    with pytest.raises(UnknownNameError, match="to='eel' is no other label; there are cod"):
        ds.remove_label("ling", to="eel")
    with pytest.raises(UnknownNameError, match="no label 'eel'; there are cod, ling"):
        ds.remove_label("eel")
    ds.remove_label("ling", to="cod")
    assert ds.labels == ("cod",)
    assert ds.instances["label"].tolist() == ["cod"] * 3
    assert ds.rejected["label"].tolist() == ["cod"] * 3
    ds.undo()
    assert ds.instances["label"].tolist() == ["cod", "ling", "cod"]


def test_labels_take_another_order_and_rows_keep_theirs(ds) -> None:
    ds.reorder_labels(["ling", "cod"])
    assert ds.labels == ("ling", "cod")
    assert list(ds.instances["label"].cat.categories) == ["ling", "cod"]
    assert ds.instances["label"].tolist() == ["cod", "ling", "cod"]
    assert not ds.reorder_labels(["ling", "cod"])
    ds.commit("ling first")
    assert ds.version("HEAD").instances["label"].tolist() == ["cod", "ling", "cod"]
    with pytest.raises(
        DataError, match="each of the 2 labels once, got 2 names; missing: ling; not there: 'eel'"
    ):
        ds.reorder_labels(["eel", "cod"])
    with pytest.raises(DataError, match="got 3 names"):
        ds.reorder_labels(["ling", "cod", "cod"])
