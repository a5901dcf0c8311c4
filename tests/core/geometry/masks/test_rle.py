"""Run-length masks say the same as pycocotools, byte for byte and bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import MASK_DTYPE

# pycocotools.mask.decode itself is behind NumPy's times; nbalabel never calls it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)
masks = hnp.arrays(bool, shapes)
stacks = st.tuples(st.integers(1, 5), st.integers(1, 10), st.integers(1, 10)).flatmap(
    lambda s: hnp.arrays(bool, s)
)


def peer(mask: np.ndarray) -> dict[str, Any]:
    """The mask as pycocotools encodes it."""
    encoded: dict[str, Any] = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return encoded


def blob(seed: int, height: int = 120, width: int = 160) -> np.ndarray:
    """A patch with a ragged edge, so that its string is long."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    center = rng.uniform(0.3, 0.7, 2) * (height, width)
    distance = np.hypot(y - center[0], x - center[1]) + rng.normal(0, 4, (height, width))
    return distance < rng.uniform(10, 50)


def noise(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width)) < 0.5


@given(masks)
def test_encoding_writes_the_bytes_of_pycocotools(mask: np.ndarray) -> None:
    assert rle.encode(mask) == peer(mask)["counts"]


@given(masks, st.booleans(), st.integers(1, 3))
def test_encoding_takes_any_memory_order(mask: np.ndarray, flip: bool, step: int) -> None:
    view = (mask.T[::-1] if flip else np.asfortranarray(mask))[::step]
    assert rle.encode(view) == peer(view)["counts"]


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32])
@pytest.mark.parametrize("inside", [1, 200])
def test_whatever_is_not_zero_is_inside(dtype: type, inside: int) -> None:
    mask = blob(0)
    assert rle.encode((mask * inside).astype(dtype)) == peer(mask)["counts"]


def test_different_numbers_side_by_side_are_one_run() -> None:
    assert rle.encode([[1, 2, 255]]) == rle.encode([[1, 1, 1]]) == b"03"


@given(masks)
def test_decoding_undoes_encoding(mask: np.ndarray) -> None:
    decoded = rle.decode(rle.encode(mask), *mask.shape)
    assert decoded.dtype == bool
    assert np.array_equal(decoded, mask)


@pytest.mark.parametrize("make", [blob, noise])
@pytest.mark.parametrize("size", [(120, 160), (37, 501), (1, 3000), (3000, 1)])
def test_long_masks_decode_as_pycocotools_does(make: Any, size: tuple[int, int]) -> None:
    for seed in range(3):
        encoded = peer(make(seed, *size))
        assert np.array_equal(rle.decode(encoded["counts"], *size), coco.decode(encoded).astype(bool))


def test_a_mask_read_back_can_be_drawn_into() -> None:
    decoded = rle.decode(b"04", 2, 2)
    decoded[0, 0] = False
    assert rle.encode(decoded) == b"13"


@given(stacks)
def test_many_masks_encode_as_one_by_one(stack: np.ndarray) -> None:
    assert rle.encode_many(stack) == [rle.encode(mask) for mask in stack]


@given(masks)
def test_a_tight_crop_is_the_box_and_nothing_is_lost(mask: np.ndarray) -> None:
    encoded = rle.encode(mask)
    crop, x, y = rle.decode_crop(encoded, *mask.shape)
    assert [x, y, crop.shape[1], crop.shape[0]] == rle.boxes([encoded], mask.shape[0])[0].tolist()
    assert np.array_equal(mask[y : y + crop.shape[0], x : x + crop.shape[1]], crop)
    assert crop.sum() == mask.sum()


