"""LabelMe folders."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import FormatError, LossWarning, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats.labelme.shapes import encode_pixels
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SQUARE = [[1, 1], [3, 1], [3, 3], [1, 3]]


def shape(**fields: Any) -> dict[str, Any]:
    return {
        "label": "fish",
        "points": SQUARE,
        "group_id": None,
        "shape_type": "polygon",
        "flags": {},
        **fields,
    }


def write(folder: Path, *shapes: dict[str, Any], name: str = "a", **fields: Any) -> Path:
    document = {"shapes": shapes, "imagePath": f"{name}.png", "imageHeight": 8, "imageWidth": 10, **fields}
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_polygons_rectangles_circles_and_masks_are_read(tmp_path: Path) -> None:
    pixels = np.array([[1, 0], [1, 1]], bool)
    shapes = [
        shape(),
        shape(points=[[3, 3], [1, 1]], shape_type="rectangle"),
        shape(points=[[4.5, 4], [7.5, 4]], shape_type="circle", label="ray"),
        shape(points=[[2, 1], [3, 2]], shape_type="mask", mask=encode_pixels(pixels)),
    ]
    tables = nl.read_labelme(write(tmp_path, *shapes))
    assert tables.labels == ("fish", "ray")
    assert tables.instances["label"].tolist() == ["fish", "fish", "ray", "fish"]
    area = tables.instances["area"].tolist()
    assert [*area[:2], area[3]] == [9, 9, 3]
    assert area[2] == pytest.approx(np.pi * 3.5**2, rel=0.15)
    assert tables.instances[["x", "y"]].iloc[3].tolist() == [2, 1]


def test_shapes_of_one_group_and_label_are_one_instance(tmp_path: Path) -> None:
    far = [[6, 5], [8, 5], [8, 7], [6, 7]]
    group = [shape(group_id=1), shape(points=far, group_id=1), shape(label="ray", points=far, group_id=1)]
    tables = nl.read_labelme(write(tmp_path, *group))
    assert tables.instances["label"].tolist() == ["fish", "ray"]
    assert tables.instances["area"].tolist() == [18, 9]


def test_flags_descriptions_and_attributes_become_columns_and_come_back(tmp_path: Path) -> None:
    first = shape(flags={"ripe": True}, description="big", attributes={"age": 3})
    folder = write(tmp_path / "in", first, shape(), flags={"clear": False})
    tables = nl.read_labelme(folder)
    assert tables.images["flag_clear"].tolist() == [False]
    assert tables.instances["flag_ripe"].tolist() == [True, pd.NA]
    assert tables.instances["age"].tolist() == [3, pd.NA]
    assert tables.instances["description"].iloc[0] == "big"
    nl.write_labelme(tables, tmp_path / "out", images="none")
    again = nl.read_labelme(tmp_path / "out")
    pd.testing.assert_frame_equal(again.instances, tables.instances, check_like=True)
    pd.testing.assert_frame_equal(again.images, tables.images)
    assert json.loads((tmp_path / "out" / "a.json").read_text())["imageData"] is None


def test_files_without_shapes_are_verified_and_images_without_files_are_not(tmp_path: Path) -> None:
    write(tmp_path, shape(), name="a")
    write(tmp_path, name="b")
    for name in "abc":
        Image.new("RGB", (10, 8)).save(tmp_path / f"{name}.png")
    tables = nl.read_labelme(tmp_path)
    assert tables.images["file"].tolist() == ["a.png", "b.png", "c.png"]
    assert tables.images["state"].tolist() == ["complete", "empty", "unlabeled"]


def test_a_size_that_the_file_does_not_say_comes_from_the_image(tmp_path: Path) -> None:
    write(tmp_path, shape(), imageHeight=None)
    Image.new("RGB", (12, 9)).save(tmp_path / "a.png")
    assert nl.read_labelme(tmp_path).images[["width", "height"]].iloc[0].tolist() == [12, 9]


def test_images_of_another_folder_are_found_when_it_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "labels", shape(), imagePath="..\\images\\a.png")
    with pytest.raises(UnsafePathError, match=r"of images a\.json"):
        nl.read_labelme(folder)
    (tmp_path / "images").mkdir()
    tables = nl.read_labelme(folder, images=tmp_path / "images")
    assert tables.images["file"].tolist() == ["a.png"]


def test_shapes_without_area_are_refused_or_left_out_on_request(tmp_path: Path) -> None:
    folder = write(tmp_path, shape(points=[[1, 1]], shape_type="point"), shape())
    with pytest.raises(FormatError, match=r"a\.json, shapes\[0\].*'point' has no area.*skip="):
        nl.read_labelme(folder)
    assert len(nl.read_labelme(folder, skip=["point"]).instances) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"label": ""}, "label must be text"),
        ({"points": [[1, 1]]}, r"three points.*a\.json \(fish\)"),
        ({"points": [[1, "x"]]}, "points must be a list"),
        ({"group_id": 1.5}, "group_id must be"),
        ({"points": [[1, 1]], "shape_type": "circle"}, "a circle has two points"),
        ({"shape_type": "mask", "mask": "???"}, "mask must be a PNG in base64"),
        ({"points": [[9, 7]], "shape_type": "mask", "mask": encode_pixels(np.ones((2, 2)))}, "does not fit"),
    ],
)
def test_malformed_shapes_are_refused_naming_the_file(
    tmp_path: Path, wrong: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        nl.read_labelme(write(tmp_path, shape(**wrong)))


def test_two_files_about_one_image_and_unknown_labels_are_refused(tmp_path: Path) -> None:
    write(tmp_path, shape(), name="a")
    with pytest.raises(FormatError, match="labels must be among ray, got fish"):
        nl.read_labelme(tmp_path, labels=["ray"])
    write(tmp_path, shape(), name="b", imagePath="a.png")
    with pytest.raises(FormatError, match=r"about one image: a\.png"):
        nl.read_labelme(tmp_path)


def test_simplified_outlines_measure_their_loss(tmp_path: Path) -> None:
    disk = np.hypot(*np.mgrid[-20:21, -20:21]) < 18
    tables = make_tables([[(0, disk)]])
    with pytest.warns(LossWarning, match="1 of 1 masks"):
        report = nl.write_labelme(tables, tmp_path, images="none", tolerance=1.5)
    back = nl.read_labelme(tmp_path).instances["mask"].tolist()
    assert report.loss["iou"].tolist() == pytest.approx(rle.iou_pairs([rle.encode(disk)], back))


def test_labels_txt_gives_the_order_of_labels(tmp_path: Path) -> None:
    write(tmp_path, shape())
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nray\nfish\n")
    assert nl.read_labelme(tmp_path).labels == ("ray", "fish")
    assert isinstance(nl.read_labelme(tmp_path), Tables)
