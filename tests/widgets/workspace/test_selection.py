"""The shared selection, at the kernel's end: what it says to the browser and does with what it hears."""

import base64
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.clauses import Index
from nbalabel.widgets.workspace.selection import Selection, pack, unpack

GOLDEN = Path(__file__).resolve().parents[2] / "wire" / "selection.json"


def tables(images, instances):
    rows = pd.DataFrame({"image_id": instances}, index=range(len(instances)), dtype=np.int64)
    return {
        "images": pd.DataFrame(index=images),
        "instances": rows,
        "predictions": rows.iloc[:0],
    }


@pytest.fixture
def selection():
    return Selection(Index.of(tables([10, 20, 30], [10, 10, 30])))


@pytest.fixture
def page(selection):
    """What a page that says it is ready hears."""
    heard = []

    def port(message, buffers=None):
        heard.append((message, [bytes(b) for b in buffers or []]))

    selection.receive({"kind": "selection", "op": "ready", "client": "page"}, [], port)
    return heard


def say(selection, port=lambda *_: None, buffers=(), **content):
    selection.receive({"kind": "selection", "client": "page", "rev": 0, **content}, list(buffers), port)


def brush(selection, rows, source="scatter-1", **more):
    bits = [memoryview(pack(np.asarray(rows, np.bool_)))]
    head = {"op": "clause", "source": source, "of": "images", "title": "lasso", "code": ""}
    say(selection, buffers=bits, **{**head, **more})


def test_nothing_is_selected_at_first(selection):
    assert len(selection.ids) == len(selection.images) == len(selection.instances) == 0
    assert selection.allowed("images") is None


def test_what_is_brushed_in_the_browser_can_be_read_here(selection):
    brush(selection, [True, False, True])
    assert selection.ids.tolist() == selection.images.tolist() == [10, 30]
    assert selection.instances.tolist() == [0, 1, 2]
    assert selection.clauses["scatter-1"].title == "lasso"


def test_other_pages_hear_of_it_and_the_sender_can_tell_it_is_its_own(selection, page):
    brush(selection, [True, False, True])
    message, (bits,) = page[-1]
    assert (message["op"], message["client"], message["source"]) == ("clause", "page", "scatter-1")
    assert unpack(bits, 3).tolist() == [True, False, True]


def test_a_sync_is_acknowledged_to_whom_it_came_from(selection):
    heard = []
    say(selection, op="sync", seq=7, port=lambda message, *_: heard.append(message))
    assert heard == [{"kind": "selection", "op": "ack", "client": "page", "seq": 7}]


def test_a_clause_set_here_goes_to_the_pages(selection, page):
    selection.set("python", "instances", [2], "one", "rows.index == 2")
    message, (bits,) = page[-1]
    assert (message["client"], message["code"]) == ("", "rows.index == 2")
    assert unpack(bits, 3).tolist() == [False, False, True]
    assert selection.of == "instances"
    assert selection.images.tolist() == [30]


def test_clear_takes_one_or_all(selection, page):
    selection.set("a", "images", [10])
    selection.set("b", "images", [10, 20])
    selection.clear("a")
    assert page[-1][0]["removed"] is True
    assert selection.ids.tolist() == [10, 20]
    selection.clear()
    assert not selection.clauses


def test_ids_that_are_not_there_are_an_error_and_change_nothing(selection):
    selection.set("a", "images", [10])
    with pytest.raises(UnknownNameError, match="99"):
        selection.set("a", "images", [99])
    assert selection.ids.tolist() == [10]


def test_when_the_tables_change_clauses_follow_by_id_and_pages_get_the_new_state(selection, page):
    selection.set("a", "images", [10, 30])
    selection.active = ("images", 10)
    selection.reindex(Index.of(tables([20, 30, 40], [30])))
    message, (_, _, bits) = page[-1]
    assert (message["op"], message["rev"], message["active"]) == ("state", 1, None)
    assert unpack(bits, 3).tolist() == [False, True, False]
    assert selection.ids.tolist() == [30]


def test_a_message_that_refers_to_the_tables_of_before_is_understood(selection):
    selection.reindex(Index.of(tables([30, 40], [])))
    brush(selection, [True, False, True], rev=0)
    assert selection.ids.tolist() == [30]


def test_a_message_that_refers_to_tables_of_long_ago_is_dropped(selection):
    for last in range(40, 47):
        selection.reindex(Index.of(tables([10, 20, last], [])))
    brush(selection, [True, False, True], rev=0)
    assert not selection.clauses


def test_the_active_row_goes_both_ways(selection, page):
    say(selection, op="active", of="images", row=2)
    assert selection.active == ("images", 30)
    selection.active = ("instances", 1)
    assert page[-1][0] == {
        "kind": "selection", "rev": 0, "op": "active", "client": "", "of": "instances", "row": 1,
    }  # fmt: skip
    with pytest.raises(UnknownNameError, match="77"):
        selection.active = ("images", 77)


def test_bits_of_the_wrong_number_of_rows_are_refused(selection):
    say(
        selection,
        op="clause", source="a", of="images", title="", code="",
        buffers=[memoryview(b"\x01\x00")],
    )  # fmt: skip
    assert not selection.clauses
    assert isinstance(selection.errors[-1], DataError)
    assert "expected 1 bytes for 3 rows, got 2" in str(selection.errors[-1])


def test_listeners_hear_who_changed_until_they_stop(selection):
    heard = []
    stop = selection.on_change(heard.append)
    brush(selection, [True, True, False])
    selection.active = ("images", 10)
    selection.reindex(Index.of(tables([10, 20], [])))
    stop()
    selection.clear()
    assert heard == ["scatter-1", "active", "tables"]


def test_the_state_a_page_gets_is_the_one_the_browser_tests_read(selection, page):
    selection.set("table-1/filter", "instances", [0, 2], "score ≥ 0.5", 'rows["score"] >= 0.5')
    selection.active = ("instances", 2)
    heard = []
    selection.receive(
        {"kind": "selection", "op": "ready", "client": "late"},
        [],
        lambda message, buffers: heard.append((message, buffers)),
    )
    message, buffers = heard[0]
    golden = {"message": message, "buffers": [base64.b64encode(b).decode() for b in buffers]}
    assert golden == json.loads(GOLDEN.read_text(encoding="utf-8"))
