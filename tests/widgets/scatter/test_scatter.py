"""The kernel's half of the scatter: coordinates, colors, details, and the embedding of a run."""

import asyncio
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.learn.embed import layout as layout_module
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.widgets.scatter import scatter as module
from nbalabel.widgets.scatter.columns import as_axis, as_color
from nbalabel.widgets.workspace.columns import Columns, kind_of, read_column


def floats(result, buffers):
    return np.frombuffer(buffers[0], result["dtype"])


@pytest.fixture
def pca_only(monkeypatch):
    monkeypatch.setattr(layout_module, "find_spec", lambda _: None)


# Coordinates


def test_a_column_arrives_as_coordinates_row_by_row(workspace, browser):
    ask = browser(nl.Scatter(workspace, "score", "area", of="predictions"))
    result, buffers = ask("axis", name="score")
    expected = workspace.frame("predictions")["score"].to_numpy()
    assert np.array_equal(floats(result, buffers), expected)
    assert (result["kind"], result["dtype"], result["single"]) == ("number", "float32", True)
    assert result["code"] == 'rows["score"]'


def test_numbers_that_float32_cannot_hold_travel_as_they_are(reef, browser):
    reef.images["lat"] = np.linspace(53, 54, len(reef.images))
    ask = browser(nl.Scatter(nl.Workspace(reef), "lat", "n_instances"))
    result, buffers = ask("axis", name="lat")
    assert result["dtype"] == "float64"
    assert not result["single"]
    assert np.array_equal(floats(result, buffers), reef.images["lat"])


def test_a_column_larger_than_a_message_arrives_in_parts(workspace, browser, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 40)
    ask = browser(nl.Scatter(workspace, "weight", "n_instances"))
    got, start = [], 0
    while start < 24:
        result, buffers = ask("axis", name="n_instances", start=start)
        assert result["n"] == 24
        assert len(buffers[0]) <= 40
        got.append(floats(result, buffers))
        start += len(got[-1])
    assert np.array_equal(np.concatenate(got), workspace.column("images", "n_instances").values)


def test_categories_lie_near_their_place_in_the_list(workspace):
    head, values = as_axis(workspace, "images", "habitat")
    codes = workspace.column("images", "habitat").values
    assert np.array_equal(np.rint(values), codes)
    assert head["code"] == ""
    assert head["categories"] == workspace.column("images", "habitat").categories


def test_infinite_and_missing_numbers_have_no_coordinates(reef, browser):
    reef.images["depth"] = [np.inf, -np.inf, np.nan, *range(len(reef.images) - 3)]
    result, buffers = browser(nl.Scatter(nl.Workspace(reef), "depth", "depth"))("axis", name="depth")
    assert np.isnan(floats(result, buffers)).tolist()[:4] == [True, True, True, False]


def test_tables_that_changed_meanwhile_are_asked_for_again(workspace, browser):
    ask = browser(nl.Scatter(workspace, "weight", "n_instances"))
    workspace.ds.remove(workspace.ds.images.index[:1], "images")
    assert "ask again" in ask.error("axis", name="weight", rev=0)
    assert ask("axis", name="weight", rev=1)[0]["n"] == 23


@pytest.mark.parametrize("start", [-1, 25])
def test_rows_that_are_not_there_are_refused(workspace, browser, start):
    error = browser(nl.Scatter(workspace, "weight", "width")).error("axis", name="weight", start=start)
    assert f"expected a row from 0 to 24, got {start}" in error


# Code: the same rows in a cell


def limits(values, head, lo, hi):
    """What the browser does: bounds as pandas would compare them."""
    lo, hi = (np.float32(lo), np.float32(hi)) if head["single"] else (lo, hi)
    exact = values if head["single"] else values.astype(np.float64)
    return (exact >= lo) & (exact <= hi)


def evaluate(code, scope):
    return eval(code, scope)  # noqa: S307  # code we wrote


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "Float32", "Int64", "int32"])
@pytest.mark.parametrize("of", ["images", "predictions"])
def test_the_code_of_an_axis_gives_the_rows_the_browser_finds(reef, reef_run, dtype, of):
    values = np.arange(len(reef.images)) / (10 if "loat" in dtype else 1)
    column = pd.Series(values, index=reef.images.index).astype(dtype)
    if dtype[0] in "FI":
        column.iloc[3] = pd.NA
    reef.images["depth"] = column
    ws = nl.Workspace(reef, reef_run)
    head, sent = as_axis(ws, of, "depth")
    scope = {"rows": ws.frame(of), "ds": reef, "run": reef_run, "nl": nl, "np": np}
    found = evaluate(f"{head['code']}.between(0.7, 1.8)", scope)
    assert np.array_equal(np.asarray(found, bool), limits(sent, head, 0.7, 1.8))
    corners = [[0.65, -1], [1.85, -1], [1.85, 9], [0.65, 9]]
    code = f"nl.inside(rows.assign(x={head['code']}, y={head['code']})[['x', 'y']], {corners})"
    both = np.stack([sent, sent], axis=1)
    assert np.array_equal(evaluate(code, scope), nl.inside(both, corners))


