"""Nothing malformed passes: pycocotools trusts its input, and would crash the process on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import MASK_DTYPE

# pycocotools.mask.decode itself is behind NumPy's times; nbalabel never calls it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GOOD = rle.encode(np.eye(9, 11))
SIZE = (9, 11)

MALFORMED = {
    "empty": b"",
    "cut off": GOOD + b"P",
    "only a beginning": b"o",
    "below the characters": b"4/" + GOOD,
    "above the characters": GOOD[:-1] + b"p",
    "a zero byte": GOOD[:4] + b"\0" + GOOD[4:],
    "not ascii": "4ß".encode(),
    "seven groups": b"PPPPPP1",
    "thousands of groups": b"o" * 5000 + b"1",
    "negative": b"O",
    "negative by difference": b"112N",
}
WRONG = {
    "too few pixels": b"1",
    "too many pixels": rle.from_counts([0, 100]),
    "far too many": rle.from_counts([1 << 28]),
}
UNUSUAL = {
    "an empty run inside": rle.from_counts([50]) + b"0" + rle.from_counts([49]),
    "an empty run at the end": rle.from_counts([99]) + b"0",
}


def is_valid(string: bytes, height: int, width: int) -> bool:
    try:
        rle.check([string], height, width)
    except MaskError:
        return False
    return True


@given(st.binary(max_size=40) | st.text("".join(map(chr, range(48, 112))), max_size=40).map(str.encode))
def test_any_bytes_are_refused_or_read_alike_by_all(string: bytes) -> None:
    try:
        runs = rle.parse([string])
    except MaskError:
        for read in (rle.to_counts, lambda s: rle.decode(s, 3, 3), lambda s: rle.decode_crop(s, 3, 3)):
            with pytest.raises(MaskError):
                read(string)
        assert not is_valid(string, 3, 3)
        return
    assert rle.to_counts(string) == runs.counts.tolist()
    total = int(runs.totals()[0])
    if 0 < total < 1 << 20 and is_valid(string, total, 1):
        pixels = coco.decode({"size": [total, 1], "counts": string})
        assert np.array_equal(pixels.astype(bool), rle.decode(string, total, 1))
        assert rle.encode(pixels) == string


@given(st.data())
def test_a_damaged_mask_is_refused_or_is_what_pycocotools_would_write(data: st.DataObject) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        match data.draw(st.sampled_from(["change", "drop", "insert"])):
            case "change":
                raw[at] = data.draw(st.integers(40, 120))
            case "drop" if len(raw) > 1:
                del raw[at]
            case _:
                raw.insert(at, data.draw(st.integers(48, 111)))
    string = bytes(raw)
    if is_valid(string, *SIZE):
        assert rle.encode(coco.decode({"size": list(SIZE), "counts": string})) == string


@pytest.mark.parametrize("string", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("position", [0, 500])
def test_every_reader_refuses_what_is_malformed(string: bytes, position: int) -> None:
    column = [GOOD] * position + [string] + [GOOD]
    many: list[Callable[[list[bytes]], object]] = [
        rle.parse,
        rle.areas,
        lambda c: rle.boxes(c, SIZE[0]),
        lambda c: rle.check(c, *SIZE),
        lambda c: rle.decode_labels(c, *SIZE),
        lambda c: rle.union(c, *SIZE),
        lambda c: rle.intersection(c, *SIZE),
        lambda c: rle.iou(c, [GOOD], *SIZE),
        lambda c: rle.iou([GOOD], c, *SIZE),
        lambda c: rle.iou_pairs(c, c),
    ]
    for read in many:
        with pytest.raises(MaskError):
            read(column)


@pytest.mark.parametrize("string", MALFORMED.values(), ids=MALFORMED.keys())
def test_every_reader_of_one_mask_refuses_what_is_malformed(string: bytes) -> None:
    for read in (
        rle.to_counts,
        lambda s: rle.decode(s, *SIZE),
        lambda s: rle.decode_crop(s, *SIZE),
        lambda s: rle.difference(GOOD, s, *SIZE),
        lambda s: rle.difference(s, GOOD, *SIZE),
        lambda s: rle.union([s], *SIZE),
    ):
        with pytest.raises(MaskError):
            read(string)


@pytest.mark.parametrize("string", [*WRONG.values(), *UNUSUAL.values()], ids=[*WRONG.keys(), *UNUSUAL.keys()])
def test_masks_of_another_size_or_another_hand_never_reach_pycocotools(string: bytes) -> None:
    for n in (1, 10):
        for read in (
            lambda c: rle.check(c, *SIZE),
            lambda c: rle.union(c, *SIZE),
            lambda c: rle.iou(c, [GOOD], *SIZE),
        ):
            with pytest.raises(MaskError):
                read([GOOD] * n + [string])


def test_a_long_mask_of_another_size_is_refused() -> None:
    noise = rle.encode(np.random.default_rng(0).random((80, 80)) < 0.5)
    assert len(noise) > 2000
    for read in (rle.decode, rle.decode_crop):
        with pytest.raises(MaskError, match="must be 80 x 81 = 6480 pixels, it has 6400"):
            read(noise, 80, 81)
    for damaged in (noise + b"P", noise + b"p", noise[:500] + b"oooooooo" + noise[500:], noise + b"O"):
        with pytest.raises(MaskError):
            rle.decode(damaged, 80, 80)


def test_padded_numbers_are_not_canonical() -> None:
    padded = b"SS0"
    assert rle.to_counts(padded) == [99]
    with pytest.raises(MaskError, match="no padding"):
        rle.check([padded], *SIZE)


def test_the_error_names_table_rows_and_rule() -> None:
    column = pd.Series([GOOD, b"", GOOD, b""], dtype=MASK_DTYPE)
    with pytest.raises(MaskError, match=r"rejected: masks must not be empty strings; broken by 20, 40$"):
        rle.check(column, *SIZE, ids=[10, 20, 30, 40], table="rejected")
    with pytest.raises(MaskError, match=r"as many pixels as their image .* broken by 7 \(got 4 pixels\)"):
        rle.check([GOOD, b"04"], *SIZE, ids=[5, 7])


def test_rows_are_named_right_far_down_the_table() -> None:
    column = [GOOD] * 40_000
    column[31_234] = b"O"
    column[39_999] = b"O"
    with pytest.raises(MaskError, match=r"broken by 1031234"):
        rle.check(column, *SIZE, ids=range(1_000_000, 1_040_000))


@pytest.mark.parametrize("value", [None, 5, 1.5, ["a"], {"counts": b"04"}])
def test_what_is_not_bytes_is_refused(value: Any) -> None:
    with pytest.raises(MaskError, match="bytes"):
        rle.check([GOOD, value], *SIZE)
    with pytest.raises(MaskError, match="bytes"):
        rle.decode(value, *SIZE)


def test_missing_masks_are_named() -> None:
    with pytest.raises(MaskError, match=r"must be bytes, not missing; broken by 9"):
        rle.check(pd.Series([GOOD, None], dtype=MASK_DTYPE), *SIZE, ids=[8, 9])


def test_one_mask_in_place_of_a_column_is_pointed_out() -> None:
    with pytest.raises(MaskError, match="wrap it in a list"):
        rle.areas(GOOD)  # type: ignore[arg-type]


def test_absurdly_large_images_are_refused() -> None:
    with pytest.raises(MaskError, match="fewer than 536,870,912 pixels"):
        rle.check([GOOD], 1 << 16, 1 << 16)
    with pytest.raises(MaskError, match="must have between 1 and"):
        rle.encode(np.lib.stride_tricks.as_strided(np.zeros(1, bool), (1 << 15, 1 << 15), (0, 0)))


def test_sizes_may_differ_row_by_row() -> None:
    rle.check([b"04", b"06"], [2, 2], [2, 3])
    with pytest.raises(MaskError, match="broken by 0, 1"):
        rle.check([b"04", b"06"], [2, 2], [3, 2])
