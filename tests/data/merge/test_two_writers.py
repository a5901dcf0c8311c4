"""Two kernels on one folder: nothing committed is overwritten, nothing made twice is kept twice."""

import pandas as pd
import pytest

from nbalabel.core.errors import ConflictError
from nbalabel.core.tables.schema import validate


@pytest.fixture
def other(ds, other_kernel):
    return other_kernel()


@pytest.fixture
def proposed(mask) -> pd.DataFrame:
    """Twenty masks of one run, five on each of four images."""
    rows = [(image, mask(x)) for image in range(1, 5) for x in range(5)]
    images, masks = zip(*rows, strict=True)
    frame = pd.DataFrame({"image_id": images, "label": "cod", "mask": masks, "score": 0.9, "origin": "run-1"})
    return frame.rename_axis("prediction_id")


def distinct(ds):
    return len(ds.instances.drop_duplicates(["image_id", "label", "mask"]))


def test_a_value_that_was_set_and_taken_back_does_not_overwrite_what_another_committed(ds, other):
    ds.set([0], "images", weight=2)
    ds.set([0], "images", weight=1)
    ds.set([1], "images", weight=3)
    other.set([0], "images", weight=5)
    other.commit("theirs")
    ds.commit("mine")
    assert ds.images["weight"].tolist() == [5, 3, 1, 1, 1]


def test_a_row_that_was_removed_and_brought_back_keeps_what_another_committed(ds, other):
    gone = ds.remove([0])
    ds.revert(gone)
    ds.set([1], "images", weight=3)
    other.set([0], status="verified")
    other.commit("theirs")
    ds.commit("mine")
    assert ds.instances.loc[0, "status"] == "verified"


def test_after_a_refresh_undo_leads_step_by_step_to_what_the_other_committed(ds, other, proposed):
    ds.set([0], "images", weight=2)
    ds.accept(proposed.iloc[:1], weight=None)
    ds.set([0], "images", weight=1)
    ds.set([1], status="verified")
    other.set([0], "images", weight=5)
    other.commit("theirs")
    ds.refresh()
    assert (ds.images.loc[0, "weight"], len(ds.instances)) == (5, 4)
    ds.undo()
    assert ds.instances.loc[1, "status"] == "accepted"
    ds.undo()
    pd.testing.assert_frame_equal(ds.instances, other.instances)
    pd.testing.assert_frame_equal(ds.images, other.images)
    ds.redo()
    ds.redo()
    assert (ds.images.loc[0, "weight"], len(ds.instances)) == (5, 4)


def test_undo_after_a_refresh_never_leads_to_labels_on_an_image_that_is_gone(ds, other, proposed):
    made = ds.accept(proposed.iloc[:1], weight=None)
    ds.remove(made.tables["instances"].created)
    ds.set([0], "images", weight=2)
    other.remove([1], "images")
    other.commit("theirs")
    ds.refresh(keep="theirs")
    while ds.next_undo:
        ds.undo()
        validate({"images": ds.images, "instances": ds.instances}, ds.labels)


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_what_is_kept_is_decided_cell_by_cell(ds, other, keep):
    ds.set([0], "images", weight=4)
    ds.set([0], "images", split="train")
    other.set([0], "images", weight=5, state="complete")
    other.commit("theirs")
    ds.refresh(keep=keep)
    row = ds.images.loc[0]
    assert (row["weight"], row["split"], row["state"]) == (4 if keep == "mine" else 5, "train", "complete")


def test_a_mask_that_is_kept_keeps_its_own_box(ds, other, mask):
    ds.set([0], mask=mask(0, 4, 9))
    other.set([0], mask=mask(3, 4, 8))
    other.commit("theirs")
    ds.refresh(keep="mine")
    assert ds.instances.loc[0, ["x", "y", "w", "h"]].tolist() == [0, 4, 9, 9]


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_an_image_one_removed_and_the_other_labeled_stays_whole_or_goes_whole(ds, other, proposed, keep):
    ds.remove([1], "images")
    other.accept(proposed.iloc[1:2], weight=None)
    other.commit("theirs")
    with pytest.raises(ConflictError):
        ds.commit("mine")
    ds.refresh(keep=keep)
    on_image = (ds.instances["image_id"] == 1).sum()
    assert (1 in ds.images.index, on_image) == ((False, 0) if keep == "mine" else (True, 2))


def test_a_column_one_removed_and_the_other_wrote_to_is_a_conflict(ds, other_kernel):
    ds.images["reef"] = ["a", "b", "c", "d", "e"]
    ds.commit("a column")
    other = other_kernel()
    del ds.images["reef"]
    other.set([0], "images", reef="z")
    other.commit("theirs")
    with pytest.raises(ConflictError, match="column reef of images"):
        ds.commit("mine")


def test_predictions_that_two_kernels_accepted_are_there_once_and_both_are_told(ds, other, proposed):
    ds.accept(proposed)
    other.accept(proposed)
    other.commit("theirs")
    version = ds.commit("mine")
    assert (len(ds.instances), distinct(ds)) == (23, 23)
    assert "20 masks made by both are kept once" in version.note
    assert "20 of them once" in ds.log()["note"].iloc[0]
    assert len(ds.version("HEAD").instances) == 23


