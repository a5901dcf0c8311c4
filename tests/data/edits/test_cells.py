"""Edits by method: accept, reject, set, remove, add, labels, undo, revert."""

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.decisions.decided import decided
from nbalabel.core.errors import DataError, HistoryError, MaskError, UnknownNameError


def test_accepted_predictions_become_instances_and_their_images_count(ds, predictions):
    ds.images["weight"] = 0
    change = ds.accept(predictions)
    created = change.tables["instances"].created
    assert created.index.tolist() == [3, 4, 5]
    assert created["source"].astype(str).tolist() == ["model"] * 3
    assert created["status"].astype(str).tolist() == ["accepted"] * 3
    assert created["origin"].tolist() == ["run-1"] * 3
    assert created["x"].tolist() == [1, 5, 6]
    assert ds.images["weight"].tolist() == [1, 0, 1, 0, 0]
    assert ds.images["state"].astype(str).tolist() == [
        "partial",
        "unlabeled",
        "partial",
        "unlabeled",
        "unlabeled",
    ]
    assert change.origin == "run-1"
    assert "accepted 3 of 3" in change.note


def test_accepting_can_leave_the_weight_alone(ds, predictions):
    ds.images["weight"] = 0
    ds.accept(predictions, weight=None)
    assert ds.images["weight"].tolist() == [0.0] * 5


def test_predictions_are_accepted_under_another_label_and_count_as_accepted(ds, predictions):
    ds.add_label("hake")
    things = predictions.assign(label="cod")
    change = ds.accept(things, label="hake")
    assert change.tables["instances"].created["label"].astype(str).tolist() == ["hake"] * 3
    assert decided(ds.instances, ds.rejected, things).tolist() == [1, 1, 1]
    assert not ds.accept(things, label="hake")
    ds.undo()
    assert decided(ds.instances, ds.rejected, things).tolist() == [0, 0, 0]
    ds.accept(things.iloc[:1], label="cod")  # its own
    assert len(ds.rejected) == 0
    with pytest.raises(UnknownNameError, match=r"add_label\('shark'\)"):
        ds.accept(things, label="shark")


def test_proposed_instances_are_accepted_under_another_label(ds):
    ds.accept(ds.instances.iloc[:1], label="ling")
    assert ds.instances.iloc[0][["status", "label"]].astype(str).tolist() == ["accepted", "ling"]


def test_accepting_twice_adds_nothing_the_second_time(ds, predictions):
    ds.accept(predictions)
    change = ds.accept(predictions)
    assert not change
    assert "3 were there already" in change.note
    assert len(ds.instances) == 6


def test_a_replacing_accept_takes_the_place_of_labels_it_overlaps_and_the_better_one_wins(ds, predictions):
    change = ds.accept(predictions, overlap="replace", iou=0.4)
    assert change.tables["instances"].deleted.index.tolist() == [0]
    assert change.tables["instances"].created["score"].tolist() == pytest.approx([0.9, 0.8])
    assert "replaced 1 instances" in change.note


def test_a_skipping_accept_leaves_out_what_overlaps_a_label_or_a_better_one(ds, predictions):
    change = ds.accept(predictions, overlap="skip", iou=0.4)
    assert change.tables["instances"].created["score"].tolist() == pytest.approx([0.8])
    assert len(ds.instances) == 4
    assert "2 overlapped" in change.note


def test_overlap_below_the_threshold_is_no_overlap(ds, predictions):
    change = ds.accept(predictions, overlap="skip", iou=0.9)
    assert len(change.tables["instances"].created) == 3


def test_rejected_predictions_are_remembered_and_not_taken_over_later(ds, predictions):
    ds.reject(predictions.iloc[:1])
    assert len(ds.rejected) == 1
    change = ds.accept(predictions)
    assert "1 had been rejected" in change.note
    assert len(ds.instances) == 5
    assert not ds.reject(predictions.iloc[:1])


