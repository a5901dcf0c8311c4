"""The review at the kernel's end: what it asks, what an answer does, what is left after a restart."""

import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.bridge.static_output import png
from nbalabel.widgets.review.crop import crop_box


@pytest.fixture
def rows(reef, reef_run):
    """Predictions, one an image, and no labels that they could overlap."""
    reef.remove(reef.instances.index)
    reef.commit("no labels")
    return reef_run.predictions.drop_duplicates("image_id")


@pytest.fixture
def review(workspace, rows):
    return nl.Review(workspace, rows, annotator="anna")


def ids_of(ask):
    head, buffers = ask("items")
    return head, [int(i) for i in np.frombuffer(buffers[0], np.float64)], np.frombuffer(buffers[2], np.uint8)


def test_rows_come_in_the_order_of_columns(workspace, rows):
    low = nl.Review(workspace, rows, order="score").left
    assert low["score"].is_monotonic_increasing
    high = nl.Review(workspace, rows, order=["label", "score"], ascending=[True, False]).left
    wanted = rows.sort_values(["label", "score"], ascending=[True, False], kind="stable")
    assert high.index.tolist() == wanted.index.tolist()
    assert nl.Review(workspace, rows.iloc[::-1]).left.index.tolist() == rows.index[::-1].tolist()


def test_what_is_selected_is_reviewed_by_default(workspace, rows):
    assert len(nl.Review(workspace).left) == 0
    workspace.select(rows.iloc[:3])
    assert nl.Review(workspace).left.index.tolist() == rows.index[:3].tolist()
    workspace.select(workspace.ds.images.loc[[rows["image_id"].iloc[0]]])
    assert set(nl.Review(workspace).left["image_id"]) == {rows["image_id"].iloc[0]}


def test_rows_that_cannot_be_reviewed_are_refused(workspace, reef):
    with pytest.raises(DataError, match="expected rows of"):
        nl.Review(workspace, reef.images)
    with pytest.raises(DataError, match="with of="):
        nl.Review(workspace, [1, 2])
    with pytest.raises(UnknownNameError, match="no ids"):
        nl.Review(workspace, [10**9], of="predictions")
    with pytest.raises(UnknownNameError, match="no column"):
        nl.Review(workspace, workspace.run.predictions, order="depth")
    with pytest.raises(DataError, match="without commas"):
        nl.Review(workspace, workspace.run.predictions, annotator="a, b")
    with pytest.raises(DataError, match="overlap"):
        nl.Review(workspace, workspace.run.predictions, overlap="never")


def test_an_item_is_its_mask_what_is_around_it_and_facts(review, browser, rows, workspace):
    ask = browser(review)
    head, (mask, jpeg) = ask("item", item_id=int(rows.index[0]), aspect=1.5)
    left, top, right, bottom = head["box"]
    one = rows.iloc[0]
    whole = rle.decode(one["mask"], 96, 96)
    width, height = head["mask"]
    assert (rle.decode(bytes(mask), height, width) == whole[top:bottom, left:right]).all()
    assert Image.open(io.BytesIO(bytes(jpeg))).size == (right - left, bottom - top)
    facts = {name: value for name, value, _ in head["facts"]}
    assert facts["label"] == one["label"]
    assert facts["score"] == pytest.approx(float(one["score"]))
    assert facts["file"] == workspace.ds.images["file"].loc[one["image_id"]]
    assert head["problem"] == ""
    json.dumps(head)


def test_a_label_below_a_prediction_is_told(workspace, reef, browser):
    found = workspace.run.predictions.query("matched")
    review = nl.Review(workspace, found)
    ask = browser(review)
    head, _ = ask("item", item_id=int(found.index[0]))
    assert head["below"]["id"] == found["matched_id"].iloc[0]
    assert head["below"]["iou"] == pytest.approx(float(found["iou"].iloc[0]), abs=1e-6)


def test_an_image_that_cannot_be_read_is_said_and_the_mask_is_there_all_the_same(review, browser, rows, reef):
    shutil.rmtree(reef.image_root)
    head, buffers = browser(review)("item", item_id=int(rows.index[0]))
    assert "reef" in head["problem"]
    assert len(buffers) == 1
    assert review.picture() is not None


def test_each_answer_is_one_change_and_a_review_after_a_restart_goes_on(review, browser, rows, reef):
    ask = browser(review)
    a, b, c, d = (int(i) for i in rows.index[:4])
    other = next(name for name in reef.labels if name != rows["label"].loc[c])
    before = len(reef.instances)
    ask("answer", item_id=a, what="accept", seconds=2.0)
    ask("answer", item_id=b, what="reject", seconds=3.0)
    ask("answer", item_id=c, what="relabel", label=other, seconds=4000)
    assert len(reef.instances) == before + 2
    assert review.left.index.tolist() == rows.index[3:].tolist()
    _, ids, states = ids_of(ask)
    assert (ids, states[:4].tolist()) == (rows.index.tolist(), [1, 2, 1, 0])
    run, folder = review.workspace.run, reef.folder
    reef.close()
    again = nl.Review(nl.Workspace(nl.open(folder), run), rows, annotator="bo")
    assert again.left.index[0] == d
    browser(again)("answer", item_id=d, what="accept", seconds=1.5)
    summary = again.summary()
    assert summary.loc["anna", ["answers", "accepted", "rejected", "relabeled"]].tolist() == [3, 1, 1, 1]
    assert summary.loc["anna", "seconds"] == 35
    assert summary.loc["bo", "masks_per_minute"] == 40


