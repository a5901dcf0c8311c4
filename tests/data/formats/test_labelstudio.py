"""Label Studio's JSON: packed masks, shapes in percent, what is said per region, several annotators."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import FormatError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats.labelstudio.pack import packed, unpacked
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SQUARE = np.zeros((6, 8), bool)
SQUARE[1:4, 2:5] = True
BRUSH = {"format": "rle", "rle": packed(rle.encode(SQUARE), 6, 8), "brushlabels": ["fish"]}
SIZE = {"original_width": 8, "original_height": 6, "image_rotation": 0}


def result(kind: str, value: Any, id: str = "r1") -> dict[str, Any]:  # noqa: A002  # as the file calls it
    return {"id": id, "type": kind, "from_name": "x", "to_name": "image", "value": value, **SIZE}


def lay(folder: Path, *annotations: list[dict[str, Any]], image: str = "a.png", **more: Any) -> Path:
    file = folder / "tasks.json"
    listed = [{"completed_by": i, "result": results} for i, results in enumerate(annotations)]
    file.write_text(json.dumps([{"data": {"image": image}, "annotations": listed, **more}]))
    return file


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_packing_a_mask_and_unpacking_it_gives_the_mask(h: int, w: int, data: st.DataObject) -> None:
    seed, share = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.sampled_from([0, 0.01, 0.5, 1]))
    mask = rle.encode(np.random.default_rng(seed).random((h, w)) < share)
    assert unpacked(packed(mask, h, w), h, w, "mask") == mask


def test_runs_longer_than_a_count_holds_are_parted() -> None:
    mask = rle.encode(np.arange(300 * 400).reshape(300, 400) >= 60_000)
    assert unpacked(packed(mask, 300, 400), 300, 400, "mask") == mask
    assert len(packed(mask, 300, 400)) < 60


def test_single_words_are_read_as_well_as_runs() -> None:
    words = [0, 0, 0, 255, 9, 9, 9, 127, 1, 2, 3, 128]
    bits = f"{12:032b}{7:05b}" + f"{3:04b}" * 4 + "000" + f"{11:04b}" + "".join(f"{w:08b}" for w in words)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    data = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    np.testing.assert_array_equal(rle.decode(unpacked(data, 1, 3, "mask"), 1, 3), [[True, False, True]])


@pytest.mark.parametrize(
    ("kind", "value", "pixels"),
    [
        ("brushlabels", BRUSH, 9),
        ("polygonlabels", {"points": [[25, 0], [50, 0], [50, 50], [25, 50]], "polygonlabels": ["fish"]}, 6),
        ("rectanglelabels", {"x": 25, "y": 0, "width": 25, "height": 50, "rectanglelabels": ["fish"]}, 6),
        (
            "rectanglelabels",
            {"x": 50, "y": 0, "width": 25, "height": 50, "rotation": 90, "rectanglelabels": ["fish"]},
            6,
        ),
        ("ellipselabels", {"x": 50, "y": 50, "radiusX": 50, "radiusY": 50, "ellipselabels": ["fish"]}, 37),
    ],
)
def test_shapes_with_an_area_become_masks(tmp_path: Path, kind: str, value: Any, pixels: int) -> None:
    tables = nl.read_labelstudio(lay(tmp_path, [result(kind, value)]))
    assert abs(int(tables.instances["area"].iloc[0]) - pixels) <= 3
    assert tables.labels == ("fish",)


def test_labels_beside_a_brush_are_its_labels(tmp_path: Path) -> None:
    brush = {name: value for name, value in BRUSH.items() if name != "brushlabels"}
    labels = result("labels", {"labels": ["ray"]})
    assert nl.read_labelstudio(lay(tmp_path, [result("brush", brush), labels])).labels == ("ray",)


def test_columns_come_back_from_what_is_said_per_region(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE), (1, SQUARE)]])
    own = tables.instances.assign(
        ripe=[True, False], age=[3, 4], length=[1.5, np.nan], note=["a", "b <"], crowd=[False, True]
    )
    nl.write_labelstudio(Tables.of(tables.images, own, tables.labels), tmp_path)
    back = nl.read_labelstudio(tmp_path).instances
    names = ["ripe", "age", "length", "note", "crowd"]
    pd.testing.assert_frame_equal(back[names], own[names].astype({"note": "str"}), check_index_type=False)
    assert '<Number name="age" toName="image" perRegion="true"/>' in (tmp_path / "config.xml").read_text()


def test_boxes_are_marked_and_written_as_rectangles(tmp_path: Path) -> None:
    box = {"x": 25, "y": 50, "width": 50, "height": 50, "rectanglelabels": ["fish"]}
    tables = nl.read_labelstudio(
        lay(tmp_path, [result("rectanglelabels", box), result("brushlabels", BRUSH)])
    )
    assert tables.instances["is_box"].tolist() == [True, False]
    nl.write_labelstudio(tables, tmp_path / "again.json")
    again = nl.read_labelstudio(tmp_path / "again.json")
    assert again.instances["is_box"].tolist() == [True, False]
    assert again.instances["mask"].tolist() == tables.instances["mask"].tolist()


def test_predictions_count_where_nobody_annotated(tmp_path: Path) -> None:
    nl.write_labelstudio(make_tables([[(0, SQUARE)]]), tmp_path, predictions=True)
    back = nl.read_labelstudio(tmp_path)
    assert back.instances["nb_id"].tolist() == [1]
    assert "annotations" not in json.loads((tmp_path / "tasks.json").read_text())[0]


def test_several_annotations_of_a_task_are_refused_or_told_apart(tmp_path: Path) -> None:
    file = lay(
        tmp_path, [result("brushlabels", BRUSH)], [result("brushlabels", {**BRUSH, "brushlabels": ["ray"]})]
    )
    with pytest.raises(FormatError, match=r'task 1: it has 2 annotations; several="last"'):
        nl.read_labelstudio(file)
    assert nl.read_labelstudio(file, several="last").instances["label"].tolist() == ["ray"]
    both = nl.read_labelstudio(file, several="all").instances
    assert both["annotator"].tolist() == ["0", "1"]


def test_a_task_that_was_annotated_with_nothing_is_empty_and_needs_its_size(tmp_path: Path) -> None:
    file = lay(tmp_path, [])
    with pytest.raises(FormatError, match=r"have no size in the file: a\.png\. images=FOLDER"):
        nl.read_labelstudio(file)
    tables = make_tables([[]], tmp_path)
    file = lay(tmp_path, [], image=tables.images["file"].iloc[0])
    assert nl.read_labelstudio(file, tmp_path).images["state"].tolist() == ["empty"]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/3/0a1b2c3d-fish.png", "fish.png"),
        ("/data/local-files/?d=reef/a%20b.png", "reef/a b.png"),
        ("s3://bucket/dive/a.png", "a.png"),
        ("dive/a.png", "dive/a.png"),
    ],
)
def test_names_come_from_the_address_of_the_picture(tmp_path: Path, image: str, name: str) -> None:
    tables = nl.read_labelstudio(lay(tmp_path, [result("brushlabels", BRUSH)], image=image))
    assert tables.images["file"].tolist() == [name]


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([result("brushlabels", {**BRUSH, "rle": [1, 2]})], "ends within its head"),
        ([result("brushlabels", {**BRUSH, "rle": BRUSH["rle"][:-9]})], "rle ends after"),
        ([result("brushlabels", {**BRUSH, "rle": [300]})], "list of bytes"),
        ([result("brushlabels", {**BRUSH, "brushlabels": []})], "a region needs one label"),
        ([result("brushlabels", {**BRUSH, "brushlabels": ["a", "b"]})], "a region needs one label"),
        ([{**result("brushlabels", BRUSH), "original_width": 9}], "must hold 216 words"),
        ([{**result("brushlabels", BRUSH), "image_rotation": 90}], "is turned by 90 degrees"),
        ([result("polygonlabels", {"points": [[1]], "polygonlabels": ["a"]})], "points must be"),
        ([result("keypointlabels", {"x": 1, "y": 1})], r'skip=\["keypointlabels"\]'),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, results: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        nl.read_labelstudio(lay(tmp_path, results))
    assert "tasks.json, task 1, result 1" in str(caught.value)
