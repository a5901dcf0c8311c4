"""Labelbox's NDJSON: imports with PNG masks, exports with addresses, answers as columns."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import FormatError, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats.labelbox.objects import to_png
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SQUARE = np.zeros((6, 8), bool)
SQUARE[1:4, 2:5] = True
PNG = to_png(rle.encode(SQUARE), 6, 8)
BOX = {"left": 2, "top": 1, "width": 3, "height": 3}
POLYGON = [{"x": 2, "y": 1}, {"x": 5, "y": 1}, {"x": 5, "y": 4}, {"x": 2, "y": 4}]
SIZE = {"height": 6, "width": 8}


def lay(folder: Path, *lines: dict[str, Any]) -> Path:
    file = folder / "annotations.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    return file


def imported(**what: Any) -> dict[str, Any]:
    return {"uuid": "x", "name": "fish", "dataRow": {"globalKey": "a.png"}, **what}


def exported(*objects: dict[str, Any], n_labels: int = 1) -> dict[str, Any]:
    label = {"annotations": {"objects": list(objects), "classifications": []}}
    row = {"id": "r1", "external_id": "a.png"}
    return {"data_row": row, "media_attributes": SIZE, "projects": {"p": {"labels": [label] * n_labels}}}


@pytest.mark.parametrize("what", [{"mask": {"png": PNG}}, {"polygon": POLYGON}, {"bbox": BOX}])
def test_imports_become_masks(tmp_path: Path, what: dict[str, Any]) -> None:
    (tmp_path / "images.json").write_text(json.dumps([{"file": "a.png", **SIZE}]))
    tables = nl.read_labelbox(lay(tmp_path, imported(**what)))
    np.testing.assert_array_equal(rle.decode(tables.instances["mask"].iloc[0], 6, 8), SQUARE)
    assert ("is_box" in tables.instances) == ("bbox" in what)


def test_exports_are_read_with_their_answers_and_masks_that_were_downloaded(tmp_path: Path) -> None:
    said = [
        {"name": "ripe", "radio_answer": {"name": "true"}},
        {"name": "note", "text_answer": {"content": "torn"}},
    ]
    mask = {
        "feature_id": "f1",
        "name": "fish",
        "mask": {"url": "https://example.org/f1"},
        "classifications": said,
    }
    file = lay(tmp_path, exported(mask, {"feature_id": "f2", "name": "ray", "bounding_box": BOX}))
    with pytest.raises(FormatError, match="line 1, object 1: its mask is at an address"):
        nl.read_labelbox(file)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "f1.png").write_bytes(base64.b64decode(PNG))
    rows = nl.read_labelbox(file, masks=tmp_path / "masks").instances
    assert rows["label"].tolist() == ["fish", "ray"]
    assert rows["area"].tolist() == [9, 9]
    assert rows.loc[1, ["ripe", "note"]].tolist() == [True, "torn"]


def test_a_labeled_image_without_objects_is_empty_and_several_labels_are_refused(tmp_path: Path) -> None:
    assert nl.read_labelbox(lay(tmp_path, exported())).images["state"].tolist() == ["empty"]
    file = lay(tmp_path, exported(n_labels=2))
    with pytest.raises(FormatError, match=r'it has 2 labels; several="last"'):
        nl.read_labelbox(file)
    assert len(nl.read_labelbox(file, several="last").images) == 1


def test_flags_come_back_as_flags_and_numbers_as_texts(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE)]])
    own = tables.instances.assign(ripe=True, age=3, note="a")
    nl.write_labelbox(Tables.of(tables.images, own, tables.labels), tmp_path)
    back = nl.read_labelbox(tmp_path).instances
    assert back[["ripe", "age", "note", "nb_id"]].values.tolist() == [[True, "3", "a", 1]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (imported(), "has no area"),
        (imported(name=""), "needs a name"),
        (imported(mask={"png": "?"}), "png must be base64"),
        (imported(mask={"png": "aaaa"}), "must be a PNG"),
        (imported(bbox={"left": "x"}), "must be numbers"),
        (imported(polygon=[1]), "must be numbers"),
        (imported(bbox=BOX), "have no size in the file"),
        ({"name": "fish"}, "needs dataRow"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, line: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        nl.read_labelbox(lay(tmp_path, line))
    assert "annotations.ndjson" in str(caught.value)


def test_names_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError):
        nl.read_labelbox(lay(tmp_path, imported(dataRow={"globalKey": "../a.png"}, bbox=BOX)))
    mask = {"feature_id": "../a", "name": "fish", "mask": {"url": "x"}}
    with pytest.raises(UnsafePathError):
        nl.read_labelbox(lay(tmp_path, exported(mask)), masks=tmp_path)
