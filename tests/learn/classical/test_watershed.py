"""``Watershed`` on a few generated pictures: what it finds, how it says so, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import FallbackWarning, ModelError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.runs.frozen_tables import Snapshot


def tables(
    colors: dict[str, tuple[int, int, int] | None], n: int = 8, size: int = 80, seed: int = 0
) -> Snapshot:
    """Touching pairs of discs on noisy ground, a label for each colour; those of no colour cannot be seen."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    pixels, rows = {}, []
    for image_id in range(n):
        picture = rng.normal(120, 6, (size, size, 3)) + np.linspace(-25, 25, size)[:, None]
        for row in (0, 1):
            name = str(rng.choice(list(colors)))
            radius, left, top = rng.uniform(8, 10), rng.uniform(14, 22), 20 + 38 * row
            for k in (0, 1):
                mask = np.hypot(y - top, x - left - k * 1.8 * radius) < radius
                mask &= ~((k == 1) & (np.hypot(y - top, x - left) < radius))
                if colors[name] is not None:
                    picture[mask] = rng.normal(colors[name], 6, (int(mask.sum()), 3))
                rows.append({"image_id": image_id, "label": name, "mask": rle.encode(mask)})
        pixels[image_id] = np.clip(picture, 0, 255).astype(np.uint8)
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": size, "height": size})
    images = conform(images.assign(state="complete", split="train"), "images")
    instances = conform(pd.DataFrame(rows), "instances", list(colors), heights=np.full(len(rows), size))
    return Snapshot(images, instances, tuple(colors), None, pixels.__getitem__)


LIGHT = {"cell": (210, 190, 200)}
TWO = {"leaf": (60, 160, 60), "stone": (50, 50, 160)}


@pytest.fixture(scope="module")
def fitted() -> tuple[nl.Watershed, nl.Run]:
    model = nl.Watershed()
    return model, model.train(tables(LIGHT, n=5))


def test_it_is_a_model(fitted: tuple[nl.Watershed, nl.Run]) -> None:
    assert isinstance(fitted[0], nl.Model)


def test_five_labeled_images_are_enough(fitted: tuple[nl.Watershed, nl.Run]) -> None:
    model, trained = fitted
    assert trained.kind == "train"
    assert trained.n_images == 5
    assert trained.arguments["f1"] > 0.8
    run = model.predict(tables(LIGHT, n=6, seed=5))
    assert run.metrics.map50 > 0.9
    assert run.predictions["score"].between(0.1, 1).all()
    assert (run.predictions["source"] == "model").all()
    assert run.embeddings.instance.shape == (len(run.predictions), 23)


def test_dark_things_are_found_as_light_ones_are() -> None:
    model = nl.Watershed()
    model.train(tables({"cell": (40, 50, 45)}, n=5))
    assert model.predict(tables({"cell": (40, 50, 45)}, n=4, seed=3)).metrics.map50 > 0.9


def test_labels_of_different_colours_are_told_apart() -> None:
    model = nl.Watershed()
    model.train(tables(TWO, n=6))
    run = model.predict(tables(TWO, n=6, seed=9))
    assert run.metrics.per_label["AP50"].min() > 0.8
    assert model.labels == ("leaf", "stone")


def test_it_says_when_it_does_not_serve() -> None:
    unseen = tables({"ghost": None}, n=5)
    with pytest.warns(
        FallbackWarning, match=r"do not find these things: F1 0\.\d\d at IoU 0\.5 on 5 labeled"
    ):
        trained = nl.Watershed().train(unseen)
    assert trained.arguments["f1"] < 0.2


def test_the_same_tables_and_seed_give_the_same_predictions() -> None:
    runs = []
    for _ in range(2):
        model = nl.Watershed()
        model.train(tables(LIGHT, n=3), seed=4)
        runs.append(model.predict(tables(LIGHT, n=2, seed=8)).predictions)
    assert runs[0]["mask"].tolist() == runs[1]["mask"].tolist()
    assert runs[0]["score"].tolist() == runs[1]["score"].tolist()


def test_what_was_learned_survives_a_file(fitted: tuple[nl.Watershed, nl.Run], tmp_path: Path) -> None:
    model, _ = fitted
    again = nl.Watershed.load(model.save(tmp_path / "cells"))
    other = tables(LIGHT, n=2, seed=2)
    ours, theirs = model.predict(other).predictions, again.predict(other).predictions
    assert ours["mask"].tolist() == theirs["mask"].tolist()
    assert repr(again) == repr(model)


