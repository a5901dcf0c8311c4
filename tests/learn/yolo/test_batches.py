"""What a training would draw, without training: the same code, the same draws, and nothing else moved."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import ModelError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.drawn import Drawn, DrawsBatches

pytest.importorskip("ultralytics")
from nbalabel.learn.yolo import trainer
from nbalabel.learn.yolo.batches import drawn

SMALL: dict[str, Any] = {"imgsz": 64, "batch": 4}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Batches that a trainer gets from now on, before anything is done to them."""
    found: list[dict[str, Any]] = []
    table_trainer = trainer._table_trainer()
    theirs = table_trainer.preprocess_batch

    def keep(self: Any, batch: dict[str, Any]) -> dict[str, Any]:
        if "image_ids" in batch:
            found.append(deepcopy(batch))
        return theirs(self, batch)

    monkeypatch.setattr(table_trainer, "preprocess_batch", keep)
    return found


def same(one: Drawn, other: Drawn) -> bool:
    pairs = [(one.pixels, other.pixels), (one.open, other.open)]
    pairs += [*zip(one.masks, other.masks, strict=True), *zip(one.labels, other.labels, strict=True)]
    return one.image_ids == other.image_ids and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs
    )


@pytest.mark.training
@pytest.mark.parametrize(
    "arguments",
    [
        {"steps": 3, "seed": 5},
        {"steps": 3, "hold_out": 0.3, "degrees": 10.0, "overlap_mask": True},
        {"epochs": 2, "mosaic": 0.0, "start": "fresh", "partial": "regions"},
        {"steps": 3, "close_mosaic": 9},
    ],
)
def test_batches_are_those_of_the_training_byte_for_byte(
    model: Any, shapes: Callable[..., Any], seen: list[dict[str, Any]], arguments: dict[str, Any]
) -> None:
    tables = shapes(10)
    tables.images["weight"] = np.arange(10) + 1.0
    tables.images.loc[[0, 1], "state"] = "partial"
    falling = "close_mosaic" in arguments  # from the first step on
    batches = model.batches(tables, falling=falling, **arguments, **SMALL)
    before = list(islice(batches, 3))
    model.train(tables, **arguments, **SMALL)
    sets = before[0].open_labels
    overlap = arguments.get("overlap_mask", False)
    # What comes after the fall is drawn from random generators that have gone on.
    n = 2 if "steps" in arguments and not falling else 3
    assert len(seen) >= n
    for mine, theirs in zip(before[:n], seen[:n], strict=True):
        assert same(mine, drawn(theirs, sets, overlap=overlap))
    assert not same(before[0], before[1])


def test_a_picture_shows_its_masks_where_they_are(model: Any, shapes: Callable[..., Any]) -> None:
    still = {
        "mosaic": 0.0,
        "translate": 0.0,
        "scale": 0.0,
        "fliplr": 0.0,
        "hsv_h": 0.0,
        "hsv_s": 0.0,
        "hsv_v": 0.0,
    }
    tables = shapes(4)
    batch = next(model.batches(tables, steps=1, **SMALL, **still))
    assert isinstance(model, DrawsBatches)
    assert len(batch) == 4
    assert sorted(batch.image_ids) == [(0,), (1,), (2,), (3,)]
    for pixels, masks, labels, (image_id,) in zip(
        batch.pixels, batch.masks, batch.labels, batch.image_ids, strict=True
    ):
        assert (pixels == tables.pixels[image_id]).all(), "RGB as it was read"
        rows = tables.instances[tables.instances["image_id"] == image_id]
        assert sorted(labels.tolist()) == sorted(rows["label"].cat.codes.tolist())
        for mask, label in zip(masks, labels, strict=True):
            whole = [rle.decode(m, 64, 64) for m in rows["mask"][rows["label"].cat.codes == label]]
            shrunk = [m.reshape(16, 4, 16, 4).mean(axis=(1, 3)) for m in whole]
            assert min(np.abs(mask - one).mean() for one in shrunk) < 0.01


