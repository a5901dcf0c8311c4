"""What a gesture in the browser does to the dataset: one Change, journaled before it is answered."""

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.geometry import rle
from nbalabel.widgets.edits import Edits

SIZE = 96


class View(Edits):
    bundle = "viewer"


def square(x, y, w, h=None, size=SIZE):
    mask = np.zeros((size, size), bool)
    mask[y : y + (h or w), x : x + w] = True
    return rle.encode(mask)


def pixels(mask, size=SIZE):
    return rle.decode(bytes(mask), size, size)


@pytest.fixture
def view(workspace):
    return View(workspace, annotator="ann")


@pytest.fixture
def asked(view, browser):
    return browser(view)


@pytest.fixture
def ds(workspace):
    return workspace.ds


@pytest.fixture
def empty(ds):
    """An image without instances."""
    bare = ds.images.index.difference(ds.instances.image_id)
    return int(bare[0])


@pytest.fixture
def draw(asked, empty):
    """Draw a square on the empty image; gives its id."""

    def drawn(*box, label="", overlap="allow", **more):
        name = label or asked.view.workspace.ds.labels[0]
        return asked("edit", [square(*box)], image_id=empty, label=name, overlap=overlap, **more)[0]["id"]

    return drawn


def changes(ds):
    return len(ds.log())


def test_a_drawn_mask_is_one_change_and_an_instance_of_a_person(asked, ds, empty):
    before, rev, label = changes(ds), asked.view.workspace.rev, ds.labels[1]
    reply, _ = asked("edit", [square(10, 20, 30, 5)], image_id=empty, label=label)
    row = ds.instances.loc[reply["id"]]
    assert changes(ds) == before + 1
    assert row[["image_id", "label", "source", "origin", "status"]].tolist() == [
        empty,
        label,
        "human",
        "ann",
        "accepted",
    ]
    assert row[["x", "y", "w", "h", "area"]].tolist() == [10, 20, 30, 5, 150]
    assert np.isnan(row.score)
    assert reply["note"] == f"drew {'an' if label[0] in 'aeiou' else 'a'} {label}"
    assert reply["rev"] == rev + 1 == asked.view.workspace.rev
    assert ds.log().iloc[0][["origin", "note"]].tolist() == ["ann", reply["note"]]


def test_an_image_somebody_drew_on_is_no_longer_unlabeled_and_counts(asked, ds, empty, draw):
    ds.set([empty], "images", state="unlabeled", weight=0)
    draw(1, 1, 5)
    assert ds.images.loc[empty, ["state", "weight"]].tolist() == ["partial", 1]
    asked("undo")
    assert ds.images.loc[empty, ["state", "weight"]].tolist() == ["unlabeled", 0]


def test_a_mask_is_reshaped_in_place(asked, ds, empty, draw):
    row = draw(10, 10, 10)
    ds.set([row], source="model", origin="run", score=0.5, status="proposed")
    reply, _ = asked("edit", [square(10, 10, 20)], image_id=empty, id=row)
    assert reply["note"] == f"reshaped {ds.labels[0]} {row}"
    assert reply["id"] == row
    now = ds.instances.loc[row]
    assert now[["w", "area", "source", "origin", "status"]].tolist() == [20, 400, "human", "ann", "accepted"]
    assert np.isnan(now.score)


def test_the_same_mask_again_changes_nothing(asked, ds, empty, draw):
    row = draw(10, 10, 10)
    before = changes(ds)
    reply, _ = asked("edit", [square(10, 10, 10)], image_id=empty, id=row)
    assert reply["note"] == f"{ds.labels[0]} {row} stays as it was"
    assert reply["id"] == row
    assert changes(ds) == before


def test_an_emptied_instance_is_removed_and_an_empty_new_mask_refused(asked, ds, empty, draw):
    row, nothing = draw(10, 10, 10), rle.from_counts([SIZE * SIZE])
    reply, _ = asked("edit", [nothing], image_id=empty, id=row)
    assert reply["note"] == f"removed {ds.labels[0]} {row}"
    assert reply["id"] is None
    assert row not in ds.instances.index
    says = asked.error("edit", [nothing], image_id=empty, label=ds.labels[0])
    assert "has no pixels; nothing was done" in says


