"""COCO results lists."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, FallbackWarning, FormatError, MaskError, NbalabelError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables import schema
from nbalabel.data.formats import read_coco_results
from nbalabel.data.formats.coco import results
from nbalabel.data.formats.records import documents
from nbalabel.data.tables.tables import Tables

MASK = rle.encode(np.eye(4, dtype=bool))


def tables(**info: Any) -> Tables:
    images = pd.DataFrame({"file": ["a.png"], "width": [4], "height": [4]}, index=[8])
    return Tables.of(images, schema.empty("instances", ["fish", "ray"]), ["fish", "ray"], info=info)


def prediction(**fields: Any) -> dict[str, Any]:
    mask = {"size": [4, 4], "counts": MASK.decode()}
    return {"image_id": 8, "category_id": 2, "score": 0.5, "segmentation": mask, **fields}


def read(folder: Path, found: Any, **info: Any) -> pd.DataFrame:
    (folder / "results.json").write_text(json.dumps(found))
    return read_coco_results(folder / "results.json", tables(**info))


def test_predictions_have_the_columns_of_a_run(tmp_path: Path) -> None:
    found = read(tmp_path, [prediction(bbox=[0, 0, 3.5, 4]), prediction(category_id=1, score=1)])
    assert found.columns.tolist() == list(schema.PREDICTIONS)
    assert found["label"].tolist() == ["ray", "fish"]
    assert found["mask"].tolist() == [MASK, MASK]
    assert found["area"].tolist() == [4, 4]
    assert found["w"].tolist() == [3.5, 4.0]
    assert found["source"].tolist() == ["model", "model"]
    assert found["status"].tolist() == ["proposed", "proposed"]
    assert found.index.tolist() == [0, 1]


def test_category_ids_are_those_of_the_file_the_tables_were_read_from(tmp_path: Path) -> None:
    categories = [{"id": 40, "name": "ray"}, {"id": 7, "name": "fish"}]
    found = read(tmp_path, [prediction(category_id=40), prediction(category_id=7)], categories=categories)
    assert found["label"].tolist() == ["ray", "fish"]


def test_polygons_and_uncompressed_run_lengths_are_read_too(tmp_path: Path) -> None:
    square = prediction(segmentation=[[1, 1, 3, 1, 3, 3, 1, 3]])
    counts = prediction(segmentation={"size": [4, 4], "counts": rle.to_counts(MASK)})
    assert read(tmp_path, [square, counts])["area"].tolist() == [4, 4]


PLAIN = [
    prediction(),
    prediction(bbox=[0, 0, 3.5, 4], score=1),
    prediction(category_id=1, bbox=[0, 0, -1, 4]),
]
CHANGES: list[dict[str, Any]] = [
    {},
    {"score": 2},
    {"score": None},
    {"image_id": 9},
    {"image_id": None},
    {"category_id": 3},
    {"category_id": "a"},
    {"segmentation": {"size": [4, 5], "counts": MASK.decode()}},
    {"segmentation": {"size": [4, 4], "counts": "zz"}},
    {"segmentation": {"counts": MASK.decode()}},
    {"segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]},
    {"extra": 1},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("n", [1, 2, 20_000])
def test_a_file_read_as_columns_gives_the_table_or_the_error_of_its_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], n: int
) -> None:
    def outcome() -> Any:
        try:
            return read(tmp_path, [*PLAIN, prediction(**change)])
        except NbalabelError as error:
            return type(error), str(error)

    parse = documents.load
    loaded: list[object] = []
    monkeypatch.setattr(results, "load", lambda path: loaded.append(path) or parse(path))
    monkeypatch.setattr(results, "_PART", n)
    found = outcome()
    assert bool(loaded) == (change not in ({}, {"category_id": 3}))
    monkeypatch.setattr(results, "_in_columns", lambda *_: None)
    expected = outcome()
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    else:
        assert found == expected


def test_predictions_of_other_categories_are_left_out_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps([prediction(category_id=5), prediction(score=0.25)]))
    with pytest.warns(FallbackWarning):
        found = read_coco_results(path, tables(), unknown="drop")
    assert found.index.tolist() == [1]
    assert found["score"].tolist() == [0.25]
    assert found["mask"].tolist() == [MASK]


def test_no_predictions_give_an_empty_table(tmp_path: Path) -> None:
    assert read(tmp_path, []).empty


@pytest.mark.parametrize(
    ("found", "error", "message"),
    [
        ({"annotations": []}, FormatError, "instance files are read by read_coco"),
        ([prediction(image_id=1)], DataError, "predictions: image_id must be one of images.*0"),
        (
            [prediction(), prediction(category_id=9)],
            DataError,
            "category_id must be one of the dataset's.*: 1",
        ),
        ([prediction(score=None)], DataError, "score must be between 0 and 1"),
        ([prediction(segmentation={"size": [4, 4], "counts": "11"})], MaskError, "as many pixels"),
        ([prediction(segmentation={"size": [4, 4], "counts": "\x7f"})], MaskError, "0"),
        ([prediction(segmentation=None)], FormatError, "no segmentation"),
    ],
)
def test_what_breaks_the_format_is_refused(
    tmp_path: Path, found: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(tmp_path, found)
