"""Mask R-CNN learns no background where nobody decided, and all else as before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import FallbackWarning, ModelError
from nbalabel.core.geometry.masks import rle

pytest.importorskip("torchvision")
import torch

from nbalabel.learn.torchvision.networks import mask_rcnn
from nbalabel.learn.torchvision.open_regions import is_open, left_out
from nbalabel.learn.torchvision.package import torchvision
from nbalabel.learn.torchvision.targets import Lessons, batch
from nbalabel.learn.training import examples, pixels


@pytest.fixture
def half(shapes: Callable[..., Any]) -> tuple[Any, pd.DataFrame]:
    """Tables whose image 0 is partial, its left half open; the rows say so of image 1, too, which is not."""
    tables = shapes(3)
    tables.images.loc[0, "state"] = "partial"
    left = np.zeros((64, 64), bool)
    left[:, :32] = True
    return tables, pd.DataFrame({"image_id": [0, 1], "mask": [rle.encode(left)] * 2})


def _step(where: Any, boxes: Any) -> tuple[Any, Any, Any]:
    """The pull of one step's losses at the score of each anchor, the anchors, and the regions sampled."""
    network = mask_rcnn("resnet18", 1, seed=0).train()
    network.rpn.fg_bg_sampler.batch_size_per_image = 10_000  # all of them
    network.roi_heads.fg_bg_sampler.batch_size_per_image = 10_000
    torch.manual_seed(0)
    masks = torch.zeros(len(boxes), 64, 64)
    targets = [{"boxes": boxes, "labels": torch.ones(len(boxes), dtype=torch.int64), "masks": masks}]
    if where is not None:
        targets[0]["open"] = where
    images = torch.rand(1, 3, 64, 64)
    features = network.backbone(images)
    seen: dict[str, Any] = {}

    def listen(_layer: Any, _inputs: Any, output: Any) -> None:
        seen["scores"] = output[0]
        for score in output[0]:
            score.retain_grad()

    network.rpn.head.register_forward_hook(listen)
    network.rpn.anchor_generator.register_forward_hook(lambda *a: seen.update(anchors=a[2][0]))
    network.roi_heads.box_roi_pool.register_forward_hook(lambda *a: seen.update(regions=a[1][1][0]))
    with left_out(network, targets) as unknown:
        sizes = [(64, 64)]
        image_list = torchvision("models.detection.image_list").ImageList(images, sizes)
        proposals, losses = network.rpn(image_list, features, targets)
        _, more = network.roi_heads(features, proposals, sizes, targets)
    losses = unknown.silenced({**losses, **more})
    assert all(torch.isfinite(loss) for loss in losses.values())
    if losses["loss_objectness"].requires_grad:
        losses["loss_objectness"].backward()
    grads = [s.grad if s.grad is not None else torch.zeros_like(s) for s in seen["scores"]]
    pull = torch.cat([g.permute(0, 2, 3, 1).flatten() for g in grads])
    return pull, seen["anchors"], (seen["regions"], losses)


def _half_open() -> Any:
    where = torch.zeros(16, 16, dtype=torch.bool)
    where[:, :8] = True
    return where


def test_anchors_in_open_regions_have_no_loss_and_the_others_have() -> None:
    none = torch.zeros(0, 4)
    pull, anchors, _ = _step(_half_open(), none)
    within = is_open(_half_open(), anchors)
    assert 0 < within.sum() < len(anchors)
    assert (pull[within] == 0).all()
    assert (pull[~within] > 0).all()  # all of them are background
    plain, _, _ = _step(None, none)
    assert (plain > 0).all()


def test_regions_in_open_regions_are_not_sampled_but_instances_there_are() -> None:
    instance = torch.tensor([[4.0, 4, 28, 28]])
    _, _, (regions, losses) = _step(_half_open(), instance)
    within = is_open(_half_open(), regions)
    overlap = torchvision("ops").box_iou(instance, regions)[0]
    assert (overlap[within] >= 0.5).all()  # only the foreground of the instance
    assert within.any()
    assert (~within).any()
    assert losses["loss_mask"] > 0
    _, _, (every, _) = _step(None, instance)
    assert (torchvision("ops").box_iou(instance, every)[0][is_open(_half_open(), every)] < 0.5).any()


def test_an_image_of_which_nothing_is_known_teaches_nothing() -> None:
    _, _, (_, losses) = _step(torch.ones(16, 16, dtype=torch.bool), torch.zeros(0, 4))
    assert all(loss == 0 and not loss.requires_grad for loss in losses.values())


def test_a_box_is_open_by_its_centre_or_most_of_its_area() -> None:
    where = torch.zeros(16, 16, dtype=torch.bool)
    where[4:8, 4:8] = True  # pixels 16 to 32
    boxes = [[16, 16, 32, 32], [0, 0, 48, 48], [40, 40, 60, 60], [16, 24, 32, 44], [-90, -90, -60, -60]]
    assert is_open(where, torch.tensor(boxes).float()).tolist() == [True, True, False, False, False]
    ring = where.clone()
    ring[5:7, 5:7] = False
    assert is_open(ring, torch.tensor([[16.0, 16, 32, 32]])).tolist() == [True]  # by its area
    assert not is_open(where & False, torch.tensor(boxes).float()).any()


def test_open_regions_come_with_partial_images_only_and_are_mirrored_with_them(
    half: tuple[Any, pd.DataFrame],
) -> None:
    tables, rows = half
    made = Lessons(pixels.load(examples.training(tables, 64, ignore=rows), 64), 64)
    lesson = made.lesson(0)
    assert lesson.open is not None
    assert lesson.open[:, :8].all()
    assert not lesson.open[:, 8:].any()
    mirrored = lesson.flipped().open
    assert mirrored is not None
    assert mirrored[:, 8:].all()
    assert not mirrored[:, :8].any()
    assert made.lesson(1).open is None
    _, targets = batch([lesson, made.lesson(1)], "cpu")
    assert targets[0]["open"].shape == (16, 16)
    assert "open" not in targets[1]


def test_a_training_leaves_open_regions_out(half: tuple[Any, pd.DataFrame]) -> None:
    tables, rows = half
    quick = {"imgsz": 64, "batch": 3, "regions": 8, "steps": 1}
    losses = []
    for ignore in (None, rows):
        with pytest.warns(FallbackWarning, match="no pretrained weights"):
            model = nl.MaskRCNN("resnet18", device="cpu")
        run = model.train(tables, ignore=ignore, **quick)
        losses.append(run.curves["proposal_loss"].iloc[-1])
        assert np.isfinite(run.curves["loss"]).all()
    assert losses[0] != losses[1]
    with pytest.raises(ModelError, match=r"rows with image_id and mask; \['mask'\] is not there"):
        model.train(tables, ignore=rows[["image_id"]], **quick)


def test_a_run_names_what_nobody_decided(half: tuple[Any, pd.DataFrame]) -> None:
    from nbalabel.learn.training.undecided import undecided

    tables, rows = half
    known = tables.instances[tables.instances["image_id"] == 0].head(1)
    found = pd.concat([rows.assign(label="ring"), known[["image_id", "label", "mask"]]]).assign(score=0.5)
    run = nl.read_predictions(found, tables, images=tables.images)
    assert undecided(run, tables)["mask"].tolist() == rows["mask"].tolist()
    assert undecided(None, tables) is None
