"""Crops as numbers: background that touches nothing, classifiers that did not see the image, look-alikes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.suspects.crops.background import background
from nbalabel.learn.suspects.crops.classify import BACKGROUND, crossed
from nbalabel.learn.suspects.crops.cut import SIDE, crop_of
from nbalabel.learn.suspects.crops.describe import describe

pytest.importorskip("sklearn")


@pytest.fixture
def ds(tmp_path: Path):  # type: ignore[no-untyped-def]
    found = nl.demo.reef(
        tmp_path / "reef.nbal", n_images=40, n_labeled=30, n_test=10, size=96, by_species=True
    )
    yield found
    found.close()


def test_a_crop_shows_the_mask_in_its_middle_and_the_border_repeats() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :10] = (200, 0, 0)
    mask = np.zeros((40, 60), bool)
    mask[10:20, 0:10] = True
    crop = crop_of(pixels, rle.encode(mask))
    assert crop.shape == (SIDE, SIDE, 4)
    assert crop[SIDE // 2, SIDE // 2].tolist() == [200, 0, 0, 255]
    assert crop[SIDE // 2, 0].tolist() == [200, 0, 0, 0]  # left of the image
    assert not crop_of(pixels, rle.encode(np.zeros((40, 60), bool))).any()


def test_a_vector_tells_a_bright_thing_from_a_dark_one_and_is_finite() -> None:
    crops = np.zeros((2, SIDE, SIDE, 4), np.uint8)
    crops[:, 8:24, 8:24, 3] = 255
    crops[0, 8:24, 8:24, :3] = 220
    crops[1, :, :, :3] = 220
    crops[1, 8:24, 8:24, :3] = 10
    vectors = describe(crops, np.full((2, 2), 0.5, np.float32))
    assert np.isfinite(vectors).all()
    assert vectors[0, 4] > 0.5 > -0.5 > vectors[1, 4]  # gray inside less gray around
    assert describe(crops[:0], np.zeros((0, 2), np.float32)).shape == (0, vectors.shape[1])


def test_background_touches_no_mask_and_lies_only_where_it_may(ds: nl.Dataset) -> None:
    rows, whole = ds.instances, ds.images.index.to_numpy(np.int64)[:20]
    found = background(rows, rows, ds.images, whole, 60, 0)
    assert len(found) > 30
    assert found["image_id"].isin(whole).all()
    for image_id, mask in zip(found["image_id"], found["mask"], strict=True):
        masks = rows.loc[rows["image_id"] == image_id, "mask"].tolist()
        assert rle.iou([mask], masks, 96, 96).sum() == 0


def test_no_crop_is_judged_by_a_classifier_that_saw_its_image() -> None:
    rng = np.random.default_rng(0)
    on = np.repeat(np.arange(20), 10)
    vectors = rng.normal(size=(200, 4)).astype(np.float32)
    codes = np.where(on % 2 == 0, 0, BACKGROUND)
    vectors[:, 0] = on  # the image number tells the label of seen images only
    chances = crossed(vectors, codes, on, np.ones(200, bool), 1, 5, 0)
    hit = (chances[:, 0] > 0.5) == (codes == 0)
    assert hit.mean() < 0.75
    assert np.allclose(chances.sum(axis=1), 1)


def test_instances_and_predictions_share_one_space_and_are_guessed(ds: nl.Dataset) -> None:
    run = nl.demo.simulated_run(ds)
    found = nl.instance_embeddings(ds, run, folds=3)
    assert found.instances.index.equals(ds.instances.index)
    assert found.predictions is not None
    assert found.predictions.index.equals(run.predictions.index)
    assert found.instance_vectors.shape[1] == found.prediction_vectors.shape[1]
    assert found.embeddings("predictions").instance.shape == found.prediction_vectors.shape
    assert (found.instances["background"] > 0.5).mean() < 0.3
    again = nl.instance_embeddings(ds, run, folds=3)
    pd.testing.assert_frame_equal(found.instances, again.instances)
    assert "instances" in repr(found)
    assert "guessed" in found._repr_html_()


def test_the_nearest_look_alike_of_a_copy_is_the_original(ds: nl.Dataset) -> None:
    first = ds.instances.iloc[[3]]
    ds.add_instances(first[["image_id", "label", "mask"]])
    copy = int(ds.instances.index[-1])
    found = nl.similar(ds, [copy], n=3)
    assert found.index[0] == first.index[0]
    assert found["distance"].is_monotonic_increasing
    assert copy not in found.index


def test_similar_predictions_come_from_the_embeddings_of_the_run(ds: nl.Dataset) -> None:
    run = nl.demo.simulated_run(ds)
    found = nl.similar(run, run.predictions.iloc[:2], n=5)
    assert len(found) == 5
    assert not found.index.isin(run.predictions.index[:2]).any()
    vectors = run.embeddings.instances(run.predictions.index)
    near = np.linalg.norm(vectors - vectors[:2, None], axis=2).min(axis=0)
    near[:2] = np.inf
    assert found.index[0] == run.predictions.index[near.argmin()]


@pytest.mark.parametrize("rows", [[10**9], pd.DataFrame(index=[10**9])])
def test_rows_that_are_not_there_are_refused(ds: nl.Dataset, rows: object) -> None:
    with pytest.raises(UnknownNameError, match="1000000000"):
        nl.similar(ds, rows)


def test_too_little_to_learn_from_is_refused(ds: nl.Dataset) -> None:
    with pytest.raises(DataError, match="folds"):
        nl.instance_embeddings(ds, folds=1)
    one = ds.subset([int(ds.instances["image_id"].iloc[0])])
    with pytest.raises(DataError, match="2 or more"):
        nl.instance_embeddings(one)
    with pytest.raises(DataError, match="one picked row"):
        nl.similar(ds, [])
    with pytest.raises(DataError, match="one vector per row"):
        nl.similar(ds, ds.instances.iloc[:1], vectors=np.zeros((1, 2), np.float32))
