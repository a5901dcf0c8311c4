"""Changes and tables survive the way to bytes and back, whatever their dtypes."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from nbalabel.core.change.change import diff
from nbalabel.core.columns.arrow import batch_of_frame, columns_of, frame_from
from nbalabel.core.errors import DataError
from nbalabel.core.tables.state import State
from nbalabel.data.store.records import Damage, decode_change, encode_change, frame_record, read_record

_laws_path = Path(__file__).parents[2] / "core" / "change" / "test_change.py"
_spec = importlib.util.spec_from_file_location("change_laws", _laws_path)
laws = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(laws)


@settings(max_examples=60, deadline=None)
@given(laws.states(), laws.states())
def test_a_change_comes_back_from_bytes_exactly(old, new):
    change = diff(old, new, origin="ann", note="über")
    meta, body, _ = read_record(memoryview(frame_record(*encode_change(change))))
    back = decode_change(meta, body)
    laws.assert_same_change(back, change)
    assert (back.id, back.time, back.origin, back.note) == (change.id, change.time, "ann", "über")


@settings(max_examples=40, deadline=None)
@given(laws.states())
def test_a_table_comes_back_from_arrow_exactly(state: State):
    for frame in state.tables.values():
        laws.assert_same_frame(frame_from(columns_of(batch_of_frame(frame)), "id"), frame)


@pytest.mark.parametrize(
    "values",
    [[object()], [(1, 2)], [{1: "a"}], [b"bytes"], [{"when": pd.Timestamp("2024-01-01")}]],
)
def test_objects_that_are_not_json_are_refused_by_name(values):
    frame = pd.DataFrame({"extra": pd.Series(values, dtype=object)})
    with pytest.raises(DataError, match="extra"):
        batch_of_frame(frame)


def test_dtypes_without_a_stored_form_are_refused_by_name():
    frame = pd.DataFrame({"span": pd.interval_range(0, 2)})
    with pytest.raises(DataError, match="span: values of dtype interval"):
        batch_of_frame(frame)


def test_every_flipped_bit_of_a_record_is_noticed():
    record = frame_record({"op": "edit"}, b"body of the record")
    for position in range(len(record)):
        damaged = bytearray(record)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(Damage) as caught:
            read_record(memoryview(damaged))
        assert not caught.value.torn


def test_a_record_cut_at_any_byte_is_recognised_as_torn():
    record = frame_record({"op": "edit"}, b"body of the record")
    for length in range(len(record)):
        with pytest.raises(Damage) as caught:
            read_record(memoryview(record[:length]))
        assert caught.value.torn


def test_small_changes_are_small():
    frame = pd.DataFrame({"weight": np.ones(1000, np.float32)}, index=pd.Index(range(1000), dtype=np.int64))
    old, new = State({"images": frame}, ()), State({"images": frame.assign(weight=np.float32(0))}, ())
    assert sum(map(len, [frame_record(*encode_change(diff(old, new)))])) < 4_000
