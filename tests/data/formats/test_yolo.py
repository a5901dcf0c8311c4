"""YOLO segmentation folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, ImageError, LossWarning, UnsafePathError

from .conftest import make_tables

HALF = np.repeat([[True, False]], 4, axis=0).repeat(3, axis=1)
ISLANDS = np.array([[1, 1, 0, 0, 1], [1, 1, 0, 0, 0], [1, 1, 0, 0, 0]], bool)


def folder_of(root: Path, yaml: str, **files: str) -> Path:
    """A YOLO folder: keys name images ("__" for a slash), values are label lines ("-" for no file)."""
    (root / "data.yaml").write_text(yaml)
    for key, text in files.items():
        image = root / (key.replace("__", "/") + ".png")
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (10, 20)).save(image)
        if text != "-":
            label = Path(str(image.with_suffix(".txt")).replace("/images/", "/labels/"))
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text(text)
    return root


SQUARE = "1 0.1 0.1 0.5 0.1 0.5 0.3 0.1 0.3"


def test_splits_labels_and_polygons_are_read(tmp_path: Path) -> None:
    root = folder_of(
        tmp_path,
        "train: images/train\nval: images/val  # comment\nnames: [fish, ray]\nnc: 2",
        images__train__a=SQUARE,
        images__val__b=f"{SQUARE}\n\n0 0 0 1 0 1 1 0 1\n",
    )
    tables = nl.read_yolo(root)
    assert tables.labels == ("fish", "ray")
    assert tables.images["file"].tolist() == ["images/train/a.png", "images/val/b.png"]
    assert tables.images["split"].tolist() == ["train", "val"]
    assert tables.instances["label"].tolist() == ["ray", "ray", "fish"]
    assert tables.instances["area"].tolist() == [25, 25, 200]
    assert tables.instances[["x", "y", "w", "h"]].iloc[0].tolist() == [1, 2, 5, 5]


def test_an_empty_label_file_is_verified_a_missing_one_is_not(tmp_path: Path) -> None:
    root = folder_of(tmp_path, "train: images\nnames: [a, b]", images__a="", images__b="-", images__c=SQUARE)
    tables = nl.read_yolo(root)
    assert tables.images["state"].tolist() == ["empty", "unlabeled", "complete"]
    assert tables.images["weight"].tolist() == [1, 0, 1]
    assert nl.read_yolo(root, unannotated="empty").images["weight"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "yaml",
    [
        "path: ../datasets/sea\ntrain: ../train/images\nval: ../valid/images\nnames: {0: a, 1: b}",
        "names: [a, b]",
        "train: [train/images]\nval: valid/images\nnames: [a, b]\ndownload: |\n  a script\n  of lines",
    ],
)
def test_folders_as_other_tools_lay_them_out_are_understood(tmp_path: Path, yaml: str) -> None:
    root = folder_of(tmp_path, yaml, train__images__a=SQUARE, valid__images__b=SQUARE)
    tables = nl.read_yolo(root)
    assert tables.images["split"].tolist() == ["train", "val"]
    assert len(tables.instances) == 2


def test_a_list_of_image_files_can_stand_for_a_folder(tmp_path: Path) -> None:
    root = folder_of(tmp_path, "train: train.txt\nnames: [a, b]", images__a=SQUARE, images__b=SQUARE)
    (root / "train.txt").write_text("./images/b.png\n")
    assert nl.read_yolo(root).images["file"].tolist() == ["images/b.png"]
    (root / "train.txt").write_text("../b.png\n")
    with pytest.raises(UnsafePathError, match=r"inside .*b\.png"):
        nl.read_yolo(root)


def test_malformed_lines_are_all_named_with_file_and_line(tmp_path: Path) -> None:
    lines = f"{SQUARE}\n5 0 0 1 0 1 1\n0 0 0 1 0 1\n0 0 0 2 0 1 1\n0 nan 0 1 0 1 1\nx 0 0 1 0 1 1"
    root = folder_of(tmp_path, "train: images\nnames: [a, b]", images__a=lines)
    with pytest.raises(FormatError, match=r"5 lines.*labels/a.txt line 2: class must be.*below 2, got 5"):
        nl.read_yolo(root)


def test_boxes_are_refused_unless_asked_for(tmp_path: Path) -> None:
    root = folder_of(tmp_path, "train: images\nnames: [a, b]", images__a="0 0.5 0.5 0.4 0.2")
    with pytest.raises(FormatError, match="a box without a mask"):
        nl.read_yolo(root)
    assert nl.read_yolo(root, boxes="mask").instances["area"].tolist() == [16]


def test_folders_outside_missing_ones_and_missing_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no data.yaml"):
        nl.read_yolo(tmp_path)
    with pytest.raises(UnsafePathError, match="lies outside"):
        nl.read_yolo(folder_of(tmp_path, "train: ../../etc\nnames: [a]"))
    with pytest.raises(FormatError, match="there is no 'images/train'"):
        nl.read_yolo(folder_of(tmp_path, "train: images/train\nnames: [a]"))
    with pytest.raises(FormatError, match="names must be a list"):
        nl.read_yolo(folder_of(tmp_path, "train: images\nnames: 3"))


def test_the_image_sizes_come_from_the_images(tmp_path: Path) -> None:
    root = folder_of(tmp_path, "train: images\nnames: [a, b]", images__a=SQUARE)
    (root / "images" / "a.png").write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"1 of 1 images cannot be read: images/a\.png"):
        nl.read_yolo(root)


def test_unlabeled_images_are_written_where_training_does_not_look(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    states = ["complete", "unlabeled", "empty"]
    tables = make_tables([[(0, HALF)], [], []], tmp_path / "in", state=states, split=["val", None, "test"])
    report = nl.write_yolo(tables, tmp_path / "out")
    back = nl.read_yolo(tmp_path / "out")
    by_stem = back.images.assign(file=[Path(f).parts[1] for f in back.images["file"]]).set_index("file")
    states_back = {"val": "complete", "unlabeled": "unlabeled", "test": "empty"}
    assert by_stem["state"].astype(str).to_dict() == states_back
    assert by_stem["split"].dropna().to_dict() == {"val": "val", "test": "test"}
    assert report.n_images == 3
    yaml = (tmp_path / "out" / "data.yaml").read_text()
    assert "train: images/train\nval: images/val\n" in yaml


def test_writing_what_was_read_from_a_yolo_folder_keeps_its_places(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    yaml = "train: images/train\nval: images/val\nnames: [x, y]"
    root = folder_of(tmp_path / "a", yaml, images__train__a=SQUARE, images__val__b="")
    nl.write_yolo(nl.read_yolo(root), tmp_path / "b", images="copy")
    again = nl.read_yolo(tmp_path / "b")
    assert again.images["file"].tolist() == ["images/train/a.png", "images/val/b.png"]
    assert again.instances["mask"].tolist() == nl.read_yolo(root).instances["mask"].tolist()


def test_empty_masks_and_dropped_islands_are_reported_worst_first(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tables = make_tables([[(0, ISLANDS), (1, np.zeros((3, 5), bool))]], tmp_path / "in")
    with pytest.warns(LossWarning, match=r"2 of 2 masks come back different.*2, 1 with IoU 0\.000, 0\.857"):
        report = nl.write_yolo(tables, tmp_path / "out", islands="largest")
    assert report.loss["iou"].to_dict() == pytest.approx({2: 0.0, 1: 6 / 7})
    assert report.n_instances == 1


def test_ultralytics_reads_what_was_written(tmp_path: Path) -> None:
    data = pytest.importorskip("ultralytics.data.utils")
    (tmp_path / "in").mkdir()
    large = np.kron(HALF, np.ones((5, 5), bool))  # ultralytics refuses images below 10 pixels
    tables = make_tables([[(0, large), (2, large[::-1])], [(1, large)]], tmp_path / "in")
    assert nl.write_yolo(tables, tmp_path / "out", images="copy").loss.empty
    files = nl.read_yolo(tmp_path / "out").images["file"]
    for file, n in zip(files, (2, 1), strict=True):
        image = tmp_path / "out" / file
        label = data.img2label_paths([str(image)])[0]
        found = data.verify_image_label((str(image), label, "", False, 3, 0, 0, False))
        assert len(found[1]) == n, found[-1]
        assert len(found[3]) == n


def test_images_that_a_folder_cannot_tell_apart_are_refused(tmp_path: Path) -> None:
    tables = make_tables([[], []], file=["a.png", "a.jpg"])
    with pytest.raises(FormatError, match="differ in their suffix alone"):
        nl.write_yolo(tables, tmp_path, images="none")
    with pytest.raises(DataError, match="no image folder to export from"):
        nl.write_yolo(make_tables([[]]), tmp_path)
