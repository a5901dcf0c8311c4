"""Predictions taken as they are, and the state of an image, in the editor: each is one Change, and undone."""

import pytest

import nbalabel as nl


@pytest.fixture
def asked(workspace, browser):
    return browser(nl.Editor(workspace))


def of_image(workspace, image_id):
    """Ids of its predictions, the best first."""
    frame = workspace.run.predictions
    return [int(i) for i in frame[frame.image_id == image_id].sort_values("score").index[::-1]]


def most_predicted(workspace, state="unlabeled"):
    """The image of this state with the most predictions."""
    images = workspace.ds.images
    ids = images.index[images.state == state]
    on = workspace.run.predictions.image_id
    return int(on[on.isin(ids)].mode()[0])


def state_of(workspace, image_id):
    return str(workspace.ds.images.state[image_id])


def test_one_prediction_accepted_becomes_the_active_instance_and_undo_takes_it_back(asked, workspace):
    ds, image_id = workspace.ds, most_predicted(workspace)
    before = ds.instances.copy()
    one = of_image(workspace, image_id)[0]
    reply, _ = asked("decide", action="accept", ids=[one])
    (made,) = reply["ids"]
    assert ds.instances.loc[made, "mask"] == workspace.run.predictions.loc[one, "mask"]
    assert ds.instances.loc[made, "score"] == pytest.approx(workspace.run.predictions.loc[one, "score"])
    assert workspace.selection.active == ("instances", made)
    assert state_of(workspace, image_id) == "partial"
    asked("undo")
    assert ds.instances.equals(before)
    assert state_of(workspace, image_id) == "unlabeled"


def test_all_here_leaves_out_what_overlaps_and_says_so(asked, workspace):
    n, ids = len(workspace.ds.instances), of_image(workspace, most_predicted(workspace, "complete"))
    reply, _ = asked("decide", action="accept", ids=ids)
    assert reply["note"] == "accepted 1 of 4, 3 overlapped an instance or a better one"
    assert len(workspace.ds.instances) == n + 1
    asked("undo")
    assert len(workspace.ds.instances) == n


def test_what_overlaps_a_label_stays_out_unless_it_is_allowed(asked, workspace):
    ds, image_id = workspace.ds, most_predicted(workspace)
    one = of_image(workspace, image_id)[0]
    row = workspace.run.predictions.loc[[one]]
    ds.add_instances(
        row[["image_id", "mask"]].assign(label=next(x for x in ds.labels if x != row.label.iloc[0]))
    )
    workspace.refresh()
    reply, _ = asked("decide", action="accept", ids=[one])
    assert (reply["ids"], reply["note"]) == ([], "accepted 0 of 1, 1 overlapped an instance or a better one")
    reply, _ = asked("decide", action="accept", ids=[one], overlap="allow")
    assert len(reply["ids"]) == 1


def test_a_rejected_prediction_is_not_proposed_again(asked, workspace):
    one = of_image(workspace, most_predicted(workspace))[0]
    reply, _ = asked("decide", action="reject", ids=[one])
    assert reply["note"] == "rejected 1 of 1"
    image_id = int(workspace.run.predictions.image_id[one])
    assert asked("masks", image_id=image_id)[0]["decided"] == [one]
    assert len(workspace.ds.rejected) == 1
    reply, _ = asked("decide", action="accept", ids=[one])
    assert "had been rejected" in reply["note"]


def test_an_empty_image_that_gets_a_prediction_is_no_longer_empty(asked, workspace):
    image_id = most_predicted(workspace)
    asked("image_state", image_id=image_id, state="empty")
    assert state_of(workspace, image_id) == "empty"
    asked("decide", action="accept", ids=of_image(workspace, image_id)[:1])
    assert state_of(workspace, image_id) == "partial"
    asked("undo")
    assert state_of(workspace, image_id) == "empty"


def test_a_state_is_set_by_one_change_and_refused_where_labels_say_otherwise(asked, workspace):
    ds = workspace.ds
    image_id = int(ds.instances.image_id.iloc[0])
    asked("image_state", image_id=image_id, state="partial")
    reply, _ = asked("image_state", image_id=image_id, state="complete")
    assert reply["note"] == "set state of 1 image to complete"
    assert asked("masks", image_id=image_id)[0]["state"] == "complete"
    assert "no instance is on an image" in asked.error("image_state", image_id=image_id, state="empty")
    assert "must be one of" in asked.error("image_state", image_id=image_id, state="finished")
    ds.undo()
    assert state_of(workspace, image_id) == "partial"


def test_what_is_gone_is_not_decided(asked, workspace):
    n = len(workspace.ds.instances)
    gone = int(workspace.run.predictions.index.max()) + 1
    assert "no longer there" in asked.error("decide", action="accept", ids=[gone])
    assert "no longer there" in asked.error("image_state", image_id=10**9, state="complete")
    assert len(workspace.ds.instances) == n


def test_a_viewer_decides_nothing(workspace, browser):
    viewer = browser(nl.Viewer(workspace))
    one = int(workspace.run.predictions.index[0])
    assert "only shows" in viewer.error("decide", action="accept", ids=[one])
    image_id = int(workspace.ds.images.index[0])
    assert "only shows" in viewer.error("image_state", image_id=image_id, state="complete")