def test_overwrite_cuts_the_others_and_removes_those_it_covers(asked, ds, draw):
    under, covered, away = draw(10, 10, 20), draw(22, 22, 4), draw(60, 60, 10)
    before = changes(ds)
    above = draw(20, 20, 20, overlap="overwrite")
    assert changes(ds) == before + 1
    assert ds.log().iloc[0].note.endswith(", cut 1, covered 1")
    assert covered not in ds.instances.index
    left = ds.instances.loc[under]
    assert left[["area", "w", "h"]].tolist() == [300, 20, 20]
    assert left.source == "human"
    both = pixels(left["mask"]).astype(int) + pixels(ds.instances.loc[above, "mask"])
    assert both.max() == 1
    assert both.sum() == 20 * 20 + 20 * 20 - 10 * 10
    assert ds.instances.loc[away].area == 100


def test_behind_yields_to_what_is_there(asked, ds, empty, draw):
    there = draw(10, 10, 20)
    new = draw(20, 20, 20, overlap="behind")
    assert ds.instances.loc[[there, new], "area"].tolist() == [400, 300]
    says = asked.error("edit", [square(12, 12, 4)], image_id=empty, label=ds.labels[0], overlap="behind")
    assert "left behind the others" in says


def test_a_mask_does_not_yield_to_itself(asked, ds, empty, draw):
    row = draw(10, 10, 20)
    for overlap in ("behind", "overwrite"):
        asked("edit", [square(10, 10, 22)], image_id=empty, id=row, overlap=overlap)
        assert ds.instances.loc[row].area == 22 * 22


def test_tokens_name_instances_before_their_number_is_known(asked, ds, empty, draw):
    made = draw(10, 10, 10, token="new-1")  # noqa: S106
    asked("edit", [square(10, 10, 12)], image_id=empty, id="new-1", token="")
    assert ds.instances.loc[made].area == 144
    asked("operate", op="relabel", ids=["new-1"], label=ds.labels[1])
    assert ds.instances.loc[made].label == ds.labels[1]
    assert "was not made" in asked.error("edit", [square(1, 1, 2)], image_id=empty, id="new-2")


def test_an_edited_prediction_is_accepted_with_its_new_mask(asked, ds, workspace):
    row = workspace.run.predictions.iloc[0]
    ident, image_id = int(row.name), int(row.image_id)
    n, before = len(ds.instances), changes(ds)
    reply, _ = asked("edit", [square(3, 4, 7)], image_id=image_id, of="predictions", id=ident, token="t")  # noqa: S106
    made = ds.instances.loc[reply["id"]]
    assert made[["label", "area", "source", "origin", "status"]].tolist() == [
        row.label,
        49,
        "human",
        "ann",
        "accepted",
    ]
    assert changes(ds) == before + 1
    decision = workspace.column("predictions", "decision")
    assert decision.categories[int(decision.values[0])] == "accepted"
    assert "with another mask" in reply["note"]
    says = asked.error("edit", [square(1, 1, 7)], image_id=image_id, of="predictions", id=ident)
    assert f"decided already: {ident} (accepted)" in says
    asked("edit", [square(3, 4, 8)], image_id=image_id, of="predictions", id="t")
    assert ds.instances.loc[reply["id"]].area == 64
    assert ds.accept(workspace.run.predictions.iloc[:1]).note.endswith("1 had been rejected")
    asked("undo")
    asked("undo")
    assert len(ds.instances) == n
    assert len(ds.rejected) == 0


def test_a_prediction_taken_as_it_is_stays_the_models(asked, ds, workspace):
    row = workspace.run.predictions.iloc[0]
    mask = [bytes(row["mask"])]
    reply, _ = asked("edit", mask, image_id=int(row.image_id), of="predictions", id=int(row.name))
    made = ds.instances.loc[reply["id"]]
    assert made[["source", "origin", "status"]].tolist() == ["model", row.origin, "accepted"]
    assert len(ds.rejected) == 0