@pytest.mark.parametrize("name", ["habitat", "state", "outcome", "match", "label", "matched"])
def test_the_code_of_a_color_gives_the_rows_of_a_category(workspace, reef, reef_run, name):
    head, values = as_color(workspace, "predictions", name)
    scope = {"rows": workspace.frame("predictions"), "ds": reef, "run": reef_run}
    for place, category in enumerate(head["categories"], 1):
        listed = category if head["kind"] == "boolean" else repr(category)
        rows = evaluate(f"({head['code']}).isin([{listed}])", scope)
        assert np.array_equal(np.asarray(rows, bool), values == place)
    assert np.array_equal(np.asarray(evaluate(head["missing_code"], scope), bool), values == 0)


# Colors


def test_categories_arrive_as_places_with_their_colors(workspace, browser):
    ask = browser(nl.Scatter(workspace, "weight", "width", color="habitat"))
    result, buffers = ask("colors", name="habitat")
    column = workspace.column("images", "habitat")
    assert np.array_equal(floats(result, buffers), column.values + 1)
    assert result["dtype"] == "uint8"
    assert result["colors"] == list(column.colors)


def test_many_categories_take_two_bytes_each(reef):
    reef.images["name"] = pd.Categorical([f"n{k}" for k in range(len(reef.images))])
    reef.images["name"] = reef.images["name"].cat.add_categories([f"more{k}" for k in range(300)])
    head, values = as_color(nl.Workspace(reef), "images", "name")
    assert values.dtype == np.uint16
    assert len(head["colors"]) == 324


def test_numbers_and_times_color_too(reef):
    reef.images["day"] = pd.date_range("2024-01-01", periods=len(reef.images))
    ws = nl.Workspace(reef)
    assert as_color(ws, "images", "n_instances")[0]["kind"] == "number"
    head, values = as_color(ws, "images", "day")
    assert head["kind"] == "time"
    assert values[1] - values[0] == 86_400_000


# Details


def test_a_row_has_fields_and_a_picture(workspace, browser):
    ask = browser(nl.Scatter(workspace, "score", "area", of="predictions"))
    result, buffers = ask("detail", row=2, rev=0)
    fields = dict(result["fields"])
    assert list(fields) == ["label", "score", "outcome", "area"]
    assert fields["area"] == f"{workspace.frame('predictions')['area'].iloc[2]:,}"
    assert max(Image.open(io.BytesIO(buffers[0])).size) <= 160


def test_a_missing_image_is_told_and_the_fields_still_come(workspace, browser):
    ask = browser(nl.Scatter(workspace, "weight", "width"))
    (workspace.ds.image_root / workspace.frame("images")["file"].iloc[0]).unlink()
    result, buffers = ask("detail", row=0, rev=0)
    assert result["fields"][0][0] == "file"
    assert result["problem"]
    assert buffers == [b""]


def test_a_row_that_is_not_there_is_refused(workspace, browser):
    assert "expected a row below 24" in browser(nl.Scatter(workspace, "weight", "width")).error(
        "detail", row=24, rev=0
    )


# The embedding


def test_without_columns_u_and_v_the_embedding_of_the_run_is_shown(pca_only, workspace, reef_run, browser):
    ask = browser(nl.Scatter(workspace))
    assert ask("describe")[0]["layout"] == {"method": "pca", "ready": True}
    laid = reef_run.layout("images", "pca")
    for axis, name in enumerate("uv"):
        result, buffers = ask("axis", name=name)
        assert result["kind"] == "layout"
        assert np.array_equal(floats(result, buffers), laid.at(workspace.ids("images"))[:, axis])


def test_columns_of_that_name_come_first(pca_only, reef, reef_run, browser):
    reef.images["u"], reef.images["v"] = 1.0, 2.0
    result, _ = browser(nl.Scatter(nl.Workspace(reef, reef_run)))("axis", name="u")
    assert result["kind"] == "number"


def test_rows_without_embedding_have_no_coordinates(pca_only, reef, reef_run, browser):
    known = reef_run.embeddings
    fewer = Embeddings(known.image_ids[5:], known.image[5:], known.instance_ids, known.instance)
    run = replace(reef_run, embeddings=fewer)
    result, buffers = browser(nl.Scatter(nl.Workspace(reef, run)))("axis", name="u")
    assert np.isnan(floats(result, buffers)).sum() == 5


@pytest.mark.parametrize("of", ["images", "instances", "predictions"])
def test_with_neither_columns_nor_embedding_it_says_what_there_is(reef, of):
    with pytest.raises(
        UnknownNameError, match=r"no columns 'u' and 'v'.*nl.Workspace\(ds, run\).*Give x= and"
    ):
        nl.Scatter(nl.Workspace(reef), of=of)


def test_instances_have_no_embedding(workspace):
    with pytest.raises(UnknownNameError, match="runs embed images and predictions, not instances"):
        nl.Scatter(workspace, of="instances")


