"""Histograms: crossfiltered counts, brushes and clicks as clauses, and what is left when they close."""

import asyncio

import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets import widget

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.binning import binned
from nbalabel.widgets.workspace.columns import Column


def ids_of_code(ws, ds, run):
    names = {"ds": ds, "run": run}
    exec(ws.code(), names)  # noqa: S102  # our own code, which is what is tested
    return names["selected"].index.to_numpy()


def brush(histogram, lo, hi):
    histogram._marks._brush.selected = np.array([lo, hi])


def test_a_brush_is_a_clause_of_the_same_rows_as_its_code(workspace, reef, reef_run) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    brush(histogram, 0.3, 0.7)
    clause = workspace.selection.clauses[histogram.source]
    assert clause.of == "predictions"
    assert clause.code.startswith('rows["score"].between(0.')
    assert clause.title.startswith("score 0.")
    assert set(workspace.selection.predictions) == set(ids_of_code(workspace, reef, reef_run))
    assert workspace.selected["score"].between(0.299, 0.701).all()
    assert 0 < len(workspace.selected) < len(reef_run.predictions)


def test_a_brush_over_whole_numbers_keeps_whole_numbers(workspace) -> None:
    histogram = nl.Histogram(workspace, "n_instances")
    brush(histogram, 0.6, 2.4)
    assert {k: histogram.filter[k] for k in ("lo", "hi")} == {"lo": 1, "hi": 2}


def test_counts_are_those_the_other_views_allow_and_not_its_own(workspace, reef_run) -> None:
    score = nl.Histogram(workspace, "score", of="predictions")
    area = nl.Histogram(workspace, "area", of="predictions")
    score.select((0.5, None))
    n = int((reef_run.predictions["score"] >= 0.5).sum())
    assert score.counts.sum() == len(reef_run.predictions)
    assert area.counts.sum() == n
    assert area.head.state["count"] == f"{n:,} / {len(reef_run.predictions):,} predictions"


def test_images_in_focus_are_counted_by_what_is_on_them(workspace, reef) -> None:
    histogram = nl.Histogram(workspace, "label", of="instances")
    workspace.select(reef.images.index[:4])
    assert histogram.counts.sum() == reef.instances["image_id"].isin(reef.images.index[:4]).sum()


def test_clicks_on_categories_add_and_take_away(workspace, reef) -> None:
    histogram = nl.Histogram(workspace, "state", of="images")
    at = histogram.binned.texts.index("complete")
    histogram._marks._clicked(None, {"data": {"index": at}})
    assert set(workspace.selected["state"]) == {"complete"}
    assert workspace.selection.clauses[histogram.source].code == 'rows["state"].isin(["complete"])'
    histogram.toggle(histogram.binned.texts.index("unlabeled"))
    assert set(workspace.selected["state"]) == {"complete", "unlabeled"}
    histogram.toggle(histogram.binned.texts.index("unlabeled"))
    histogram.toggle(at)
    assert histogram.filter is None
    assert not workspace.selection.clauses


def test_missing_values_can_be_kept_alone_or_too(workspace, reef) -> None:
    reef.images["depth"] = np.where(
        np.arange(len(reef.images)) % 3, np.arange(len(reef.images)) / 2.0, np.nan
    )
    reef.sync()
    histogram = nl.Histogram(workspace, "depth")
    assert histogram.head.state["missing"] == {"n": 8, "chosen": False}
    histogram.choose("missing", None)
    assert workspace.selected["depth"].isna().all()
    histogram.select((2.0, None))
    histogram.choose("missing", None)
    assert (workspace.selected["depth"].isna() | (workspace.selected["depth"] >= 2)).all()
    assert workspace.selected["depth"].isna().sum() == 8