def test_proposed_instances_are_accepted_in_place_and_rejected_ones_removed(ds):
    ds.set([0, 1], status="proposed")
    ds.accept(ds.instances.loc[[0]])
    assert ds.instances["status"].astype(str).tolist() == ["accepted", "proposed", "accepted"]
    ds.reject(ds.instances[ds.instances["status"] == "proposed"])
    assert ds.instances.index.tolist() == [0, 2]


def test_no_predictions_change_nothing(ds, predictions):
    assert not ds.accept(predictions.iloc[:0])
    assert not ds.reject(predictions.iloc[:0])
    assert not ds.status()


@pytest.mark.parametrize(
    ("column", "value", "error", "message"),
    [
        ("image_id", 99, DataError, "image_id must be a row of images.*2"),
        ("label", "shark", DataError, "label must be one of cod, ling"),
        ("mask", b"\x01\x02", MaskError, "2"),
        ("score", 3.0, DataError, "score"),
    ],
)
def test_predictions_that_do_not_fit_are_refused_and_nothing_changes(
    ds, predictions, column, value, error, message
):
    predictions.loc[2, column] = value
    before = ds.instances.copy()
    with pytest.raises(error, match=message):
        ds.accept(predictions)
    pd.testing.assert_frame_equal(ds.instances, before)
    assert not ds.status()


def test_accept_says_what_its_options_may_be(ds, predictions):
    with pytest.raises(DataError, match="overlap must be one of allow, replace, skip"):
        ds.accept(predictions, overlap="merge")
    with pytest.raises(DataError, match="iou must be between 0 and 1"):
        ds.accept(predictions, iou=40)
    with pytest.raises(DataError, match="weight must be a number >= 0"):
        ds.accept(predictions, weight=-1)


def test_set_takes_ids_or_rows_and_one_value_or_many(ds):
    ds.set(ds.images.loc[[1, 2]], weight=[3, 4], split="val")
    assert ds.images["weight"].tolist() == [1, 3, 4, 1, 1]
    assert ds.images["split"].astype(object).tolist()[1:3] == ["val", "val"]
    ds.set(0, label="ling")
    assert ds.instances.loc[0, "label"] == "ling"
    ds.set([1, 2], "images", habitat="reef")
    assert ds.images["habitat"].isna().tolist() == [True, False, False, True, True]
    ds.set([0], "images", group="clip-1")
    ds.set([1], "images", group="clip-2")
    assert ds.images["group"].astype(object).tolist()[:2] == ["clip-1", "clip-2"]


@pytest.mark.parametrize("as_values", [list, tuple, np.array, pd.array, pd.Index])
def test_values_belong_to_the_rows_in_the_order_given(ds, as_values):
    ds.set([2, 0, 1], "images", weight=as_values([2.0, 0.5, 1.5]))
    assert ds.images["weight"].tolist()[:3] == [0.5, 1.5, 2.0]
    ds.set(ds.images.iloc[[4, 3]], weight=pd.Series([3.0, 4.0], [3, 4]))
    assert ds.images["weight"].tolist()[3:] == [3, 4], "a Series goes by its index"
    ds.set(ds.images.index[:3], weight=as_values([7.0, 8.0, 9.0]))
    assert ds.images["weight"].tolist()[:3] == [7, 8, 9]


def test_masks_and_labels_belong_to_the_rows_in_the_order_given(ds, mask):
    ids = ds.instances.index[:3]
    masks, names = [mask(n) for n in (1, 2, 3)], [ds.labels[i % 2] for i in range(3)]
    ds.set(ids[::-1], mask=masks, label=names)
    assert ds.instances.loc[ids[::-1], "mask"].tolist() == masks
    assert ds.instances.loc[ids[::-1], "label"].astype(str).tolist() == names


def test_two_values_for_one_row_are_refused(ds):
    with pytest.raises(DataError, match="weight has one value per row, but rows name these ids twice: 1"):
        ds.set([1, 0, 1], "images", weight=[1.0, 2.0, 3.0])
    ds.set([1, 0, 1], "images", weight=5)
    assert ds.images["weight"].tolist()[:2] == [5, 5]


