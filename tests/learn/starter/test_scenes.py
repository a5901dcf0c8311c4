"""Scenes of the starter: the same each time, things that can be seen, and fit to train on."""

from __future__ import annotations

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.learn.starter import shapes
from nbalabel.learn.starter.make import Scenes
from nbalabel.learn.starter.scenes import scene


def test_a_seed_and_a_number_draw_the_same_scene() -> None:
    one, again, other = scene(3, 5, 64), scene(3, 5, 64), scene(3, 6, 64)
    assert np.array_equal(one.image, again.image)
    assert np.array_equal(one.labels, again.labels)
    assert not np.array_equal(one.image, other.image)


def test_things_are_numbered_without_gaps_and_are_not_specks() -> None:
    for number in range(30):
        labels = scene(0, number, 96).labels
        area = np.bincount(labels.ravel())[1:]
        assert (area >= 12).all()


def test_scenes_are_light_on_dark_and_dark_on_light_sparse_and_crowded() -> None:
    counts, signs = [], []
    for number in range(40):
        made = scene(1, number, 96)
        gray = made.image.mean(axis=2)
        counts.append(int(made.labels.max()))
        if counts[-1]:
            signs.append(np.sign(gray[made.labels > 0].mean() - gray[made.labels == 0].mean()))
    assert min(counts) <= 2
    assert max(counts) > 15
    assert 0.2 < np.mean(np.array(signs) > 0) < 0.8


def test_an_outline_is_as_large_as_asked_and_reaches_no_further() -> None:
    rng = np.random.default_rng(0)
    for kind in shapes.KINDS:
        radius = shapes.outline(rng, kind, 1.3)
        assert radius.mean() == pytest.approx(1)
        depth = shapes.draw(radius, 12.0, (40.0, 40.0), (80, 80))
        assert (depth > 0).sum() == pytest.approx(np.pi * 144 * np.mean(radius**2), rel=0.1)
        assert depth[0].max() < 0


def test_a_model_learns_from_scenes_without_files() -> None:
    made = Scenes.of(4, seed=2, size=64)
    assert made.labels == ("thing",)
    assert (made.images["state"].isin(["complete", "empty"])).all()
    assert made.read_image(1).shape == (64, 64, 3)
    for image_id, rows in made.instances.groupby("image_id"):
        labels = scene(2, int(image_id), 64).labels
        first = nl.decode_mask(rows["mask"].iloc[0], 64, 64)
        assert np.array_equal(first, labels == 1)


def test_the_starter_comes_with_us_and_finds_things_it_was_not_shown() -> None:
    pytest.importorskip("ultralytics")
    from nbalabel.learn.checkpoints import weights

    assert weights.STARTER.stat().st_size < 10_000_000
    model = nl.Yolo("starter")
    assert (model.name, model.trained, model.labels, model.imgsz) == ("starter", True, ("thing",), 256)
    unseen = Scenes.of(6, seed=77, size=256)  # made of the same rules, from another series
    assert model.predict(unseen, score=0.3, imgsz=256).evaluate(tables=unseen).map50 > 0.25


def test_the_starter_is_written_as_float16_and_can_be_trained_on(tmp_path) -> None:
    pytest.importorskip("ultralytics")
    from nbalabel.learn.checkpoints import archive
    from nbalabel.learn.starter import make

    path = make.make(tmp_path / "starter.npz", steps=1, n_scenes=8)
    assert path.stat().st_size < 6_500_000
    weights = archive.arrays(path)
    assert weights["model.0.conv.weight"].dtype == np.float16
    model = nl.Yolo(path)
    assert model.trained
    assert model.labels == ("thing",)
    run = model.train(Scenes.of(8, seed=9, size=64), steps=1, imgsz=64)
    assert run.stopped == "steps"
    assert next(model.network.parameters()).dtype.is_floating_point