def test_mosaic_names_the_images_that_it_adds_and_the_fall_has_none(
    model: Any, shapes: Callable[..., Any]
) -> None:
    level, falling = (
        next(model.batches(shapes(8), steps=4, falling=phase, **SMALL)).image_ids for phase in (False, True)
    )
    assert {len(ids) for ids in level} == {4}
    assert {len(ids) for ids in falling} == {1}


def test_images_put_aside_are_drawn_only_while_the_rate_falls(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(10)
    level, falling = (model.batches(tables, hold_out=0.3, falling=phase, **SMALL) for phase in (False, True))
    assert (level.n_images, falling.n_images) == (7, 10)
    drawn_ids = {i for batch in islice(level, 6) for ids in batch.image_ids for i in ids}
    assert len(drawn_ids) == 7


def test_the_balance_is_what_weights_make_of_it(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(6)
    tables.images["weight"] = [4.0, 1.0, 1.0, 1.0, 2.0, 0.0]
    balance = model.batches(tables, steps=1, **SMALL).balance
    rows = tables.instances[tables.instances["image_id"] < 5]
    counts = pd.crosstab(rows["image_id"], rows["label"]).reindex(range(5), fill_value=0)
    assert balance["instances"].tolist() == counts.sum().tolist()
    np.testing.assert_allclose(balance["share"], counts.sum() / counts.to_numpy().sum())
    weighted = counts.mul([4, 1, 1, 1, 2], axis=0).sum()
    np.testing.assert_allclose(balance["drawn"], weighted / weighted.sum())


def test_what_is_drawn_has_the_expected_balance_in_the_long_run(
    model: Any, shapes: Callable[..., Any]
) -> None:
    tables = shapes(8)
    tables.images["weight"] = [8.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]
    still = {"mosaic": 0.0, "translate": 0.0, "scale": 0.0}
    batches = model.batches(tables, steps=1, **SMALL, **still)
    counted = sum(batch.counts(2) for batch in islice(batches, 16))  # 64 draws are 8 passes of 8
    np.testing.assert_allclose(counted / counted.sum(), batches.balance["drawn"], atol=0.02)


def test_looking_leaves_the_random_numbers_and_torch_as_they_were(
    model: Any, shapes: Callable[..., Any]
) -> None:
    import torch

    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    weights = deepcopy(model.network.state_dict())
    batches = model.batches(shapes(4), steps=1, **SMALL)
    first = next(batches)
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
    assert not torch.are_deterministic_algorithms_enabled()
    assert all(torch.equal(weights[name], value) for name, value in model.network.state_dict().items())
    other = model.batches(shapes(4), steps=1, **SMALL)
    random.random()  # between two batches a notebook draws numbers of its own
    assert same(first, next(other))
    assert same(next(batches), next(other))


def test_open_regions_come_with_the_labels_that_they_are_about(
    model: Any, shapes: Callable[..., Any]
) -> None:
    tables = shapes(4)
    mask = np.zeros((64, 64), bool)
    mask[:, :32] = True
    tables.regions = pd.DataFrame(
        {"image_id": [2], "mask": [rle.encode(mask)], "kind": ["ignore"], "label": [None]}
    )
    batch = next(model.batches(tables, steps=1, mosaic=0.0, translate=0.0, scale=0.0, fliplr=0.0, **SMALL))
    assert batch.open_labels == ((0, 1),)
    at = batch.image_ids.index((2,))
    assert batch.open[at, 0, :, :8].all()
    assert not batch.open[at, 0, :, 8:].any()
    assert not np.delete(batch.open, at, axis=0).any()


def test_what_train_refuses_is_refused(model: Any, shapes: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="no training argument 'mosiac': did you mean mosaic"):
        model.batches(shapes(4), mosiac=0.0)
    with pytest.raises(ModelError, match="steps or epochs, not both"):
        model.batches(shapes(4), steps=1, epochs=1)
    with pytest.raises(ModelError, match="ultralytics refuses these training arguments"):
        model.batches(shapes(4), steps=1, mosaic="much")
    tables = shapes(4)
    tables.images["weight"] = 0.0
    with pytest.raises(ModelError, match="nothing to learn from: 0 of 4 images"):
        model.batches(tables)