def test_an_emptied_prediction_is_rejected(asked, ds, workspace):
    row = workspace.run.predictions.iloc[0]
    nothing = [rle.from_counts([SIZE * SIZE])]
    asked("edit", nothing, image_id=int(row.image_id), of="predictions", id=int(row.name))
    decision = workspace.column("predictions", "decision")
    assert decision.categories[int(decision.values[0])] == "rejected"


@pytest.mark.parametrize(
    ("mask", "params", "says"),
    [
        (square(1, 1, 5), {"image_id": 99999}, "image 99999 is no longer in the dataset"),
        (square(1, 1, 5), {"id": 99999}, "99999 are no longer there"),
        (square(1, 1, 5), {"label": "whale"}, "label must be one of the dataset's"),
        (square(1, 1, 5), {"label": None}, "label must be one of the dataset's"),
        (square(1, 1, 5, size=50), {}, "as many pixels as their image"),
        (b"", {}, "must not be empty strings"),
        (b"\xff\x00", {}, "characters"),
        (square(1, 1, 5), {"overlap": "above"}, "overlap must be one of"),
        (square(1, 1, 5), {"of": "images"}, "masks to edit are of instances or predictions"),
        (square(1, 1, 5), {"of": "predictions", "id": 99999}, "99999 are no longer there"),
        (square(1, 1, 5), {"id": 1.5}, "whole number"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(asked, ds, empty, mask, params, says):
    before, images = ds.instances.copy(), ds.images.copy()
    given = {"image_id": empty, "label": ds.labels[0], **params}
    assert says in asked.error("edit", [mask], **given)
    assert ds.instances.equals(before)
    assert ds.images.equals(images)
    assert not ds.status()


def test_a_mask_is_not_moved_to_another_image(asked, ds, empty):
    row = int(ds.instances.index[0])
    says = asked.error("edit", [square(1, 1, 5)], image_id=empty, id=row)
    assert f"not on {empty}; nothing was done" in says


def test_undo_and_redo_share_pythons_history(asked, ds, draw):
    row = draw(10, 10, 10)
    note = ds.log().iloc[0].note
    reply, _ = asked("undo")
    assert reply["note"] == f"took back: {note}"
    assert row not in ds.instances.index
    ds.redo()
    assert row in ds.instances.index
    ds.undo()
    reply, _ = asked("redo")
    assert reply == {"note": f"made again: {note}", "rev": asked.view.workspace.rev}
    assert row in ds.instances.index
    assert "nothing to redo" in asked("redo")[0]["note"]
    asked("undo")
    assert "nothing to undo" in asked("undo")[0]["note"]


def test_an_assignment_in_a_cell_is_undone_like_a_gesture(asked, ds):
    was = ds.images.weight.iloc[0]
    ds.images.loc[ds.images.index[0], "weight"] = 7
    assert asked("undo")[0]["note"].startswith("took back: ")
    assert ds.images.weight.iloc[0] == was


def test_what_was_answered_is_in_the_journal(ds, draw, tmp_path):
    from nbalabel.data.journal import read_journal

    row = draw(10, 10, 10)
    contents = read_journal(ds._session.journal.path)
    assert row in ds.instances.index
    assert len(contents.records) == 1


def test_masks_are_pasted_onto_an_image(asked, ds, empty):
    labels = [ds.labels[0], ds.labels[1]]
    before = changes(ds)
    reply, _ = asked("paste", [square(1, 1, 5), square(9, 9, 5)], image_id=empty, labels=labels)
    assert ds.instances.loc[reply["ids"], "label"].tolist() == labels
    assert reply["note"] == "pasted 2 masks"
    assert changes(ds) == before + 1
    assert "one label a mask" in asked.error("paste", [square(1, 1, 5)], image_id=empty, labels=labels)
    assert "as many pixels" in asked.error(
        "paste", [square(1, 1, 5, size=40)], image_id=empty, labels=labels[:1]
    )


def test_the_view_of_a_workspace_without_run_has_no_predictions(ds, browser, empty):
    asked = browser(View(nl.Workspace(ds)))
    says = asked.error("edit", [square(1, 1, 5)], image_id=empty, of="predictions", id=1)
    assert "has no run" in says
