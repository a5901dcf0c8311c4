"""Regions where nobody decided: they travel with the pixels and teach nothing, while labels teach all."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import ModelError
from nbalabel.learn.training import examples
from nbalabel.learn.yolo.ahead import Ahead

pytest.importorskip("ultralytics")


@pytest.fixture
def half(shapes: Callable[..., Any]) -> tuple[Any, pd.DataFrame]:
    """Tables whose image 0 is partial, and rows nobody decided: there, and on image 1, which is complete."""
    tables = shapes(4)
    tables.images.loc[0, "state"] = "partial"
    first = tables.instances.groupby("image_id").head(1).index
    undecided = tables.instances.loc[tables.instances.index.isin(first)]
    undecided = undecided[undecided["image_id"].isin([0, 1])]
    tables.instances = tables.instances.drop(undecided.index[undecided["image_id"] == 0])
    return tables, undecided[["image_id", "mask"]]


def _dataset(found: examples.Examples, **arguments: Any) -> Any:
    from nbalabel.learn.libraries.quiet_ultralytics import ultralytics
    from nbalabel.learn.yolo.dataset import dataset

    still = {"hsv_h": 0, "hsv_s": 0, "hsv_v": 0, "mask_ratio": 4, "overlap_mask": False, "imgsz": 64}
    args = SimpleNamespace(**{**vars(ultralytics("utils").DEFAULT_CFG), **still, **arguments})
    return dataset(found, args, {0: "ring", 1: "square"}, augment=True)


def test_only_partial_images_have_open_regions(half: tuple[Any, pd.DataFrame]) -> None:
    tables, undecided = half
    found = examples.training(tables, 64, ignore=undecided)
    assert [len(found.open.on(at)[0]) for at in range(4)] == [1, 0, 0, 0]
    assert [len(found.take([2, 0]).open.on(at)[0]) for at in range(2)] == [0, 1]
    assert examples.training(tables, 64).open.on(0) == ([], [])


@pytest.mark.parametrize("overlap", [True, False])
def test_open_regions_are_a_mask_and_no_labels(half: tuple[Any, pd.DataFrame], overlap: bool) -> None:
    tables, undecided = half
    data = _dataset(
        examples.training(tables, 64, ignore=undecided),
        mosaic=0.0, translate=0.0, scale=0.0, fliplr=0.0, overlap_mask=overlap,
    )  # fmt: skip
    example = data[0]
    n = int((tables.instances["image_id"] == 0).sum())
    assert len(example["cls"]) == len(example["bboxes"]) == len(example["batch_idx"]) == n
    assert (example["cls"] >= 0).all()
    bright = data.examples.pixels[0] if data.examples.pixels else tables.pixels[0]
    shown = bright.max(axis=2)[2::4, 2::4] > 70  # the painted things, at the middles of the mask's cells
    assert example["open"].any()
    assert (shown & example["open"].numpy()[0]).sum() > 0.6 * example["open"].sum()
    assert not data[1]["open"].any()


def test_open_regions_move_with_the_pixels(half: tuple[Any, pd.DataFrame]) -> None:
    tables, undecided = half
    tables.pixels[0] = np.zeros((64, 64, 3), np.uint8)
    from nbalabel.core.geometry.masks import rle

    where = rle.decode(undecided["mask"].iloc[0], 64, 64)
    tables.pixels[0][where] = 255
    for image_id in (1, 2, 3):
        tables.pixels[image_id] = np.zeros((64, 64, 3), np.uint8)
    data = _dataset(examples.training(tables, 64, ignore=undecided), mosaic=1.0, degrees=20.0, scale=0.3)
    random.seed(0)
    np.random.seed(0)
    seen = 0
    for _ in range(24):
        example = data[0]
        bright = example["img"].numpy()[0].reshape(16, 4, 16, 4).mean(axis=(1, 3)) > 127
        seen += int(bright.sum())
        union = (bright | example["open"].numpy()[0]).sum()
        if bright.sum() > 20:
            assert (bright & example["open"].numpy()[0]).sum() >= 0.7 * union
    assert seen > 100


@pytest.mark.parametrize("name", ["yolo11n-seg.yaml", "yolo26n-seg.yaml"])
def test_a_loss_is_silent_in_open_regions_and_only_there(name: str) -> None:
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import SegmentationModel

    from nbalabel.learn.yolo.criterion import Criterion

    torch.manual_seed(0)
    network = SegmentationModel(name, nc=1, verbose=False).train()
    network.args = get_cfg(overrides={"overlap_mask": False})
    images = torch.rand(2, 3, 64, 64)
    masks = torch.zeros(1, 16, 16)
    masks[0, 4:8, 4:8] = 1
    batch = {
        "img": images,
        "batch_idx": torch.zeros(1),
        "cls": torch.zeros(1, 1),
        "bboxes": torch.tensor([[0.375, 0.375, 0.25, 0.25]]),
        "masks": masks,
        "sem_masks": torch.zeros(2, 16, 16),
    }

    def scores(where: torch.Tensor | None) -> torch.Tensor:
        """How the loss pulls at each anchor's score, ``(2, anchors)``."""
        predictions = network.predict(images)
        found = predictions.get("one2many", predictions) if isinstance(predictions, dict) else predictions[1]
        found["scores"].retain_grad()
        more = {} if where is None else {"open": where.unsqueeze(1)}
        loss, _ = Criterion(network.init_criterion(), np.ones((1, 1), np.float32))(
            predictions, {**batch, **more}
        )
        loss.sum().backward()
        return found["scores"].grad.abs().sum(dim=1)

    every, none = torch.ones(2, 16, 16, dtype=torch.bool), torch.zeros(2, 16, 16, dtype=torch.bool)
    plain, known, quiet = scores(None), scores(none), scores(every)
    assert torch.allclose(plain, known)
    assert (plain[1] > 0).all()  # background everywhere on the second image
    assert (quiet[1] == 0).all()
    assert (quiet[0] > 0).any()  # the label's anchors still learn
    assert torch.allclose(quiet[0][quiet[0] > 0], plain[0][quiet[0] > 0], rtol=1e-3)
    corner = none.clone()
    corner[1, :8, :8] = True
    assert (
        (scores(corner)[1][:64].reshape(8, 8) == 0).numpy() == np.pad(np.ones((4, 4), bool), (0, 4))
    ).all()


