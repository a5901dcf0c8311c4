"""Label propagation over the predictions of a run, and into a dataset."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.data.tables.tables import Tables
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.embed.random_projection import project_features
from nbalabel.learn.propagate import hints, in_cells
from nbalabel.learn.propagate.propagate import propagate
from nbalabel.learn.propagate.proposals import proposals
from nbalabel.learn.runs.run import Run

SIZE, N = 40, 40
LABELS = ("cod", "ling")


def square(x, y=4, side=12):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + side, x : x + side] = True
    return rle.encode(mask)


@pytest.fixture
def ds(tmp_path):
    """40 images; the first ten are labeled all over, each with one cod."""
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(N)], "width": SIZE, "height": SIZE})
    images["state"] = ["complete"] * 10 + ["unlabeled"] * (N - 10)
    labels = pd.DataFrame({"image_id": range(10), "label": "cod", "mask": [square(2)] * 10})
    dataset = Tables.of(images, labels, LABELS).save(tmp_path / "fish.nbal")
    yield dataset
    dataset.close()


@pytest.fixture
def run(ds):
    """On each image a cod that is right, a ling that overlaps it, and a cod that is wrong."""
    rows = [
        {"image_id": i, "label": label, "mask": square(x), "score": score}
        for i in range(N)
        for label, x, score in (("cod", 2, 0.9), ("ling", 3, 0.6), ("cod", 24, 0.5))
    ]
    frame = pd.DataFrame(rows).assign(source="model", status="proposed", origin="predict-1")
    predictions = conform(frame, "predictions", LABELS, heights=np.full(len(rows), SIZE))
    vectors = np.random.default_rng(0).normal(size=(len(rows), 6)).astype(np.float32)
    vectors[frame["mask"] == square(24)] += 7
    return Run(
        id="predict-1",
        kind="predict",
        labels=LABELS,
        n_images=N,
        predictions=predictions,
        predicted_ids=np.arange(N),
        embeddings=Embeddings(np.arange(0), vectors[:0], np.arange(len(rows)), vectors),
    ).matched_to(ds)


def right(rows):
    return ((rows["mask"] == square(2)) & (rows["label"] == "cod")).to_numpy()


def answer(p):
    while (q := p.ask()) is not None:
        p.tell(q, right(p.predictions.loc[q.ids]), annotator="ann")


def test_predictions_of_labeled_images_are_known_and_no_candidates(run):
    p = propagate(run, strategy="paper", min_area=100, journal=False)
    assert p.progress().n_masks == 90
    assert len(p.predictions) == 120
    examples = p.examples(100)
    assert len(examples["right"]) == 10
    assert len(examples["wrong"]) == 20
    assert right(p.predictions.loc[examples["right"]]).all()
    answer(p)
    assert set(p.accepted["image_id"]) == set(range(10, N))
    assert right(p.accepted).all()
    assert len(p.accepted) == 30
    assert len(p.rejected) == 60
    assert len(p.open) == 0
    nothing_known = propagate(run, strategy="paper", min_area=100, journal=False, known=None)
    assert nothing_known.progress().n_masks == 110, "those matched to a label that is there are left out"


def test_honeypots_come_from_labeled_images(run):
    p = propagate(run, strategy="verify-all", min_area=100, honeypots=0.4, journal=False)
    answer(p)
    ann = p.reviewers["ann"]
    assert ann.n_right_asked + ann.n_wrong_asked == p.n_answers - 90 > 5
    assert ann.sensitivity == ann.specificity == 1


def test_accepted_masks_enter_the_dataset_by_cluster_and_leave_it_without_a_trace(run, ds):
    p = propagate(run, strategy="paper", min_area=100)
    answer(p)
    before = ds.instances.copy(), ds.images.copy()
    origins = p.accepted["origin"]
    assert set(origins) <= set(p.clusters()["origin"])
    ds.accept(p.accepted)
    assert ds.instances["source"].astype(str).value_counts().to_dict() == {"propagated": 30, "human": 10}
    assert set(ds.log()["origin"]) >= set(origins)
    ds.commit("round 1")
    ds.revert(p)
    pd.testing.assert_frame_equal(ds.instances, before[0])
    pd.testing.assert_frame_equal(ds.images, before[1])


def test_the_same_call_carries_on_where_it_stopped_beside_the_dataset(run, ds):
    p = propagate(run, strategy="paper", min_area=100)
    q = p.ask()
    p.tell(q, right(p.predictions.loc[q.ids]))
    again = propagate(run, strategy="paper", min_area=100)
    assert again.id == p.id
    assert again.n_answers == p.n_answers
    assert len(list((ds.runs_folder / "propagations").glob("*.jsonl"))) == 1
    assert propagate(run, strategy="paper", min_area=100, seed=1).n_answers == 0
    assert ds.verify()


def test_score_area_and_label_choose_the_candidates(run):
    def n(**options):
        return propagate(run, strategy="verify-all", known=None, journal=False, **options).progress().n_masks

    assert n(min_area=143.9) == 110
    assert n(min_area=144) == 0, "boxes are 12 x 12"
    assert n() == 0
    assert n(min_area=100, labels=["ling"]) == 40
    assert n(min_area=100, min_score=0.5) == 70
    quality = pd.Series(0.5, index=run.predictions.index)
    assert n(min_area=100, min_score=0.4, quality=quality) == 30
    with pytest.raises(UnknownNameError, match="no label shark; there are cod, ling"):
        n(labels=["shark"])
    with pytest.raises(DataError, match="119 of 120 have none"):
        n(quality=quality.iloc[:1])


def test_masks_that_overlap_across_labels_are_rivals(run):
    p = propagate(run, strategy="paper", min_area=100, known=None, journal=False)
    while (q := p.ask()) is not None:
        p.tell(q, [True] * len(q.rows))
    there = p.accepted[p.accepted["image_id"] == 20]
    assert len(there) == 2, "of the cod and the ling on it one stays"
    assert sorted(there["label"].astype(str)) in (["cod", "cod"], ["cod", "ling"])


def test_a_run_without_embeddings_says_how_to_get_them(run):
    run = replace(run, embeddings=Embeddings.none())
    with pytest.raises(DataError, match=r"no embedding of 120 of 120 predictions.*predict\(ds, embed=True\)"):
        propagate(run, min_area=100)
    p = propagate(run, strategy="paper", min_area=100, features=np.ones((120, 3)), journal=False)
    assert p.progress().n_masks == 90


def test_a_table_of_predictions_needs_features_and_ids(run):
    frame = run.predictions.drop(columns=["matched", "iou", "matched_id"])
    vectors = pd.DataFrame(run.embeddings.instance, index=frame.index)
    with pytest.raises(DataError, match="need features="):
        propagate(frame, min_area=100)
    p = propagate(frame, strategy="paper", min_area=100, features=vectors, known={0: True, 2: False})
    assert p.progress().n_masks == 118
    answer(p)
    assert right(p.accepted).all()
    with pytest.raises(UnknownNameError, match="predictions that are not there: 999"):
        propagate(frame, min_area=100, features=vectors, known={999: True})
    with pytest.raises(DataError, match="one row per prediction"):
        propagate(frame, min_area=100, features=np.ones((3, 2)))
    with pytest.raises(DataError, match="need the columns mask"):
        propagate(frame.drop(columns="mask"), features=vectors)
    with pytest.raises(DataError, match="known must be 'labels'"):
        propagate(run, min_area=100, known="label")


def test_features_can_be_projected_to_fewer_dimensions(run):
    p = propagate(run, strategy="paper", min_area=100, project=3, journal=False)
    assert p.propagation._inputs.features.shape == (120, 3)
    with pytest.raises(DataError, match="project must be a number of dimensions"):
        propagate(run, min_area=100, project=0)
    options = {"min_score": 0.2, "min_area": 100, "labels": None, "features": None, "known": None}
    few, all_ = (proposals(run, **options, quality=None, project=project, seed=5) for project in (3, None))
    np.testing.assert_array_equal(few.features, project_features(all_.features, 3, seed=5))


def test_what_is_learned_from_gets_predicted_iou_and_shape_beside_looks(run):
    run.predictions["score"] = np.float32(0.5)
    few = propagate(run, min_area=100, min_score=0.1, quality=None, journal=False).propagation._inputs
    with_shape = few.hints.shape[1]
    assert with_shape >= 5  # sizes, shape, overlaps
    images = run.tables.images.assign(state=["complete"] * 30 + ["unlabeled"] * 10)
    labels = pd.DataFrame({"image_id": range(30), "label": "cod", "mask": [square(2)] * 30})
    labeled = Tables.of(images.drop(columns=["weight"], errors="ignore"), labels, LABELS)
    told = run.matched_to(labeled)
    known = propagate(told, min_area=100, min_score=0.1, journal=False).propagation._inputs
    assert known.hints.shape[1] == with_shape + 2  # and the IoU that nl.mask_quality predicts, and its chance
    right = told.predictions["iou"].reindex(known.ids).to_numpy() > 0.9
    assert known.hints[right, 0].mean() > known.hints[~right, 0].mean() + 1
    assert np.abs(known.hints).max() <= 4
    with pytest.raises(DataError, match="quality must be 'auto'"):
        propagate(run, min_area=100, quality="best")


def test_the_rest_is_in_the_order_to_review_it(run):
    p = propagate(run, strategy="paper", min_area=100, journal=False, known=None)
    p.finish()
    assert p.rest["score"].is_monotonic_decreasing
    assert set(p.rest.index) == set(p.open.index)


def test_a_second_round_speaks_for_both(run):
    options = {"min_area": 100, "journal": False, "target_quality": 0.7}
    first = propagate(run, rounds=2, **options)
    answer(first)
    second = propagate(run, after=first, seed=1, **options)
    assert first.progress().alpha == pytest.approx(1 - 0.95**0.5) == pytest.approx(second.progress().alpha)
    assert (first.together, second.after) == ("", (first,))
    answer(second)
    n = len(first.accepted) + len(second.accepted)
    assert n > 30
    assert second.progress().together.startswith(f"Of the {n} masks accepted in 2 rounds at least")
    assert "probability 95%" in second.together
    assert second.together in second._repr_html_()


def test_a_round_of_a_strategy_without_a_promise_has_no_common_statement(run):
    first = propagate(run, strategy="paper", min_area=100, journal=False)
    with pytest.raises(DataError, match="promises nothing"):
        propagate(run, after=first, min_area=100, journal=False)
    sure = propagate(run, rounds=2, min_area=100, journal=False)
    with pytest.raises(DataError, match="promises nothing"):
        propagate(run, after=sure, strategy="paper", min_area=100, journal=False)


@pytest.mark.parametrize("shuffled", [False, True])
def test_hints_of_many_predictions_are_made_in_parts_and_the_same(run, monkeypatch, shuffled):
    frame = run.predictions
    if shuffled:
        run = replace(run, predictions=frame.loc[np.random.default_rng(0).permutation(frame.index)])
    found = hints.hints(run, run.predictions, None)
    monkeypatch.setattr(in_cells, "MOST_IN_MEMORY", 20)
    monkeypatch.setattr(hints, "_PART", 10)
    parts = hints.hints(run, run.predictions, None)
    assert found.shape[1] > 8
    assert parts.dtype == np.float16
    assert np.abs(parts - found).max() < 2e-3