def test_a_new_mask_brings_its_box_and_area(ds, mask):
    ds.set([0], mask=mask(9, 2, 5))
    assert ds.instances.loc[0, ["x", "y", "w", "h", "area"]].tolist() == [9, 2, 5, 5, 25]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"weight": -1}, "weight must be a number >= 0"),
        ({"weight": "heavy"}, "weight must be"),
        ({"state": "done"}, "state must be one of"),
        ({"width": 0}, "width and height must be > 0"),
        ({"weight": [1, 2, 3]}, "needs one value or 1, got 3"),
        ({"file": "../x.png"}, "below the image root"),
    ],
)
def test_values_that_do_not_fit_are_refused_and_nothing_changes(ds, columns, message):
    with pytest.raises(DataError, match=message):
        ds.set([0], "images", **columns)
    assert not ds.status()


def test_shrinking_an_image_below_its_masks_is_refused(ds):
    with pytest.raises(MaskError):
        ds.set([0], "images", width=16)


def test_rows_that_are_not_there_are_named(ds):
    with pytest.raises(UnknownNameError, match="instances has no rows 77"):
        ds.remove([0, 77])
    with pytest.raises(DataError, match=r"ds\.accept"):
        ds.remove(pd.DataFrame(index=pd.Index([1], name="prediction_id")))
    with pytest.raises(DataError, match="rows must be ids"):
        ds.remove(["a"])


def test_an_image_takes_its_instances_with_it_in_one_change(ds):
    change = ds.remove(ds.images.loc[[0]])
    assert change.counts["instances"]["deleted"] == 2
    assert ds.instances["image_id"].tolist() == [1]
    ds.undo()
    assert len(ds.instances) == 3


def test_ids_are_never_used_twice(ds, mask):
    row = pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(2)]})
    seen = set(ds.instances.index)
    for _ in range(3):
        new = ds.add_instances(row).tables["instances"].created.index[0]
        assert new not in seen
        seen.add(new)
        ds.undo()
    ds.add_instances(row)
    ds.commit("one")
    ds.checkout("v1")
    assert ds.add_instances(row).tables["instances"].created.index[0] not in seen | set(
        ds.version("v2").instances.index
    )


def test_labels_can_be_added_renamed_and_merged(ds):
    ds.add_label("hake")
    ds.set([0], label="hake")
    ds.rename_label("cod", "gadus")
    assert ds.labels == ("gadus", "ling", "hake")
    assert ds.instances["label"].astype(str).tolist() == ["hake", "ling", "gadus"]
    ds.rename_label("hake", "ling")
    assert ds.labels == ("gadus", "ling")
    assert ds.instances["label"].astype(str).tolist() == ["ling", "ling", "gadus"]
    for _ in range(4):
        ds.undo()
    assert ds.labels == ("cod", "ling")
    with pytest.raises(DataError, match="already"):
        ds.add_label("cod")
    with pytest.raises(DataError, match="labels must be non-empty"):
        ds.add_label(" ")
    with pytest.raises(UnknownNameError, match="there are cod, ling"):
        ds.rename_label("shark", "x")


def test_undo_and_redo_walk_back_and_forth_exactly(ds, predictions):
    frames = [ds.instances.copy()]
    ds.accept(predictions)
    frames.append(ds.instances.copy())
    ds.set([0], label="ling")
    frames.append(ds.instances.copy())
    ds.undo()
    pd.testing.assert_frame_equal(ds.instances, frames[1])
    ds.undo()
    pd.testing.assert_frame_equal(ds.instances, frames[0])
    ds.redo()
    ds.redo()
    pd.testing.assert_frame_equal(ds.instances, frames[2])
    with pytest.raises(HistoryError, match="nothing to redo"):
        ds.redo()
    ds.undo()
    ds.set([1], score=0.5)
    with pytest.raises(HistoryError, match="nothing to redo"):
        ds.redo()


