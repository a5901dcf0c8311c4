"""Edits made in frames that were handed out earlier and replaced since."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, NbalabelWarning
from nbalabel.data.working.working_copy import WorkingCopy


def test_an_edit_in_a_frame_taken_before_an_accept_is_an_edit(ds, predictions):
    images, instances = ds.images, ds.instances
    ds.accept(predictions)
    images.loc[4, "weight"] = 7
    instances.loc[1, "label"] = "cod"
    change = ds.sync()
    assert change.origin == "pandas"
    assert ds.images["weight"].tolist() == [1, 1, 1, 1, 7]
    assert ds.images.loc[2, "state"] == "partial", "what was accepted stays"
    assert ds.instances["label"].astype(str).tolist() == ["cod", "cod", "cod", "cod", "cod", "ling"]
    assert ds.log()["note"].tolist()[:2] == [
        "edited in an older ds.instances",
        "edited in an older ds.images",
    ]
    assert not ds.sync()


def test_an_edit_in_a_frame_taken_before_a_commit_is_an_edit_of_the_next_version(ds, other_kernel):
    images = ds.images
    ds.set([0], "images", weight=4)
    ds.commit("one")
    images.loc[1, "weight"] = 5
    ds.commit("two")
    images.loc[2, "weight"] = 6
    other = other_kernel()
    other.set([3], "images", weight=8)
    other.commit("elsewhere")
    ds.commit("three")
    images.loc[4, "weight"] = 9
    ds.commit("four")
    assert ds.version("v2").images["weight"].tolist() == [4, 1, 1, 1, 1]
    assert ds.version("v3").images["weight"].tolist() == [4, 5, 1, 1, 1]
    assert ds.version("HEAD").images["weight"].tolist() == [4, 5, 6, 8, 9]


def test_an_edit_in_a_frame_taken_before_an_undo_is_an_edit_that_can_be_undone(ds):
    ds.set([0], "images", weight=4)
    images = ds.images
    ds.undo()
    images.loc[1, "weight"] = 5
    ds.sync()
    assert ds.images["weight"].tolist() == [1, 5, 1, 1, 1], "the undone cell is not brought back"
    ds.undo()
    assert ds.images["weight"].tolist() == [1] * 5
    assert not ds.sync()


def test_an_edit_in_a_frame_replaced_by_assigning_a_whole_one_is_an_edit(ds):
    images = ds.images
    ds.images = images.assign(weight=2)
    images.loc[0, "split"] = "val"
    assert ds.status()
    assert ds.images["weight"].tolist() == [2] * 5
    assert ds.images.loc[0, "split"] == "val"


def test_a_frame_edited_twice_is_taken_twice_and_each_edit_once(ds):
    images = ds.images
    ds.set([0], "images", weight=4)
    images.loc[1, "weight"] = 5
    ds.sync()
    ds.set([1], "images", weight=6)
    images.loc[2, "weight"] = 7
    ds.sync()
    assert ds.images["weight"].tolist() == [4, 6, 7, 1, 1]
    assert (ds.log()["origin"] == "pandas").sum() == 2


def test_two_older_frames_of_one_table_are_both_taken_in_the_order_they_were_replaced(ds):
    oldest = ds.images
    ds.set([0], "images", weight=2)
    older = ds.images
    ds.set([0], "images", weight=3)
    older.loc[[1, 2], "weight"] = 5
    oldest.loc[[2, 3], "weight"] = 6
    change = ds.sync()
    assert ds.images["weight"].tolist() == [3, 5, 5, 6, 1]
    assert change.counts["images"]["updated"] == 3


def test_of_one_cell_edited_in_both_the_older_frame_comes_last_and_undo_shows_the_other(ds):
    images = ds.images
    ds.set([4], "images", weight=3)
    ds.images.loc[[0, 1], "weight"] = 5
    images.loc[[1, 2], "weight"] = 6
    ds.sync()
    assert ds.images["weight"].tolist() == [5, 6, 6, 1, 3]
    ds.undo()
    assert ds.images["weight"].tolist() == [5, 5, 1, 1, 3]


def test_a_frame_kept_to_compare_with_stays_as_it_was_and_changes_nothing(ds, predictions):
    before = ds.instances
    ds.accept(predictions)
    assert len(ds.instances) - len(before) == 3
    assert not ds.sync()
    ds.commit("more")
    assert not ds.status()
    assert len(before) == 3


def test_the_frame_handed_out_before_an_older_edit_is_watched_as_well(ds):
    older = ds.images
    ds.set([0], "images", weight=2)
    newer = ds.images
    older.loc[1, "weight"] = 3
    ds.sync()
    newer.loc[2, "weight"] = 4
    ds.sync()
    assert ds.images["weight"].tolist() == [2, 3, 4, 1, 1]


def test_a_mask_in_an_older_frame_brings_its_box_and_area(ds, mask, predictions):
    instances = ds.instances
    ds.accept(predictions)
    instances.loc[1, "mask"] = mask(3, 3, 6)
    ds.sync()
    assert ds.instances.loc[1, ["x", "y", "w", "h", "area"]].tolist() == [3, 3, 6, 6, 36]


def test_rows_and_columns_added_and_removed_in_an_older_frame_are_edits(ds, predictions):
    ds.instances["n"] = [1, 2, 3]
    ds.sync()
    instances = ds.instances
    ds.accept(predictions)
    del instances["n"]
    instances["depth"] = [0.5, 1.5, 2.5]
    instances.index = [7, 1, 2]
    instances.loc[9] = instances.loc[1]
    ds.sync()
    assert "n" not in ds.instances
    assert ds.instances.index.tolist() == [1, 2, 3, 4, 5, 7, 9], "row 0 became row 7"
    assert ds.instances["depth"].fillna(-1).tolist() == [1.5, 2.5, -1, -1, -1, 0.5, 1.5]
    assert ds.add_instances(predictions).tables["instances"].created.index.tolist() == [10, 11, 12]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda frame: frame.__setitem__("label", ["cod", "shark", "cod"]), "cod, ling.*1"),
        (lambda frame: frame.__setitem__("image_id", [0, 0, 9]), "break it: 2"),
        (lambda frame: frame.insert(0, "score", 0.5, allow_duplicates=True), "each once"),
        (lambda frame: frame.__setitem__(5, 1), "column names must be text"),
        (lambda frame: frame.__setitem__("odd", [object()] * 3), "odd"),
        (lambda frame: frame.__setitem__("n", [1, 2, 3]), "int64 in a frame without the rows .* 3, 4, 5"),
        (lambda frame: frame.loc.__setitem__(4, frame.loc[0]), "other rows have got since: 4"),
    ],
)
def test_a_bad_edit_in_an_older_frame_is_refused_once_and_kept_aside(ds, predictions, edit, message):
    older = ds.instances
    ds.accept(predictions)
    now = ds.instances.copy()
    edit(older)
    with pytest.raises(DataError, match=message) as caught:
        ds.commit("x")
    assert "older ds.instances" in caught.value.__notes__[0]
    pd.testing.assert_frame_equal(ds.instances, now)
    assert ds.rejected_edit["instances"] is older
    assert not ds.sync()
    ds.instances.loc[0, "score"] = 0.25
    ds.commit("goes on")
    assert ds.version("HEAD").instances.loc[0, "score"] == 0.25


def test_a_refused_edit_that_is_mended_in_the_same_frame_is_taken_whole(ds):
    images = ds.images
    images["weight"] = [5, 6, -3, 1, 1]
    with pytest.raises(DataError, match="break it: 2"):
        ds.sync()
    assert ds.images is not images
    assert not ds.sync()
    ds.rejected_edit["images"].loc[2, "weight"] = 3
    ds.sync()
    assert ds.images["weight"].tolist() == [5, 6, 3, 1, 1]
    older = images
    ds.set([0], "images", weight=9)
    older.loc[[3, 4], "weight"] = [8, -1]
    with pytest.raises(DataError, match="break it: 4"):
        ds.sync()
    older.loc[4, "weight"] = 7
    ds.sync()
    assert ds.images["weight"].tolist() == [9, 6, 3, 8, 7]


def test_edits_of_rows_that_are_gone_are_named_in_a_warning_and_the_others_taken(ds):
    instances = ds.instances
    ds.remove([0, 2])
    instances["score"] = np.float32(0.5)
    with pytest.warns(
        NbalabelWarning, match=r"rows of instances that are gone by now: 0, 2\..*rejected_edit"
    ):
        change = ds.sync()
    assert change.counts["instances"] == {"created": 0, "updated": 1, "deleted": 0}
    assert ds.instances["score"].tolist() == [0.5]
    assert ds.rejected_edit["instances"] is instances
    assert not ds.sync()


def test_edits_of_columns_that_are_gone_or_of_another_type_are_named_in_a_warning(ds):
    ds.images["n"] = [1, 2, 3, 4, 5]
    ds.images["m"] = [1, 2, 3, 4, 5]
    ds.sync()
    images = ds.images
    ds.images = ds.images.drop(columns="n").assign(m="text")
    images.loc[0, "n"] = 7
    images.loc[1, "m"] = 8
    images.loc[2, "weight"] = 9
    with pytest.warns(
        NbalabelWarning, match="columns of images that are gone or hold another .*: (n, m|m, n)"
    ):
        ds.sync()
    assert "n" not in ds.images
    assert ds.images["m"].tolist() == ["text"] * 5
    assert ds.images["weight"].tolist() == [1, 1, 9, 1, 1]


def test_a_retyped_column_in_an_older_frame_drops_no_values_of_rows_that_came_since(ds, predictions):
    ds.instances["n"] = [1.0, 2.0, 3.0]
    instances = ds.instances
    ds.accept(predictions)
    ds.set([3], n=4.0)
    instances["n"] = ["a", "b", "c"]
    with pytest.raises(DataError, match=r"without the rows .* 3, 4, 5"):
        ds.sync()
    assert ds.instances.loc[3, "n"] == 4


def test_labels_added_or_renamed_since_are_known_to_an_older_frame(ds):
    instances = ds.instances
    ds.add_label("hake")
    ds.rename_label("cod", "gadus")
    instances["label"] = ["hake", "ling", "cod"]
    ds.sync()
    assert ds.instances["label"].astype(str).tolist() == ["hake", "ling", "gadus"]
    instances.loc[1, "label"] = "cod"
    with pytest.raises(DataError, match=r"add it with ds\.add_label"):
        ds.sync()
    assert ds.instances.loc[1, "label"] == "ling"


def test_a_frame_nobody_holds_is_let_go_at_once_with_what_it_held(ds):
    gc.disable()
    try:
        current = weakref.ref(ds.images)
        ds.set([0], "images", weight=2)
        assert current() is None
        held, base = ds.images, weakref.ref(ds._session.state.tables["images"])
        current = weakref.ref(held)
        ds.set([0], "images", weight=3)
        ds.commit("the version before is remembered")
        for i in range(4, 8):
            ds.set([0], "images", weight=i)
            ds.commit("and forgotten")
        assert current() is held
        del held
        ds.sync()
        assert current() is None
        assert base() is None
    finally:
        gc.enable()


def test_a_frame_that_was_plotted_is_let_go_as_well(ds):
    pytest.importorskip("matplotlib")
    current = weakref.ref(ds.images)
    ds.images.plot  # noqa: B018  # pandas keeps the accessor in the frame, and the accessor keeps the frame
    ds.set([0], "images", weight=2)
    assert current() is None


def test_an_edit_in_a_frame_that_nobody_holds_any_more_is_taken_before_it_is_let_go(ds):
    images = ds.images
    current = weakref.ref(images)
    ds.set([0], "images", weight=2)
    images.loc[1, "weight"] = 3
    del images
    ds.sync()
    assert ds.images["weight"].tolist() == [2, 3, 1, 1, 1]
    assert current() is None


def test_work_given_up_by_a_checkout_does_not_come_back_through_the_frames(ds):
    older = ds.images
    ds.set([0], "images", weight=2)
    newer = ds.images
    older.loc[1, "weight"] = 3
    newer.loc[2, "weight"] = 4
    ds.checkout("v1", discard=True)
    assert not ds.status()
    assert ds.images["weight"].tolist() == [1] * 5
    newer.loc[3, "weight"] = 5
    ds.sync()
    assert ds.images["weight"].tolist() == [1, 1, 1, 5, 1]


def test_edits_nobody_looked_at_are_given_up_by_a_checkout_of_the_same_version(ds):
    ds.images["weight"] = 9
    ds.checkout("v1", discard=True)
    assert not ds.status()
    assert ds.images["weight"].tolist() == [1] * 5


def test_an_interrupt_between_a_change_and_the_new_frames_takes_nothing_back(ds, monkeypatch):
    real = WorkingCopy.hand_out

    def interrupted(copy):
        if ds._session.pending:
            raise KeyboardInterrupt
        real(copy)

    monkeypatch.setattr(WorkingCopy, "hand_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ds.set([0], "images", weight=4)
    monkeypatch.undo()
    ds.images.loc[1, "weight"] = 5
    ds.commit("x")
    assert ds.images["weight"].tolist() == [4, 5, 1, 1, 1]
