"""What predictions turned out to be, where somebody looked and where nobody did."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.runs import outcomes as judging

SIZE = 40


def square(x, y=4, side=8):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + side, x : x + side] = True
    return rle.encode(mask)


STATES = ["complete", "partial", "unlabeled", "empty", "complete"]


@pytest.fixture
def ds(tmp_path):
    """Five images: all labeled, in part, not at all, empty, and one with a crowd."""
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(5)], "width": SIZE, "height": SIZE})
    images = images.assign(state=STATES, split=["train", "train", "train", "test", "test"])
    labels = pd.DataFrame(
        {
            "image_id": [0, 1, 4],
            "label": "cod",
            "mask": [square(4), square(4), square(0, 0, 30)],
            "crowd": [False, False, True],
        }
    )
    return nl.Tables.of(images, labels, ["cod", "ling"]).save(tmp_path / "fish.nbal")


@pytest.fixture
def run(ds):
    rows = [
        (0, "cod", square(5), "true positive", 0.777),
        (0, "cod", square(24), "false positive", 0.0),
        (1, "cod", square(5), "true positive", 0.777),
        (1, "cod", square(8), "false positive", 1 / 3),  # half on the label
        (1, "ling", square(5), "false positive", 0.0),  # another name where a label is
        (1, "cod", square(24), "not judged", np.nan),
        (2, "cod", square(5), "not judged", np.nan),
        (3, "cod", square(5), "false positive", 0.0),
        (4, "cod", square(5), "not judged", np.nan),  # on a crowd
    ]
    frame = pd.DataFrame(rows, columns=["image_id", "label", "mask", "expected", "expected_iou"])
    frame["score"], frame["origin"], frame["source"] = np.linspace(0.9, 0.5, len(rows)), "run-1", "model"
    frame["status"] = "proposed"
    found = judging_run(ds, frame)
    return found.matched_to(ds)


def judging_run(ds, frame):
    from nbalabel.core.tables.schema import conform

    heights = np.full(len(frame), SIZE)
    predictions = conform(frame.rename_axis("prediction_id"), "predictions", ds.labels, heights)
    seen = ds.images.index.to_numpy(np.int64)
    return nl.Run(
        "run-1", "predict", labels=ds.labels, n_images=5, predictions=predictions, predicted_ids=seen
    )


def now(run, row):
    return str(run.outcomes()["outcome"].iloc[row])


def test_a_prediction_is_right_or_wrong_only_where_somebody_looked(run):
    found = run.outcomes()
    assert found["outcome"].astype(str).tolist() == run.predictions["expected"].tolist()
    np.testing.assert_allclose(found["iou"], run.predictions["expected_iou"], atol=1e-3)
    assert found.index.equals(run.predictions.index)


def test_what_nobody_labeled_is_still_found_by_a_low_iou(run):
    new = run.query("iou < 0.2 and score > 0.1 and outcome == 'not judged'")
    assert set(new["image_id"]) == {1, 2, 4}
    assert set(run.query("iou < 0.2 and state == 'unlabeled'")["image_id"]) == {2}


def test_accepted_predictions_say_so_and_undo_takes_it_back(run, ds):
    ds.accept(run.query("outcome == 'not judged' and image_id == 2"))
    assert now(run, 6) == "accepted"
    assert np.isnan(run.outcomes()["iou"].iloc[6])  # it would be compared with itself
    assert len(run.query("outcome == 'accepted'")) == 1
    ds.undo()
    assert now(run, 6) == "not judged"


def test_a_label_that_looks_just_so_but_is_not_of_the_run_makes_no_prediction_accepted(run, ds):
    row = run.predictions.iloc[[6]]
    ds.add_instances(pd.DataFrame({"image_id": [2], "label": ["cod"], "mask": [row["mask"].iloc[0]]}))
    assert now(run, 6) == "true positive"


def test_a_prediction_accepted_with_another_label_is_accepted(run, ds):
    ds.answer(run.predictions.iloc[[6]], "relabel", label="ling")
    assert now(run, 6) == "accepted"


def test_a_person_who_rejects_judges_even_where_nobody_labeled(run, ds):
    ds.reject(run.predictions.iloc[[5, 6]])
    assert (now(run, 5), now(run, 6)) == ("false positive", "false positive")
    assert run.outcomes()["iou"].iloc[[5, 6]].isna().all()


def test_an_image_that_is_complete_now_judges_its_predictions(run, ds):
    ds.images.loc[1, "state"] = "complete"
    assert (now(run, 5), now(run, 6)) == ("false positive", "not judged")


def test_labels_drawn_and_removed_since_count(run, ds):
    ds.add_instances(pd.DataFrame({"image_id": [2], "label": ["cod"], "mask": [square(6)]}))
    assert now(run, 6) == "true positive"
    ds.remove(ds.instances.query("image_id == 0"))
    assert now(run, 0) == "false positive"
    assert run.predictions["matched"].iloc[0]  # as it was when it was matched


def test_only_images_that_changed_are_judged_again(run, ds, monkeypatch):
    run.outcomes()
    seen = []
    real = judging.judge
    monkeypatch.setattr(
        judging, "judge", lambda scene: (seen.append(set(scene.images.index)), real(scene))[1]
    )
    run.outcomes()
    assert seen == []
    ds.set(ds.instances.query("image_id == 1"), label="ling")
    ds.images.loc[3, "state"] = "partial"
    after = run.outcomes()
    assert seen == [{1, 3}]
    pd.testing.assert_frame_equal(after, nl.Run.outcomes(judging_run(ds, run.predictions), ds))


@pytest.mark.parametrize("seed", range(12))
def test_following_edits_gives_what_judging_anew_gives(run, ds, seed):
    rng = np.random.default_rng(seed)
    for _ in range(6):
        image, kind = int(rng.integers(5)), rng.integers(5)
        if kind == 0:
            ds.accept(run.predictions.sample(2, random_state=int(rng.integers(99))))
        elif kind == 1:
            row = {"image_id": [image], "label": ["cod"], "mask": [square(int(rng.integers(30)))]}
            ds.add_instances(pd.DataFrame(row))
        elif kind == 2 and len(ds.instances):
            ds.remove(ds.instances.sample(1, random_state=int(rng.integers(99))))
        elif kind == 3:
            ds.set([image], "images", state=str(rng.choice(["partial", "complete"])))
        else:
            ds.reject(run.predictions.sample(1, random_state=int(rng.integers(99))))
        fresh = judging_run(ds, run.predictions).matched_to(ds)
        pd.testing.assert_frame_equal(run.outcomes(), fresh.outcomes())
        pd.testing.assert_frame_equal(run.outcomes(of="instances"), fresh.outcomes(of="instances"))


def test_labels_are_found_or_missed_by_the_labels_as_they_are(run, ds):
    made = ds.add_instances(pd.DataFrame({"image_id": [0], "label": ["ling"], "mask": [square(28)]}))
    found = run.outcomes(of="instances")["outcome"]
    assert found.loc[made.tables["instances"].created.index].tolist() == ["missed"]
    assert found.loc[ds.instances.query("image_id == 1").index].tolist() == ["found"]


def test_a_run_without_tables_asks_for_them(run, tmp_path):
    alone = nl.Run.load(run.save(tmp_path / "run"))
    with pytest.raises(DataError, match="load it with"):
        alone.outcomes()


def test_views_show_outcomes_as_they_are_now_and_no_iou_where_nothing_was_compared(run, ds):
    ws = nl.Workspace(ds, run)
    outcome, iou = ws.column("predictions", "outcome"), ws.column("predictions", "iou")
    assert [outcome.categories[c] for c in outcome.values] == run.predictions["expected"].tolist()
    np.testing.assert_allclose(iou.values, run.predictions["expected_iou"], atol=1e-3)
    ds.accept(run.predictions.iloc[[6]])
    outcome = ws.column("predictions", "outcome")
    assert outcome.categories[outcome.values[6]] == "accepted"
    assert ws.column("predictions", "match").name == "outcome"  # its name in earlier versions


def test_a_filter_of_outcomes_is_a_cell_that_gives_the_same_rows(run, ds):
    ws = nl.Workspace(ds, run)
    for name, wanted in (
        ("outcome", {"kind": "values", "values": ["not judged"]}),
        ("iou", {"kind": "range", "lo": None, "hi": 0.5}),
        ("matched", {"kind": "values", "values": ["True"]}),
        ("matched_id", {"kind": "range", "lo": 0, "hi": 0}),
    ):
        from nbalabel.widgets.workspace.filters import keep

        kept = keep(ws, "predictions", name, wanted)
        scope = {"rows": run.predictions, "ds": ds, "run": run}
        again = eval(kept.code, scope)  # noqa: S307  # a cell of ours
        assert again.to_numpy(bool).tolist() == kept.rows.tolist(), kept.code
        assert 0 < kept.rows.sum() < len(run.predictions)


def test_a_run_says_how_many_of_the_images_it_is_measured_on_are_for_training(run, ds):
    assert run.measured_ids.tolist() == [0, 3, 4]
    assert run.training_ids.tolist() == [0]
    assert "measured on 3 labeled images, 1 of them for training" in repr(run)
    assert "3 labeled images, 1 of them for training" in run._repr_html_()
    ds.set([0], "images", weight=0)
    assert run.matched_to(ds).training_ids.tolist() == []


def test_a_run_is_measured_on_each_kind_of_image(run):
    table = run.by("split")
    assert table.index.tolist() == ["train", "test"]
    assert table["images"].tolist() == [1, 2]
    assert table["training"].tolist() == [1, 0]
    assert table.loc["train", "map50"] == pytest.approx(run.evaluate(images=[0]).map50)
    run.metrics  # noqa: B018  # measured once, the card shows it apart
    assert "train 0." in run._repr_html_()
    with pytest.raises(UnknownNameError, match="no column 'depth'"):
        run.by("depth")


def test_regions_say_where_a_prediction_is_wrong_and_where_it_is_not_judged(ds, run):
    """A done region judges predictions of its label there; an ignored one judges none."""
    left = np.zeros((SIZE, SIZE), bool)
    left[:, :20] = True
    done = pd.DataFrame({"image_id": [2], "mask": [rle.encode(left)]})
    ds.add_regions(done, kind="done", label="cod")
    ds.add_regions(pd.DataFrame({"image_id": [3, 1], "mask": [square(4), square(24)]}), kind="ignore")
    found = run.outcomes(ds)["outcome"].tolist()
    assert found[6] == "false positive"  # on image 2, in what is done
    assert found[7] == "not judged"  # on image 3, which is empty, where nobody knows
    assert found[1] == "false positive"
    ds.undo()
    assert run.outcomes(ds)["outcome"].tolist()[7] == "false positive"  # judged again after the edit


def test_metrics_leave_out_what_is_not_known(ds, run):
    before = run.matched_to(ds)
    assert before.metrics.n_predictions.tolist() == [4, 0]
    assert before.metrics.n_images == 3
    everywhere = pd.DataFrame({"image_id": [3], "mask": [rle.encode(np.ones((SIZE, SIZE), bool))]})
    ds.add_regions(everywhere, kind="ignore")
    ds.mark_complete([1], labels=["cod"])
    after = run.matched_to(ds)
    assert after.predictions["ignored"].tolist()[7]
    assert after.metrics.n_images == 4  # image 1 can be measured for cod
    assert after.metrics.n_predictions.tolist() == [7, 0]
    assert after.metrics.n_instances[0, 0] == 2
    assert after.evaluate(images=[0, 1]).map50 < 1
    assert after.evaluate(images=[0, 3]).map50 == before.evaluate(images=[0]).map50


def test_no_measure_counts_what_lies_where_nobody_knows(ds, run):
    """Confusion, precision and the truth that quality and refining learn from: all by one rule."""
    from nbalabel.learn.quality.predicted_iou import true_iou

    def wrong(found):
        table = found.confused(score=0.0)
        return int((table["true"] == "nothing").sum()) if len(table) else 0

    before = run.matched_to(ds)
    _, judged = true_iou(before.predictions, before.predicted_ids, ds)
    assert judged[[1, 7]].all()
    everywhere = rle.encode(np.ones((SIZE, SIZE), bool))
    ds.add_regions(pd.DataFrame({"image_id": [3], "mask": [everywhere]}), kind="ignore")
    ds.add_regions(pd.DataFrame({"image_id": [0], "mask": [square(24)]}), kind="ignore")
    after = run.matched_to(ds)
    assert wrong(before) - wrong(after) == 2
    assert after.precision_recall()["n"].max() == before.precision_recall()["n"].max() - 2
    _, judged = true_iou(after.predictions, after.predicted_ids, ds)
    assert not judged[[1, 7]].any()
    assert judged[0]
