"""Datumaro's JSON: masks, boxes, attributes with their types, parts as splits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import FormatError, MaskError, UnsafePathError
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SQUARE = np.zeros((6, 8), bool)
SQUARE[1:4, 2:5] = True


def lay(folder: Path, *shapes: dict[str, Any], path: str = "a.png", part: str = "default") -> Path:
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    item = {"id": "a", "annotations": list(shapes), "image": {"path": path, "size": [6, 8]}}
    label = {"labels": [{"name": "fish", "parent": ""}, {"name": "ray", "parent": ""}]}
    document = {"categories": {"label": label}, "items": [item]}
    (folder / "annotations" / f"{part}.json").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [
        ({"type": "polygon", "points": [2, 1, 5, 1, 5, 4, 2, 4]}, 9),
        ({"type": "bbox", "bbox": [2, 1, 3, 3]}, 9),
        ({"type": "ellipse", "points": [0, 0, 8, 6]}, 37),
        ({"type": "mask", "rle": {"size": [6, 8], "counts": "=3333303W0"}}, 9),
    ],
)
def test_shapes_with_an_area_become_masks(tmp_path: Path, shape: dict[str, Any], pixels: int) -> None:
    if shape["type"] == "mask":
        shape["rle"]["counts"] = make_tables([[(0, SQUARE)]]).instances["mask"].iloc[0].decode()
    tables = nl.read_datumaro(lay(tmp_path, {**shape, "label_id": 1}))
    assert abs(int(tables.instances["area"].iloc[0]) - pixels) <= 3
    assert tables.instances["label"].tolist() == ["ray"]
    assert ("is_box" in tables.instances) == (shape["type"] == "bbox")


def test_columns_splits_crowds_and_boxes_come_back(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE), (1, ~SQUARE)], []], tmp_path / "pictures", split=["val", None])
    own = tables.instances.assign(
        age=[3, 4],
        length=[1.5, np.nan],
        ripe=[True, False],
        note=["a", "b"],
        z_order=[0, 2],
        crowd=[False, True],
    )
    own["is_box"] = [True, False]
    nl.write_datumaro(
        Tables.of(tables.images, own, tables.labels, tables.image_root), tmp_path / "out", images="copy"
    )
    back = nl.read_datumaro(tmp_path / "out")
    names = ["age", "length", "ripe", "note", "z_order", "crowd", "is_box"]
    rows = back.instances.set_index(back.instances["nb_id"].astype(int))
    pd.testing.assert_frame_equal(
        rows[names], own[names].astype({"note": "str"}), check_index_type=False, check_names=False
    )
    assert back.images["split"].astype(object).dropna().tolist() == ["val"]
    assert sorted(back.images["file"]) == ["default/dir 0/image 2.png", "val/dir 0/image 1.png"]
    assert back.read_image(1).shape[2] == 3


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"type": "label", "label_id": 0}, "type 'label' has no area"),
        ({"type": "bbox", "bbox": [1, 1, 2, 2], "label_id": 7}, "must be one of the 2 labels, got 7"),
        ({"type": "polygon", "points": "x", "label_id": 0}, "points must be a list of numbers"),
        ({"type": "mask", "rle": 3, "label_id": 0}, "a mask needs rle"),
        ({"type": "bbox", "bbox": [1], "label_id": 0}, "neither a segmentation nor a box"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, shape: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        nl.read_datumaro(lay(tmp_path, shape))


def test_masks_of_another_size_and_names_outside_are_refused(tmp_path: Path) -> None:
    mask = {"type": "mask", "label_id": 0, "rle": {"size": [2, 2], "counts": "04"}}
    with pytest.raises(MaskError, match="size must be"):
        nl.read_datumaro(lay(tmp_path, mask))
    with pytest.raises(UnsafePathError):
        nl.read_datumaro(lay(tmp_path, path="../a.png"))


def test_types_without_an_area_are_left_out_and_counted_where_that_is_wanted(tmp_path: Path) -> None:
    tables = nl.read_datumaro(lay(tmp_path, {"type": "label", "label_id": 0}), skip=["label"])
    assert len(tables.instances) == 0
    assert tables.info["skipped"] == {"label": 1}


def test_labels_of_several_parts_are_one_list(tmp_path: Path) -> None:
    lay(tmp_path, {"type": "bbox", "bbox": [1, 1, 2, 2], "label_id": 0}, part="train")
    lay(tmp_path, {"type": "bbox", "bbox": [1, 1, 2, 2], "label_id": 1}, part="val", path="b.png")
    tables = nl.read_datumaro(tmp_path)
    assert tables.labels == ("fish", "ray")
    assert tables.images["split"].tolist() == ["train", "val"]