@given(masks, st.tuples(*[st.floats(-5, 20)] * 2), st.tuples(*[st.floats(0, 20)] * 2))
def test_any_crop_is_that_part_of_the_mask(
    mask: np.ndarray, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    crop, x, y = rle.decode_crop(rle.encode(mask), *mask.shape, (*corner, *size))
    height, width = mask.shape
    left, top = np.clip(np.floor(corner), 0, (width, height))
    right, bottom = np.clip(np.ceil(np.add(corner, size)), (left, top), (width, height))
    assert (x, y) == (left, top)
    assert crop.shape == (bottom - top, right - left)
    assert np.array_equal(crop, mask[int(top) : int(bottom), int(left) : int(right)])


def test_a_large_crop_is_right_to_the_last_pixel() -> None:
    for seed in range(5):
        mask = blob(seed, 300, 400)
        crop, x, y = rle.decode_crop(rle.encode(mask), 300, 400)
        assert np.array_equal(mask[y : y + crop.shape[0], x : x + crop.shape[1]], crop)


@given(hnp.arrays(np.int16, shapes, elements=st.integers(-2, 5)))
def test_every_id_of_a_label_map_is_found_and_encoded(labels: np.ndarray) -> None:
    ids, encoded = rle.encode_labels(labels)
    assert ids.tolist() == [i for i in np.unique(labels).tolist() if i]
    assert encoded == [rle.encode(labels == i) for i in ids]


@given(hnp.arrays(np.uint8, shapes, elements=st.integers(0, 3)), st.tuples(*[st.integers(0, 4)] * 4))
def test_a_label_map_of_a_part_lands_where_it_belongs(
    labels: np.ndarray, room: tuple[int, int, int, int]
) -> None:
    left, top, right, bottom = room
    whole = np.pad(labels, ((top, bottom), (left, right)))
    ids, encoded = rle.encode_labels(labels, *whole.shape, left, top)
    expected_ids, expected = rle.encode_labels(whole)
    assert ids.tolist() == expected_ids.tolist()
    assert encoded == expected


def test_a_label_map_that_does_not_fit_is_refused() -> None:
    with pytest.raises(MaskError, match="must fit into 3 x 3"):
        rle.encode_labels(np.ones((2, 2), int), 3, 3, 2, 0)


@given(stacks)
def test_a_label_map_shows_the_last_mask_on_top(stack: np.ndarray) -> None:
    expected = np.zeros(stack.shape[1:], np.int32)
    for i, mask in enumerate(stack, 1):
        expected[mask] = i
    labels = rle.decode_labels(rle.encode_many(stack), *stack.shape[1:])
    assert labels.dtype == np.int32
    assert np.array_equal(labels, expected)


@given(st.lists(masks, min_size=1, max_size=6))
def test_areas_and_boxes_are_those_of_pycocotools(several: list[np.ndarray]) -> None:
    encoded = [peer(mask) for mask in several]
    strings = [e["counts"] for e in encoded]
    assert rle.areas(strings).tolist() == [int(mask.sum()) for mask in several]
    assert np.array_equal(rle.boxes(strings, [len(mask) for mask in several]), coco.toBbox(encoded))


def test_thousands_of_areas_do_not_overflow() -> None:
    strings = [rle.encode(blob(i)) for i in range(20)] * 500
    assert rle.areas(strings).tolist() == [int(blob(i).sum()) for i in range(20)] * 500


counts_lists = st.lists(st.integers(0, 1 << 24), min_size=1, max_size=20).map(
    lambda c: c[:1] + [n + 1 for n in c[1:]]
)


@given(counts_lists)
def test_run_lengths_compress_as_pycocotools_does_and_come_back(counts: list[int]) -> None:
    string = rle.from_counts(counts)
    size = [sum(counts), 1]
    assert string == coco.frPyObjects({"counts": counts, "size": size}, *size)["counts"]
    assert rle.to_counts(string) == counts


@given(st.lists(counts_lists, max_size=8))
def test_many_strings_parse_and_encode_to_themselves(rows: list[list[int]]) -> None:
    strings = [rle.from_counts(row) for row in rows]
    runs = rle.parse(strings)
    assert [runs.counts[a:b].tolist() for a, b in zip(runs.starts, runs.starts[1:], strict=False)] == rows
    assert runs.encode() == strings
    assert runs.totals().tolist() == [sum(row) for row in rows]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=5))
def test_empty_runs_inside_vanish_and_the_mask_stays(rows: list[list[int]]) -> None:
    pixels = [np.repeat(np.arange(len(row)) % 2, row) for row in rows]
    canonical = rle.from_rows(rows).canonical()
    assert [s for s, p in zip(canonical.encode(), pixels, strict=True) if len(p)] == [
        rle.encode(p[:, None]) for p in pixels if len(p)
    ]
    assert [rle.from_counts(row) for row, p in zip(rows, pixels, strict=True) if len(p)] == [
        rle.encode(p[:, None]) for p in pixels if len(p)
    ]


def test_strings_longer_than_a_block_are_read_whole() -> None:
    long = rle.encode(noise(0, 800, 800))
    strings = [b"04", long, rle.encode(blob(1)), long]
    runs = rle.parse(strings)
    assert len(long) > 1 << 18
    assert runs.encode() == strings
    assert runs.areas()[1] == noise(0, 800, 800).sum()


@given(stacks)
def test_sets_of_pixels_combine_as_numpy_does(stack: np.ndarray) -> None:
    strings, size = rle.encode_many(stack), stack.shape[1:]
    assert rle.union(strings, *size) == rle.encode(stack.any(axis=0))
    assert rle.intersection(strings, *size) == rle.encode(stack.all(axis=0))
    assert rle.difference(strings[0], strings[-1], *size) == rle.encode(stack[0] & ~stack[-1])


def test_of_no_masks_at_all_nothing_is_left() -> None:
    assert rle.union([], 2, 2) == rle.intersection([], 2, 2) == b"4"
    assert rle.iou([], [b"04"], 2, 2).shape == (0, 1)
    assert rle.areas([]).shape == (0,)
    assert rle.boxes([], []).shape == (0, 4)
    assert rle.iou_pairs([], []).shape == (0,)
    assert rle.encode_many(np.zeros((0, 3, 3))) == []


