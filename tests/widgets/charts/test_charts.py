"""Charts of a run: their numbers are those of nbalabel.learn, and their marks select the rows they count."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ipywidgets.widgets import widget

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.learn.metrics.curves import calibration, confused, precision_recall
from nbalabel.learn.metrics.match import Matched

CHARTS = [nl.PrecisionRecall, nl.Reliability, nl.Confusion]


@pytest.fixture
def mixed(workspace, reef, reef_run):
    """A workspace whose run takes every third label for the next one."""
    label = reef_run.predictions["label"].cat
    codes = np.where(np.arange(len(label.codes)) % 3, label.codes, (label.codes + 1) % len(label.categories))
    reef_run.predictions["label"] = pd.Categorical.from_codes(codes, label.categories)
    workspace.run = reef_run.matched_to(reef)
    workspace.refresh()
    return workspace


def measured(run, frame):
    return frame[frame["image_id"].isin(run.measured_ids)]


def test_precision_and_recall_are_those_of_learn(workspace, reef_run) -> None:
    chart = nl.PrecisionRecall(workspace, by="score")
    expected = precision_recall(
        Matched(measured(reef_run, reef_run.predictions), measured(reef_run, reef_run.missed))
    )
    for line, name in zip(chart._lines, ["precision", "recall", "f1"], strict=True):
        assert np.allclose(line.x, expected["score"])
        assert np.allclose(line.y, expected[name])
    assert f"best F1 {expected.f1.max():.2f}" in chart.head.state["count"]


def test_a_brush_over_recall_keeps_the_scores_of_that_recall(workspace) -> None:
    chart = nl.PrecisionRecall(workspace)
    curve = chart._all
    lo, hi = curve["recall"].quantile(0.2), curve["recall"].quantile(0.7)
    chart._brush.selected = np.array([lo, hi])
    inside = curve.loc[curve["recall"].between(lo, hi), "score"]
    clause = workspace.selection.clauses[chart.source]
    assert clause.of == "predictions"
    assert clause.code.startswith('rows["score"].between(')
    score = workspace.selected["score"]
    assert score.min() == inside.min()
    assert score.max() == inside.max()


def test_a_brush_over_scores_is_kept_when_the_axis_changes(workspace) -> None:
    chart = nl.PrecisionRecall(workspace, by="score")
    chart.select(0.3, 0.8)
    chart.choose("mode", "recall")
    assert chart.filter == {"kind": "range", "lo": 0.3, "hi": 0.8, "missing": "out"}
    lo, hi = chart._brush.selected
    assert 0 <= lo <= hi <= 1


def test_reliability_is_the_calibration_of_learn(workspace, reef_run) -> None:
    chart = nl.Reliability(workspace, bins=5)
    expected = calibration(measured(reef_run, reef_run.predictions), 5)
    assert np.allclose(chart._bars.y, np.nan_to_num(expected["precision"]))
    assert f"{expected.attrs['ece']:.2f}" in chart.head.state["count"]
    chart._brush.selected = np.array([0.4, 0.6])
    assert workspace.selected["score"].between(0.4, 0.6).all()


def test_confusion_counts_as_learn_does(mixed, reef, reef_run) -> None:
    chart = nl.Confusion(mixed)
    frames = (measured(reef_run, frame) for frame in (reef_run.predictions, reef.instances))
    pairs = confused(*frames, reef_run.labels)
    assert (chart.counts == pd.crosstab(pairs["true"], pairs["predicted"], dropna=False).to_numpy()).all()


def test_every_cell_selects_exactly_what_it_counts(mixed, reef, reef_run) -> None:
    chart = nl.Confusion(mixed)
    pairs = reef_run.confused()
    for row, column in zip(*np.nonzero(chart.counts), strict=True):
        true, predicted = chart._names[row], chart._names[column]
        chart._clicked(None, {"data": {"rowNum": row, "columnNum": column}})
        clause = mixed.selection.clauses[chart.source]
        missed = predicted == "nothing"
        assert clause.of == ("instances" if missed else "predictions")
        cell = pairs[(pairs["true"] == true) & (pairs["predicted"] == predicted)]
        wanted = cell["instance_id" if missed else "prediction_id"].tolist()
        assert sorted(mixed.selection.ids_of(clause.of)) == sorted(wanted)
        assert clause.rows.sum() == chart.counts[row, column]
        chart._clicked(None, {"data": {"rowNum": row, "columnNum": column}})
        assert not mixed.selection.clauses


def test_the_list_of_confusions_selects_too(mixed, browser) -> None:
    chart = nl.Confusion(mixed)
    text, count, _ = chart.head.state["values"][0]
    browser(chart.head)("choose", name="value", value=0)
    clause = mixed.selection.clauses[chart.source]
    assert (clause.title, int(clause.rows.sum())) == (text, count)
    assert chart.head.state["values"][0][2]


def test_the_cell_of_nothing_on_nothing_is_none(mixed) -> None:
    chart = nl.Confusion(mixed)
    n = len(chart._names) - 1
    chart._clicked(None, {"data": {"rowNum": n, "columnNum": n}})
    assert not mixed.selection.clauses
    with pytest.raises(DataError, match="expected two of"):
        chart.select("nothing", "nothing")


def test_charts_measure_on_the_images_others_allow(mixed, reef_run) -> None:
    charts = [make(mixed) for make in CHARTS]
    some = reef_run.measured_ids[:3]
    mixed.select(some, of="images")
    n_labels = mixed.ds.instances["image_id"].isin(some).sum()
    assert charts[2].counts[:-1].sum() == n_labels
    assert charts[1]._now["n"].sum() == reef_run.predictions["image_id"].isin(some).sum()
    assert charts[0]._now.equals(reef_run.precision_recall(some))


@pytest.mark.parametrize("make", CHARTS)
def test_others_take_a_charts_clause_away(mixed, make) -> None:
    chart = make(mixed)
    chart.select(*(("nothing", mixed.ds.labels[0]) if make is nl.Confusion else (0.2, 0.5)))
    assert chart.source in mixed.selection.clauses
    mixed.clear()
    assert not chart.head.state["chosen"]


@pytest.mark.parametrize("make", CHARTS)
def test_without_a_run_a_chart_says_what_it_needs(reef, make) -> None:
    chart = make(nl.Workspace(reef))
    assert chart.head.state["note"].startswith("There is no run: nl.Workspace(ds, run)")
    assert chart.picture() is not None


@pytest.mark.parametrize("make", CHARTS)
def test_without_predictions_or_labeled_images_a_chart_says_so(reef, reef_run, make) -> None:
    reef_run = replace(reef_run, predictions=reef_run.predictions.iloc[:0])
    ws = nl.Workspace(reef, reef_run.matched_to(reef))
    chart = make(ws)
    if make is nl.Confusion:  # all labels are missed
        assert chart.counts[:, -1].sum() == chart.counts.sum()
    else:
        assert "labeled all over" in chart.head.state["note"]
    reef.images["state"] = "partial"
    reef.sync()
    ws.run = reef_run.matched_to(reef)
    chart.rebuild()
    assert "labeled all over" in chart.head.state["note"]


def test_one_label_is_enough(tmp_path) -> None:
    ds = nl.demo.reef(tmp_path / "one.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
    ws = nl.Workspace(ds, nl.demo.simulated_run(ds))
    assert nl.Confusion(ws).counts.shape == (2, 2)
    assert nl.PrecisionRecall(ws).head.state["note"] == ""


def test_new_predictions_are_measured_anew(workspace, reef, reef_run) -> None:
    charts = [make(workspace) for make in CHARTS]
    before = [chart.head.state["count"] for chart in charts]
    workspace.run = replace(reef_run, predictions=reef_run.predictions.iloc[::2]).matched_to(reef)
    workspace.refresh()
    assert all(chart.head.state["count"] != old for chart, old in zip(charts, before, strict=True))


def test_a_quality_measured_now_and_then_is_a_line_through_what_was_measured() -> None:
    curves = pd.DataFrame({"step": [10, 20, 30], "loss": [3.0, 2.0, 1.5], "map50": [0.1, np.nan, 0.3]})
    loss, quality = nl.LearningCurves(nl.Run("train-1", "train", curves=curves)).figure.marks
    assert (loss.x.tolist(), loss.marker) == ([10, 20, 30], None)
    assert (quality.x.tolist(), quality.y.tolist(), quality.marker) == ([10, 30], [0.1, 0.3], "circle")


def test_learning_curves_show_what_was_recorded() -> None:
    curves = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2.0, 1.5], "map50": [0.1, np.nan, 0.3]})
    chart = nl.LearningCurves(nl.Run("train-1", "train", curves=curves))
    assert chart.title.state["count"] == "3 epochs, loss 1.5, mAP50 0.3"
    assert [mark.y.tolist()[0] for mark in chart.figure.marks] == [3.0, 0.1]
    assert "image/png" in chart._repr_mimebundle_()[0]


def test_runs_without_steps_say_so(workspace, reef_run) -> None:
    assert "No steps" in nl.LearningCurves(workspace).title.state["note"]
    assert "No steps" in nl.LearningCurves(reef_run).title.state["note"]
    assert nl.LearningCurves(
        nl.Run("t", "train", curves=pd.DataFrame({"epoch": [1], "loss": [2.0]}))
    ).picture()
    with pytest.raises(DataError, match="expected a Run or a Workspace, got list"):
        nl.LearningCurves([])


def test_options_out_of_range_are_errors(workspace) -> None:
    with pytest.raises(DataError, match="by must be recall or score"):
        nl.PrecisionRecall(workspace, by="f1")
    with pytest.raises(DataError, match="bins must be 1 to 100"):
        nl.Reliability(workspace, bins=0)
    with pytest.raises(DataError, match="iou must be"):
        nl.Confusion(workspace, iou=0)
    with pytest.raises(DataError, match="score must be"):
        nl.Confusion(workspace, score=2)


def test_pictures_are_small(mixed) -> None:
    for make in CHARTS:
        data = make(mixed)._repr_mimebundle_()[0]
        assert 1000 < len(data["image/png"]) < 80_000


def test_closing_frees_listeners_and_widgets(mixed, reef_run) -> None:
    listeners, widgets = len(mixed.selection._listeners), set(widget._instances)
    for make in CHARTS:
        chart = make(mixed)
        chart.rebuild()
        chart.close()
    curves = pd.DataFrame({"epoch": [1, 2], "loss": [3.0, 2.0], "map": [0.1, 0.2]})
    nl.LearningCurves(nl.Run("t", "train", curves=curves)).close()
    nl.LearningCurves(reef_run).close()
    assert len(mixed.selection._listeners) == listeners
    left = [type(widget._instances[key]).__name__ for key in set(widget._instances) - widgets]
    assert not left
    assert not mixed._views


@pytest.mark.parametrize("chart", [nl.PrecisionRecall, nl.Reliability, nl.Confusion])
def test_charts_say_that_labels_they_measure_by_were_edited_since(reef, reef_run, chart):
    reef_run = reef_run.matched_to(reef)
    view = chart(nl.Workspace(reef, reef_run))
    assert "of before" not in view.head.state["count"]
    image = int(
        reef.instances.loc[reef.instances["image_id"].isin(reef_run.measured_ids), "image_id"].iloc[0]
    )
    reef.remove(reef.instances[reef.instances["image_id"] == image])
    view.workspace.refresh()
    assert view.head.state["count"].endswith("labels from before 1 image was edited")
    assert reef_run.edited_ids().tolist() == [image]
    view.workspace.run = reef_run.matched_to(reef)
    view.workspace.refresh()
    view.rebuild()
    assert "of before" not in view.head.state["count"]


@pytest.fixture
def many_labels(tmp_path):
    """A dataset of 80 labels of which two are confused often, one pair now and then, and 20 never occur."""
    ds = nl.create(tmp_path / "many.nbal", [f"label {i:02}" for i in range(80)])
    ds.add_images(pd.DataFrame({"file": [f"{i}.png" for i in range(60)], "width": 32, "height": 32}))
    mask = np.zeros((32, 32), bool)
    mask[4:20, 4:20] = True
    rows = {"image_id": ds.images.index, "mask": [mask] * 60, "label": [f"label {i:02}" for i in range(60)]}
    ds.add_instances(pd.DataFrame(rows))
    for i in range(30, 36):
        ds.add_instances(
            pd.DataFrame({"image_id": [i], "mask": [np.roll(mask, 12, 1)], "label": ["label 41"]})
        )
    ds.images["state"] = "complete"
    ds.commit("labels")
    found = ds.instances[["image_id", "label", "mask"]].copy()
    found["score"] = 0.9
    label = found["label"].astype(object)
    label[label == "label 41"] = "label 07"
    label[label == "label 12"] = "label 13"
    run = nl.read_predictions(found.assign(label=label), ds)
    return nl.Workspace(ds, run)


def test_of_many_labels_the_most_confused_are_shown_first(many_labels) -> None:
    chart = nl.Confusion(many_labels)
    shown = [chart._names[i] for i in chart._shown]
    assert shown[:4] == ["label 41", "label 07", "label 12", "label 13"]
    assert shown[-1] == "nothing"
    assert len(shown) == 25
    assert not set(shown) & {f"label {i:02}" for i in range(60, 80)}, "labels that never occur are left out"
    assert "24 of 80 labels, the most confused first" in chart.head.state["count"]
    assert chart.head.state["values"][0][:2] == ["label 41 taken for label 07", 7]
    assert len(chart._numbers.text) > 0, "numbers can be read"
    chart._clicked(None, {"data": {"rowNum": 0, "columnNum": 1}})
    assert chart.cell == ("label 41", "label 07")
    assert len(many_labels.selected) == 7
    assert chart._grid.selected.tolist() == [[0, 1]]
    chart.select("label 59", "label 59")
    assert len(many_labels.selected) == 1, "a cell that is not shown"
    assert chart.picture() is not None