def test_the_browser_hears_of_umap_when_it_is_ready(workspace, browser):
    pytest.importorskip("umap")

    async def story():
        view = nl.Scatter(workspace)
        ask = browser(view)
        first = ask("describe")[0]["layout"]
        while not any(message.get("name") == "layout" for message, _ in ask.sent):
            await asyncio.sleep(0.02)
        return first, ask.sent[-1][0]["payload"], ask("describe")[0]["layout"]

    first, event, last = asyncio.run(asyncio.wait_for(story(), 60))
    assert first == {"method": "pca", "ready": False}
    assert event == {"method": "umap", "problem": ""}
    assert last == {"method": "umap", "ready": True}


# Options


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x": "nope"}, UnknownNameError, "images has no column 'nope'; there are"),
        ({"x": "file"}, DataError, "file of images is text"),
        ({"color": "file"}, DataError, "file of images is text: a color needs"),
        ({"color": "nope"}, UnknownNameError, "no column 'nope'"),
        ({"of": "labels"}, DataError, "of must be one of"),
        ({"mode": "draw"}, DataError, "mode"),
        ({"height": 10}, DataError, "height"),
        ({"opacity": 2.0}, DataError, "opacity"),
    ],
)
def test_options_that_make_no_sense_are_refused(workspace, options, error, message):
    with pytest.raises(error, match=message):
        nl.Scatter(workspace, **{"x": "weight", "y": "width", **options})


def test_axes_and_color_can_be_changed_and_a_wrong_name_changes_nothing(workspace):
    view = nl.Scatter(workspace, "weight", "width")
    view.color = "habitat"
    view.x = "n_instances"
    with pytest.raises(UnknownNameError):
        view.color = "nope"
    assert (view.x, view.color) == ("n_instances", "habitat")


def test_the_columns_on_offer_are_those_that_can_be_drawn(workspace, browser):
    result, _ = browser(nl.Scatter(workspace, "weight", "width"))("describe")
    kinds = {column["name"]: column["kind"] for column in result["columns"]}
    assert kinds["habitat"] == "category"
    assert kinds["weight"] == "number"
    assert "file" not in kinds


def test_ids_that_do_not_count_up_by_one_are_sent(workspace, browser):
    ask = browser(nl.Scatter(workspace, "weight", "width"))
    assert ask("describe")[0]["first_id"] == 0
    workspace.ds.remove(workspace.ds.images.index[1:2], "images")
    assert ask("describe")[0]["first_id"] is None
    assert np.array_equal(floats(*ask("ids")), workspace.ids("images"))


# Pictures


@pytest.mark.parametrize("color", [None, "habitat", "n_instances"])
def test_pages_without_widgets_get_a_picture(workspace, color):
    picture = nl.Scatter(workspace, "turbidity", "n_instances", color=color).picture()
    assert picture.width <= 640
    assert picture.height <= 400
    assert len(set(picture.convert("RGB").get_flattened_data())) > 3


def test_an_empty_dataset_has_a_picture_and_an_empty_axis(tmp_path, browser):
    view = nl.Scatter(nl.Workspace(nl.create(tmp_path / "a.nbal")), "weight", "width")
    assert view.picture().size[0] == 640
    result, buffers = browser(view)("axis", name="weight")
    assert result["n"] == 0
    assert bytes(buffers[0]) == b""


def test_one_row_and_equal_values_have_a_picture(reef):
    reef.images["same"] = 3.0
    assert nl.Scatter(nl.Workspace(reef), "same", "same").picture() is not None


def test_columns_as_axes_compute_no_layout_and_no_other_column(workspace, reef_run, browser, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nobody asked for the embedding")

    monkeypatch.setattr(type(reef_run), "layout", refuse)
    made = []
    make = Columns._make
    monkeypatch.setattr(Columns, "_make", lambda self, of, name: made.append(name) or make(self, of, name))
    ask = browser(nl.Scatter(workspace, "score", "area", of="predictions"))
    described = ask("describe")[0]
    assert described["layout"] == {"method": "pca", "ready": False}, "u and v are offered"
    for name in ("score", "area"):
        ask("axis", name=name)
    assert set(made) <= {"score", "area", "file", "habitat", "image_id"}, made
    assert [one["name"] for one in described["columns"]].count("decision") == 1


def test_kinds_told_without_the_values_are_those_of_the_columns(workspace, reef):
    reef.images["note"] = [f"note {k}" for k in range(len(reef.images))]
    reef.images["site"] = pd.Series(["north", None] * 12, index=reef.images.index, dtype="str")
    reef.images["seen"] = pd.date_range("2026-01-01", periods=len(reef.images))
    reef.images["any"] = pd.Series(["a", 1.5] * 12, index=reef.images.index, dtype=object)
    for of in ("images", "instances", "predictions"):
        told = {name: workspace.column_kind(of, name) for name in workspace.column_names(of)}
        assert told == {name: workspace.column(of, name).kind for name in told}


@pytest.mark.parametrize("n", [3, 20, 21, 40, 199, 200, 201, 15_000])
@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_texts_are_categories_or_not_as_ever(n, repeat):
    series = pd.Series([f"t{k % n}" if k % n else None for k in range(n * repeat)], dtype="str")
    assert kind_of(series) == read_column(series, "name").kind
