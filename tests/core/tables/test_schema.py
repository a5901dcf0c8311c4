"""Tables get their schema, and what breaks it is named by row."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbalabel.core.errors import DataError, MaskError, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.image_files import problem
from nbalabel.core.tables.schema import (
    IMAGES,
    INSTANCES,
    MASK_DTYPE,
    PREDICTIONS,
    conform,
    empty,
    validate,
    validate_instances,
)
from nbalabel.core.urls import is_url

LABELS = ("fish", "ray")
SQUARE = rle.encode(np.pad(np.ones((2, 3), bool), ((1, 3), (2, 3))))  # 6 x 8 pixels, box (2, 1, 3, 2)


def images(**columns: Any) -> pd.DataFrame:
    given = {"file": ["a.jpg", "b.jpg"], "width": [8, 8], "height": [6, 6], **columns}
    return pd.DataFrame(given, index=[3, 5])


def instances(**columns: Any) -> pd.DataFrame:
    given = {
        "image_id": [3, 5],
        "label": ["fish", "ray"],
        "mask": [SQUARE, SQUARE],
        "x": 2.0,
        "y": 1.0,
        "w": 3.0,
        "h": 2.0,
        "area": 6,
    }
    return pd.DataFrame(given | columns, index=[10, 20])


def valid(**columns: Any) -> pd.DataFrame:
    return conform(instances(**columns), "instances", LABELS)


def check(images_: pd.DataFrame | None = None, instances_: pd.DataFrame | None = None, **more: Any) -> None:
    tables = {
        "images": conform(images(), "images") if images_ is None else images_,
        "instances": valid() if instances_ is None else instances_,
    }
    validate(tables | more, LABELS)


def test_missing_columns_get_their_defaults_and_all_their_dtypes() -> None:
    table = conform(images(), "images")
    assert list(table) == list(IMAGES)
    assert table.index.name == "image_id"
    assert table.index.tolist() == [3, 5]
    assert table.dtypes[["width", "weight", "frame", "file"]].astype(str).tolist() == [
        "int32",
        "float32",
        "Int32",
        "str",
    ]
    assert table.state.tolist() == ["unlabeled"] * 2
    assert table.split.isna().all()


def test_instances_get_theirs() -> None:
    table = valid()
    assert list(table) == list(INSTANCES)
    assert table["mask"].dtype == MASK_DTYPE
    assert table.label.cat.categories.tolist() == list(LABELS)
    assert table.score.isna().all()
    assert table.crowd.dtype == bool
    assert table.source.tolist() == ["human"] * 2


def test_boxes_come_from_the_masks_where_they_are_absent() -> None:
    bare = instances().drop(columns=["x", "y", "w", "h", "area"])
    table = conform(bare, "instances", LABELS, heights=np.array([6, 6]))
    assert table[["x", "y", "w", "h", "area"]].to_numpy().tolist() == [[2, 1, 3, 2, 6]] * 2
    kept = conform(bare.assign(area=7), "instances", LABELS, heights=np.array([6, 6]))
    assert kept.area.tolist() == [7, 7]


def test_a_conformed_table_is_shared_not_copied() -> None:
    table = valid()
    again = conform(table, "instances", LABELS)
    pd.testing.assert_frame_equal(table, again)
    assert np.shares_memory(table["x"].to_numpy(), again["x"].to_numpy())


def test_the_frame_passed_in_stays_as_it_was() -> None:
    frame = instances()
    before = frame.copy(deep=True)
    conform(frame, "instances", LABELS)
    pd.testing.assert_frame_equal(frame, before)


def test_the_users_own_columns_ride_along_after_the_schema() -> None:
    own = {
        "habitat": ["reef", None],
        "depth": [1.5, 2.5],
        "when": pd.to_datetime(["2020-01-01", "2021-01-01"]),
    }
    table = conform(images(**own), "images")
    assert list(table)[-3:] == ["habitat", "depth", "when"]
    assert table.depth.tolist() == [1.5, 2.5]
    assert table.when.dtype.kind == "M"
    check(table)


def test_a_required_column_that_is_absent_is_named_with_its_meaning() -> None:
    with pytest.raises(
        DataError, match=r"images needs a column 'width' \(pixels\); it has \['file', 'height'\]"
    ):
        conform(images().drop(columns="width"), "images")


@pytest.mark.parametrize("table", ["images", "instances", "rejected", "predictions"])
def test_an_empty_table_has_all_columns_and_passes(table: str) -> None:
    made = empty(table, LABELS)
    assert len(made) == 0
    assert made.index.dtype == np.int64
    pd.testing.assert_frame_equal(conform(made, table, LABELS), made)
    assert set(PREDICTIONS if table == "predictions" else INSTANCES if table != "images" else IMAGES) == set(
        made
    )


def test_empty_tables_are_valid() -> None:
    validate({"images": empty("images"), "instances": empty("instances"), "rejected": empty("rejected")}, [])


WRONG_IMAGES = {
    "a fractional width": ({"width": [8.0, 8.5]}, r"width must be whole numbers .*: 5 \(got 8.5\)"),
    "a width beyond int32": (
        {"width": [8, 2**40]},
        r"width must be .* fit int32 .*: 5 \(got 1099511627776\)",
    ),
    "a missing width": ({"width": [8, None]}, r"width must be whole numbers .*: 5 \(got nan\)"),
    "an infinite height": ({"height": [np.inf, 6]}, r"height must be whole numbers .*: 3 \(got inf\)"),
    "words for numbers": ({"width": [8, "wide"]}, r"width must be whole numbers .*: 5 \(got 'wide'\)"),
    "text for a weight": ({"weight": ["1", "2"]}, r"weight must be numbers .*: 3, 5 \(got '1', '2'\)"),
    "a time for a weight": ({"weight": pd.to_datetime(["2020-01-01"] * 2)}, r"weight must be numbers"),
    "a complex weight": ({"weight": [1j, 1]}, r"weight must be numbers"),
    "a number for a file": ({"file": [1, 2]}, r"file must be text; 2 of 2 .*: 3, 5 \(got 1, 2\)"),
    "bytes for a file": ({"file": ["a.jpg", b"b.jpg"]}, r"file must be text; .*: 5 \(got b'b.jpg'\)"),
    "an unknown state": (
        {"state": ["complete", "done"]},
        r"state must be one of unlabeled, .*: 5 \(got 'done'\)",
    ),
    "an unknown split": ({"split": ["train", 3]}, r"split must be one of train, val, test; .*: 5 \(got 3\)"),
    "a fractional frame": ({"frame": [0.5, None]}, r"frame must be whole numbers .* int32 .*: 3 \(got 0.5\)"),
    "a frame beyond int32": ({"frame": [2**31, 1]}, r"frame must be whole numbers .*: 3"),
}


@pytest.mark.parametrize(("columns", "message"), WRONG_IMAGES.values(), ids=WRONG_IMAGES.keys())
def test_values_that_are_not_of_their_dtype_are_named_by_row(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        conform(images(**columns), "images")


WRONG_INSTANCES = {
    "a label that is not listed": (
        {"label": ["fish", "shark"]},
        r"label must be one of fish, ray; .*: 20 \(got 'shark'",
    ),
    "a number for a label": ({"label": ["fish", 1]}, r"label must be one of fish, ray; .*: 20 \(got 1\)"),
    "a fractional image id": ({"image_id": [3, 5.5]}, r"image_id must be whole numbers that fit int64.*: 20"),
    "an image id beyond int64": ({"image_id": [3, 2**63]}, r"image_id must be whole numbers.*: 20"),
    "a number for a mask": (
        {"mask": [SQUARE, 5]},
        r"mask must be bytes, COCO compressed RLE .*: 20 \(got 5\)",
    ),
    "pixels for a mask": ({"mask": [SQUARE, np.ones((2, 2))]}, r"mask must be bytes"),
    "a word for a flag": ({"crowd": [True, "False"]}, r"crowd must be true or false .*: 20 \(got 'False'\)"),
    "half a flag": ({"crowd": [1, 0.5]}, r"crowd must be true or false .*: 20 \(got 0.5\)"),
    "a missing flag": ({"crowd": [True, None]}, r"crowd must be true or false .*: 20 \(got None\)"),
    "a number for an origin": ({"origin": ["me", 7]}, r"origin must be text; .*: 20 \(got 7\)"),
    "an unknown source": (
        {"source": ["robot", "human"]},
        r"source must be one of human, .*: 10 \(got 'robot'\)",
    ),
}


@pytest.mark.parametrize(("columns", "message"), WRONG_INSTANCES.values(), ids=WRONG_INSTANCES.keys())
def test_instance_values_that_are_not_of_their_dtype_are_named_by_row(
    columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        valid(**columns)


@pytest.mark.parametrize("ids", [[1.5, 2], ["1", "2"], [True, False], [1, np.nan], [None, 1], [2**63, 1]])
def test_ids_that_are_no_whole_numbers_are_refused(ids: list[Any]) -> None:
    with pytest.raises(DataError, match=r"images.* (must be indexed by integers|ids must be whole numbers)"):
        conform(images().set_axis(pd.Index(ids)), "images")


def test_two_levels_of_ids_are_refused() -> None:
    with pytest.raises(DataError, match="must be indexed by integers"):
        conform(images().set_index(["width", "height"], drop=False), "images")


def test_ids_that_became_floats_on_the_way_are_still_ids() -> None:
    table = conform(images().set_axis(pd.Index([3.0, 5.0])), "images")
    assert table.index.dtype == np.int64


def test_a_column_that_is_there_twice_is_refused() -> None:
    twice = pd.concat([images(), images()[["width"]]], axis=1)
    with pytest.raises(DataError, match="columns must be unique, repeated: width"):
        conform(twice, "images")


def test_a_long_value_is_cut_short_in_the_message() -> None:
    with pytest.raises(DataError) as caught:
        conform(images(state=["x" * 5000, "complete"]), "images")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("weight", [np.int8(1), Decimal("0.5")], [1.0, 0.5]),
        ("weight", pd.array([1, 2], dtype="Int64"), [1.0, 2.0]),
        ("width", pd.array([8, 8], dtype="Int64"), [8, 8]),
        ("width", [8.0, 8.0], [8, 8]),
        ("width", np.array([8, 8], np.uint64), [8, 8]),
        ("file", [Path("a.jpg"), "b.jpg"], ["a.jpg", "b.jpg"]),
        ("file", pd.Categorical(["a.jpg", "b.jpg"]), ["a.jpg", "b.jpg"]),
        ("state", pd.Categorical(["empty", "partial"]), ["empty", "partial"]),
    ],
)
def test_values_that_fit_are_taken_whatever_their_dtype(name: str, values: Any, expected: list[Any]) -> None:
    assert conform(images(**{name: values}), "images")[name].tolist() == expected


@pytest.mark.parametrize(
    "flags", [[1, 0], [1.0, 0.0], [True, np.False_], pd.array([True, False], dtype="boolean")]
)
def test_flags_may_be_written_as_zero_and_one(flags: Any) -> None:
    assert valid(crowd=flags).crowd.tolist() == [True, False]


@pytest.mark.parametrize("mask", [SQUARE.decode(), bytearray(SQUARE), memoryview(SQUARE)])
def test_masks_may_come_as_text_or_as_any_bytes(mask: Any) -> None:
    assert valid(mask=[mask, SQUARE])["mask"].tolist() == [SQUARE, SQUARE]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_whole_numbers_are_kept_to_the_last_digit_or_refused(values: list[int]) -> None:
    frame = pd.DataFrame({"file": "a.jpg", "width": values, "height": 1})
    try:
        assert conform(frame, "images").width.tolist() == values
    except DataError:
        assert any(abs(v) >= 2**31 for v in values)


def test_a_broken_mask_is_named_by_its_row_where_boxes_are_computed() -> None:
    bare = instances(mask=[SQUARE, b""]).drop(columns=["x", "y", "w", "h", "area"])
    with pytest.raises(MaskError, match=r"instances: masks must not be empty strings; broken by 20"):
        conform(bare, "instances", LABELS, heights=np.array([6, 6]))


def test_valid_tables_pass() -> None:
    check()
    check(rejected=valid().set_axis(pd.Index([30, 40], name="instance_id")))


INVALID_IMAGES = {
    "ids that repeat": (lambda t: t.set_axis(pd.Index([3, 3])), r"images: ids must be unique, repeated: 3"),
    "ids below zero": (lambda t: t.set_axis(pd.Index([3, -5])), r"images: ids must be >= 0, got -5"),
    "no width": (lambda t: t.assign(width=np.int32([8, 0])), r"width and height must be > 0; 1 of 2 .*: 5"),
    "weights below zero": (
        lambda t: t.assign(weight=np.float32([1, -1])),
        r"weight must be a number >= 0; 1 of 2 rows break it: 5 \(got -1.0\)",
    ),
    "weights that are no number": (
        lambda t: t.assign(weight=np.float32([np.nan, 1])),
        r"weight .*: 3 \(got nan\)",
    ),
    "weights without end": (lambda t: t.assign(weight=np.float32([np.inf, 1])), r"weight .*: 3 \(got inf\)"),
    "no state": (
        lambda t: t.assign(state=t.state.where([True, False])),
        r"state must be one of unlabeled, .*: 5",
    ),
}


@pytest.mark.parametrize(("break_it", "message"), INVALID_IMAGES.values(), ids=INVALID_IMAGES.keys())
def test_invalid_images_are_named(break_it: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check(break_it(conform(images(), "images")))


INVALID_INSTANCES = {
    "ids that repeat": (
        lambda t: t.set_axis(pd.Index([10, 10])),
        r"instances: ids must be unique, repeated: 10",
    ),
    "an image that is not there": (
        lambda t: t.assign(image_id=[3, 4]),
        r"image_id must be a row of images; 1 of 2 rows break it: 20 \(got 4\)",
    ),
    "no label": (
        lambda t: t.assign(label=t.label.where([True, False])),
        r"label must be in the label list.*: 20",
    ),
    "a box that is no number": (
        lambda t: t.assign(x=np.float32([np.nan, 1])),
        r"boxes must be finite numbers; 1 of 2 rows break it: 10 \(got \[nan, 1.0, 3.0, 2.0\]\)",
    ),
    "a box without end": (lambda t: t.assign(w=np.float32([1, np.inf])), r"boxes must be finite .*: 20"),
    "a box turned inside out": (
        lambda t: t.assign(h=np.float32([2, -2])),
        r"boxes must not have negative.*: 20",
    ),
    "an area below zero": (
        lambda t: t.assign(area=np.int32([6, -6])),
        r"area must be >= 0; .*: 20 \(got -6\)",
    ),
    "a score above one": (
        lambda t: t.assign(score=np.float32([0.5, 1.5])),
        r"score must be between 0 and 1.*: 20",
    ),
    "no source": (
        lambda t: t.assign(source=t.source.where([False, True])),
        r"source must be one of human.*: 10",
    ),
    "no mask": (
        lambda t: t.assign(mask=t["mask"].where([True, False])),
        r"mask must be bytes, not missing.*: 20",
    ),
}


@pytest.mark.parametrize(("break_it", "message"), INVALID_INSTANCES.values(), ids=INVALID_INSTANCES.keys())
def test_invalid_instances_are_named(break_it: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check(instances_=break_it(valid()))


def test_masks_of_another_size_than_their_image_are_named() -> None:
    with pytest.raises(
        MaskError, match=r"instances: masks must have as many pixels .*; broken by 20 \(got 4 pixels\)"
    ):
        check(instances_=valid(mask=[SQUARE, b"04"]))


def test_malformed_masks_are_named_and_can_be_left_unread() -> None:
    table = valid(mask=[SQUARE, b"junk \xff"])
    with pytest.raises(MaskError, match="broken by 20"):
        check(instances_=table)
    validate_instances(table, conform(images(), "images"), masks=False)


def test_rejected_rows_are_checked_as_instances_are() -> None:
    with pytest.raises(DataError, match="rejected: area must be >= 0"):
        check(rejected=valid(area=[-1, 6]))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["fish", "fish"], "labels must be unique, repeated: fish"),
        (["fish", " "], "labels must be non-empty strings, got ' '"),
        (["fish", 3], "labels must be non-empty strings, got 3"),
    ],
)
def test_a_label_list_that_names_nothing_or_twice_is_refused(labels: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        validate({"images": empty("images")}, labels)


UNSAFE = (
    "",
    " ",
    ".",
    "../a.jpg",
    "a/../../b.jpg",
    "/etc/passwd",
    "C:/a.jpg",
    "c:a.jpg",
    "a\\b.jpg",
    "a\0.jpg",
    "..",
)
UNSAFE_URLS = ("file:///etc/passwd", "local://x", "http://a::file:///etc/passwd", "s3://")
SAFE = (
    "a.jpg",
    "a/b c/d..e.jpg",
    "...jpg",
    "ß魚.png",
    "https://example.org/../a.jpg?b=c:d",
    "s3://bucket/a.jpg",
)


@pytest.mark.parametrize("file", [*UNSAFE, *UNSAFE_URLS])
def test_a_file_that_leaves_the_root_is_named_by_row(file: str) -> None:
    assert problem(file) is not None
    with pytest.raises(UnsafePathError, match=r"below the image root or a URL; 1 of 2 rows are not: 5 \("):
        check(conform(images(file=["a.jpg", file]), "images"), empty("instances", LABELS))


def test_a_missing_file_is_named_by_row() -> None:
    with pytest.raises(UnsafePathError, match=r"rows are not: 3 \(nan: it is missing\)"):
        check(conform(images(file=[None, "b.jpg"]), "images"), empty("instances", LABELS))


@pytest.mark.parametrize("file", SAFE)
def test_ordinary_names_and_urls_are_fine(file: str) -> None:
    assert problem(file) is None
    check(conform(images(file=["a.jpg", file]), "images"), empty("instances", LABELS))


@example("\n")
@given(st.text(max_size=12))
def test_names_are_judged_alike_one_by_one_and_in_a_table(file: str) -> None:
    table = conform(pd.DataFrame({"file": [file], "width": 1, "height": 1}), "images")
    try:
        validate({"images": table}, [])
    except UnsafePathError:
        assert problem(file) is not None
    else:
        assert problem(file) is None


def test_urls_are_told_from_paths() -> None:
    assert is_url("https://example.org/a.jpg")
    assert not is_url("a/b.jpg")
    assert not is_url("C:/a.jpg")


def test_a_million_rows_are_conformed_and_checked() -> None:
    n = 1_000_000
    table = pd.DataFrame(
        {
            "image_id": np.arange(n) % 1000,
            "label": pd.Categorical.from_codes(np.arange(n) % 2, LABELS),
            "mask": pd.array([SQUARE] * n, dtype=MASK_DTYPE),
        }
    )
    photos = pd.DataFrame({"file": [f"{i}.jpg" for i in range(1000)], "width": 8, "height": 6})
    rows = conform(table, "instances", LABELS, heights=np.full(n, 6))
    validate({"images": conform(photos, "images"), "instances": rows}, LABELS)
    assert len(rows) == n


def test_boxes_from_masks_take_memory_for_a_block_of_rows_only() -> None:
    n, side = 12_000, 210
    mask = rle.encode(np.eye(side, dtype=bool))  # 420 runs, about 600 characters
    frame = pd.DataFrame({"image_id": 1, "label": "fish", "mask": [mask]}, index=range(n))
    frame["mask"] = frame["mask"].astype(MASK_DTYPE)
    tracemalloc.start()
    try:
        out = conform(frame, "instances", ["fish"], np.full(n, side))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out[["x", "y", "w", "h", "area"]].drop_duplicates().values.tolist() == [[0, 0, side, side, side]]
    assert peak < 60_000_000, f"{peak:,} bytes; all {n * 2 * side:,} runs at once take six times as much"


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1)), min_size=1, max_size=9
    )
)
def test_boxes_from_masks_are_those_of_each_mask_alone(shapes: list[tuple[int, int, int]]) -> None:
    pictures = [np.random.default_rng(seed).random((h, w)) < 0.3 for h, w, seed in shapes]
    frame = pd.DataFrame({"image_id": 1, "label": "fish", "mask": [rle.encode(p) for p in pictures]})
    out = conform(frame, "instances", ["fish"], np.array([h for h, _, _ in shapes]))
    for picture, (_, row) in zip(pictures, out.iterrows(), strict=True):
        y, x = np.nonzero(picture)
        box = [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1] if len(x) else [0] * 4
        assert [*row[["x", "y", "w", "h"]], row["area"]] == [*box, len(x)]
