"""The embeddings of a run on a plane: which rows have points, and that they are computed once."""

from dataclasses import replace

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.embed import layout as module
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.runs.run import Run


def run_of(n=40, m=12, seed=0):
    rng = np.random.default_rng(seed)
    return Run(
        "predict-1",
        "predict",
        embeddings=Embeddings(
            np.arange(n)[::-1] + 100,
            rng.normal(size=(n, 8)).astype(np.float32),
            np.arange(m),
            rng.normal(size=(m, 5)).astype(np.float32),
        ),
    )


def test_points_are_found_by_id_and_missing_ones_are_nan():
    run = run_of()
    laid = run.layout("images", "pca")
    found = laid.at([100, 7, 139])
    assert np.array_equal(found[0], laid.points[-1])
    assert np.isnan(found[1]).all()
    assert np.array_equal(found[2], laid.points[0])


def test_images_and_predictions_have_layouts_of_their_own():
    run = run_of()
    assert run.layout("images", "pca").points.shape == (40, 2)
    assert run.layout("predictions", "pca").points.shape == (12, 2)


def test_a_layout_is_computed_once():
    run = run_of()
    assert run.layout(method="pca") is run.layout(method="pca")
    assert run.layout(method="pca") is not run.layout(method="pca", seed=1)


def test_other_embeddings_get_another_layout():
    run = run_of()
    before = run.layout(method="pca")
    other = replace(run, embeddings=run_of(seed=1).embeddings)
    assert not np.array_equal(other.layout(method="pca").points, before.points)


def test_the_background_gives_pca_at_once_and_umap_when_it_is_done():
    pytest.importorskip("umap")
    run = run_of()
    laid = run.layout("images", background=True)
    assert laid.method == "pca"
    assert not laid.ready
    assert np.array_equal(laid.points, run.layout("images", "pca").points)
    assert run.layout("images") is laid  # waits for the same fit
    assert laid.ready
    assert laid.method == "umap"
    assert laid.points.shape == (40, 2)


def test_without_umap_the_background_stays_with_pca(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    laid = run_of().layout(background=True)
    assert laid.ready
    assert laid.method == "pca"


@pytest.mark.parametrize(
    ("of", "method", "message"),
    [
        ("instances", "pca", "of must be images or predictions, got 'instances'"),
        ("images", "tsne", "method must be one of"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(of, method, message):
    with pytest.raises(DataError, match=message):
        run_of().layout(of, method)


def test_a_run_without_embeddings_says_how_to_get_some():
    with pytest.raises(DataError, match="no embeddings of predictions: model"):
        Run("predict-1", "predict").layout("predictions")