@given(stacks, st.data())
def test_iou_is_that_of_pycocotools_in_every_bit(stack: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(stack))))
    crowd = data.draw(st.lists(st.integers(0, 1), min_size=len(stack), max_size=len(stack)))
    a = [peer(mask) for mask in stack]
    b = [a[i] for i in order]
    left, right = ([e["counts"] for e in side] for side in (a, b))
    size = stack.shape[1:]
    expected = coco.iou(a, b, crowd)
    assert np.array_equal(rle.iou(left, right, *size, crowd), expected)
    assert np.array_equal(rle.iou(left, right, *size, crowd, trusted=True), expected)
    assert np.array_equal(rle.iou_pairs(left, right), np.diag(coco.iou(a, b, [0] * len(a))))


def test_pairs_of_images_of_all_sizes_are_compared_at_once() -> None:
    sizes = [(120, 160), (50, 60), (300, 40)] * 30
    a = [rle.encode(blob(i, *size)) for i, size in enumerate(sizes)]
    b = [rle.encode(blob(i + 1, *size)) for i, size in enumerate(sizes)]
    expected = [rle.iou([p], [q], *size)[0, 0] for p, q, size in zip(a, b, sizes, strict=True)]
    assert rle.iou_pairs(a, b).tolist() == expected


def test_overlaps_of_chosen_rows_count_shared_pixels() -> None:
    blobs = [blob(i) for i in range(6)]
    runs = rle.parse([rle.encode(mask) for mask in blobs])
    left, right = (rows.ravel() for rows in np.mgrid[:6, :6])
    expected = [(blobs[i] & blobs[j]).sum() for i, j in zip(left, right, strict=True)]
    assert rle.overlaps(runs, runs, left, right).tolist() == expected


def test_masks_of_different_sizes_cannot_be_compared() -> None:
    with pytest.raises(MaskError, match="one image size; broken by 1"):
        rle.iou_pairs([b"04", b"04"], [b"04", b"05"])
    with pytest.raises(ValueError, match="got 1 and 2 masks"):
        rle.iou_pairs([b"04"], [b"04", b"04"])
    with pytest.raises(ValueError, match=r"one flag for each mask of b, \(1,\)"):
        rle.iou([b"04"], [b"04"], 2, 2, crowd=[True, False])


STRINGS = [rle.encode(blob(i)) for i in range(7)]


@pytest.mark.parametrize(
    "column",
    [
        tuple(STRINGS),
        pd.Series(STRINGS, dtype=MASK_DTYPE),
        pd.Series(STRINGS, dtype=object),
        pd.array(STRINGS, dtype=MASK_DTYPE),
        pa.array(STRINGS),
        pa.array([s.decode() for s in STRINGS]),
        pa.chunked_array([STRINGS[:2], [], STRINGS[2:]], pa.large_binary()),
        pa.array([b"junk", *STRINGS, b"junk"], pa.large_binary())[1:-1],
        pd.Series([b"junk", *STRINGS], dtype=MASK_DTYPE).iloc[1:],
        np.array(STRINGS, object),
    ],
    ids=["tuple", "series", "objects", "extension", "binary", "strings", "chunked", "slice", "iloc", "numpy"],
)
def test_masks_are_read_from_any_kind_of_column(column: Any) -> None:
    assert rle.parse(column).encode() == STRINGS
    rle.check(column, 120, 160)
    assert rle.iou(column, STRINGS[:1], 120, 160).shape == (7, 1)


def test_an_empty_column_without_chunks_is_read() -> None:
    assert len(rle.parse(pa.chunked_array([], pa.large_binary()))) == 0


def test_runs_go_to_arrow_without_a_copy_per_mask() -> None:
    array = rle.parse(STRINGS).to_arrow()
    assert array.type == pa.large_binary()
    assert array.to_pylist() == STRINGS
    array.validate(full=True)


def test_rows_can_be_taken_in_any_order() -> None:
    assert rle.parse(STRINGS).take([3, 0, 3]).encode() == [STRINGS[3], STRINGS[0], STRINGS[3]]


@pytest.mark.parametrize("mask", [np.zeros((0, 5)), np.zeros(5), np.zeros((2, 2, 2)), [["a"]]])
def test_what_is_no_mask_is_not_encoded(mask: Any) -> None:
    with pytest.raises(MaskError):
        rle.encode(mask)


@pytest.mark.parametrize("counts", [[], [-1, 2], [1.5], [[1, 2]], [1 << 30], ["3"], [1 << 28, 1 << 28]])
def test_what_are_no_run_lengths_is_not_compressed(counts: Any) -> None:
    with pytest.raises(MaskError, match="run lengths must be"):
        rle.from_counts(counts)


def test_real_masks_come_back_byte_for_byte(shared_data: Any) -> None:
    import json

    coco_file = json.loads((shared_data / "nuclei" / "instances.json").read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in coco_file["images"]}
    rows = coco_file["annotations"][:2000]
    strings = [row["segmentation"]["counts"].encode() for row in rows]
    heights, widths = (np.array([sizes[row["image_id"]][i] for row in rows]) for i in range(2))
    rle.check(strings, heights, widths)
    assert rle.parse(strings).encode() == strings
    assert rle.areas(strings).tolist() == [row["area"] for row in rows]
    for string, height, width in zip(strings[:200], heights, widths, strict=False):
        assert rle.encode(rle.decode(string, height, width)) == string