def test_others_that_take_the_clause_away_take_the_brush_away(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    histogram.select((0.2, 0.4))
    assert histogram._marks._brush.selected.tolist() == pytest.approx([0.2, 0.4])
    workspace.clear()
    assert histogram.filter is None
    assert histogram._marks._brush.selected is None
    assert not histogram.head.state["chosen"]


def test_an_edit_of_the_tables_is_counted_and_the_clause_follows(workspace, reef) -> None:
    histogram = nl.Histogram(workspace, "state")
    histogram.select(["complete"])
    before = len(workspace.selected)
    row = reef.images.index[reef.images["state"] == "unlabeled"][0]
    reef.images.loc[row, "state"] = "complete"
    reef.sync()
    workspace.refresh()
    assert len(workspace.selected) == before + 1
    at = histogram.binned.texts.index("complete")
    assert histogram.binned.total[at, 0] == before + 1


def test_the_browser_types_a_range_and_reads_what_is_wrong(workspace, browser) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    ask = browser(histogram.head)
    ask("choose", name="range", value=[0.25, None])
    assert workspace.selection.clauses[histogram.source].title == "score ≥ 0.25"
    assert "score" in ask.error("choose", name="range", value=["x", None]) or ask.sent
    ask("choose", name="clear")
    assert not workspace.selection.clauses
    assert "no control" in ask.error("choose", name="explode")
    assert isinstance(histogram.errors[-1], DataError)


def test_a_log_axis_changes_heights_and_nothing_else(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    linear = histogram._marks._part.y.copy()
    histogram.choose("mode", "log")
    assert np.allclose(histogram._marks._part.y, np.log10(1 + linear))


def test_bars_are_split_by_the_colors_of_a_column(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions", split="match")
    assert histogram.split == "outcome"  # as it is called now
    assert [text for text, _ in histogram.head.state["legend"]] == [
        *("true positive", "false positive", "not judged")
    ]  # none was accepted
    assert histogram.binned.total.sum() == len(workspace.ids("predictions"))
    with pytest.raises(DataError, match="split must be a column of categories, got 'score'"):
        nl.Histogram(workspace, "area", of="predictions", split="score")


@pytest.mark.parametrize("split", [None, "state"])
def test_every_kind_of_column_can_be_shown(workspace, reef, split) -> None:
    images = reef.images
    n = len(images)
    images["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), unit="D")
    images["night"] = np.arange(n) % 2 == 0
    images["constant"] = 7.5
    images["nothing"] = np.nan
    images["note"] = [f"note {i}" for i in range(n)]
    images["script"] = pd.Categorical(["<script>alert(1)</script>"] * n)
    reef.sync()
    for name in ("date", "night", "constant", "nothing", "note", "script", "image_id", "weight"):
        histogram = nl.Histogram(workspace, name, split=split)
        assert histogram.binned.total.sum() == n
        assert "image/png" in histogram._repr_mimebundle_()[0]
        assert len(histogram._repr_mimebundle_()[0]["image/png"]) < 80_000
        histogram.toggle(0) if histogram.binned.texts else histogram.select((0, None))
        workspace.clear()
    assert nl.Histogram(workspace, "nothing").head.state["note"] == "No value in any of 24 images."


def test_dates_are_brushed_as_dates(workspace, reef, reef_run) -> None:
    reef.images["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(24), unit="D")
    reef.sync()
    histogram = nl.Histogram(workspace, "date")
    day = 86_400_000
    start = pd.Timestamp("2024-01-01").value / 1e6
    brush(histogram, start + 4.5 * day, start + 9.5 * day)
    assert len(workspace.selected) == 5
    assert set(workspace.selected.index) == set(ids_of_code(workspace, reef, reef_run))


def test_a_dataset_without_rows_says_so(tmp_path) -> None:
    ws = nl.Workspace(nl.create(tmp_path / "e.nbal", labels=["a"]))
    for of, name in [
        ("images", "width"),
        ("images", "state"),
        ("instances", "area"),
        ("predictions", "score"),
    ]:
        histogram = nl.Histogram(ws, name, of=of)
        assert histogram.head.state["note"] == f"There are no {of}."
        assert histogram._frame.layout.display == "none"


def test_names_and_options_that_do_not_exist_are_errors(workspace) -> None:
    with pytest.raises(UnknownNameError, match="depht"):
        nl.Histogram(workspace, "depht")
    with pytest.raises(DataError, match="bins must be 1 to 500"):
        nl.Histogram(workspace, "score", of="predictions", bins=0)
    with pytest.raises(DataError, match="height must be 80 to 4000"):
        nl.Histogram(workspace, "score", of="predictions", height=3)


def test_a_column_is_looked_for_where_it_belongs(workspace) -> None:
    assert nl.Histogram(workspace, "habitat").of == "images"
    assert nl.Histogram(workspace, "score").of == "predictions"


def test_closing_frees_listeners_widgets_and_the_clause(workspace) -> None:
    listeners, widgets = len(workspace.selection._listeners), set(widget._instances)
    for name in ("score", "label"):
        histogram = nl.Histogram(workspace, name, of="predictions", split="match")
        histogram.choose("mode", "log")
        histogram.toggle(0) if name == "label" else histogram.select((0.5, None))
        histogram.close()
        histogram.close()
    assert len(workspace.selection._listeners) == listeners
    assert set(widget._instances) == widgets
    assert not workspace._views
    assert not workspace.selection.clauses


def test_closing_the_workspace_closes_its_histograms(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    workspace.close()
    assert histogram.closed


def test_a_burst_of_changes_is_counted_once(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    counted = []
    count = histogram.binned.count
    object.__setattr__(histogram.binned, "count", lambda rows: counted.append(1) or count(rows))

    async def burst() -> None:
        for k in range(1, 20):
            workspace.select(workspace.ds.images.index[:k])
        assert not counted
        while not counted:
            await asyncio.sleep(0)
        for _ in range(20):  # more turns of the loop than there were changes
            await asyncio.sleep(0)

    asyncio.run(burst())
    assert len(counted) == 1
    assert histogram.counts.sum() == len(workspace.selection.predictions)


def test_where_bqplot_does_not_run_a_picture_follows_what_is_in_focus(workspace) -> None:
    histogram = nl.Histogram(workspace, "score", of="predictions")
    assert histogram.head.image == ""  # Jupyter draws the figure
    assert histogram._display_() is histogram.head
    before = histogram.head.image
    assert before.startswith("data:image/png;base64,")
    workspace.select(workspace.ds.images.index[:3])
    assert histogram.head.image != before


def test_a_million_rows_are_counted() -> None:
    from nbalabel.widgets.workspace.binning import binned
    from nbalabel.widgets.workspace.columns import Column

    rng = np.random.default_rng(0)
    found = binned(Column("score", "number", rng.random(1_000_000)))
    rows = rng.random(1_000_000) < 0.5
    assert found.count(rows).sum() == rows.sum()


def test_a_long_tail_shares_the_last_bar() -> None:
    rng = np.random.default_rng(0)
    n = 400
    wide = np.append(rng.integers(10, 200, n - 3), [9_000, 20_000, 40_000]).astype(np.float64)
    found = binned(Column("area", "number", wide, whole=True))
    assert found.edges[-1] < 300
    assert (found.beyond, found.highest) == (3, 40_000)
    assert found.total[-2].sum() >= 3
    assert found.total.sum() == n
    even = binned(Column("area", "number", rng.uniform(0, 1000, n)))
    assert (even.beyond, round(even.edges[-1])) == (0, round(even.highest))


def test_a_brush_to_the_end_keeps_the_tail(tmp_path) -> None:
    ds = nl.create(tmp_path / "tail.nbal")
    ds.add_images(pd.DataFrame({"file": [f"{i}.png" for i in range(200)], "width": 8, "height": 8}))
    ds.images["depth"] = [float(i) for i in range(199)] + [5000.0]
    ws = nl.Workspace(ds)
    histogram = nl.Histogram(ws, "depth")
    assert "last bar: " in histogram.head.state["count"]
    assert "up to 5000" in histogram.head.state["count"]
    assert histogram.head.state["range"]["limits"] == [0.0, 5000.0]
    edges = histogram.binned.edges
    brush(histogram, 150, edges[-1])
    assert ws.selected["depth"].tolist() == [*map(float, range(150, 199)), 5000.0]
    assert ids_of_code(ws, ds, None).tolist() == ws.selected.index.tolist()
    brush(histogram, 150, 180)
    assert ws.selected["depth"].max() == 180


def test_where_one_bar_dwarfs_the_others_counts_start_on_a_log_axis(tmp_path) -> None:
    ds = nl.create(tmp_path / "tail.nbal")
    ds.add_images(pd.DataFrame({"file": [f"{i}.png" for i in range(300)], "width": 8, "height": 8}))
    ds.images["depth"] = np.random.default_rng(0).lognormal(0, 1.6, 300)
    ds.images["even"] = np.linspace(0, 1, 300)
    ws = nl.Workspace(ds)
    histogram = nl.Histogram(ws, "depth")
    assert histogram.logarithmic
    assert histogram.head.state["mode"] == "log", "and the head says so"
    assert not nl.Histogram(ws, "depth", log=False).logarithmic
    assert not nl.Histogram(ws, "even").logarithmic
