from typing import Any

import numpy as np
import pytest

import nbalabel as nl


@pytest.fixture(scope="module")
def world(tmp_path_factory: Any) -> Any:
    """A reef of which all right predictions were accepted, so that most images wait only for a look."""
    folder = tmp_path_factory.mktemp("complete") / "reef.nbal"
    ds = nl.demo.reef(folder, n_images=200, n_labeled=24, n_test=30, size=96, seed=5)
    run = nl.demo.simulated_run(ds)
    waiting = ds.images.query("state == 'unlabeled' and split == 'train'").index
    rows = run.predictions[run.predictions["image_id"].isin(waiting)]
    right = nl.demo.Reviewer(nl.demo.truth(ds)).judge(rows, iou=0.5)
    ds.accept(rows[right], overlap="skip")
    return ds, run


def test_images_that_are_likely_complete_come_first_and_are_more_often_so(world: Any) -> None:
    ds, run = world
    found = nl.likely_complete(ds, run)
    assert found["chance"].is_monotonic_decreasing
    assert found["chance"].between(0, 1).all()
    assert (found["labeled"] == ds.instances.groupby("image_id").size().loc[found.index]).all()
    really = nl.demo.Reviewer(nl.demo.truth(ds)).is_complete(found.index, ds.instances)
    half = len(found) // 2
    assert really.iloc[:half].mean() > really.iloc[half:].mean() + 0.1
    assert abs(found["chance"].mean() - really.mean()) < 0.2


def test_only_images_that_wait_and_have_instances_are_listed(world: Any) -> None:
    ds, run = world
    found = nl.likely_complete(ds, run).index
    images = ds.images.loc[found]
    assert set(images["state"]) == {"partial"}
    assert set(images["split"]) == {"train"}
    before = len(found)
    ds.mark_complete(found[:3])
    assert len(nl.likely_complete(ds, run)) == before - 3
    ds.undo()


def test_an_open_prediction_that_is_likely_right_lowers_the_chance(world: Any) -> None:
    ds, run = world
    image = int(nl.likely_complete(ds, run).index[0])
    before = nl.likely_complete(ds, run).loc[image]
    rows = ds.instances.query("image_id == @image")
    best = rows.index[[0]]
    ds.remove(best)
    if len(rows) > 1:
        after = nl.likely_complete(ds, run).loc[image]
        assert after["chance"] < before["chance"]
        assert after["open"] + after["unfound"] > before["open"] + before["unfound"]
    ds.undo()


def test_a_reviewer_calls_an_image_complete_if_all_is_labeled_once(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=40, n_labeled=12, n_test=8, size=96)
    truth = nl.demo.truth(ds)
    reviewer = nl.demo.Reviewer(truth)
    ids = truth.instances["image_id"].unique()
    bare = truth.images.index.difference(ids)
    assert reviewer.is_complete(truth.images.index, truth.instances).all()
    assert reviewer.n_decisions == len(truth.images)
    without = truth.instances.drop(truth.instances.index[0])
    lost = int(truth.instances["image_id"].iloc[0])
    assert reviewer.is_complete(truth.images.index, without).sum() == len(truth.images) - 1
    assert not reviewer.is_complete([lost], without)[lost]
    twice = np.append(truth.instances.index, truth.instances.index[0])
    assert not reviewer.is_complete([lost], truth.instances.loc[twice])[lost]
    assert reviewer.is_complete(bare, without).all()
    wrong = nl.demo.Reviewer(truth, error_rate=1.0)
    assert not wrong.is_complete(ids, truth.instances).any()
