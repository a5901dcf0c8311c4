"""Predicted mask IoU: what it learns from, what it never sees, and what it says when there is little."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, MissingExtraError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.quality.features import GROUPS, features
from nbalabel.learn.quality.fit import ELSEWHERE, fold_of
from nbalabel.learn.quality.neighbours import Rivals
from nbalabel.learn.quality.predicted_iou import MaskQuality, mask_quality
from nbalabel.learn.quality.report import auc, compare, rank_correlation
from nbalabel.learn.runs.frozen_tables import Snapshot
from nbalabel.learn.runs.run import Run

LABELS = ("box", "other")
SIDE, STEP, EDGE = 40, 20, 12  # image, distance of objects, their size


def square(x: int, y: int, w: int = EDGE, h: int = EDGE) -> bytes:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y : y + h, x : x + w] = True
    return rle.encode(mask)


def made(n_labeled: int, n_more: int = 4, seed: int = 0, *, embed: bool = True) -> Run:
    """Four objects an image, each found a few pixels off; the embedding knows how far, the score does not."""
    rng = np.random.default_rng(seed)
    n = n_labeled + n_more
    states = ["complete"] * n_labeled + ["unlabeled"] * n_more
    frame = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": SIDE, "height": SIDE})
    images = conform(frame.assign(state=states), "images")
    labels, found, offsets = [], [], []
    for image_id in range(n):
        for x, y in ((0, 0), (STEP, 0), (0, STEP), (STEP, STEP)):
            off = int(rng.integers(0, 9))
            labels.append((image_id, "box", square(x, y)))
            found.append((image_id, "box", square(x + off, y), rng.uniform(0.3, 0.9)))
            offsets.append(off)
    instances = pd.DataFrame(labels, columns=["image_id", "label", "mask"])
    instances = instances[instances["image_id"] < n_labeled]
    rows = pd.DataFrame(found, columns=["image_id", "label", "mask", "score"])
    rows.index += 100
    tables = Snapshot(
        images,
        conform(instances, "instances", LABELS, np.full(len(instances), SIDE)),
        LABELS,
        None,
        lambda _: np.zeros((SIDE, SIDE, 3), np.uint8),
    )
    predictions = conform(rows, "predictions", LABELS, np.full(len(rows), SIDE))
    run = Run(
        "made", "predict", labels=LABELS, n_images=n, predicted_ids=np.arange(n), predictions=predictions
    )
    if embed:
        vectors = np.column_stack([offsets, rng.normal(size=(len(rows), 5))]).astype(np.float32)
        ids = run.predictions.index.to_numpy(np.int64)
        nothing = np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        run = replace(run, embeddings=Embeddings(*nothing, ids, vectors))
    return run.matched_to(tables)


@pytest.fixture(scope="module")
def run() -> Run:
    return made(30)


@pytest.fixture(scope="module")
def quality(run: Run) -> MaskQuality:
    return mask_quality(run)


def test_every_prediction_is_given_an_iou_a_chance_and_a_score(run: Run, quality: MaskQuality) -> None:
    for series in (quality.iou, quality.chance, quality.score):
        assert series.index.equals(run.predictions.index)
        assert series.between(0, 1).all()
        assert series.dtype == np.float32
    np.testing.assert_allclose(quality.score, quality.iou * run.predictions["score"], rtol=1e-6)
    assert quality.fitted_on.tolist() == list(range(30))
    assert quality.n_fitted == 120
    assert quality.note == ""


def test_what_the_embedding_knows_is_learned(quality: MaskQuality) -> None:
    assert quality.regression in ("trees", "ridge")
    ranks = quality.report["rank_correlation"]
    assert ranks["predicted IoU"] > 0.9
    assert abs(ranks["confidence"]) < 0.3
    assert quality.report.loc["predicted IoU", "auc"] > 0.95
    assert quality.report.loc["predicted IoU", "brier"] < quality.report.loc["confidence", "brier"]
    assert quality.errors[quality.regression] == quality.errors.min()


def test_images_without_labels_are_scored_as_well(run: Run, quality: MaskQuality) -> None:
    other = run.predictions["image_id"] >= 30
    offset = run.embeddings.instances(run.predictions.index)[other, 0]
    true = (EDGE - offset) / (EDGE + offset)
    assert np.abs(quality.iou[other] - true).mean() < 0.1


def test_no_score_depends_on_labels_of_its_own_image(run: Run, quality: MaskQuality) -> None:
    assert run.tables is not None
    instances = run.tables.instances
    changed = Snapshot.of(run.tables)
    object.__setattr__(changed, "instances", instances[instances["image_id"] != 7])
    again = mask_quality(run, tables=changed)
    own = run.predictions["image_id"] == 7
    assert again.regression == quality.regression
    pd.testing.assert_series_equal(again.iou[own], quality.iou[own])
    pd.testing.assert_series_equal(again.chance[own], quality.chance[own])
    assert (again.iou[~own] != quality.iou[~own]).any()


def test_the_same_seed_gives_the_same_scores_and_another_others(run: Run, quality: MaskQuality) -> None:
    pd.testing.assert_series_equal(mask_quality(run).iou, quality.iou)
    assert (mask_quality(run, seed=1).iou != quality.iou).any()


def test_the_chance_is_as_often_right_as_it_says(quality: MaskQuality) -> None:
    table = quality.calibration(bins=4)
    assert table["n"].sum() == quality.n_fitted
    assert table.attrs["ece"] == pytest.approx(quality.calibration(10).attrs["ece"], abs=0.1)
    assert table.attrs["ece"] < 0.1


def test_it_says_what_it_is(quality: MaskQuality) -> None:
    assert "120 of 30 images" in repr(quality)
    assert "predicted IoU" in quality._repr_html_()


def test_few_rows_leave_the_confidence_alone_and_it_says_so() -> None:
    run = made(10)
    quality = mask_quality(run)
    assert quality.regression == "confidence"
    assert "40 labeled predictions are fewer than 60" in quality.note
    order = np.argsort(run.predictions["score"][run.predictions["image_id"] >= 10].to_numpy())
    assert (np.diff(quality.iou[run.predictions["image_id"] >= 10].to_numpy()[order]) >= 0).all()


def test_two_labeled_images_are_enough_and_one_is_not() -> None:
    assert len(mask_quality(made(2)).fitted_on) == 2
    with pytest.raises(DataError, match="2 or more images of state complete or empty, got 1 among the 5"):
        mask_quality(made(1))
    with pytest.raises(DataError, match="got 0 among the 4"):
        mask_quality(made(0))


def test_labels_made_since_the_run_can_be_passed() -> None:
    run, later = made(0, 20), made(20, 0)
    assert mask_quality(run, tables=later.tables).n_fitted == 80


def test_images_that_were_not_predicted_on_do_not_matter(run: Run) -> None:
    few = made(30)
    kept = few.predictions[few.predictions["image_id"] < 20]
    few = replace(few, predictions=kept, predicted_ids=np.arange(20))
    assert mask_quality(few).fitted_on.tolist() == list(range(20))


def test_a_run_without_embeddings_does_without_and_says_so() -> None:
    quality = mask_quality(made(30, embed=False))
    assert quality.note.startswith("the run has no embeddings")
    assert quality.iou.between(0, 1).all()


def test_embeddings_that_are_nan_or_missing_take_the_mean() -> None:
    run = made(30)
    vectors = run.embeddings.instance.copy()
    vectors[5] = np.nan
    ids = run.embeddings.instance_ids.copy()
    ids[8] = 99_999
    run = replace(run, embeddings=replace(run.embeddings, instance_ids=ids, instance=vectors))
    quality = mask_quality(run)
    assert quality.note == "2 predictions have no embedding"
    assert quality.iou.notna().all()


def test_constant_features_and_scores_give_the_mean() -> None:
    run = made(30)
    predictions = run.predictions.assign(score=np.float32(0.5))
    run = replace(run, predictions=predictions, embeddings=Embeddings.none())
    quality = mask_quality(run, groups=())
    mean = quality.judged["iou"].mean()
    assert np.abs(quality.iou - mean).max() < 0.1
    assert np.isnan(quality.report.loc["confidence", "rank_correlation"])


def test_predictions_on_crowds_are_scored_but_not_learned_from() -> None:
    run = made(30)
    assert run.tables is not None
    crowd = run.tables.instances["image_id"].to_numpy() < 5
    tables = Snapshot.of(run.tables)
    object.__setattr__(tables, "instances", run.tables.instances.assign(crowd=crowd))
    quality = mask_quality(run, tables=tables)
    on_crowd = (run.predictions["image_id"] < 5).sum()
    assert 120 - on_crowd <= quality.n_fitted < 120
    assert quality.iou.notna().all()


def test_agreement_takes_part_where_it_is_given() -> None:
    run = made(30, embed=False)
    told = pd.Series(run.predictions["iou"].to_numpy(), run.predictions.index)
    told[run.predictions["image_id"] >= 30] = np.nan
    blind, seeing = mask_quality(run), mask_quality(run, agreement=told)
    assert seeing.report.loc["predicted IoU", "mae"] < blind.report.loc["predicted IoU", "mae"] / 2
    assert "16 predictions have no agreement" in seeing.note


@pytest.mark.parametrize("values", [[np.nan], [1.5], [-0.1]])
def test_agreement_must_be_numbers_within_range(run: Run, values: list[float]) -> None:
    given = pd.Series(values, run.predictions.index[: len(values)])
    with pytest.raises(DataError, match=r"agreement must hold a number in 0\.\.1"):
        mask_quality(run, agreement=given)


def test_arguments_that_make_no_sense_are_refused(run: Run) -> None:
    with pytest.raises(DataError, match="folds must be 2 or more, got 1"):
        mask_quality(run, folds=1)
    with pytest.raises(UnknownNameError, match="no features are called color; there are confidence, size"):
        mask_quality(run, groups=("color",))
    with pytest.raises(DataError, match="no predictions"):
        mask_quality(Run("nothing", "predict", labels=LABELS, tables=run.tables))
    with pytest.raises(DataError, match=r"holds no tables: load it with Run.load\(folder, tables\)"):
        mask_quality(Run("alone", "predict"))


def test_tables_without_the_images_are_refused(run: Run) -> None:
    assert run.tables is not None
    tables = Snapshot.of(run.tables)
    object.__setattr__(tables, "images", run.tables.images[run.tables.images.index != 31])
    with pytest.raises(DataError, match="the tables lack 1 of the images predicted on: 31"):
        mask_quality(run, tables=tables)


def test_without_scikit_learn_it_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ensemble", "linear_model", "isotonic"):
        monkeypatch.setitem(sys.modules, f"sklearn.{name}", None)
    with pytest.raises(MissingExtraError, match=r"nbalabel\[propagate\]"):
        mask_quality(run)


def test_groups_add_columns_and_the_confidence_is_always_there(run: Run) -> None:
    assert run.tables is not None
    images = run.tables.images

    def n(*groups: str) -> int:
        return features(run.predictions, images, run.embeddings, groups=groups).columns.shape[1]

    assert n() == n("confidence") == 1
    added = {name: n(name) - 1 for name in GROUPS}
    assert added == {
        "confidence": 0,
        "size": 2,
        "shape": 3,
        "rivals": 9,
        "label": 2,
        "embedding": 6,
        "agreement": 0,
    }
    assert n(*GROUPS) == 1 + sum(added.values())


def rivals(*rows: tuple[int, str, bytes, float]) -> dict[str, Any]:
    frame = pd.DataFrame(rows, columns=["image_id", "label", "mask", "score"])
    frame["label"] = frame["label"].astype("category")
    found = Rivals.of(frame).columns(frame["score"].to_numpy())
    return {name: np.round(column, 4).tolist() for name, column in found.items()}


def test_rivals_are_overlapping_predictions_of_the_same_image() -> None:
    found = rivals(
        (1, "box", square(0, 0), 0.9),
        (2, "box", square(0, 0), 0.8),  # another image
        (1, "box", square(6, 0), 0.5),  # IoU 1/3 with the first
        (1, "box", square(20, 20), 0.4),  # far from it
        (1, "other", square(0, 0), 0.6),  # the same mask, another label; IoU 1/3 with the third
    )
    assert np.expm1(found["n_rivals"]).round(2).tolist() == [2, 0, 2, 0, 2]
    assert np.expm1(found["n_same"]).round(2).tolist() == [1, 0, 1, 0, 0]
    assert found["overlap"] == [1, 0, 0.3333, 0, 1]
    assert found["margin_same"] == [0.4, 0.8, -0.4, 0.4, 0.6]
    assert found["margin_other"] == [0.3, 0.8, -0.1, 0.4, -0.3]
    assert found["rival_same"] == [0.1667, 0, 0.3, 0, 0]
    assert found["rival_other"] == [0.6, 0, 0.2, 0, 0.9]
    assert found["consensus"][:2] == [round((0.5 / 3 + 0.6) / 1.1, 4), 0]


def test_folds_keep_images_whole_and_balance_rows() -> None:
    image = np.repeat(np.arange(12), np.arange(1, 13))
    judged = image != 3
    fold = fold_of(image, judged, 4, seed=0)
    assert (fold[image == 3] == ELSEWHERE).all()
    assert pd.Series(fold).groupby(image).nunique().max() == 1
    sizes = np.bincount(fold[judged])
    assert len(sizes) == 4
    assert sizes.max() - sizes.min() <= 3


def test_there_are_no_more_folds_than_images() -> None:
    assert set(fold_of(np.array([4, 4, 9]), np.ones(3, bool), 5, seed=0)) == {0, 1}


def test_rank_correlation_and_auc_are_those_of_ranks_by_hand_and_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    for n in (2, 7, 50, 400):
        a, b = rng.integers(0, 9, n), np.arange(n) % 9
        x, y = pd.Series(a).rank(), pd.Series(b).rank()
        by_hand = np.nan if np.ptp(a) == 0 else round(float(np.corrcoef(x, y)[0, 1]), 12)
        assert rank_correlation(a, b) == pytest.approx(by_hand, abs=2e-12, nan_ok=True)
        right = b > b.max() / 2
        k = right.sum()
        assert auc(a, right) == (x[right].sum() - k * (k + 1) / 2) / (k * (n - k))
        assert auc(a, right) == pytest.approx(roc_auc_score(right, a))
    assert np.isnan(auc(a, np.ones(400, bool)))
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5)))


def test_a_score_that_knows_the_truth_is_reported_without_error() -> None:
    iou = np.tile([0.0, 0.5, 0.8, 1.0], 10)
    fold = np.repeat(np.arange(4), 10)
    report = compare({"truth": iou, "nothing": np.zeros(40)}, iou, np.ones(40, bool), fold)
    assert report.loc["truth"].tolist() == pytest.approx([1, 1, 0, 0, 0])
    assert report.loc["nothing", "brier"] == pytest.approx(0.25, abs=0.01)
    assert report.loc["nothing", "auc"] == 0.5
