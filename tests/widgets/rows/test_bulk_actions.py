"""Bulk actions act on exactly the rows that were shown, or on none; each can be undone."""

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.widgets.rows.bulk_actions import perform, set_value
from nbalabel.widgets.workspace.selection import pack


def rows_of(ws, of, count):
    rows = np.zeros(len(ws.ids(of)), bool)
    rows[:count] = True
    return rows


@pytest.fixture
def predictions(workspace, browser):
    return browser(nl.Table(workspace, of="predictions"))


def act(asked, action, rows, **values):
    ws = asked.view.workspace
    return asked("act", [pack(rows)], action=action, values=values, n=int(rows.sum()), rev=ws.rev)[0]


def test_accepted_predictions_arrive_as_instances_and_undo_takes_them_back(workspace, predictions):
    before = workspace.ds.instances.copy()
    rows = rows_of(workspace, "predictions", 12)
    report = act(predictions, "accept", rows, overlap="allow")
    assert report["note"].startswith("accepted 12 of 12")
    assert len(workspace.ds.instances) == len(before) + 12
    decided = workspace.column("predictions", "decision")
    assert (decided.values[:12] == decided.categories.index("accepted")).all()
    predictions("undo", change=report["change"])
    assert workspace.ds.instances.equals(before)


def test_predictions_are_accepted_under_another_label(workspace, predictions):
    other = next(
        label for label in workspace.ds.labels if label != workspace.run.predictions["label"].iloc[0]
    )
    rows = rows_of(workspace, "predictions", 3)
    act(predictions, "accept", rows, overlap="allow", label=other)
    assert workspace.ds.instances["label"].iloc[-3:].tolist() == [other] * 3
    decided = workspace.column("predictions", "decision")
    assert (decided.values[:3] == decided.categories.index("accepted")).all()


def test_accepting_again_says_what_was_there_already(workspace, predictions):
    rows = rows_of(workspace, "predictions", 10)
    act(predictions, "accept", rows, overlap="allow")
    report = act(predictions, "accept", rows, overlap="allow")
    assert report["note"] == "accepted 0 of 10, 10 were there already"
    assert report["change"] == ""


def test_rejected_predictions_are_remembered(workspace, predictions):
    report = act(predictions, "reject", rows_of(workspace, "predictions", 5))
    assert len(workspace.ds.rejected) == 5
    assert report["note"] == "rejected 5 of 5"


def test_rows_of_older_tables_or_another_count_are_not_acted_on(workspace, predictions):
    rows, n = rows_of(workspace, "predictions", 3), len(workspace.ds.instances)
    rev = workspace.rev
    values = {"overlap": "allow"}
    says = predictions.error("act", [pack(rows)], action="accept", values=values, n=4, rev=rev)
    assert says == "nothing was done: expected 4 predictions, got 3"
    workspace.ds.set(workspace.ds.images.index[:1], "images", weight=2)
    says = predictions.error("act", [pack(rows)], action="accept", values=values, n=3, rev=rev)
    assert "nothing was done: the tables changed meanwhile" in says
    assert len(workspace.ds.instances) == n


def test_images_that_are_called_complete_or_empty_are_trained_on_from_then_on(workspace):
    ds = workspace.ds
    waiting = ds.images.index[(ds.images["state"] == "unlabeled") & (ds.images["weight"] == 0)]
    assert len(waiting) > 2
    rows = np.isin(workspace.ids("images"), waiting[:3])
    change = perform(workspace, "images", "set", rows, {"column": "state", "value": "empty"})
    assert (ds.images.loc[waiting[:3], "weight"] == 1).all()
    assert change.note == "set state of 3 images to empty"
    ds.undo()
    perform(workspace, "images", "set", rows, {"column": "state", "value": "partial"})
    assert (ds.images.loc[waiting[:3], "weight"] == 0).all()
    ds.set(waiting[:2], "images", state="complete", weight=[0, 0.5])
    perform(workspace, "images", "set", rows, {"column": "state", "value": "empty"})
    assert ds.images.loc[waiting[:3], "weight"].tolist() == [0, 0.5, 1]  # left out on purpose: stays out


def test_images_are_marked_weighted_and_removed_with_what_is_on_them(workspace):
    ds = workspace.ds
    rows = rows_of(workspace, "images", 6)
    perform(workspace, "images", "set", rows, {"column": "state", "value": "empty"})
    perform(workspace, "images", "set", rows, {"column": "weight", "value": "0.5"})
    assert (ds.images.state.iloc[:6] == "empty").all()
    assert (ds.images.weight.iloc[:6] == 0.5).all()
    gone = ds.images.index[:6]
    change = perform(workspace, "images", "remove", rows, {})
    assert "removed 6 images" in change.note
    assert not ds.images.index.isin(gone).any()
    assert not ds.instances.image_id.isin(gone).any()


