"""COCO files are read and written in parts: the results are those of the whole at once."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.errors import NbalabelError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats import read_coco, write_coco
from nbalabel.data.formats.coco import read as reader
from nbalabel.data.formats.coco import write as writer
from nbalabel.data.formats.coco.annotations import Annotations, parse
from nbalabel.data.tables.tables import Tables

WRITING, READING = 300, 900  # bytes an annotation; all annotations at once as dicts take 1,200 and 3,300
RING = {"size": [6, 8], "counts": rle.encode(np.pad(np.ones((2, 3), bool), ((1, 3), (2, 3)))).decode()}
SHAPES = [
    RING,
    {"size": [6, 8], "counts": [9, 3, 36]},
    [[1, 1, 4, 1, 4, 4, 1, 4]],
    [],
    None,
    {"size": [6, 7]},
]
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(0, 1), st.text('ab{\\"', max_size=3)
)
ANNOTATIONS = st.fixed_dictionaries(
    {"image_id": st.sampled_from([1, 1, 2, 2, 9]), "category_id": st.sampled_from([4, 4, 5, 6])},
    optional={
        "id": st.integers(1, 40),
        "segmentation": st.sampled_from(SHAPES),
        "bbox": st.sampled_from([[1, 1, 3, 3], [1, 1, -3, 3], None, "x"]),
        "area": st.sampled_from([6, 6.5, None]),
        "iscrowd": st.sampled_from([0, 1, True, None, 3]),
        "score": st.sampled_from([0.5, 1, None, "high"]),
        "depth": VALUES,
        "attributes": st.one_of(st.none(), st.dictionaries(st.sampled_from(["sex", "age"]), VALUES)),
        "nbalabel": st.sampled_from([{"source": "human"}, {"origin": "ana"}, {"region": 1}, None]),
    },
)
CATEGORIES = [{"id": 4, "name": "fish"}, {"id": 5, "name": "ray"}, {"id": 6, "name": "fish"}]


def outcome(path: Path) -> Any:
    """The tables as read, or the error."""
    try:
        tables = read_coco(path, boxes="mask")
    except NbalabelError as error:
        return type(error), str(error)
    return tables.images, tables.instances, tables.labels, tables.info, tables.ontology


WIDE = {"size": [6, 8], "counts": rle.from_counts([0, 48]).decode()}
ORDINARY = st.fixed_dictionaries(
    {
        "image_id": st.sampled_from([1, 2]),
        "category_id": st.sampled_from([4, 5]),
        "segmentation": st.sampled_from([RING, WIDE, RING, WIDE, {"size": [6, 8], "counts": "0099"}]),
    },
    optional={
        "bbox": st.sampled_from([[1, 1, 3, 3], [1.5, 1, 3, 3], [1, 1, -3, 3], [1, 1, 3], None]),
        "area": st.sampled_from([6, 6.5, None, 1e300]),
        "iscrowd": st.sampled_from([0, 1, None]),
        "score": st.sampled_from([0.5, 1, None]),
        "nbalabel": st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(["a", 'é\\"', None]) for name in ("source", "origin")}
        ),
    },
)


@given(st.lists(ORDINARY, min_size=1, max_size=7), st.booleans(), st.integers(1, 3))
def test_annotations_read_as_columns_give_the_tables_or_the_error_of_their_records(
    tmp_path_factory: pytest.TempPathFactory, annotations: list[dict[str, Any]], numbered: bool, n: int
) -> None:
    if numbered:
        annotations = [{**one, "id": 3 * i} for i, one in enumerate(annotations)]
    _same_in_parts(tmp_path_factory.mktemp("coco"), annotations, n)


PLAIN = {"image_id": 1, "category_id": 4, "segmentation": RING}


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("between", ["", "\n", " \r\n\t"])
def test_ordinary_annotations_are_parsed_as_columns(numbered: bool, between: str) -> None:
    rows = [
        {**PLAIN, "bbox": [1, 1, 3, 3], "iscrowd": 1},
        {**PLAIN, "score": 0.5, "nbalabel": {"origin": "a"}},
    ]
    rows = [{**row, "id": 7 - i} if numbered else row for i, row in enumerate(rows)]
    text = json.dumps(rows).replace(", ", f",{between}").encode()
    found = parse(text)
    assert isinstance(found, Annotations)
    assert (None if found.id is None else found.id.tolist()) == ([7, 6] if numbered else None)
    assert found.crowd.tolist() == [True, False]
    assert np.isnan(found.score).tolist() == [True, False]
    assert [found.others[i] for i in found.which.tolist()] == [{}, {"nbalabel": {"origin": "a"}}]
    masks, areas = found.masks(np.arange(2), np.array([[6, 8], [6, 8]]), None)
    assert masks.tolist() == [RING["counts"].encode()] * 2
    assert areas.tolist() == [6, 6]


@pytest.mark.parametrize(
    "change",
    [
        {"segmentation": [[1, 1, 4, 1, 4, 4]]},
        {"segmentation": {"size": [6, 8], "counts": [9, 3, 36]}},
        {"segmentation": {"size": [6], "counts": RING["counts"]}},
        {"segmentation": {"counts": RING["counts"]}},
        {"segmentation": None},
        {"image_id": None},
        {"image_id": -1},
        {"image_id": "1"},
        {"category_id": 2**63},
        {"category_id": 4.0},
        {"id": None},
        {"iscrowd": 2},
        {"iscrowd": True},
        {"score": "high"},
        {"bbox": [1, 1, 3]},
        {"bbox": [1, 1, 3, None]},
        {"segmentation": {"size": None, "counts": RING["counts"]}},
        {"depth": 2},
        {"attributes": {"sex": "f"}},
        {"nbalabel": {"region": 1}},
        {"nbalabel": 3},
    ],
    ids=str,
)
def test_other_annotations_are_left_to_be_read_as_records(change: dict[str, Any]) -> None:
    rows = [{**PLAIN, "id": 1, "bbox": [1, 1, 3, 3]}, {**PLAIN, "id": 2, "bbox": [1, 1, 3, 3], **change}]
    assert parse(json.dumps(rows).encode()) == rows


@pytest.mark.parametrize("field", ["bbox", "area"])
def test_numbers_that_are_too_large_are_no_json_here_either(field: str, tmp_path: Path) -> None:
    row = {**PLAIN, "id": 1, field: "?"}
    text = json.dumps([row]).replace('"?"', "[1, 1, 3, 1e999]" if field == "bbox" else "1e999").encode()
    with pytest.raises(orjson.JSONDecodeError):
        parse(text)


@given(st.lists(ANNOTATIONS, max_size=7), st.booleans(), st.integers(1, 3))
def test_a_file_read_in_parts_gives_the_tables_or_the_error_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, annotations: list[dict[str, Any]], easy: bool, n: int
) -> None:
    if easy:
        good = {"image_id": 1, "category_id": 4, "segmentation": RING}
        annotations = [{**one, **good, "iscrowd": 0, "id": i} for i, one in enumerate(annotations)]
    _same_in_parts(tmp_path_factory.mktemp("coco"), annotations, n, indent=1 if easy else None)


def _same_in_parts(
    folder: Path, annotations: list[dict[str, Any]], n: int, indent: int | None = None
) -> None:
    """Check that a file read ``n`` annotations at a time gives what it gives as a whole."""
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 8, "height": 6} for i in (1, 2)]
    document = {"info": {"a": 1}, "images": images, "annotations": annotations, "categories": CATEGORIES}
    path = folder / "instances.json"
    path.write_text(json.dumps(document, indent=indent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "in_parts", lambda *_: None)
        whole = outcome(path)
        patch.undo()
        patch.setattr(reader, "_PART", n)
        parts = outcome(path)
    if isinstance(whole[0], type):
        assert parts == whole
        return
    for got, expected in zip(parts[:2], whole[:2], strict=True):
        pd.testing.assert_frame_equal(got, expected)
    assert parts[2:] == whole[2:]


def many(n: int) -> Tables:
    """Tables of n masks with boxes that are no whole numbers, scores, and columns of their own."""
    masks = [rle.from_counts([k % 40, 3, 48 - 3 - k % 40]) for k in range(n)]
    rows = {
        "image_id": np.arange(n) % 3,
        "label": pd.Series(["fish", 'ray\\"é']).take(np.arange(n) % 2).values,
    }
    frame = pd.DataFrame({**rows, "mask": masks, "x": np.arange(n) / 7, "y": 1.5, "w": 2.0, "h": 1 / 3})
    frame["area"], frame["crowd"] = 3, np.arange(n) % 5 == 0
    frame["score"] = np.where(np.arange(n) % 4, np.nan, np.arange(n) / n)
    frame["depth"] = pd.array([None if k % 3 else k for k in range(n)], dtype="Int64")
    frame["source"] = np.where(np.arange(n) % 4, "human", "model")
    images = pd.DataFrame({"file": ["a.jpg", "b.jpg", "c.jpg"], "width": 8, "height": 6})
    return Tables.of(images, frame, ["fish", 'ray\\"é'])


@pytest.mark.parametrize("masks", ["rle", "polygons"])
@pytest.mark.parametrize("n", [0, 1, 7, 30])
def test_a_file_written_in_parts_has_the_bytes_of_one_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, masks: Any
) -> None:
    tables = many(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "_PART", 1000)
        write_coco(tables, tmp_path / "whole.json", masks=masks)
    monkeypatch.setattr(writer, "_PART", 4)
    write_coco(tables, tmp_path / "parts.json", masks=masks)
    written = (tmp_path / "parts.json").read_bytes()
    assert written == (tmp_path / "whole.json").read_bytes()
    document = orjson.loads(written)
    assert len(document["annotations"]) == n
    assert written == orjson.dumps(document), "nothing but the document, without spaces"


def test_reading_and_writing_take_memory_for_some_annotations_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n, path = 10_000, tmp_path / "many.json"
    tables = many(n)
    tables = Tables.of(tables.images, tables.instances.drop(columns="depth"), tables.labels)
    write_coco(tables, path)  # imports
    monkeypatch.setattr(writer, "_PART", 500)
    monkeypatch.setattr(reader, "_PART", 500)

    def peak(call: Any) -> int:
        tracemalloc.start()
        try:
            call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(lambda: write_coco(tables, path)) < n * WRITING
    assert peak(lambda: read_coco(path)) < n * READING


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    from nbalabel.data.formats.records.documents import in_parts

    path = tmp_path / "list.json"
    path.write_text('{"a": 1, "rows": [{"x": 1}, {"x": 2}]}')
    rest, parts = in_parts(path, "rows", 1) or ({}, None)
    assert rest == {"a": 1}
    assert parts is not None
    assert list(parts) == [[{"x": 1}], [{"x": 2}]]
    path.write_text('{"a": 1}')
    with pytest.raises(NbalabelError, match=r"list\.json was changed while it was read"):
        list(parts)