def test_an_accepted_prediction_that_overlaps_a_label_is_refused_unless_told_otherwise(
    workspace, reef, browser
):
    found = workspace.run.predictions.query("matched")
    ask = browser(nl.Review(workspace, found))
    one = int(found.index[0])
    before = len(reef.instances)
    assert "overlapped an instance" in ask.error("answer", item_id=one, what="accept")
    assert len(reef.instances) == before
    ask("answer", item_id=one, what="accept", overlap="allow")
    assert len(reef.instances) == before + 1


def test_answers_are_taken_back_and_given_again(review, browser, rows, reef):
    ask = browser(review)
    a, b = (int(i) for i in rows.index[:2])
    ask("answer", item_id=a, what="accept")
    ask("answer", item_id=b, what="reject")
    ask("take_back", item_id=b)
    assert len(reef.rejected) == 0
    ask("make_again", item_id=b)
    assert len(reef.rejected) == 1
    ask("take_back", item_id=a)  # not the last one: the other stays
    assert review.left.index.tolist()[0] == a
    assert len(reef.rejected) == 1
    assert "nothing to redo" in ask.error("make_again", item_id=a)


def test_undo_leaves_alone_what_was_no_answer(review, browser, rows, reef):
    ask = browser(review)
    assert "no answer" in ask.error("take_back")
    ask("answer", item_id=int(rows.index[0]), what="accept")
    reef.images.loc[reef.images.index[0], "weight"] = 3
    reef.sync()
    assert "no answer" in ask.error("take_back")
    reef.undo()
    assert ask("take_back")[0]["id"] == rows.index[0]
    assert len(review.left) == len(rows)


def test_taking_back_what_python_undid_already_does_nothing(review, browser, rows, reef):
    ask = browser(review)
    one = int(rows.index[0])
    ask("answer", item_id=one, what="accept")
    before = len(reef.instances)
    reef.undo()
    ask("take_back", item_id=one)
    assert len(reef.instances) == before - 1


def test_another_answer_takes_the_place_of_the_first(review, browser, rows, reef):
    ask = browser(review)
    one, before = int(rows.index[0]), len(reef.instances)
    ask("answer", item_id=one, what="accept")
    ask("answer", item_id=one, what="reject")
    assert (len(reef.instances), len(reef.rejected)) == (before, 1)
    ask("take_back", item_id=one)
    assert (len(reef.instances), len(reef.rejected)) == (before + 1, 0)


def test_instances_are_verified_or_removed(workspace, reef, browser):
    reef.set(reef.instances, status="accepted")
    rows = reef.instances.iloc[:4]
    review = nl.Review(workspace, rows)
    ask = browser(review)
    a, b, c, _ = (int(i) for i in rows.index)
    ask("answer", item_id=a, what="accept")
    ask("answer", item_id=b, what="reject")
    assert ids_of(ask)[2].tolist() == [1, 2, 0, 0]
    reef.remove([c])
    assert ids_of(ask)[2].tolist() == [1, 2, 3, 0]
    ask("answer", item_id=b, what="accept")  # it comes back
    assert reef.instances.loc[b, "status"] == "verified"
    assert len(nl.Review(workspace, reef.instances.loc[[a, b]]).left) == 0
    assert len(nl.Review(workspace, reef.instances.loc[[a, b]], again=True).left) == 2


def test_what_is_asked_again_is_answered_once(workspace, reef, browser):
    review = nl.Review(workspace, reef.instances.iloc[:2], again=True)
    browser(review)("answer", item_id=int(reef.instances.index[0]), what="accept")
    assert review.left.index.tolist() == [reef.instances.index[1]]


def test_the_picture_is_small_and_of_what_is_pointed_at(review, rows, workspace):
    picture = review.picture()
    assert len(png(picture)) <= 60_000
    workspace.selection.active = ("predictions", int(rows.index[3]))
    assert review.picture().tobytes() != picture.tobytes()


@pytest.mark.parametrize("aspect", [0.2, 1.0, 1.7, 5.0])
def test_a_crop_holds_the_mask_and_lies_in_the_image(aspect):
    rng = np.random.default_rng(7)
    for _ in range(300):
        width, height = (int(n) for n in rng.integers(1, 300, 2))
        w, h = int(rng.integers(1, width + 1)), int(rng.integers(1, height + 1))
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        left, top, right, bottom = crop_box((x, y, w, h), (width, height), float(rng.random() * 2), aspect)
        assert 0 <= left <= x
        assert x + w <= right <= width
        assert 0 <= top <= y
        assert y + h <= bottom <= height


def test_masks_of_one_pixel_and_of_a_whole_large_image_arrive(tmp_path, browser):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (2400, 1800), "gray").save(folder / "large.png")
    full = np.ones((1800, 2400), np.uint8, order="F")
    dot = np.zeros_like(full)
    dot[0, 2399] = 1
    masks = [rle.encode(mask) for mask in (dot, full)]
    images = pd.DataFrame({"file": ["large.png"], "width": [2400], "height": [1800]})
    ds = nl.create(tmp_path / "l.nbal", ["cod"], folder)
    image_id = ds.add_images(images).tables["images"].created.index[0]
    ds.add_instances(pd.DataFrame({"image_id": image_id, "label": "cod", "mask": masks}))
    ask = browser(nl.Review(nl.Workspace(ds), ds.instances))
    for row_id, pixels in zip(ds.instances.index, (1, None), strict=True):
        head, (mask, jpeg) = ask("item", item_id=int(row_id), aspect=4 / 3)
        width, height = head["mask"]
        assert max(width, height) <= 900
        assert max(Image.open(io.BytesIO(bytes(jpeg))).size) <= 900
        shown = rle.decode(bytes(mask), height, width).sum()
        assert shown == (pixels or width * height)
