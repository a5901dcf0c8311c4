"""The kernel's half of the table: what it tells the browser of columns, rows, orders and counts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import traitlets

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.selection import pack, unpack


@pytest.fixture
def table(workspace, browser):
    return browser(nl.Table(workspace))


def keep(asked, filters=None, search="", sort=(), others=None, **more):
    view = asked.view
    params = {"filters": filters or {}, "search": search, "search_in": ["file", "state"], "sort": list(sort)}
    return asked("keep", [] if others is None else [pack(others)], names=view.columns, **params, **more)


def test_it_describes_the_columns_it_shows(table, workspace):
    result, _ = table("describe", names=table.view.columns)
    assert [column["name"] for column in result["columns"]] == table.view.columns
    assert result["names"] == workspace.column_names("images")
    assert (result["n"], result["id"], result["run"]) == (24, "image_id", True)
    state = next(column for column in result["columns"] if column["name"] == "state")
    assert state["kind"] == "category"
    assert state["editable"]
    assert len(state["colors"]) == len(state["categories"]) == 4


def test_columns_at_first_are_those_that_tell_something(workspace):
    workspace.ds.images["nothing"] = np.nan
    workspace.ds.sync()
    for of in ("images", "instances", "predictions"):
        shown = nl.Table(workspace, of=of).columns
        assert shown[0] in ("image_id", "instance_id", "prediction_id")
        assert "mask" not in shown
        assert "nothing" not in shown
    assert "habitat" in nl.Table(workspace).columns


def test_wrong_arguments_say_what_would_do(workspace):
    with pytest.raises(UnknownNameError, match="no column 'colour'"):
        nl.Table(workspace, columns=["colour"])
    with pytest.raises(DataError, match="of must be one of"):
        nl.Table(workspace, of="fish")
    with pytest.raises(traitlets.TraitError, match="height"):
        nl.Table(workspace, height=10)


def test_cells_are_values_codes_and_nothing(table, workspace):
    rows = np.array([3, 1], np.int32)
    result, _ = table("cells", [rows.tobytes()], names=["image_id", "file", "state", "best_score"])
    images = workspace.ds.images
    assert result["cells"]["image_id"] == images.index[[3, 1]].tolist()
    assert result["cells"]["file"] == images.file.iloc[[3, 1]].tolist()
    assert result["cells"]["state"] == images.state.cat.codes.iloc[[3, 1]].tolist()
    assert all(score is None or 0 <= score <= 1 for score in result["cells"]["best_score"])


def test_texts_are_cut_where_they_are_very_long(workspace, browser):
    workspace.ds.images["note"] = ["x" * 5000 + str(i) for i in range(24)]
    workspace.ds.sync()
    table = browser(nl.Table(workspace))
    result, _ = table("cells", [np.zeros(1, np.int32).tobytes()], names=["note"])
    assert len(result["cells"]["note"][0]) == 1000


@pytest.mark.parametrize("rows", [[-1], [24], list(range(24)) * 100])
def test_rows_that_are_not_there_are_refused(table, rows):
    says = table.error("cells", [np.array(rows, np.int32).tobytes()], names=["file"])
    assert "row numbers below 24" in says


@pytest.mark.parametrize(
    "sort",
    [
        [["weight", True]],
        [["state", False], ["turbidity", True]],
        [["file", False]],
        [["best_score", False], ["habitat", True], ["image_id", False]],
    ],
)
def test_orders_are_those_of_pandas(table, workspace, sort):
    _, (order,) = table("order", sort=sort)
    frame = workspace.ds.images.assign(
        image_id=workspace.ds.images.index, best_score=workspace.column("images", "best_score").values
    ).reset_index(drop=True)
    by, ascending = [name for name, _ in sort], [up for _, up in sort]
    wanted = frame
    for name, up in reversed(list(zip(by, ascending, strict=True))):
        wanted = wanted.sort_values(name, ascending=up, kind="stable")
    assert np.frombuffer(order, np.int32).tolist() == wanted.index.tolist()


def test_an_order_larger_than_a_message_comes_in_parts(table, monkeypatch):
    (whole,) = table("order", sort=[["file", False]])[1]
    monkeypatch.setattr("nbalabel.widgets.rows.listing._AT_ONCE", 10)
    parts = [table("order", sort=[["file", False]], start=start) for start in (0, 10, 20)]
    assert [(result["n"], len(buffers[0])) for result, buffers in parts] == [(24, 40), (24, 40), (24, 16)]
    assert b"".join(buffers[0] for _, buffers in parts) == whole
    assert "a place from 0 to 24" in table.error("order", sort=[["file", False]], start=25)


def test_a_filter_answers_with_its_rows_its_code_and_the_first_cells(table, workspace):
    filters = {"state": {"kind": "values", "values": ["unlabeled"], "missing": "out"}}
    result, (first, bits) = keep(table, filters)
    images = workspace.ds.images
    wanted = (images.state == "unlabeled").to_numpy()
    assert np.array_equal(unpack(bits, 24), wanted)
    assert result["code"] == 'rows["state"].isin(["unlabeled"])'
    assert result["title"] == "state unlabeled"
    first = np.frombuffer(first, np.int32)
    assert first.tolist() == np.flatnonzero(wanted).tolist()
    assert result["cells"]["file"] == images.file.iloc[first].tolist()


def test_first_rows_are_those_others_allow_in_the_order_shown(table, workspace):
    others = np.zeros(24, bool)
    others[[2, 5, 9]] = True
    _, (first,) = keep(table, sort=[["image_id", False]], others=others)
    assert np.frombuffer(first, np.int32).tolist() == [9, 5, 2]


def test_bars_count_what_the_other_filters_leave(table, workspace):
    filters = {
        "state": {"kind": "values", "values": ["unlabeled"], "missing": "out"},
        "weight": {"kind": "range", "lo": 0.5, "hi": None, "missing": "out"},
    }
    names = ["state", "weight", "split", "file"]
    params = {"names": names, "search": "", "search_in": []}
    bars = table("bars", filters=filters, **params)[0]["bars"]
    images = workspace.ds.images
    heavy, open_ = images.weight >= 0.5, images.state == "unlabeled"
    assert bars["state"]["total"][:4] == images.state.value_counts(sort=False).tolist()
    assert bars["state"]["allowed"][:4] == images.state[heavy].value_counts(sort=False).tolist()
    assert sum(bars["weight"]["allowed"]) == open_.sum()
    assert sum(bars["split"]["allowed"]) == (heavy & open_).sum()
    others = np.arange(24) < 6
    bars = table("bars", [pack(others)], filters={}, **params)[0]["bars"]
    assert sum(bars["state"]["allowed"]) == 6
    assert table("bars", filters={}, **params)[0]["bars"]["state"]["allowed"] is None


def test_a_pattern_that_is_none_ends_in_an_error_people_can_read(table):
    says = table.error(
        "keep",
        filters={"file": {"kind": "text", "text": "(", "regex": True}},
        search="",
        search_in=[],
        sort=[],
        names=[],
    )
    assert "is no regular expression" in says
    assert str(table.view.last_error) == says


def test_pictures_come_one_a_row_and_say_what_is_missing(table, workspace):
    workspace.ds.image_root.joinpath(workspace.ds.images.file.iloc[1]).unlink()
    result, pictures = table("pictures", [np.array([0, 1], np.int32).tobytes()], size=40)
    assert len(pictures[0]) > 100
    assert pictures[1] == b""
    assert list(result["errors"]) == ["1"]


def test_after_an_edit_everything_is_of_the_new_tables(table, workspace):
    keep(table, {"weight": {"kind": "range", "lo": 1.5, "hi": None}})
    rows = np.arange(24) < 2
    report, _ = table("edit", [pack(rows)], name="weight", value=2, n=2, rev=workspace.rev)
    assert report["note"] == "set weight of 2 images to 2"
    result, (_, bits) = keep(table, {"weight": {"kind": "range", "lo": 1.5, "hi": None}})
    assert result["rev"] == report["rev"] == workspace.rev
    assert unpack(bits, 24).sum() == 2


@pytest.mark.parametrize("of", ["images", "instances", "predictions"])
def test_a_dataset_of_nothing_has_tables_all_the_same(tmp_path, browser, of):
    ds = nl.Workspace(nl.open(nl.demo.reef(tmp_path / "r.nbal", 0, 0, 0, 96).folder))
    table = browser(nl.Table(ds, of=of))
    result, _ = table("describe", names=table.view.columns)
    assert result["n"] == 0
    names = [column["name"] for column in result["columns"]]
    texts = [column["name"] for column in result["columns"] if column["kind"] in ("text", "category")]
    table("bars", names=names, filters={}, search="a", search_in=texts)
    first = keep(table, sort=[[names[0], True]])[1][0]
    assert len(first) == 0


def test_pages_that_run_no_widgets_show_its_first_rows(workspace):
    workspace.ds.images["note"] = "<script>alert(1)</script>"
    workspace.ds.sync()
    bundle = nl.Table(workspace, columns=["image_id", "file", "note"])._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert workspace.ds.images.file.iloc[0] in data["text/html"]
    assert "<script>" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]
    assert isinstance(workspace.ds.images, pd.DataFrame)


def test_rows_of_tables_that_are_gone_are_no_error(reef, reef_run, browser):
    ws = nl.Workspace(reef, reef_run)
    ask, old = browser(nl.Table(ws, of="predictions")), ws.rev
    rows = np.arange(3, dtype=np.int32).tobytes()
    assert len(ask("cells", [rows], names=["score"], rev=old)[0]["cells"]["score"]) == 3
    ws.run = replace(reef_run, predictions=reef_run.predictions.iloc[:0])
    assert ask("cells", [rows], names=["score"], rev=old) == ({"rev": old + 1, "cells": {}}, [])
    assert ask("pictures", [rows], size=32, rev=old) == ({"rev": old + 1, "errors": {}, "auto": []}, [])
    assert "row numbers below 0" in ask.error("cells", [rows], names=["score"], rev=old + 1)
