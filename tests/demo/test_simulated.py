"""A run without a model, for trying the views."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, StorageError


@pytest.fixture(scope="module")
def ds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "reef.nbal"
    return nl.demo.reef(folder, n_images=60, n_labeled=12, n_test=12, size=96)


@pytest.fixture(scope="module")
def run(ds):
    return nl.demo.simulated_run(ds)


def test_it_is_right_often_and_wrong_often(run, ds):
    right = nl.demo.Reviewer(nl.demo.truth(ds)).judge(run.predictions)
    assert 0.4 < right.mean() < 0.95
    assert run.predictions["score"][right].mean() > run.predictions["score"][~right].mean() + 0.2
    assert run.predictions["matched"].any()
    assert len(run.missed)


def test_every_image_and_prediction_has_an_embedding(run, ds):
    assert run.embeddings.image_ids.tolist() == ds.images.index.tolist()
    assert np.isfinite(run.embeddings.image).all()
    assert run.embeddings.instance_ids.tolist() == run.predictions.index.tolist()
    assert np.isfinite(run.embeddings.instance).all()


def test_predictions_can_be_accepted(run, ds):
    ds.accept(run.query("score > 0.8 and iou < 0.2"), overlap="skip")
    ds.undo()


def test_the_same_seed_gives_the_same_run(run, ds):
    again = nl.demo.simulated_run(ds)
    pd.testing.assert_frame_equal(again.predictions, run.predictions)
    assert len(nl.demo.simulated_run(ds, seed=1).predictions) != len(run.predictions)


def test_another_dataset_has_no_truth_to_go_by(tmp_path):
    with pytest.raises(StorageError, match="no truth"):
        nl.demo.simulated_run(nl.create(tmp_path / "other.nbal"))


def test_it_needs_no_torch(tmp_path):
    code = (
        "import sys, nbalabel as nl\n"
        f"ds = nl.demo.reef({str(tmp_path / 'r.nbal')!r}, n_images=20, n_labeled=4, n_test=4, size=96)\n"
        "nl.demo.simulated_run(ds)\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_generated_nuclei_are_dark_until_stretched_and_have_a_run(tmp_path):
    ds = nl.demo.nuclei(tmp_path / "nuclei.nbal", n_images=6, n_labeled=2, size=128)
    with Image.open(ds.image_root / ds.images["file"].iloc[0]) as picture:
        counts = np.asarray(picture)
    assert counts.dtype == np.uint16
    assert np.percentile(counts, 90) < 0.1 * 65535
    assert ds.images["state"].isin(["complete", "empty"]).tolist() == [True, True, False, False, False, False]
    assert set(ds.instances["image_id"]) <= {0, 1} < set(nl.demo.truth(ds).instances["image_id"])
    assert len(nl.demo.simulated_run(ds).predictions)
    again = nl.demo.nuclei(tmp_path / "again.nbal", n_images=6, n_labeled=2, size=128)
    assert again.instances["mask"].tolist() == ds.instances["mask"].tolist()


def test_nuclei_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(DataError, match="needs 0 <= n_labeled <= n_images"):
        nl.demo.nuclei(tmp_path / "a.nbal", n_images=2, n_labeled=3)
    with pytest.raises(DataError, match="size must be 96 to 1024"):
        nl.demo.nuclei(tmp_path / "a.nbal", size=8)
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(StorageError, match="not an empty folder"):
        nl.demo.nuclei(tmp_path)