def test_instances_are_labeled_verified_and_removed(workspace):
    ds, rows = workspace.ds, rows_of(workspace, "instances", 4)
    change = perform(workspace, "instances", "set", rows, {"column": "label", "value": ds.labels[1]})
    assert change.note == f"set label of 4 instances to {ds.labels[1]}"
    assert (ds.instances.label.iloc[:4] == ds.labels[1]).all()
    again = perform(workspace, "instances", "set", rows, {"column": "label", "value": ds.labels[1]})
    assert again.note == "set nothing: it was so already"
    n = len(ds.instances)
    perform(workspace, "instances", "remove", rows, {})
    assert len(ds.instances) == n - 4


@pytest.mark.parametrize(
    ("of", "name", "value", "says"),
    [
        ("instances", "label", "whale", "label must be one of"),
        ("images", "weight", "heavy", "weight must be a number"),
        ("images", "weight", -1, "weight must be a number >= 0"),
        ("images", "state", None, "state must be one of"),
        ("images", "width", 5, "cannot be edited"),
        ("instances", "area", 5, "cannot be edited"),
        ("predictions", "score", 0.5, "cannot be edited"),
    ],
)
def test_values_that_do_not_fit_are_refused_and_nothing_changes(workspace, of, name, value, says):
    frame = workspace.frame(of).copy()
    with pytest.raises(DataError, match=says):
        set_value(workspace, of, rows_of(workspace, of, 2), name, value)
    assert workspace.frame(of).equals(frame)


def test_columns_of_ones_own_take_numbers_texts_and_nothing(workspace):
    ds, rows = workspace.ds, rows_of(workspace, "images", 2)
    ds.images["depth"] = 1.5
    ds.images["note"] = "as found"
    ds.images["night"] = False
    ds.sync()
    set_value(workspace, "images", rows, "depth", "7.25")
    set_value(workspace, "images", rows, "note", "<b>")
    set_value(workspace, "images", rows, "night", "True")
    set_value(workspace, "images", rows, "split", None)
    assert ds.images.depth.iloc[:3].tolist() == [7.25, 7.25, 1.5]
    assert ds.images.note.iloc[:3].tolist() == ["<b>", "<b>", "as found"]
    assert ds.images.night.iloc[:3].tolist() == [True, True, False]
    assert ds.images.split.isna().sum() == 2
    set_value(workspace, "images", rows, "depth", None)
    assert ds.images.depth.isna().sum() == 2
    with pytest.raises(DataError, match="cannot be missing"):
        set_value(workspace, "images", rows, "night", None)


def test_an_action_a_table_does_not_have_names_those_it_has(workspace):
    with pytest.raises(DataError, match="images have no action 'accept'; they have set, remove, answer"):
        perform(workspace, "images", "accept", rows_of(workspace, "images", 1), {})


def test_an_edit_is_taken_back_though_others_came_after_it(workspace, predictions):
    report = act(predictions, "reject", rows_of(workspace, "predictions", 2))
    workspace.ds.set(workspace.ds.images.index[:1], "images", weight=3)
    predictions("undo", change=report["change"])
    assert len(workspace.ds.rejected) == 0
    assert workspace.ds.images.weight.iloc[0] == 3
    assert "not the last one made here" in predictions.error("undo", change=report["change"])


def test_what_an_action_would_take_is_told_with_some_of_it_to_look_at(workspace, predictions):
    rows = np.ones(len(workspace.ids("predictions")), bool)
    rows[3] = False
    scores = workspace.frame("predictions")["score"].to_numpy()
    told, _ = predictions("sample", [pack(rows)], n=int(rows.sum()), rev=workspace.rev)
    assert told["images"] == workspace.frame("predictions")[rows]["image_id"].nunique()
    assert told["score"] == [pytest.approx(scores[rows].min()), pytest.approx(scores[rows].max())]
    least = [row for row, _ in told["shown"]["least sure"]]
    assert sorted(scores[least]) == sorted(scores[rows])[:6]
    chosen = [row for row, _ in told["shown"]["at random"]]
    assert len(set(least + chosen)) == 12
    assert 3 not in least + chosen
    row, text = told["shown"]["least sure"][0]
    assert text == f"{workspace.frame('predictions')['label'].iloc[row]} {scores[row]:.2f}"


def test_images_have_no_score_to_be_told_and_are_named_by_their_files(workspace, browser):
    images = browser(nl.Gallery(workspace))
    rows = rows_of(workspace, "images", 20)
    told, _ = images("sample", [pack(rows)], n=20, rev=workspace.rev)
    assert told["images"] is None
    assert told["score"] is None
    assert list(told["shown"]) == ["at random"]
    assert len(told["shown"]["at random"]) == 6
