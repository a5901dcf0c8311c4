"""Columns of every table, as filters, charts and colors take them."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import UnknownNameError
from nbalabel.core.tables.schema import empty
from nbalabel.widgets.workspace import columns
from nbalabel.widgets.workspace.columns import KINDS, read_column


@pytest.fixture(scope="module")
def ds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns") / "reef.nbal"
    return nl.demo.reef(folder, n_images=24, n_labeled=8, n_test=4, size=96)


@pytest.fixture
def ws(ds):
    return nl.Workspace(ds)


@pytest.mark.parametrize("of", ["images", "instances", "predictions"])
def test_every_column_that_is_named_can_be_had_and_fits_its_kind(ws, of):
    for name in ws.column_names(of):
        column = ws.column(of, name)
        assert column.kind in KINDS
        assert len(column.values) == len(ws.ids(of)) == len(column.missing)
        assert len(column.colors) == len(column.categories)
        if column.kind in ("category", "boolean"):
            assert column.values.dtype == np.int32
            assert set(column.values) <= set(range(-1, len(column.categories)))


def test_a_column_that_is_not_there_says_what_there_is(ws):
    with pytest.raises(UnknownNameError, match=r"images has no column 'heigth'; did you mean 'height' or"):
        ws.column("images", "heigth")


def test_instances_know_the_columns_of_their_image(ws, ds):
    column = ws.column("instances", "habitat")
    expected = ds.instances["image_id"].map(ds.images["habitat"].astype(str))
    assert [column.categories[code] for code in column.values] == expected.tolist()
    assert column.home == "image"
    assert not column.editable


def test_the_number_of_instances_of_each_image_is_a_column(ws, ds):
    expected = ds.instances["image_id"].value_counts().reindex(ds.images.index, fill_value=0)
    assert ws.column("images", "n_instances").values.tolist() == expected.tolist()


def test_a_run_adds_what_became_of_its_predictions_and_how_they_match(ds):
    labels = ds.instances.iloc[:6]
    predictions = labels.assign(
        score=np.linspace(0.9, 0.4, 6, dtype=np.float32), source="model", origin="run-1"
    )
    predictions.index = pd.RangeIndex(6, name="prediction_id")
    seen = ds.images.index.to_numpy()[ds.images["state"] == "complete"]
    run = nl.Run(
        "run-1", "predict", labels=ds.labels, predictions=predictions, predicted_ids=seen
    ).matched_to(ds)
    ws = nl.Workspace(ds, run)
    outcome = ws.column("predictions", "outcome")
    assert [outcome.categories[code] for code in outcome.values] == ["true positive"] * 6
    decision = ws.column("predictions", "decision")
    assert {decision.categories[code] for code in decision.values} == {
        "accepted"
    }  # the labels are just these
    found = ws.column("instances", "outcome")
    missed = ds.instances.index[found.values == found.categories.index("missed")]
    assert set(missed) == set(run.missed.index)
    best = ws.column("images", "best_score")
    expected = predictions.groupby("image_id")["score"].max().reindex(ds.images.index)
    np.testing.assert_allclose(best.values, expected)


def test_labels_editable_by_people_say_so(ws):
    assert ws.column("images", "weight").editable
    assert ws.column("images", "habitat").editable
    assert ws.column("instances", "label").editable
    assert not ws.column("instances", "area").editable
    assert not ws.column("images", "image_id").editable


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, np.nan, np.inf], "number"),
        (pd.array([1, None, 3], "Int64"), "number"),
        ([True, False, True], "boolean"),
        (pd.array([True, None, False], "boolean"), "boolean"),
        (pd.to_datetime(["2026-01-02", None, "2026-01-03"]), "time"),
        (["a", None, "b"], "category"),
        (pd.Categorical(["<script>", None, "ü"]), "category"),
        ([{"a": 1}, None, [2]], "category"),
    ],
)
def test_any_pandas_column_has_a_kind_and_its_missing_values(values, kind):
    column = read_column(pd.Series(values), "c")
    assert column.kind == kind
    assert len(column.missing) == 3


def test_missing_values_are_missing_in_every_kind():
    assert read_column(pd.Series([1.5, np.nan, np.inf]), "c").missing.tolist() == [False, True, True]
    assert read_column(pd.Series(pd.array([True, None], "boolean")), "c").values.tolist() == [1, -1]
    assert read_column(pd.Series(["b", None, "a"]), "c").values.tolist() == [1, -1, 0]
    assert read_column(pd.Series(pd.to_datetime(["1970-01-01 00:00:01", None])), "c").values[0] == 1000


def test_many_different_texts_are_text():
    column = read_column(pd.Series([f"reef-{i}.jpg" for i in range(300)]), "file")
    assert column.kind == "text"
    assert column.values[7] == "reef-7.jpg"


def test_a_state_has_its_color_in_every_dataset():
    one = read_column(pd.Series(pd.Categorical(["empty"], ["empty"])), "state").colors
    two = read_column(pd.Series(pd.Categorical(["empty"], ["partial", "empty"])), "state").colors
    assert one[0] == two[1]


@pytest.fixture
def many(ds, monkeypatch):
    """A workspace with "many" predictions, half of them off the instances by some pixels or accepted."""
    monkeypatch.setattr("nbalabel.widgets.workspace.workspace._MANY", 1)
    labels = ds.instances
    predictions = labels.assign(score=np.linspace(0.9, 0.4, len(labels), dtype=np.float32), origin="run-2")
    predictions["mask"] = np.roll(labels["mask"].to_numpy(), 1)
    predictions.iloc[::2, predictions.columns.get_loc("mask")] = labels["mask"].to_numpy()[::2]
    predictions.index = pd.RangeIndex(len(labels), name="prediction_id")
    seen = ds.images.index.to_numpy()[:12]
    run = nl.Run("run-2", "predict", labels=ds.labels, predictions=predictions, predicted_ids=seen)
    return nl.Workspace(ds, run.matched_to(ds))


LATE = [
    *(("predictions", name) for name in ("outcome", "iou", "matched", "matched_id")),
    ("instances", "outcome"),
]


def test_outcomes_of_a_few_rows_are_those_of_all_and_need_not_all(many):
    rng = np.random.default_rng(0)
    rows = {of: rng.permutation(len(many.ids(of)))[:9] for of in ("predictions", "instances")}
    parts = [many.column_part(of, name, rows[of]) for of, name in LATE]
    assert all(many.column_is_late(of, name) for of, name in LATE)
    assert not many.run.is_judged
    for (of, name), part in zip(LATE, parts, strict=True):
        whole = many.column(of, name)
        np.testing.assert_array_equal(part.values, whole.values[rows[of]])
        assert (part.kind, part.categories, part.whole, part.home) == (
            *(whole.kind, whole.categories, whole.whole, whole.home),
        )
        assert not many.column_is_late(of, name)
    assert many.run.is_judged


def test_a_table_of_many_predictions_matches_only_those_that_it_shows(many):
    table = nl.Table(many, of="predictions")
    assert "outcome" in table.columns
    described = table.describe(names=table.columns)
    heads = {head["name"]: head for head in described["columns"]}
    assert list(heads["outcome"]["categories"]) == list(
        many.column_part("predictions", "outcome", [0]).categories
    )
    cells = table.cells(names=["outcome"], buffers=[memoryview(np.arange(5, dtype=np.int32).tobytes())])
    bars = table.bars(names=["score", "outcome"], filters={}, search="", search_in=[])
    assert bars["late"] == ["outcome"]
    assert list(bars["bars"]) == ["score"]
    assert "true positive" in table.html()
    assert not many.run.is_judged
    ordered, _ = table.order(sort=[["outcome", True]])
    assert many.run.is_judged
    assert ordered["n"] == len(many.ids("predictions"))
    assert cells["cells"]["outcome"] == many.column("predictions", "outcome").values[:5].tolist()
    assert table.bars(names=["outcome"], filters={}, search="", search_in=[])["late"] == []


def test_decisions_of_many_predictions_are_made_for_the_rows_shown(many):
    rows = np.array([7, 0, 3])
    assert many.column_is_late("predictions", "decision")
    assert "decision" in nl.Table(many, of="predictions").columns
    part = many.column_part("predictions", "decision", rows)
    assert many.column_is_late("predictions", "decision")
    whole = many.column("predictions", "decision")
    assert set(whole.values.tolist()) == {0, 1}
    assert part.values.tolist() == whole.values[rows].tolist()
    assert (part.categories, part.home) == (whole.categories, whole.home)
    assert not many.column_is_late("predictions", "decision")
    still_open = np.flatnonzero(whole.values == 0)[:1]
    many.ds.reject(many.run.predictions.iloc[still_open].assign(status="proposed"))
    assert many.column_is_late("predictions", "decision")
    assert many.column_part("predictions", "decision", still_open).values.tolist() == [2]


def test_decisions_of_few_predictions_are_made_at_once(ds, many, monkeypatch):
    monkeypatch.setattr("nbalabel.widgets.workspace.workspace._MANY", 10**6)
    assert not nl.Workspace(ds, many.run).column_is_late("predictions", "decision")


@pytest.mark.parametrize(
    ("numbers", "whole"),
    [
        ([1, 2, 3], True),
        ([1.0, np.nan, np.inf], True),
        ([np.nan, np.nan], False),
        ([], False),
        ([*range(30_000), 0.5], False),
        ([np.nan] * 30_000 + [2.0], True),
        ([0.5] + [1.0] * 5, False),
    ],
)
def test_numbers_are_whole_where_each_known_one_is(numbers, whole):
    column = read_column(pd.Series(numbers, dtype="float64"), "n")
    assert column.whole is whole
    assert not np.isinf(column.values).any()


def test_whether_a_column_is_empty_is_told_by_its_first_rows_where_they_can(ds, monkeypatch):
    monkeypatch.setattr(columns, "_LOOK", 3)
    n = len(ds.images)
    images = pd.DataFrame(ds.images).assign(
        late=np.where(np.arange(n) == n - 1, 1.0, np.nan), never=np.nan, text="", soon=np.arange(n)
    )
    frames = {"images": images, "instances": ds.instances, "predictions": empty("predictions", ds.labels)}
    made = []
    found = columns.Columns(frames, columns.Index.of(frames), lambda _: np.zeros(0, np.int32))
    monkeypatch.setattr(
        found, "_make", lambda of, name: made.append(name) or type(found)._make(found, of, name)
    )
    told = {name: found.is_empty("images", name) for name in ("late", "never", "text", "soon", "image_id")}
    assert told == {"late": False, "never": True, "text": True, "soon": False, "image_id": False}
    assert made == ["late", "never", "text"]
