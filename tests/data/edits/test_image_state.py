"""State and rows agree: an image said to be unlabeled or empty has no labels on it."""

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.data.edits.draw import Gesture


@pytest.fixture
def empty_ds(ds):
    """Image 2 was looked at and found empty, image 3 nobody looked at; neither has a label."""
    ds.set([2], "images", state="empty")
    return ds


@pytest.mark.parametrize("state", ["empty", "unlabeled"])
def test_an_image_with_labels_cannot_be_said_to_be_bare(ds, state):
    ds.set([0, 1], "images", state="partial")
    for say in (
        lambda: ds.set([0, 1, 4], "images", state=state),
        lambda: (ds.images.__setitem__("state", state), ds.sync()),
    ):
        with pytest.raises(DataError, match=rf"{state} means .* 3 instances are on 2 of these: 0, 1\."):
            say()
        assert ds.images.loc[[0, 1], "state"].tolist() == ["partial", "partial"]
    assert (ds.rejected_edit["images"]["state"] == state).all()  # what was assigned is not lost


def test_an_image_may_be_said_to_be_empty_once_its_labels_are_removed(ds):
    ds.set([1], "images", state="complete")
    ds.remove(ds.instances.query("image_id == 1"))
    ds.set([1], "images", state="empty")
    assert ds.images.loc[1, "state"] == "empty"


def _accept(ds, rows):
    ds.accept(rows)


def _add(ds, rows):
    ds.add_instances(rows[["image_id", "label", "mask"]])


def _draw(ds, rows):
    columns = {name: rows[name].tolist() for name in ("image_id", "label", "mask")}
    ds.edit(lambda _: Gesture("drew", created=columns))


def _review(ds, rows):
    ds.answer(rows, "accept", overlap="allow")


def _assign(ds, rows):
    new = ds.instances.iloc[[0] * len(rows)].assign(image_id=2)
    ds.instances = pd.concat([ds.instances, new.set_index(pd.Index([50, 51], name="instance_id"))])


def _move(ds, rows):
    ds.instances.loc[2, "image_id"] = 2
    ds.sync()


@pytest.mark.parametrize("label", [_accept, _add, _draw, _review, _assign, _move])
def test_an_empty_image_that_gets_labels_is_labeled_in_part_and_undo_takes_that_back(
    empty_ds, predictions, label
):
    ds = empty_ds
    label(ds, predictions.query("image_id == 2"))
    assert ds.images.loc[2, "state"] == "partial"
    assert ds.images.loc[3, "state"] == "unlabeled"
    ds.undo()
    assert ds.images.loc[2, "state"] == "empty"
    ds.redo()
    assert ds.images.loc[2, "state"] == "partial"


def test_a_revert_does_not_leave_an_image_empty_that_others_labeled(empty_ds, predictions, mask):
    empty_ds.accept(predictions)
    empty_ds.add_instances(pd.DataFrame({"image_id": [2], "label": ["cod"], "mask": [mask(2)]}))
    empty_ds.revert("run-1")
    assert empty_ds.images.loc[2, "state"] == "partial"


def test_a_drawn_label_brings_an_image_nobody_labeled_into_training_and_leaves_other_weights(ds, predictions):
    ds.set([2], "images", state="empty", weight=0)
    ds.set([3], "images", weight=0)
    rows = predictions.iloc[[0, 0]].assign(image_id=[2, 3])
    _draw(ds, rows)
    assert ds.images.loc[[2, 3], "state"].tolist() == ["partial", "partial"]
    assert ds.images.loc[[2, 3], "weight"].tolist() == [0, 1]


def test_the_note_of_an_accept_says_what_training_does_with_an_image_that_was_empty(empty_ds, predictions):
    change = empty_ds.accept(predictions.query("image_id == 2"))
    assert "1 image is partial now: " in change.note
    assert "1 image is partial now: with weight 0 training leaves them out" in (
        empty_ds.accept(predictions.iloc[[0]].assign(image_id=3), weight=0).note
    )


def test_the_card_shows_an_empty_image_that_got_labels_as_labeled_in_part(empty_ds, predictions):
    before = empty_ds._repr_html_()
    assert ("</i>empty " in before, "</i>partial " in before) == (True, False)
    empty_ds.accept(predictions.query("image_id == 2"))
    after = empty_ds._repr_html_()
    assert ("</i>empty " in after, "</i>partial " in after) == (False, True)


def test_a_complete_image_stays_complete_when_a_label_is_added(ds, mask):
    ds.set([0], "images", state="complete")
    ds.add_instances(pd.DataFrame({"image_id": [0], "label": ["cod"], "mask": [mask(2)]}))
    assert ds.images.loc[0, "state"] == "complete"


def test_tables_of_before_the_rule_open_and_can_be_edited_undone_and_mended(ds):
    assert ds.images.loc[0, "state"] == "unlabeled"  # and has labels: nothing refused that until now
    again = nl.open(ds.folder)
    again.set([0], "images", weight=0.5)
    again.remove(again.images.loc[[0]])
    again.undo()
    again.set([0], "images", state="partial")
    again.undo()
    assert again.images.loc[0, "state"] == "unlabeled"
    again.commit("as it was")
    assert nl.open(ds.folder).images.loc[0, "weight"] == 0.5


@pytest.mark.parametrize("first", ["says", "labels"])
def test_one_writer_who_says_empty_and_one_who_labels_agree_on_partial(ds, other_kernel, mask, first):
    other = other_kernel()
    says, labels = (ds, other) if first == "says" else (other, ds)
    says.set([3], "images", state="empty")
    labels.add_instances(pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(2)]}))
    other.commit("theirs")
    ds.refresh(keep="mine")
    assert (ds.images.loc[3, "state"], ds.instances["image_id"].tolist().count(3)) == ("partial", 1)
