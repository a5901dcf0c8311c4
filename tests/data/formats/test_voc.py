"""Pascal VOC folders: boxes that count from 1, pictures of objects and labels, and what covers what."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

LEFT = np.zeros((6, 8), bool)
LEFT[1:4, 1:5] = True
RIGHT = np.zeros((6, 8), bool)
RIGHT[2:5, 3:8] = True
BOX = "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax><ymax>4</ymax></bndbox>"
OBJECT = "<object><name>{}</name>{}" + BOX + "</object>"


def lay(folder: Path, objects: str, size: str = "<size><width>8</width><height>6</height></size>") -> Path:
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    text = f"<annotation><filename>a.png</filename>{size}{objects}</annotation>"
    (folder / "Annotations" / "a.xml").write_text(text)
    return folder


def picture(folder: Path, kind: str, values: np.ndarray, mode: str = "P") -> None:
    (folder / kind).mkdir(exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8))
    image.putpalette([128, 0, 0] * 256 if mode == "P" else [])
    image.save(folder / kind / "a.png")


def test_boxes_count_from_1_and_hold_their_last_pixel(tmp_path: Path) -> None:
    tables = nl.read_voc(lay(tmp_path, OBJECT.format("cat", "<difficult>1</difficult>")))
    np.testing.assert_array_equal(rle.decode(tables.instances["mask"].iloc[0], 6, 8), LEFT)
    assert tables.instances[["is_box", "difficult"]].values.tolist() == [[True, True]]
    assert tables.images["file"].tolist() == ["a.png"]
    assert len(tables.labels) == 20


def test_objects_get_their_masks_from_the_picture_of_objects(tmp_path: Path) -> None:
    lay(tmp_path, OBJECT.format("fish", "") + OBJECT.format("ray", ""))
    values = np.where(RIGHT, 2, 0)
    values[5] = 255
    picture(tmp_path, "SegmentationObject", values)
    tables = nl.read_voc(tmp_path)
    rows = tables.instances.set_index("label")
    np.testing.assert_array_equal(rle.decode(rows.at["ray", "mask"], 6, 8), RIGHT & (values == 2))
    assert rows["is_box"].to_dict() == {"ray": False, "fish": True}


def test_a_picture_of_labels_alone_gives_one_instance_per_label(tmp_path: Path) -> None:
    lay(tmp_path, "")
    (tmp_path / "labelmap.txt").write_text("background:0,0,0::\nfish:9,9,9::\nray:7,8,9::\n")
    (tmp_path / "SegmentationClass").mkdir()
    colors = np.zeros((6, 8, 3), np.uint8)
    colors[LEFT], colors[RIGHT] = (9, 9, 9), (7, 8, 9)
    Image.fromarray(colors).save(tmp_path / "SegmentationClass" / "a.png")
    tables = nl.read_voc(tmp_path)
    assert tables.labels == ("fish", "ray")
    assert tables.instances["area"].tolist() == [int((LEFT & ~RIGHT).sum()), 15]


def test_later_instances_cover_earlier_ones_and_the_report_says_how_much(tmp_path: Path) -> None:
    tables = make_tables([[(0, LEFT), (1, RIGHT)]], tmp_path / "pictures")
    with pytest.warns(LossWarning, match="a pixel holds one instance"):
        report = nl.write_voc(tables, tmp_path / "out")
    shown = LEFT & ~RIGHT
    assert report.loss["iou"].to_dict() == {1: pytest.approx(shown.sum() / LEFT.sum())}
    back = nl.read_voc(tmp_path / "out")
    assert back.instances["nb_id"].tolist() == [1, 2]
    np.testing.assert_array_equal(rle.decode(back.instances["mask"].iloc[0], 6, 8), shown)
    assert back.images["file"].tolist() == tables.images["file"].tolist()


def test_splits_and_flags_travel(tmp_path: Path) -> None:
    tables = make_tables([[(0, LEFT)], [(1, RIGHT)]], tmp_path / "pictures", split=["val", None])
    own = tables.instances.assign(truncated=[True, False])
    nl.write_voc(Tables.of(tables.images, own, tables.labels, tables.image_root), tmp_path / "out")
    back = nl.read_voc(tmp_path / "out")
    assert back.images["split"].astype(object).tolist()[0] == "val"
    assert back.images["split"].isna().tolist() == [False, True]
    assert back.instances["truncated"].tolist() == [True, False]


def test_more_instances_than_a_palette_holds_are_left_as_boxes(tmp_path: Path) -> None:
    masks = [(0, np.arange(300).reshape(15, 20) == i) for i in range(260)]
    tables = make_tables([masks])
    report = nl.write_voc(tables, tmp_path, images="none")
    assert report.loss.empty  # a single pixel is its own box
    back = nl.read_voc(tmp_path).instances
    assert len(back) == 260
    assert back["is_box"].sum() == 6


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ("<object><name>fish</name></object>", "object 1 needs a name and a bndbox"),
        (OBJECT.format("", ""), "object 1 needs a name"),
        (OBJECT.format("fish", "").replace(">2<", ">x<"), "xmin must be a number"),
        ("<object>", "is not XML"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, objects: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        nl.read_voc(lay(tmp_path, objects))
    assert "a.xml" in str(caught.value)


def test_masks_without_a_label_are_refused(tmp_path: Path) -> None:
    picture(lay(tmp_path, ""), "SegmentationObject", np.where(LEFT, 1, 0))
    with pytest.raises(FormatError, match="object 1 has no label"):
        nl.read_voc(tmp_path)


def test_labels_that_its_label_map_cannot_hold_are_refused(tmp_path: Path) -> None:
    tables = make_tables([])
    with pytest.raises(DataError, match="without colons"):
        nl.write_voc(Tables.of(tables.images, tables.instances, ["a:b"]), tmp_path, images="none")


@pytest.mark.parametrize(
    "line", ["fish:1,2::", "fish:1,,3::", "fish:1,2,300::", ":1,2,3::", "fish:1,2,3\nfish:::"]
)
def test_label_maps_that_are_malformed_are_refused(tmp_path: Path, line: str) -> None:
    (lay(tmp_path, "") / "labelmap.txt").write_text(f"background:0,0,0::\n{line}\n")
    with pytest.raises(FormatError, match=r"labelmap\.txt"):
        nl.read_voc(tmp_path)


def test_an_image_without_size_and_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"1 images have no size in an XML file: a\.png"):
        nl.read_voc(lay(tmp_path, "", size=""))


def test_masks_in_the_colors_of_objects_are_read_too(tmp_path: Path) -> None:
    tables = make_tables([[(0, LEFT & ~RIGHT), (1, RIGHT)]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nl.write_voc(tables, tmp_path, images="none")
    for path in tmp_path.glob("Segmentation*/*/*.png"):
        Image.open(path).convert("RGB").save(path)
    assert nl.read_voc(tmp_path).instances["mask"].tolist() == tables.instances["mask"].tolist()
