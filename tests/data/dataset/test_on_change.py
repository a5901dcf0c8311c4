"""Views follow a dataset: they are called back for every change, and only once the change is whole."""

import pytest

from nbalabel.core.errors import DataError
from nbalabel.data.edits.acceptance import decided


@pytest.fixture
def heard(ds):
    calls = []
    stop = ds.on_change(lambda: calls.append(len(ds.instances)))
    yield calls
    stop()


def test_an_edit_is_heard_once_and_after_it_is_done(ds, heard, predictions):
    ds.accept(predictions)
    assert heard == [len(ds.instances)]


def test_an_edit_in_a_frame_is_heard_at_the_next_look(ds, heard):
    ds.images["weight"] = 2
    assert heard == []
    ds.sync()
    assert len(heard) == 1
    ds.sync()
    ds.status()
    assert len(heard) == 1


def test_undo_redo_and_revert_are_heard(ds, heard, predictions):
    change = ds.accept(predictions)
    ds.undo()
    ds.redo()
    ds.revert(change)
    assert len(heard) == 4


def test_a_commit_changes_no_table(ds, heard):
    ds.set([0], "images", weight=3)
    before = len(heard)
    ds.commit("weights")
    assert len(heard) == before


def test_what_is_refused_is_not_a_change(ds, heard):
    weights = ds.images["weight"].tolist()
    with pytest.raises(DataError):
        ds.set([0], "images", weight=-1)
    assert ds.images["weight"].tolist() == weights
    assert heard == []


def test_who_stops_listening_hears_no_more(ds):
    calls = []
    stop = ds.on_change(lambda: calls.append(1))
    stop()
    stop()
    ds.set([0], "images", weight=3)
    assert calls == []


def test_what_became_of_predictions(ds, predictions):
    assert decided(ds.instances, ds.rejected, predictions).tolist() == [0] * len(predictions)
    ds.accept(predictions.iloc[:1])
    ds.reject(predictions.iloc[1:2])
    codes = decided(ds.instances, ds.rejected, predictions).tolist()
    assert codes[:2] == [1, 2]
    assert set(codes[2:]) <= {0}
