"""Images that seem empty, by themselves and by their neighbours; and what is then said of them."""

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.learn.growth import objectness


@pytest.fixture
def ds(tmp_path):
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=30, n_labeled=8, n_test=6, size=96)


@pytest.fixture
def run(ds):
    return nl.demo.simulated_run(ds)


def test_each_image_has_its_best_score_and_that_of_its_neighbours(run) -> None:
    seen = nl.objectness(run, neighbours=3)
    assert seen.index.tolist() == run.embeddings.image_ids.tolist()
    best = run.predictions.groupby("image_id")["score"].max()
    for image_id in seen.index:
        assert seen.loc[image_id, "own"] == pytest.approx(best.get(image_id, 0.0))
    vectors = run.embeddings.image - run.embeddings.image.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    expected = seen["own"].to_numpy()[np.argsort(-near, axis=1)[:, :3]].mean(axis=1)
    assert np.allclose(seen["nearby"], expected, atol=1e-6)


def test_quiet_images_are_unlabeled_ones_the_surest_first(ds, run) -> None:
    quiet = nl.likely_empty(ds, run, own=0.5, nearby=0.5)
    assert len(quiet) > 0
    assert (ds.images.loc[quiet.index, "state"] == "unlabeled").all()
    assert (quiet["own"] < 0.5).all()
    assert (quiet["nearby"] < 0.5).all()
    assert quiet.sum(axis=1).is_monotonic_increasing
    assert len(nl.likely_empty(ds, run, own=0)) == 0


def test_without_embeddings_it_says_so(run) -> None:
    with pytest.raises(DataError, match="no image embeddings"):
        nl.objectness(nl.Run("bare", "predict"))
    with pytest.raises(DataError, match="neighbours must be at least 1"):
        nl.objectness(run, neighbours=0)


def test_images_are_said_to_be_empty_or_complete_in_one_change(ds, run) -> None:
    quiet = nl.likely_empty(ds, run, own=0.5, nearby=0.9)
    change = ds.mark_empty(quiet.index, origin="ana")
    assert change.note == f"{len(quiet)} images are empty"
    assert set(ds.images.loc[quiet.index, "state"]) == {"empty"}
    assert set(ds.images.loc[quiet.index, "weight"]) == {1.0}
    ds.undo()
    assert set(ds.images.loc[quiet.index, "state"]) == {"unlabeled"}
    some = ds.instances["image_id"].unique()[:2]
    with pytest.raises(DataError, match="state empty means that no instance is on an image"):
        ds.mark_empty(some)
    ds.set(some, table="images", state="partial", weight=0)
    ds.mark_complete(some, weight=2)
    assert ds.images.loc[some, "weight"].tolist() == [2.0, 2.0]
    with pytest.raises(UnknownNameError, match="999"):
        ds.mark_complete([999])


def test_only_what_is_labeled_all_over_is_trained_on(ds) -> None:
    ids = ds.images.index[ds.images["state"] == "complete"]
    ds.images.loc[ids[0], "state"] = "partial"
    ds.images.loc[ids[1], "weight"] = 3
    ds.images.loc[ids[2], "weight"] = 0
    change = ds.weigh_complete()
    done = ds.images["state"].isin(["complete", "empty"])
    assert change.note == f"{done.sum()} of 30 images are labeled all over and in training"
    assert (ds.images["weight"] > 0).equals(done)
    assert ds.images.loc[ids[:3], "weight"].tolist() == [0.0, 3.0, 1.0]


@pytest.mark.parametrize(("n", "k"), [(6, 5), (300, 1), (2500, 3), (2601, 7)])
@pytest.mark.parametrize("among", [20_000, 1500])
def test_the_nearest_are_those_of_comparing_all_with_all(
    n: int, k: int, among: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objectness, "_AMONG", among)
    rng = np.random.default_rng(n)
    found = rng.standard_normal((n, 4)).astype(np.float32)
    got = objectness._nearest(found, k)
    others = np.arange(n)
    if n > among:
        others = np.sort(np.random.default_rng(0).choice(n, among, replace=False))
    near = found @ found[others].T
    near[others, np.arange(len(others))] = -np.inf
    expected = np.take_along_axis(near, np.argsort(-near, axis=1)[:, :k], axis=1)
    assert got.shape == (n, k)
    assert np.isin(got, others).all()
    assert not (got == np.arange(n)[:, None]).any()
    values = np.take_along_axis(found @ found.T, got, axis=1)
    assert -np.sort(-values, axis=1) == pytest.approx(expected, rel=1e-5)
    assert all(len(set(row)) == k for row in got.tolist())