def test_a_file_that_is_none_of_ours_is_refused(fitted: tuple[nl.Watershed, nl.Run], tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no file"):
        nl.Watershed.load(tmp_path / "absent")
    path = fitted[0].save(tmp_path / "cells")
    with np.load(path) as held:
        arrays = dict(held)
    np.savez(tmp_path / "cut.npz", **{**arrays, "weights": arrays["weights"][:-1]})
    with pytest.raises(ModelError, match="shapes"):
        nl.Watershed.load(tmp_path / "cut")
    meta = json.loads(arrays["__nbalabel__"].tobytes())
    meta["thresholds"][0]["window"] = 10**9
    changed = {**arrays, "__nbalabel__": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    np.savez(tmp_path / "wide.npz", **changed)
    with pytest.raises(ModelError, match="out of range"):
        nl.Watershed.load(tmp_path / "wide")


def test_a_prediction_goes_on_in_its_folder(fitted: tuple[nl.Watershed, nl.Run], tmp_path: Path) -> None:
    run = fitted[0].predict(tables(LIGHT, n=2, seed=1), folder=tmp_path)
    assert nl.Run.load(tmp_path, tables(LIGHT, n=2, seed=1)).id == run.id


def test_masks_lie_where_things_are_on_pictures_of_another_size(
    fitted: tuple[nl.Watershed, nl.Run],
) -> None:
    model, trained = fitted
    assert trained.arguments["imgsz"] != 80, "pictures are resized"
    large = model.predict(tables(LIGHT, n=3, seed=6), imgsz=96)
    assert large.metrics.map50 > 0.8


def test_labels_and_predictions_share_a_space(fitted: tuple[nl.Watershed, nl.Run]) -> None:
    model, _ = fitted
    other = tables(LIGHT, n=4, seed=7)
    run = model.predict(other, score=0.5)
    labels = model.embed(other)
    assert labels.instance_ids.tolist() == other.instances.index.tolist()
    matched = run.predictions[run.predictions["matched"]]
    own = run.embeddings.instances(matched.index)
    theirs = labels.instances(matched["matched_id"].to_numpy(np.int64))
    near = np.linalg.norm(own - theirs, axis=1).mean()
    far = np.linalg.norm(own - theirs[::-1], axis=1).mean()
    assert near < far


def test_on_partial_images_what_nobody_labeled_is_not_taught_as_ground() -> None:
    whole = tables(LIGHT, n=6)
    half = whole.instances[whole.instances.index % 2 == 0]
    images = conform(whole.images.assign(state="partial"), "images")
    partial = replace(whole, instances=half, images=images)
    scores = []
    for taught in (partial, replace(whole, instances=half)):
        model = nl.Watershed()
        model.train(taught)
        found = model.predict(tables(LIGHT, n=4, seed=3)).predictions
        scores.append(found.loc[found["matched"], "score"].mean())
    assert scores[0] > scores[1] + 0.1


def test_held_out_and_unlabeled_images_teach_nothing() -> None:
    whole = tables(LIGHT, n=6)
    images = whole.images.copy()
    images.loc[[0], "split"] = "test"
    images.loc[[1], "weight"] = 0
    images.loc[[2], "state"] = "unlabeled"
    assert nl.Watershed().train(replace(whole, images=images)).n_images == 3


def test_nothing_to_learn_from_and_unknown_arguments_are_refused() -> None:
    whole = tables(LIGHT, n=2)
    with pytest.raises(ModelError, match="nothing to learn from: of 2 images 0 have weight > 0"):
        nl.Watershed().train(replace(whole, images=whole.images.assign(weight=np.float32(0))))
    with pytest.raises(ModelError, match="has no argument epochs"):
        nl.Watershed().train(whole, epochs=3)
    with pytest.raises(ModelError, match="imgsz must be at least 32"):
        nl.Watershed().train(whole, imgsz=8)
    with pytest.raises(ModelError, match="has not been trained"):
        nl.Watershed().predict(whole)


def test_images_that_cannot_be_read_are_named(shapes: Callable[..., Any]) -> None:
    broken = shapes(6)
    del broken.pixels[3]
    model = nl.Watershed()
    with pytest.warns(FallbackWarning, match="1 images cannot be read and are left out: 3"):
        model.train(broken)
    run = model.predict(broken)
    assert run.failed["image_id"].tolist() == [3]


def test_it_needs_neither_torch_nor_opencv_nor_scikit_learn() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'cv2', 'sklearn', 'ultralytics'): sys.modules[name] = None\n"
        "import tempfile, nbalabel as nl\n"
        "ds = nl.demo.reef(tempfile.mkdtemp() + '/r.nbal', n_images=60, n_labeled=6, n_test=0, size=96)\n"
        "m = nl.Watershed(); m.train(ds); print(len(m.predict(ds).predicted_ids)); ds.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "60"