def test_a_refresh_says_what_is_kept_once_and_leaves_no_empty_step(ds, other, proposed):
    ds.accept(proposed)
    other.accept(proposed)
    other.commit("theirs")
    assert "20 masks made by both" in ds.refresh().note
    assert (len(ds.instances), ds.next_undo) == (23, None)


def test_of_predictions_that_overlap_only_in_part_the_rest_is_added(ds, other, proposed):
    ds.accept(proposed.iloc[:12])
    other.accept(proposed.iloc[8:])
    other.commit("theirs")
    assert "4 masks" in ds.commit("mine").note
    assert (len(ds.instances), distinct(ds)) == (23, 23)
    ds.revert("run-1")
    assert len(ds.instances) == 3


def test_what_was_done_to_the_mask_that_is_dropped_is_done_to_the_one_that_is_kept(ds, other, proposed, mask):
    made = ds.accept(proposed.iloc[:2]).tables["instances"].created.index
    ds.set(made[:1], mask=mask(1, 9, 5))
    ds.set(made[1:], label="ling", status="verified")
    kept = other.accept(proposed.iloc[:2]).tables["instances"].created.index
    other.commit("theirs")
    ds.refresh()
    assert len(ds.instances) == 5
    assert ds.instances.loc[kept[0], "mask"] == mask(1, 9, 5)
    assert ds.instances.loc[kept[0], ["x", "y"]].tolist() == [1, 9]
    assert ds.instances.loc[kept[1], ["label", "status"]].tolist() == ["ling", "verified"]
    ds.undo()
    assert ds.instances.loc[kept[1], ["label", "status"]].tolist() == ["cod", "accepted"]
    ds.redo()
    ds.commit("mine")
    other.refresh()
    assert other.instances.loc[kept[1], "label"] == "ling"


def test_a_mask_made_by_both_that_they_changed_since_is_still_one(ds, other, proposed, mask):
    ds.accept(proposed.iloc[:1])
    kept = other.accept(proposed.iloc[:1]).tables["instances"].created.index
    other.set(kept, mask=mask(2, 9, 5))
    other.commit("theirs")
    ds.commit("mine")
    assert ds.instances.index.tolist() == [0, 1, 2, *kept]
    assert ds.instances.loc[kept[0], "mask"] == mask(2, 9, 5)


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_a_mask_made_by_both_and_changed_by_both_is_a_conflict(ds, other, proposed, mask, keep):
    made = ds.accept(proposed.iloc[:1]).tables["instances"].created.index
    ds.set(made, mask=mask(1, 9, 5))
    kept = other.accept(proposed.iloc[:1]).tables["instances"].created.index
    other.set(kept, mask=mask(2, 9, 6))
    other.commit("theirs")
    with pytest.raises(ConflictError, match=f"instances {kept[0]}"):
        ds.commit("mine")
    ds.refresh(keep=keep)
    wanted = [1, 9, 5] if keep == "mine" else [2, 9, 6]
    assert ds.instances.loc[kept[0], ["x", "y", "w"]].tolist() == wanted
    assert len(ds.instances) == 4


def test_the_further_check_of_a_mask_accepted_by_both_stays(ds, other, proposed):
    ds.accept(proposed.iloc[:2], status="verified")
    other.accept(proposed.iloc[:2])
    other.commit("theirs")
    ds.commit("mine")
    assert ds.instances["status"].tolist()[3:] == ["verified"] * 2


def test_a_mask_accepted_and_removed_again_does_not_come_back_beside_theirs_by_undo(ds, other, proposed):
    made = ds.accept(proposed.iloc[:1])
    ds.remove(made.tables["instances"].created)
    ds.set([0], "images", weight=2)
    other.accept(proposed.iloc[:1])
    other.commit("theirs")
    ds.refresh()
    while ds.next_undo:
        ds.undo()
        assert distinct(ds) == len(ds.instances) == 4


def test_predictions_that_both_rejected_are_rejected_once(ds, other, proposed):
    ds.reject(proposed)
    other.reject(proposed)
    other.commit("theirs")
    assert "20 rejections made by both are kept once" in ds.commit("mine").note
    assert len(ds.rejected) == 20


@pytest.mark.parametrize("keep", ["mine", "theirs"])
@pytest.mark.parametrize("mine", ["accept", "reject", "relabel"])
@pytest.mark.parametrize("theirs", ["accept", "reject", "relabel"])
def test_a_prediction_answered_in_two_ways_is_a_conflict_that_keep_settles(
    ds, other, proposed, keep, mine, theirs
):
    one = proposed.iloc[[6]]
    ds.answer(one, mine, label="ling")
    other.answer(one, theirs, label="ling")
    other.commit("theirs")
    if mine == theirs:
        assert "kept once" in ds.commit("mine").note
    else:
        with pytest.raises(ConflictError, match="1 predictions you answered otherwise"):
            ds.commit("mine")
        ds.refresh(keep=keep)
    said = mine if keep == "mine" else theirs
    labels = {"accept": ["cod"], "reject": [], "relabel": ["ling"]}[said]
    assert ds.instances["label"].tolist()[3:] == labels
    assert len(ds.rejected) == (said != "accept")
