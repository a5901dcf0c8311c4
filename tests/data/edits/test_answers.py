"""Answers of a review: one change each, who gave it and how long they looked; taken back and given anew."""

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.data.edits.acceptance import decided


@pytest.fixture
def ds(tmp_path):
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=8, n_test=4, size=96, by_species=True)


@pytest.fixture
def run(ds):
    return nl.demo.simulated_run(ds)


def open_ones(ds, run):
    """Predictions on images without labels: nothing there to overlap."""
    bare = run.predictions[~run.predictions["image_id"].isin(ds.instances["image_id"])]
    return bare.drop_duplicates("image_id")


def states(ds, rows):
    return decided(ds.instances, ds.rejected, rows).tolist()


def test_an_accepted_prediction_is_a_verified_instance_and_the_log_says_who_and_how_long(ds, run):
    one = open_ones(ds, run).iloc[[0]]
    change = ds.answer(one, "accept", annotator="anna", seconds=2.5)
    made = ds.instances.loc[change.tables["instances"].created.index[0]]
    assert (made["status"], made["mask"]) == ("verified", one["mask"].iloc[0])
    entry = ds.log().iloc[0]
    assert entry["origin"].split(", ")[0] == "anna"
    assert entry["seconds"] == 2.5
    assert entry["note"].startswith("accepted prediction")
    assert states(ds, one) == [1]


def test_seconds_come_back_from_the_journal_and_from_a_version(ds, run):
    ds.answer(open_ones(ds, run).iloc[[0]], "reject", annotator="anna", seconds=1.25)
    folder = ds.folder
    ds.close()
    ds = nl.open(folder)
    assert ds.log()["seconds"].iloc[0] == 1.25
    ds.commit("reviewed")
    assert ds.log()["seconds"].dropna().tolist() == [1.25]


def test_a_relabeled_prediction_is_decided_and_undo_opens_it_again(ds, run):
    one = open_ones(ds, run).iloc[[0]]
    other = next(name for name in ds.labels if name != one["label"].iloc[0])
    before = len(ds.instances)
    change = ds.answer(one, "relabel", label=other)
    assert ds.instances.loc[change.tables["instances"].created.index[0], "label"] == other
    assert states(ds, one) == [1]
    ds.undo()
    assert (len(ds.instances), states(ds, one)) == (before, [0])


def test_a_prediction_on_a_label_is_refused_allowed_or_put_in_its_place(ds):
    label = ds.instances.iloc[[0]]
    image = label["image_id"].iloc[0]
    mine = label.assign(score=0.9, label=label["label"])
    other = next(name for name in ds.labels if name != label["label"].iloc[0])
    mine = mine.assign(label=other).rename_axis("prediction_id")
    before = (ds.instances["image_id"] == image).sum()
    with pytest.raises(DataError, match="overlapped an instance"):
        ds.answer(mine, "accept")
    assert not ds.status()
    ds.answer(mine, "accept", overlap="allow")
    assert (ds.instances["image_id"] == image).sum() == before + 1
    ds.undo()
    ds.answer(mine, "accept", overlap="replace")
    assert (ds.instances["image_id"] == image).sum() == before
    assert "in place of 1" in ds.log()["note"].iloc[0]


def test_instances_are_verified_relabeled_and_removed(ds):
    rows = ds.instances.iloc[[0, 1, 2]]
    ids = rows.index
    other = next(name for name in ds.labels if name != rows["label"].iloc[1])
    ds.answer(rows.loc[[ids[0]]], "accept")
    ds.answer(rows.loc[[ids[1]]], "relabel", label=other)
    ds.answer(rows.loc[[ids[2]]], "reject")
    assert ds.instances.loc[ids[:2], "status"].tolist() == ["verified"] * 2
    assert ds.instances.loc[ids[1], "label"] == other
    assert ids[2] not in ds.instances.index
    with pytest.raises(UnknownNameError, match="no longer"):
        ds.answer(rows.loc[[ids[2]]], "accept")


@pytest.mark.parametrize("first", ["accept", "reject", "relabel"])
@pytest.mark.parametrize("second", ["accept", "reject", "relabel"])
@pytest.mark.parametrize("of", ["instances", "predictions"])
def test_a_second_answer_takes_the_place_of_the_first_in_one_change(ds, run, of, first, second):
    one = ds.instances.iloc[[0]] if of == "instances" else open_ones(ds, run).iloc[[0]]
    labels = [name for name in ds.labels if name != one["label"].iloc[0]]
    ds.set(ds.instances, status="accepted")
    wanted = ds.instances.copy()
    earlier = ds.answer(one, first, label=labels[0])
    again = ds.answer(one, second, label=labels[1], instead_of=earlier)
    after = ds.instances["label"].tolist(), len(ds.rejected)
    for _ in filter(None, (earlier, again)):
        ds.undo()
    pd.testing.assert_frame_equal(ds.instances, wanted)
    ds.answer(one, second, label=labels[1])
    assert (ds.instances["label"].tolist(), len(ds.rejected)) == after


def test_an_unknown_answer_or_label_is_refused(ds, run):
    one = open_ones(ds, run).iloc[[0]]
    with pytest.raises(DataError, match="accept, reject, relabel"):
        ds.answer(one, "maybe")
    with pytest.raises(DataError, match="label must be one of"):
        ds.answer(one, "relabel", label="unicorn")
