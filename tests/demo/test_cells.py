"""nl.demo.cells: a folder as a stranger has it, and its truth found again under the dataset's own ids."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, StorageError
from nbalabel.core.geometry.masks import rle
from nbalabel.demo.cells import picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nl.demo.cells(tmp_path_factory.mktemp("mine") / "pictures", n_images=30, size=64)


def test_it_is_a_folder_of_pictures_with_nothing_labeled(folder: Path) -> None:
    tables = nl.read_images(folder, labels=["cell"])
    assert len(tables.images) == 30
    assert set(tables.images["state"]) == {"unlabeled"}
    assert sorted(tables.images["group"].unique()) == [f"plate-{i}" for i in range(1, 7)]
    assert {path.suffix for path in folder.rglob("*.*") if path.is_file() and ".truth" not in path.parts} == {
        ".png"
    }


def test_the_truth_comes_under_the_ids_of_whatever_dataset_is_made_of_them(
    folder: Path, tmp_path: Path
) -> None:
    ds = nl.read_images(folder, labels=["cell"]).save(tmp_path / "mine.nbal")
    ds.remove(ds.images.index[:3])
    truth = nl.demo.truth(ds)
    assert truth.images["file"].to_dict() == ds.images["file"].to_dict()
    assert set(truth.images["state"]) == {"complete", "empty"}
    for image_id, file in ds.images["file"].items():
        plate, field = int(file.split("/")[0][-1]) - 1, int(file[-6:-4]) - 1
        pixels, labels = picture(64, 0, plate, field)
        assert np.array_equal(np.asarray(Image.open(folder / file)), pixels)
        own = truth.instances.loc[truth.instances["image_id"] == image_id, "mask"].tolist()
        assert np.array_equal(rle.decode_labels(own, 64, 64), labels)
    ds.close()


def test_pictures_added_later_have_no_truth(folder: Path, tmp_path: Path) -> None:
    ds = nl.read_images(folder, labels=["cell"]).save(tmp_path / "mine.nbal")
    ds.images.loc[ds.images.index[0], "file"] = "plate-1/another.png"
    with pytest.raises(StorageError, match=r"no truth of 1 pictures, such as plate-1/another\.png"):
        nl.demo.truth(ds)
    ds.close()


def test_the_same_call_again_leaves_the_folder_as_it_is(folder: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert nl.demo.cells(folder, n_images=30, size=64) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == times


@pytest.mark.parametrize("arguments", [{"n_images": 31, "size": 64}, {"n_images": 30, "size": 64, "seed": 1}])
def test_another_call_never_writes_among_pictures(folder: Path, arguments: dict) -> None:
    with pytest.raises(StorageError, match="not an empty folder"):
        nl.demo.cells(folder, **arguments)


def test_somebodys_own_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    with pytest.raises(StorageError, match="not an empty folder"):
        nl.demo.cells(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]


def test_own_pictures_have_no_truth_and_it_says_what_to_leave_out(tmp_path: Path) -> None:
    Image.new("L", (32, 32)).save(tmp_path / "a.png")
    ds = nl.read_images(tmp_path, labels=["cell"]).save(tmp_path / "mine.nbal")
    with pytest.raises(StorageError, match="pictures of your own have none: draw"):
        nl.demo.truth(ds)
    ds.close()


@pytest.mark.parametrize("arguments", [{"n_images": -1}, {"size": 32}, {"size": 4096}])
def test_impossible_numbers_are_refused(tmp_path: Path, arguments: dict) -> None:
    with pytest.raises(DataError):
        nl.demo.cells(tmp_path / "pictures", **arguments)
    assert not (tmp_path / "pictures").exists()


def test_some_pictures_show_no_cell_and_cells_touch(folder: Path) -> None:
    maps = [picture(64, 0, plate, field)[1] for plate in range(6) for field in range(10)]
    assert 0.05 < np.mean([labels.max() == 0 for labels in maps]) < 0.2
    beside = [(m[:, 1:] != m[:, :-1]) & (m[:, 1:] > 0) & (m[:, :-1] > 0) for m in maps]
    assert sum(b.any() for b in beside) > 10