def test_there_is_nothing_to_undo_after_a_commit(ds):
    ds.set([0], score=0.5)
    ds.commit("x")
    with pytest.raises(HistoryError, match="revert"):
        ds.undo()


def test_discarded_work_comes_back_with_undo(ds, predictions):
    ds.accept(predictions)
    ds.set([0], label="ling")
    edited = ds.instances.copy()
    ds.discard()
    assert not ds.status()
    assert len(ds.instances) == 3
    ds.undo()
    pd.testing.assert_frame_equal(ds.instances, edited)


def test_the_log_lists_changes_newest_first_with_origin_counts_and_version(ds, predictions):
    ds.accept(predictions)
    version = ds.commit("round 1")
    ds.set([0], origin="ann", label="ling")
    log = ds.log()
    assert log["origin"].tolist()[:2] == ["ann", "run-1"]
    assert log["version"].tolist() == ["uncommitted", version.id, version.parent]
    assert log["created"].tolist()[1] == 3
    assert log["time"].is_monotonic_decreasing


def test_a_bulk_accept_is_taken_back_rounds_later_as_far_as_it_still_stands(ds, predictions):
    ds.images["weight"] = 0
    ds.commit("start")
    accepted = ds.accept(predictions)
    ds.commit("round 1")
    kept, dropped, gone = accepted.tables["instances"].created.index
    ds.set([kept], status="verified", origin="ann")
    ds.set([0], label="ling")
    ds.commit("round 2")
    ds.remove([gone])
    ds.commit("round 3")
    change = ds.revert("run-1")
    assert "took back" in change.note
    assert ds.instances.index.tolist() == [0, 1, 2, kept]
    assert ds.instances.loc[0, "label"] == "ling"
    assert ds.images.loc[2, "state"] == "unlabeled"
    assert ds.images.loc[2, "weight"] == 0
    assert ds.images.loc[0, "state"] == "partial", "a label remains on it"
    ds.undo()
    assert dropped in ds.instances.index


@pytest.mark.parametrize("name", ["change", "id", "version", "run"])
def test_a_change_can_be_named_by_itself_its_id_its_version_or_its_run(ds, predictions, name):
    class Run:
        id = "run-1"

    change = ds.accept(predictions)
    version = ds.commit("round 1")
    target = {"change": change, "id": change.id, "version": version.id, "run": Run()}[name]
    ds.revert(target)
    assert len(ds.instances) == 3


def test_reverting_brings_back_deleted_rows_and_old_values(ds):
    before = ds.instances.copy()
    images = ds.images.copy()
    ds.remove(ds.images.loc[[0]], origin="slip")
    ds.set([1], "images", origin="slip", weight=4)
    ds.commit("oops")
    ds.revert("slip")
    pd.testing.assert_frame_equal(ds.instances, before)
    pd.testing.assert_frame_equal(ds.images, images)


def test_reverting_twice_finds_nothing_left_to_take_back(ds, predictions):
    ds.accept(predictions)
    ds.revert("run-1")
    change = ds.revert("run-1")
    assert "took back 0" in change.note
    assert not change


def test_reverting_the_unknown_lists_the_origins_there_are(ds, predictions):
    ds.accept(predictions)
    with pytest.raises(UnknownNameError, match="origins are run-1"):
        ds.revert("run-9")
    with pytest.raises(UnknownNameError, match="takes a change"):
        ds.revert(3)


def test_many_small_edits_merge_into_one_commit(ds):
    for i in range(40):
        ds.set([i % 5], "images", weight=i + 2)
    version = ds.commit("many")
    assert ds.version(version.id).images["weight"].tolist() == [37, 38, 39, 40, 41]
    assert (ds.log()["version"] == version.id).sum() == 40
    assert np.isfinite(ds.images["weight"]).all()
