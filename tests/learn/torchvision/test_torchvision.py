"""Mask R-CNN and backbones of torchvision, random weights, a few steps: what they learn is no matter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, FallbackWarning, ModelError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import PREDICTIONS

pytest.importorskip("torchvision")
from nbalabel.learn.torchvision.networks import adapted, mask_rcnn
from nbalabel.learn.torchvision.predictor import paste
from nbalabel.learn.torchvision.targets import Lessons, batch
from nbalabel.learn.training import examples, pixels

QUICK = {"imgsz": 64, "batch": 2, "regions": 4}
ALL = {"score": 0.0, "max_detections": 5}


@pytest.fixture(scope="module", autouse=True)
def without_ultralytics() -> Iterator[None]:
    """Nothing here may need it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ultralytics", None)
        yield


def untrained() -> Any:
    with pytest.warns(FallbackWarning, match="no pretrained weights for 'resnet18'"):
        return nl.MaskRCNN("resnet18", device="cpu")


@pytest.fixture(scope="module")
def taught(shapes: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[nl.Run, Path]:
    """A training run of two steps, and the weights it left."""
    folder = tmp_path_factory.mktemp("taught")
    run = untrained().train(shapes(8), steps=2, hold_out=0.25, folder=folder, **QUICK)
    return run, folder / "weights.npz"


@pytest.fixture
def model(taught: tuple[nl.Run, Path]) -> Any:
    return nl.MaskRCNN.load(taught[1], device="cpu")


def test_it_is_a_model(model: Any) -> None:
    assert isinstance(model, nl.Model)


def test_a_training_is_a_run_with_curves(taught: tuple[nl.Run, Path]) -> None:
    run, _ = taught
    assert run.kind == "train"
    assert run.stopped == "steps"
    assert run.labels == ("ring", "square")
    assert run.curves["step"].tolist() == [2]
    assert {"loss", "mask_loss", "lr", "seconds", "epoch"} <= set(run.curves)
    assert run.arguments["hold_out"] == 2
    assert "2 steps" in run._repr_html_()


def test_it_measures_itself_on_images_of_split_val(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    tables.images.loc[[2, 3], "split"] = "val"
    run = untrained().train(tables, steps=1, **QUICK)
    assert run.n_images == 2
    assert run.curves["map"].between(0, 1).all()


def test_minutes_end_a_training(shapes: Callable[..., Any]) -> None:
    run = untrained().train(shapes(3), minutes=1e-6, hold_out=0, **QUICK | {"regions": 1})
    assert run.stopped == "minutes"


def test_the_same_seed_teaches_the_same_and_leaves_the_callers_chance_alone(
    shapes: Callable[..., Any], taught: tuple[nl.Run, Path]
) -> None:
    import torch

    torch.manual_seed(5)
    again = untrained()
    again.train(shapes(8), steps=2, hold_out=0.25, **QUICK)
    assert torch.initial_seed() == 5
    first = nl.MaskRCNN.load(taught[1]).network.state_dict()
    for name, tensor in again.network.state_dict().items():
        torch.testing.assert_close(tensor, first[name])


def test_an_interrupt_keeps_what_was_learned(
    shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbalabel.learn.torchvision import training

    steps = 0

    def stop(*_: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps > 1:
            raise KeyboardInterrupt
        return batch(*_)

    monkeypatch.setattr(training, "batch", stop)
    model = untrained()
    run = model.train(shapes(3), steps=9, **QUICK)
    assert run.interrupted
    assert run.stopped == "interrupted"
    assert model.labels == ("ring", "square")


def test_predictions_have_their_schema_and_masks_fit_their_images(
    model: Any, shapes: Callable[..., Any]
) -> None:
    run = model.predict(shapes(3, height=50, width=81), **ALL)
    found = run.predictions
    assert set(PREDICTIONS) <= set(found.columns)
    assert 0 < len(found) <= 15
    assert set(found["origin"]) == {run.id}
    assert run.predicted_ids.tolist() == [0, 1, 2]
    rle.check(found["mask"].array, np.full(len(found), 50), np.full(len(found), 81))
    np.testing.assert_array_equal(found["area"], rle.areas(found["mask"].array))
    assert np.isfinite(run.embeddings.instances(found.index)).all()
    assert np.isfinite(run.embeddings.images([0, 1, 2])).all()
    assert run.metrics.map >= 0


def test_labels_and_predictions_are_embedded_in_one_space(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(2)
    run = model.predict(tables, **ALL)
    labels = model.embed(tables)
    assert labels.instance_ids.tolist() == tables.instances.index.tolist()
    np.testing.assert_allclose(labels.image, run.embeddings.image, atol=1e-4)
    again = nl.embed(run, model)
    np.testing.assert_allclose(
        again.instances(run.predictions.index), run.embeddings.instances(run.predictions.index), atol=1e-4
    )


def test_unreadable_images_are_reported_and_the_rest_goes_on(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(3)
    del tables.pixels[1]
    run = model.predict(tables, embed=False, **ALL)
    assert run.failed["image_id"].tolist() == [1]
    assert run.predicted_ids.tolist() == [0, 2]


def test_a_prediction_in_a_folder_is_kept_as_a_run(
    model: Any, shapes: Callable[..., Any], tmp_path: Path
) -> None:
    run = model.predict(shapes(2), folder=tmp_path, **ALL)
    pd.testing.assert_frame_equal(nl.Run.load(tmp_path).predictions, run.predictions)


def test_labels_of_the_model_may_go_by_another_name(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(2)
    tables.labels = ("buoy", "square")
    tables.instances["label"] = tables.instances["label"].cat.rename_categories({"ring": "buoy"})
    found = model.predict(tables, labels={"ring": "buoy", "square": None}, **ALL).predictions
    assert set(found["label"].astype(str)) <= {"buoy"}
    with pytest.raises(UnknownNameError, match="which the model does not know"):
        model.predict(tables, labels={"person": "buoy"})


def test_what_was_never_taught_predicts_nothing(shapes: Callable[..., Any]) -> None:
    model = untrained()
    assert model.labels == ()
    with pytest.raises(ModelError, match="has not been trained"):
        model.predict(shapes(1))
    with pytest.raises(ModelError, match="nothing to save"):
        model.save("nowhere")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 3}, "no argument epochs"),
        ({"start": "shrink"}, "start must be one of current, fresh"),
        ({"batch": 0}, "batch must be a whole number above 0"),
        ({"lr0": -1.0}, "lr0 must be between 0 and 1"),
        ({"hold_out": 2.0}, "hold_out must be a share"),
        ({"steps": 0}, "steps must be a number above 0"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(
    model: Any, shapes: Callable[..., Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        model.train(shapes(2), **{**QUICK, **arguments})


def test_no_such_network_or_file(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'resnet18'"):
        nl.MaskRCNN("resnet-18")
    with pytest.raises(UnknownNameError, match="no weights file"):
        nl.MaskRCNN(tmp_path / "none.npz")
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"bad\.npz"):
        nl.MaskRCNN(tmp_path / "bad.npz")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.raises(ModelError, match="is not a Mask R-CNN"):
        nl.MaskRCNN(tmp_path / "other.npz")


def test_other_labels_keep_the_weights_of_those_of_one_name() -> None:
    import torch

    old = mask_rcnn("resnet18", 2, seed=1)
    new = adapted("resnet18", old, {1: "ring", 2: "square"}, ("cube", "square", "ring"), seed=2)
    before, after = old.roi_heads.box_predictor, new.roi_heads.box_predictor
    torch.testing.assert_close(after.cls_score.weight[[0, 2, 3]], before.cls_score.weight[[0, 2, 1]])
    torch.testing.assert_close(after.bbox_pred.weight[12:16], before.bbox_pred.weight[4:8])
    torch.testing.assert_close(
        new.roi_heads.mask_predictor.mask_fcn_logits.weight[2],
        old.roi_heads.mask_predictor.mask_fcn_logits.weight[2],
    )


def test_masks_reach_the_loss_with_their_holes(shapes: Callable[..., Any]) -> None:
    tables = shapes(4, height=48, width=64)
    made = Lessons(pixels.load(examples.training(tables, 64), 64), 64)
    for at in range(4):
        lesson = made.lesson(at)
        own = tables.instances[tables.instances["image_id"] == at]
        for mask, box, (_, row) in zip(lesson.masks, lesson.boxes, own.iterrows(), strict=True):
            np.testing.assert_array_equal(mask[:48] > 0.5, nl.decode_mask(row["mask"], 48, 64))
            assert box.tolist() == [row["x"], row["y"], row["x"] + row["w"], row["y"] + row["h"]]
        np.testing.assert_array_equal(lesson.image[:48], tables.pixels[at])
        flipped = lesson.flipped()
        np.testing.assert_array_equal(flipped.masks[..., ::-1], lesson.masks)
        np.testing.assert_array_equal(flipped.flipped().boxes, lesson.boxes)


def test_a_mask_is_pasted_where_its_box_lies() -> None:
    half = np.zeros((4, 4), np.float32)
    half[:, 2:] = 1
    crop, x, y = paste(half, np.array([2, 1, 10, 9], np.float32), 12, 12)
    assert (x, y, crop.shape) == (2, 1, (8, 8))
    np.testing.assert_array_equal(crop, np.tile(np.arange(8) >= 4, (8, 1)))
    outside, x, y = paste(np.ones((4, 4), np.float32), np.array([-3, -3, 2, 2], np.float32), 12, 12)
    assert (x, y, outside.shape) == (0, 0, (2, 2))
    assert outside.all()


def test_a_backbone_embeds_labels_and_the_predictions_of_any_run(shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    with pytest.warns(FallbackWarning, match="they are random"):
        of_labels = nl.embed(tables, "resnet18", imgsz=64)
    assert of_labels.instance_ids.tolist() == tables.instances.index.tolist()
    np.testing.assert_allclose(np.linalg.norm(of_labels.instance, axis=1), 1, atol=1e-4)

    found = tables.instances[["image_id", "label", "mask"]].assign(score=0.5)
    with pytest.warns(FallbackWarning, match="they are random"):
        run = nl.read_predictions(found, tables, images=tables.images, embeddings="resnet18")
    assert run.embeddings.image_ids.tolist() == [0, 1, 2, 3]
    assert run.layout("predictions", "pca").wait().points.shape == (len(found), 2)

    with pytest.warns(FallbackWarning, match="they are random"):
        some = nl.embed(tables, "resnet18", images=[2], imgsz=64)
    assert some.image_ids.tolist() == [2]
    np.testing.assert_allclose(some.image, of_labels.images([2]), atol=1e-4)


def test_a_network_without_maps_is_refused(shapes: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match="near are resnet18"):
        nl.embed(shapes(1), "resnet-18")
    with pytest.warns(FallbackWarning), pytest.raises(UnknownNameError, match="take a convolutional network"):
        nl.embed(shapes(1), "swin_t", imgsz=32)


def test_a_run_without_tables_cannot_be_embedded() -> None:
    with pytest.raises(DataError, match="holds no tables"):
        nl.embed(nl.Run("r", "predict"))


def test_weights_that_were_published_are_found_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    import torchvision

    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    url = torchvision.models.get_model_weights("resnet18").DEFAULT.url
    state = torchvision.models.resnet18(weights=None).state_dict()
    file = tmp_path / "weights" / url.rpartition("/")[2]
    torch.save(state, file)
    body = nl.MaskRCNN("resnet18").network.backbone.body
    torch.testing.assert_close(body.conv1.weight, state["conv1.weight"])

    file.write_bytes(b"cut off")
    with pytest.raises(ModelError, match="holds no weights"):
        nl.MaskRCNN("resnet18")


def test_a_network_trained_on_coco_knows_its_labels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbalabel.learn.torchvision import networks

    whole = mask_rcnn("maskrcnn_resnet50_fpn_v2", networks.COCO - 1, seed=3).state_dict()
    monkeypatch.setattr(networks, "published", lambda *_: whole)
    model = nl.MaskRCNN()
    assert len(model.labels) == 80
    assert model.names[1] == "person"
    assert model.names[90] == "toothbrush"


def test_batches_are_those_of_the_training_byte_for_byte(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbalabel.learn.torchvision import training

    tables = shapes(8)
    tables.images["weight"] = np.arange(8) + 1.0
    seen: list[Any] = []

    def keep(lessons: Any, device: str) -> Any:
        seen.append(lessons)
        return batch(lessons, device)

    monkeypatch.setattr(training, "batch", keep)
    asked = {"steps": 4, "hold_out": 0.25, "seed": 3, **QUICK}
    level, falling = (model.batches(tables, falling=phase, **asked) for phase in (False, True))
    drawn = [next(level), next(level), next(level), next(falling)]  # a quarter of four steps falls
    model.train(tables, **asked)
    for mine, theirs in zip(drawn, seen, strict=True):
        assert [ids for (ids,) in mine.image_ids] == [lesson.image_id for lesson in theirs]
        for i, lesson in enumerate(theirs):
            assert mine.pixels[i].tobytes() == lesson.image.tobytes()
            assert mine.masks[i].tobytes() == lesson.masks.tobytes()
            assert mine.labels[i].tolist() == lesson.labels.tolist()
    assert (level.n_images, falling.n_images) == (6, 8)
    assert level.balance.index.tolist() == ["ring", "square"]
    with pytest.raises(ModelError, match="has no argument mosaic"):
        model.batches(tables, mosaic=0.0)
