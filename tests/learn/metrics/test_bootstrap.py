"""mAP of resampled images: matched once, equal to evaluating the copied images."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.metrics.bootstrap import ap_draws, drawn_times

SIZE = 40
LABELS = ("crab", "cod")


def drawn(x: int, y: int, w: int, h: int) -> bytes:
    pixels = np.zeros((SIZE, SIZE), bool)
    pixels[y : y + h, x : x + w] = True
    return rle.encode(pixels)


def scenes(seed: int, n_images: int = 7) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Images, instances (some of them crowds) and predictions near them, no two of one score."""
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for image in range(n_images):
        for _ in range(int(rng.integers(0, 5))):
            x, y, w, h = (int(v) for v in rng.integers([0, 0, 6, 6], [28, 28, 12, 12]))
            label = str(rng.choice(LABELS))
            truth.append((image, label, drawn(x, y, w, h), w * h, bool(rng.random() < 0.15)))
            for _ in range(int(rng.integers(0, 3))):
                a, b = (int(v) for v in rng.integers(-2, 3, 2))
                name = label if rng.random() < 0.9 else str(rng.choice(LABELS))
                mask = drawn(max(x + a, 0), max(y + b, 0), w, h)
                found.append((image, name, mask, w * h, float(rng.random())))
    images = pd.DataFrame({"file": "x", "width": SIZE, "height": SIZE}, index=range(n_images))
    instances = pd.DataFrame(truth, columns=["image_id", "label", "mask", "area", "crowd"])
    predictions = pd.DataFrame(found, columns=["image_id", "label", "mask", "area", "score"])
    return images, instances, predictions


def copied(frame: pd.DataFrame, times: np.ndarray) -> pd.DataFrame:
    """The rows of each image as often as it was drawn, each time under another image id."""
    parts = [
        frame[frame["image_id"] == image].assign(image_id=image * 100 + copy)
        for image, n in enumerate(times.tolist())
        for copy in range(n)
    ]
    return pd.concat([frame.iloc[:0], *parts], ignore_index=True)


@pytest.mark.parametrize("seed", range(6))
def test_each_draw_is_what_evaluating_the_copied_images_gives(seed: int) -> None:
    images, instances, predictions = scenes(seed)
    times = drawn_times(np.arange(len(images)), 12, seed)
    found = ap_draws(predictions, instances, images, LABELS, times)
    for row, draw in zip(found, times, strict=True):
        ids = [image * 100 + copy for image, n in enumerate(draw.tolist()) for copy in range(n)]
        slow = nl.evaluate(copied(predictions, draw), copied(instances, draw), ids, LABELS)
        np.testing.assert_allclose(row, slow.per_label["AP"], atol=1e-12)
        np.testing.assert_allclose(np.nanmean(row), slow.map, atol=1e-12)


def test_every_image_once_is_the_evaluation_itself() -> None:
    images, instances, predictions = scenes(3, n_images=30)
    once = ap_draws(predictions, instances, images, LABELS, np.ones((1, 30), np.int32))
    np.testing.assert_allclose(once[0], nl.evaluate(predictions, instances, images, LABELS).per_label["AP"])


def test_blocks_of_draws_give_what_one_block_gives(monkeypatch: Any) -> None:
    images, instances, predictions = scenes(5)
    times = drawn_times(np.arange(len(images)), 9)
    whole = ap_draws(predictions, instances, images, LABELS, times)
    monkeypatch.setattr("nbalabel.learn.metrics.bootstrap._CELLS", 1)
    np.testing.assert_array_equal(ap_draws(predictions, instances, images, LABELS, times), whole)


def test_units_are_drawn_together_and_as_many_as_there_are() -> None:
    times = drawn_times([7, 7, 2, 9, 9, 9], 40, seed=1)
    assert (times[:, 0] == times[:, 1]).all()
    assert (times[:, 3:] == times[:, 3:4]).all()
    assert (times[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(times, axis=0)) > 5
    np.testing.assert_array_equal(times, drawn_times([1, 1, 0, 2, 2, 2], 40, seed=1))


def test_without_images_or_predictions_nothing_is_found() -> None:
    images, instances, predictions = scenes(1)
    times = drawn_times(np.arange(len(images)), 3)
    none = ap_draws(predictions.iloc[:0], instances, images, LABELS, times)
    assert set(none[np.isfinite(none)]) == {0.0}
    assert drawn_times([], 3).shape == (3, 0)
