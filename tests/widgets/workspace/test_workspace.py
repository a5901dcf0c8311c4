"""A workspace: what is selected, from Python and from views, and how it follows its dataset."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.cell_code import ids_code
from nbalabel.widgets.workspace.clauses import Clause


@pytest.fixture
def ds(tmp_path):
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=8, n_test=4, size=96)


@pytest.fixture
def ws(ds):
    return nl.Workspace(ds)


def run_cell(code, ds, **names):
    """What the cell that ``ws.code()`` gives selects, in a namespace with the names that it says it needs."""
    scope = {"ds": ds, **names}
    exec(code, scope)  # noqa: S102  # that is what the cell is for
    return scope["selected"]


def test_a_workspace_needs_a_dataset():
    with pytest.raises(DataError, match=r"expected a Workspace, a Dataset .*got DataFrame"):
        nl.Workspace(pd.DataFrame())


def test_nothing_is_selected_at_first(ws):
    assert len(ws.selected) == 0
    assert ws.selected.index.name == "image_id"


@pytest.mark.parametrize("table", ["images", "instances"])
def test_rows_of_a_table_can_be_selected_from_python(ws, ds, table):
    rows = getattr(ds, table).iloc[2:7]
    ws.select(rows)
    pd.testing.assert_frame_equal(ws.selected, rows)
    assert ws.selection.ids.tolist() == rows.index.tolist()


def test_ids_are_of_images_unless_it_is_said(ws, ds):
    ws.select(ds.images.index[:3])
    assert ws.selection.of == "images"
    ws.select(ds.instances.index[:3].to_numpy(), of="instances")
    assert ws.selected.index.tolist() == ds.instances.index[:3].tolist()


def test_a_boolean_mask_given_for_ids_is_an_error_that_says_what_to_do(ws, ds):
    with pytest.raises(DataError, match=r"ws.select\(frame\[mask\]\)"):
        ws.select((ds.images["weight"] > 0).to_numpy())


def test_ids_that_are_not_there_are_named(ws):
    with pytest.raises(UnknownNameError, match="999"):
        ws.select([0, 999])


def test_clauses_of_different_tables_meet_in_what_is_selected(ws, ds):
    ws.select(ds.images.query("state == 'complete'"))
    rows = (ds.instances["area"] > ds.instances["area"].median()).to_numpy()
    ws.put(Clause("hist-1", "instances", rows, "large", 'rows["area"] > rows["area"].median()'))
    complete = ds.images.index[ds.images["state"] == "complete"]
    expected = ds.instances[rows & ds.instances["image_id"].isin(complete)]
    pd.testing.assert_frame_equal(ws.selected, expected)
    assert set(ws.selection.images) == set(expected["image_id"])
    ws.clear()
    assert len(ws.selected) == 0


def test_the_code_of_a_selection_gives_the_same_rows(ws, ds):
    ws.select(ds.images.query("state == 'complete'"))
    rows = (ds.instances["area"] > 30).to_numpy()
    ws.put(Clause("hist-1", "instances", rows, "large", 'rows["area"] > 30'))
    pd.testing.assert_frame_equal(run_cell(ws.code(), ds), ws.selected)
    ws.put(Clause("scatter-1", "images", (ds.images["weight"] > 0).to_numpy(), "lasso"))
    pd.testing.assert_frame_equal(run_cell(ws.code(), ds), ws.selected)


def test_the_code_imports_what_it_uses_and_says_what_it_assumes(reef, reef_run):
    ws = nl.Workspace(reef, reef_run)
    ws.put(Clause("scatter-1", "images", np.arange(24) % 3 == 0, "lasso"))
    assert ws.code().splitlines()[:2] == ["# ds: the Dataset reef.nbal, of nl.open", "import numpy as np"]
    ws.put(Clause("table-1", "predictions", np.arange(len(reef_run.predictions)) % 2 == 0, "picked"))
    assert f"# run: the Run {reef_run.id} of it" in ws.code()
    rows = run_cell(ws.code(), reef, run=reef_run)
    assert rows.index.tolist() == ws.selected.index.tolist()
    assert len(rows) > 0
    lasso = "nl.inside(rows[['width', 'height']], [[0, 0], [0, 200], [200, 200], [200, 0]])"
    ws.put(Clause("scatter-1", "images", np.ones(24, bool), "all", lasso))
    assert "import nbalabel as nl" in ws.code()


def test_the_code_of_no_selection_runs_too(ws, ds):
    assert len(run_cell(ws.code(), ds)) == len(ds.images)


@pytest.mark.parametrize("ids", [[], [4], [4, 5, 6], [1, 3, 4, 5, 90], [7, 2]])
def test_ids_are_written_in_runs(ids):
    code = ids_code(np.array(ids, np.int64))
    assert sorted(np.asarray(eval(code, {"np": np}), int)) == sorted(ids)  # noqa: S307


def test_views_follow_an_edit_by_method_and_one_in_the_frame(ws, ds):
    n = len(ws.ids("instances"))
    ds.remove(ds.instances.index[:2])
    assert len(ws.ids("instances")) == n - 2
    ds.images.loc[ds.images.index[0], "weight"] = 3
    ds.sync()
    assert ws.column("images", "weight").values[0] == 3
    assert ws.rev == 2


def test_a_selection_keeps_its_rows_through_an_edit_that_moves_them(ws, ds):
    ws.select(ds.instances.iloc[5:8])
    ids = ws.selection.ids.tolist()
    ds.remove(ds.instances.index[[0, 6]])
    assert ws.selected.index.tolist() == [ids[0], ids[2]]


def test_an_edit_that_is_refused_leaves_the_views_alone(ws, ds):
    ds.images.loc[ds.images.index[0], "weight"] = -1
    with pytest.raises(DataError):
        ds.sync()
    ws.refresh()
    assert (ws.column("images", "weight").values >= 0).all()


def test_closing_takes_the_listener_from_the_dataset(ds):
    ws = nl.Workspace(ds)
    listeners = ds._copy._listeners
    n = len(listeners)
    ws.close()
    assert len(listeners) == n - 1


def test_a_workspace_nobody_holds_is_not_kept_by_its_dataset(ds):
    ws = nl.Workspace(ds)
    reference = weakref.ref(ws)
    ws.selection.close()
    del ws
    gc.collect()
    assert reference() is None
    ds.remove(ds.instances.index[:1])


def test_a_dataset_without_images_makes_an_empty_workspace(tmp_path):
    ws = nl.Workspace(nl.create(tmp_path / "empty.nbal"))
    assert [len(ws.ids(of)) for of in ("images", "instances", "predictions")] == [0, 0, 0]
    assert all(len(ws.column("images", name).values) == 0 for name in ws.column_names("images"))


def test_another_run_and_other_predictions_of_it_are_seen_at_the_next_look(ds):
    run = nl.demo.simulated_run(ds)
    ws = nl.Workspace(ds, run)
    ws.run = run = replace(run, predictions=run.predictions.iloc[:4].copy())
    ws.sync()
    assert len(ws.ids("predictions")) == 4
    run.predictions["score"] = np.float32(0.5)
    ws.sync()
    assert set(ws.column("predictions", "score").values) == {0.5}
    ws.sync()
    assert ws.rev == 2
    with pytest.raises(nl.errors.DataError, match=r"expected a Run .* got int"):
        ws.run = 3
    assert ws.run is run


@pytest.mark.parametrize(
    "more",
    [
        pd.Timestamp("2026-01-01"),
        pd.Timestamp("2026-01-01", tz="UTC"),
        pd.Timedelta("1s"),
        pd.Period("2026-01"),
        1,
        "a",
    ],
)
def test_a_column_of_any_kind_is_read_once_after_it_is_assigned(ds, more):
    run = nl.demo.simulated_run(ds)
    ws = nl.Workspace(ds, run)
    run.predictions["more"] = more
    for _ in range(2):
        ws.refresh()
        assert ws.rev == 1
    run.predictions.loc[run.predictions.index[0], "more"] = more
    ws.refresh()
    assert ws.rev == 2
