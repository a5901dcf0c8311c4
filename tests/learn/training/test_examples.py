from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.errors import FallbackWarning, ModelError
from nbalabel.learn.training import examples, pixels
from nbalabel.learn.training.examples import draw


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.integers(0, 99))
def test_an_epoch_draws_each_image_in_proportion_to_its_weight(weights: list[float], seed: int) -> None:
    drawn = np.bincount(draw(weights, np.random.default_rng(seed)), minlength=len(weights))
    expected = len(weights) * np.array(weights) / np.sum(weights)
    assert drawn.sum() == len(weights)
    assert (drawn >= np.floor(expected - 1e-9)).all()
    assert (drawn <= np.ceil(expected + 1e-9)).all()


@given(st.integers(1, 50), st.floats(0.01, 100), st.integers(0, 99))
def test_equal_weights_visit_each_image_exactly_once(n: int, weight: float, seed: int) -> None:
    assert sorted(draw([weight] * n, np.random.default_rng(seed))) == list(range(n))


def test_only_labeled_images_with_weight_and_of_the_training_split_train(shapes: Callable[..., Any]) -> None:
    tables = shapes(8)
    tables.images.loc[0, "weight"] = 0
    tables.images.loc[1, "split"] = "val"
    tables.images.loc[2, "split"] = "test"
    tables.images.loc[3, "split"] = "train"
    tables.images.loc[4, "state"] = "partial"
    assert examples.training(tables, 64).image_ids.tolist() == [3, 4, 5, 6, 7]
    assert examples.training(tables, 64, "skip").image_ids.tolist() == [3, 5, 6, 7]
    assert examples.validation(tables, 64).image_ids.tolist() == [1]


def test_unlabeled_images_never_train_and_a_warning_says_so(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    tables.images.loc[[1, 2], "state"] = "unlabeled"
    with pytest.warns(FallbackWarning, match="2 images with weight > 0 have state 'unlabeled'.*: 1, 2"):
        found = examples.training(tables, 64)
    assert found.image_ids.tolist() == [0, 3]


def test_crowds_and_proposals_are_no_examples(shapes: Callable[..., Any]) -> None:
    tables = shapes(3)
    before = examples.training(tables, 64).n_instances
    tables.instances.loc[tables.instances.index[0], "crowd"] = True
    tables.instances.loc[tables.instances.index[1], "status"] = "proposed"
    assert examples.training(tables, 64).n_instances == before - 2


def test_empty_images_are_examples_of_nothing(shapes: Callable[..., Any]) -> None:
    tables = shapes(3)
    tables.instances = tables.instances[tables.instances.image_id != 1]
    tables.images.loc[1, "state"] = "empty"
    found = examples.training(tables, 64)
    assert found.image_ids.tolist() == [0, 1, 2]
    assert found.paths[1] == []


def test_nothing_to_learn_from_is_an_error_that_says_why(shapes: Callable[..., Any]) -> None:
    tables = shapes(3)
    tables.images["weight"] = np.float32(0)
    with pytest.raises(ModelError, match="0 of 3 images have weight > 0"):
        examples.training(tables, 64)
    with pytest.raises(ModelError, match="partial must be one of use, skip, regions, got 'no'"):
        examples.training(tables, 64, "no")


def test_images_that_cannot_be_read_are_left_out_by_name(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    del tables.pixels[2]
    tables.pixels[3] = tables.pixels[3][:32]
    with pytest.warns(FallbackWarning, match=r"2 images cannot be read .*: 2, 3 \(image 2 is missing\)"):
        found = pixels.load(examples.training(tables, 64), 64)
    assert found.image_ids.tolist() == [0, 1]
    assert [p.shape for p in found.pixels] == [(64, 64, 3)] * 2


def test_pixels_beyond_the_memory_limit_are_read_again(shapes: Callable[..., Any]) -> None:
    found = pixels.load(examples.training(shapes(3), 64), 64, limit=2 * 64 * 64 * 3)
    assert [held is None for held in found.pixels] == [False, False, True]


def _dataset(tables: Any, **arguments: Any) -> Any:
    pytest.importorskip("ultralytics")
    from nbalabel.learn.libraries.quiet_ultralytics import ultralytics
    from nbalabel.learn.yolo.dataset import dataset

    args = SimpleNamespace(**{**vars(ultralytics("utils").DEFAULT_CFG), "imgsz": 64, **arguments})
    return dataset(examples.training(tables, 64), args, {0: "ring", 1: "square"}, augment=True)


def test_zero_weight_images_cannot_be_mixed_in(shapes: Callable[..., Any]) -> None:
    tables = shapes(6)
    tables.images.loc[[0, 3], "weight"] = 0
    for image_id in (0, 3):
        tables.pixels[image_id] = np.full((64, 64, 3), 255, np.uint8)
    data = _dataset(tables, mosaic=1.0, mixup=1.0, copy_paste=1.0, copy_paste_mode="mixup", hsv_v=0, hsv_s=0)
    assert len(data) == 4
    for at in range(12):
        assert data[at % 4]["img"].numpy().max() < 250


def test_mix_partners_come_by_weight(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    tables.images["weight"] = np.array([1, 1, 2, 6], np.float32)
    data = _dataset(tables, mosaic=1.0)
    counts = Counter(i for _ in range(2000) for i in data._draw_partners(3))
    shares = np.array([counts[i] for i in range(4)]) / 6000
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.2, 0.6], atol=0.03)
    mixes = [t for t in _walk(data.transforms) if hasattr(t, "get_indexes")]
    assert mixes
    assert all(mix.get_indexes.func == data._draw_partners for mix in mixes)


def _walk(transform: Any) -> Any:
    yield transform
    for inner in [*getattr(transform, "transforms", []), getattr(transform, "pre_transform", None)]:
        if inner is not None:
            yield from _walk(inner)
