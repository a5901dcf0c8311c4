"""What a gesture in the browser does to the dataset: one Change, journaled before it is answered."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.edit.edits import Edits

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


def test_a_gesture_may_be_built_more_than_once(asked, ds, draw, empty, monkeypatch):
    """Whoever makes the Change may ask for it again; the reply is about what was made of it last."""
    made, edit = draw(10, 10, 5), ds.edit
    monkeypatch.setattr(
        ds, "edit", lambda build, who: edit(lambda state: [build(state) for _ in "12"][1], who)
    )
    reply, _ = asked("operate", op="duplicate", ids=[made])
    assert reply["ids"] == [int(ds.instances.index.max())]
    reply, _ = asked("edit", [square(10, 10, 7)], image_id=empty, id=made)
    assert (reply["id"], ds.instances.loc[made].area) == (made, 49)


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
    from nbalabel.data.store.journal import read_journal

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
    assert "one label per mask" in asked.error("paste", [square(1, 1, 5)], image_id=empty, labels=labels)
    assert "as many pixels" in asked.error(
        "paste", [square(1, 1, 5, size=40)], image_id=empty, labels=labels[:1]
    )


def test_the_view_of_a_workspace_without_run_has_no_predictions(ds, browser, empty):
    asked = browser(View(nl.Workspace(ds)))
    says = asked.error("edit", [square(1, 1, 5)], image_id=empty, of="predictions", id=1)
    assert "has no run" in says


# ---- operations


def operated(asked, op, ids, **options):
    return asked("operate", op=op, ids=ids, **options)[0]


def test_merge_keeps_the_first_and_removes_the_others(asked, ds, draw):
    a, b = draw(10, 10, 10), draw(15, 10, 10, label=ds.labels[1])
    before = changes(ds)
    reply = operated(asked, "merge", [b, a])
    assert reply["ids"] == [b]
    assert reply["note"] == "merged 2 instances"
    assert a not in ds.instances.index
    assert ds.instances.loc[b, ["label", "area", "w"]].tolist() == [ds.labels[1], 150, 15]
    assert changes(ds) == before + 1
    asked("undo")
    assert ds.instances.loc[[a, b], "area"].tolist() == [100, 100]


def test_split_leaves_the_largest_island_its_id_and_columns(asked, ds, empty):
    two = pixels(square(10, 10, 5)) | pixels(square(40, 40, 8))
    row = asked("edit", [rle.encode(two)], image_id=empty, label=ds.labels[1])[0]["id"]
    ds.instances["sex"] = "?"
    ds.instances.loc[row, "sex"] = "f"
    reply = operated(asked, "split", [row])
    assert reply["ids"][0] == row
    assert reply["image_id"] == empty
    parts = ds.instances.loc[reply["ids"]]
    assert parts.area.tolist() == [64, 25]
    assert parts.sex.tolist() == ["f", "f"]
    assert parts.label.tolist() == [ds.labels[1]] * 2
    assert operated(asked, "split", reply["ids"])["note"].startswith("nothing to split")


def test_split_touching_parts_a_mask_where_it_is_narrow(asked, ds, empty):
    y, x = np.mgrid[:SIZE, :SIZE]
    two = (np.hypot(x - 30, y - 30) < 12) | (np.hypot(x - 50, y - 30) < 11)
    row = asked("edit", [rle.encode(two)], image_id=empty, label=ds.labels[1])[0]["id"]
    assert operated(asked, "split", [row])["note"].startswith("nothing to split"), "it is one island"
    reply = operated(asked, "split_touching", [row])
    assert reply["note"] == f"split {ds.labels[1]} {row} into 2 that touched"
    parts = ds.instances.loc[reply["ids"]]
    assert parts.index[0] == row, "the larger keeps its id"
    assert parts.area.tolist() == sorted(parts.area, reverse=True)
    assert parts.area.sum() == two.sum()
    assert parts.label.tolist() == [ds.labels[1]] * 2
    assert "nowhere narrow enough" in operated(asked, "split_touching", reply["ids"])["note"]
    with pytest.raises(nl.errors.DataError, match="depth must be 0"):
        asked.view.operate(op="split_touching", ids=[row], depth=-1)
    ds.undo()
    assert ds.instances.loc[row, "area"] == two.sum()


def test_subtract_takes_the_others_from_the_first(asked, ds, draw):
    a, b = draw(10, 10, 10), draw(15, 10, 10)
    assert operated(asked, "subtract", [a, b])["ids"] == [a]
    assert ds.instances.loc[[a, b], "area"].tolist() == [50, 100]
    c = draw(0, 0, 40)
    assert "nothing would be left" in asked.error("operate", op="subtract", ids=[a, c])


def test_shapes_are_filled_smoothed_and_simplified(asked, ds, empty):
    ring = pixels(square(10, 10, 30)) & ~pixels(square(20, 20, 5))
    ring[12, 40:60] = True
    row = asked("edit", [rle.encode(ring)], image_id=empty, label=ds.labels[0])[0]["id"]
    operated(asked, "fill_holes", [row], max_area=25)
    assert ds.instances.loc[row].area == 920
    operated(asked, "smooth", [row], radius=2)
    assert 850 < ds.instances.loc[row].area < 905
    assert ds.instances.loc[row].w <= 31  # the root of the whisker
    operated(asked, "simplify", [row], tolerance=4)
    before = changes(ds)
    assert "nothing changed" in operated(asked, "fill_holes", [row])["note"]
    assert changes(ds) == before


def test_duplicate_and_remove(asked, ds, draw):
    row = draw(10, 10, 10)
    (copy,) = operated(asked, "duplicate", [row])["ids"]
    assert ds.instances.loc[copy, "mask"] == ds.instances.loc[row, "mask"]
    reply = operated(asked, "remove", [row, copy])
    assert reply["note"] == f"removed 2 {ds.labels[0]}"
    assert reply["ids"] == []
    assert not ds.instances.index.isin([row, copy]).any()


def test_copies_go_to_the_next_frame_or_file_and_not_past_the_last(asked, ds, draw, empty):
    row = draw(10, 10, 10)
    ds.images["group"], ds.images["frame"] = None, None
    order = [i * 7 % 24 for i in range(24)]  # by name, images come in another order than by id
    ds.images["file"] = [f"{at:03}.png" for at in order]
    ds.sync()
    reply = operated(asked, "copy_next", [row])
    assert reply["image_id"] == order.index(order[empty] + 1)
    assert reply["note"] == f"copied {ds.labels[0]} {row} to {order[empty] + 1:03}.png"
    last = order.index(23)
    moved = asked("edit", [square(1, 1, 4)], image_id=last, label=ds.labels[0])[0]["id"]
    assert (
        operated(asked, "copy_next", [moved])["note"]
        == f"nothing copied: {ds.images.file[last]} is the last image"
    )
    ds.set([empty, last], "images", group="g", frame=[9, 4])
    assert operated(asked, "copy_next", [moved])["image_id"] == empty
    assert operated(asked, "copy_next", [row])["ids"] == []


def test_a_mask_is_not_copied_to_an_image_of_another_size(asked, ds, workspace, tmp_path, browser):
    images = pd.DataFrame({"file": ["a.png", "b.png"], "width": [SIZE, 10], "height": [SIZE, 10]})
    instances = pd.DataFrame({"image_id": [0], "label": ["cod"], "mask": [square(1, 1, 5)]})
    small = nl.Tables.of(images, instances, ["cod"]).save(tmp_path / "two.nbal")
    says = browser(View(nl.Workspace(small))).error("operate", op="copy_next", ids=[0])
    assert "b.png is 10 x 10 pixels, these masks are 96 x 96; nothing was done" in says
    small.close()


def test_relabel_keeps_who_made_the_masks(asked, ds, draw):
    a, b = draw(1, 1, 5), draw(9, 9, 5, label=ds.labels[1])
    ds.set([a], source="model", score=0.5)
    reply = operated(asked, "relabel", [a, b], label=ds.labels[1])
    assert reply["note"] == f"labeled {ds.labels[0]} {a} {ds.labels[1]}"
    assert ds.instances.loc[a, ["label", "source", "origin", "score"]].tolist() == [
        ds.labels[1],
        "model",
        "ann",
        0.5,
    ]
    assert "already" in operated(asked, "relabel", [a, b], label=ds.labels[1])["note"]


def test_predictions_become_instances_when_they_are_reshaped_named_or_merged(asked, ds, workspace):
    found = workspace.run.predictions
    image_id = int(found.image_id.value_counts().index[0])
    ids = [int(i) for i in found.index[found.image_id == image_id]][:4]
    n, decision = len(ds.instances), workspace.column("predictions", "decision")
    reply = operated(asked, "merge", ids[:2], of="predictions")
    assert reply["note"] == "merged 2 predictions"
    assert ds.instances.loc[reply["ids"], "source"].tolist() == ["human"]
    operated(asked, "relabel", ids[2:3], of="predictions", label=ds.labels[1])
    operated(asked, "remove", ids[3:4], of="predictions")
    decision = workspace.column("predictions", "decision")
    at = found.index.get_indexer(ids)
    said = [decision.categories[code] for code in decision.values[at]]
    assert said == ["accepted", "accepted", "accepted", "rejected"]
    assert len(ds.instances) == n + 2
    assert "decided already" in asked.error("operate", op="smooth", ids=ids[:1], of="predictions")
    for _ in range(3):
        asked("undo")
    assert len(ds.instances) == n
    assert len(ds.rejected) == 0


@pytest.mark.parametrize(
    ("op", "n", "options", "says"),
    [
        ("explode", 1, {}, "op must be one of remove, merge"),
        ("merge", 1, {}, "needs two masks or more"),
        ("remove", 0, {}, "none was picked"),
        ("smooth", 1, {"radius": 1000}, "radius must be 1..64"),
        ("smooth", 1, {"size": 3}, "cannot be done with"),
        ("relabel", 1, {}, "cannot be done with"),
        ("relabel", 1, {"label": "whale"}, "label must be one of the dataset's"),
    ],
)
def test_operations_that_cannot_be_done_are_refused(asked, ds, draw, op, n, options, says):
    row = draw(1, 1, 5)
    before = ds.instances.copy()
    assert says in asked.error("operate", op=op, ids=[row] * n, **options)
    assert ds.instances.equals(before)


def test_masks_of_two_images_are_not_merged(asked, ds, draw):
    row, other = draw(1, 1, 5), int(ds.instances.index[0])
    assert "needs masks of one image" in asked.error("operate", op="merge", ids=[row, other])


# ---- segmenters


class Fixed:
    """Answers with what it is asked, as a mask."""

    name = "Fixed"

    def __init__(self):
        self.asked = []

    def segment(self, image, points, positive, box, image_key):
        self.asked.append((image.shape, points.tolist(), positive.tolist(), box, image_key))
        mask = np.zeros(image.shape[:2], bool)
        for (x, y), good in zip(points.astype(int), positive, strict=True):
            mask[y, x] = good
        return mask, 0.5


def test_the_segmenter_of_the_view_is_asked(workspace, browser, empty):
    fixed = Fixed()
    asked = browser(View(workspace, segmenter=fixed))
    points = [[3.5, 4.5, 1], [7, 8, 0]]
    reply, (mask,) = asked("segment", image_id=empty, points=points, box=[1, 2, 30, 40])
    assert reply == {"score": 0.5, "name": "Fixed"}
    assert np.argwhere(pixels(mask)).tolist() == [[4, 3]]
    shape, where, positive, box, key = fixed.asked[0]
    assert (shape, where, positive, box) == ((96, 96, 3), [[3.5, 4.5], [7, 8]], [True, False], (1, 2, 30, 40))
    asked("segment", image_id=empty, points=points)
    assert fixed.asked[1][3:] == (None, key)
    assert not workspace.ds.status()


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"points": []}, "needs a point inside"),
        ({"points": [[1, 1, 0]]}, "needs a point inside"),
        ({"points": [[1, 1]]}, "points must be"),
        ({"points": [[None, 1, 1]]}, "finite"),
        ({"points": [], "box": [1, 1, 0, 5]}, "a box must have a size"),
        ({"points": [[1, 1, 1]], "image_id": 99999}, "no longer in the dataset"),
    ],
)
def test_prompts_that_mean_nothing_are_refused(workspace, browser, empty, params, says):
    asked = browser(View(workspace, segmenter=Fixed()))
    assert says in asked.error("segment", **{"image_id": empty, **params})


def test_without_a_segmenter_boxcut_answers(asked, empty):
    pytest.importorskip("cv2")
    reply, (mask,) = asked("segment", image_id=empty, box=[20, 20, 50, 50])
    assert reply["name"] == "BoxCut"
    assert 0 < pixels(mask).sum() <= 2500


def test_a_drawn_mask_becomes_a_region_and_a_region_loses_pixels(asked, ds, draw, empty):
    mine = draw(10, 10, 20)
    reply, _ = asked("operate", op="done", ids=[mine])
    assert reply["note"] == f"{ds.labels[0]} {mine} marked as done: everything there is labeled"
    assert mine not in ds.instances.index
    region = ds.regions.iloc[0]
    assert region[["image_id", "kind", "source", "origin"]].tolist() == [empty, "done", "human", "ann"]
    assert pd.isna(region["label"])
    assert bytes(region["mask"]) == square(10, 10, 20)
    assert ds.images.loc[empty, "state"] == "partial"
    cut = draw(10, 10, 20, 5)
    reply, _ = asked("operate", op="clear_regions", ids=[cut])
    assert reply["note"] == f"cut {ds.labels[0]} {cut} out of 1 region"
    assert rle.areas(list(ds.regions["mask"])).tolist() == [20 * 15]
    assert cut not in ds.instances.index
    whole = draw(0, 0, 50)
    asked("operate", op="clear_regions", ids=[whole])
    assert not len(ds.regions)
    asked("undo")
    assert len(ds.regions) == 1
    with pytest.raises(AssertionError, match="no region of this image is where"):
        asked("operate", op="clear_regions", ids=[draw(70, 70, 5)])


def test_a_prediction_that_nobody_can_tell_becomes_a_region_and_stays_open(asked, workspace, ds):
    rows = workspace.run.predictions
    reply, _ = asked("operate", op="ignore", ids=[int(rows.index[0])], of="predictions")
    assert reply["note"].startswith(f"prediction {rows.index[0]} marked as ignored")
    assert bytes(ds.regions["mask"].iloc[0]) == bytes(rows["mask"].iloc[0])
    assert not len(ds.rejected)


def test_an_outline_snaps_to_the_edges_of_the_picture(tmp_path, browser):
    from PIL import Image

    y, x = np.mgrid[:SIZE, :SIZE]
    disc = np.hypot(x - 40, y - 44) <= 14
    picture = np.where(disc, 190, 40).astype(np.uint8)
    Image.fromarray(np.repeat(picture[..., None], 3, axis=2)).save(tmp_path / "a.png")
    images = pd.DataFrame({"file": ["a.png"], "width": [SIZE], "height": [SIZE]})
    masks = [square(28, 32, 24), square(70, 70, 4)]
    rows = pd.DataFrame({"image_id": 0, "label": "disc", "mask": masks})
    ds = nl.Tables.of(images, rows, ["disc"], tmp_path).save(tmp_path / "discs.nbal")
    asked = browser(View(nl.Workspace(ds), annotator="ann"))
    reply, _ = asked("operate", op="snap", ids=[0])
    assert reply["note"] == "snapped to edges: disc 0"
    found = pixels(ds.instances["mask"].loc[0])
    assert (found & disc).sum() / (found | disc).sum() > 0.93
    assert ds.instances["mask"].loc[1] == masks[1]
    asked("undo")
    assert ds.instances["mask"].loc[0] == masks[0]
    reply, _ = asked("operate", op="snap", ids=[1])
    assert reply["note"].startswith("nothing changed")