def test_rows_to_ignore_need_a_place(shapes: Callable[..., Any], learned: Any) -> None:
    import nbalabel as nl

    model = nl.Yolo(learned)
    with pytest.raises(ModelError, match="rows with image_id and mask"):
        model.train(shapes(4), steps=1, ignore=pd.DataFrame({"image_id": [0]}))


def test_batches_made_ahead_come_in_order_and_none_beyond_the_end() -> None:
    asked: list[int] = []

    class Source:
        sampler = "its own"

        def __len__(self) -> int:
            return 5

        def __iter__(self) -> Any:
            for at in range(5):
                asked.append(at)
                yield at

    loader = Ahead(Source())
    assert list(loader) == list(range(5))
    assert asked == list(range(5))
    assert loader.sampler == "its own"
    some = iter(loader)
    assert [next(some), next(some)] == [0, 1]
    some.close()
    assert list(loader) == list(range(5))


def test_an_error_while_a_batch_is_made_reaches_the_training() -> None:
    class Source:
        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Any:
            yield 0
            raise OSError("no such picture")

    some = iter(Ahead(Source()))
    assert next(some) == 0
    with pytest.raises(OSError, match="no such picture"):
        next(some)


def _said(*rows: tuple[int, str, str | None, bytes]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["image_id", "kind", "label", "mask"])
    return frame.assign(label=pd.Categorical(frame["label"], categories=["ring", "square"]))


def _half(left: bool = True) -> bytes:
    from nbalabel.core.geometry.masks import rle

    mask = np.zeros((64, 64), bool)
    mask[:, slice(0, 32) if left else slice(32, 64)] = True
    return rle.encode(mask)


def test_regions_say_what_a_partial_image_teaches(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    tables.images.loc[[0, 1], "state"] = "partial"
    tables.regions = _said((0, "done", None, _half()), (2, "ignore", "square", _half()))
    found = examples.training(tables, 64, partial="regions")
    still = {"mosaic": 0.0, "translate": 0.0, "scale": 0.0, "fliplr": 0.0}
    data = _dataset(found, **still)
    sets = found.open.matrix(2)
    open_ = [(data[at]["open"].numpy()[..., None] * sets[:, None, None, :]).max(axis=0) for at in range(4)]
    assert not open_[0][:, :7].any()
    assert open_[0][:, 9:].all()
    assert open_[1].all()  # nobody said anything of it
    assert open_[2][:, :7, 1].all()
    assert not open_[2][..., 0].any()
    assert not open_[3].any()
    used = _dataset(examples.training(tables, 64), **still)
    assert not used[1]["open"].any()  # "use": whatever is not labeled there is background


def test_what_is_done_for_one_label_is_background_of_that_label(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    tables.images.loc[0, "state"] = "partial"
    tables.regions = _said((0, "done", "ring", _half()), (0, "done", "ring", _half(left=False)))
    found = examples.training(tables, 64, partial="regions")
    assert found.open.labels == [(1,)]


def test_crowds_and_proposals_are_open_for_their_label(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    first = tables.instances.index[tables.instances["image_id"] == 0][0]
    tables.instances.loc[first, "crowd"] = True
    second = tables.instances.index[tables.instances["image_id"] == 1][0]
    tables.instances.loc[second, "status"] = "proposed"
    found = examples.training(tables, 64)
    label = ("ring", "square").index(tables.instances.loc[first, "label"])
    assert [len(found.open.on(at)[0]) for at in range(4)] == [1, 1, 0, 0]
    assert found.open.labels[found.open.on(0)[1][0]] == (label,)


def test_a_loss_of_one_label_is_silent_where_only_that_label_is_unknown() -> None:
    import torch

    from nbalabel.learn.yolo.criterion import Criterion

    class Theirs:
        bce = torch.nn.BCEWithLogitsLoss(reduction="none")

        def __call__(self, predictions: Any, _batch: Any) -> Any:
            return self.bce(predictions["scores"], torch.zeros(1, 4, 2)), None

    loss = Criterion(Theirs(), np.array([[0, 1]], np.float32))
    predictions = {"scores": torch.zeros(1, 4, 2), "feats": [torch.zeros(1, 1, 2, 2)]}
    where = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    where[..., :4] = True
    found, _ = loss(predictions, {"img": torch.zeros(1, 3, 8, 8), "open": where})
    assert (found[0, :, 0] > 0).all()
    assert (found[0, :, 1] > 0).tolist() == [False, True, False, True]


def test_images_that_are_labeled_all_over_are_put_aside_first(shapes: Callable[..., Any]) -> None:
    tables = shapes(30)
    tables.images.loc[:19, "state"] = "partial"
    found = examples.training(tables, 64)
    parts = examples.part(found, [None] * 30, 0.2, 0)
    assert len(parts.check) == 6
    assert parts.check.whole.all()
    assert set(parts.check.image_ids) <= set(range(20, 30))
