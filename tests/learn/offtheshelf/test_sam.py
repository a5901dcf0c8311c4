"""Sam asks ultralytics' predictors; here with tiny networks of random weights."""

import socket
from pathlib import Path

import numpy as np
import pytest

from nbalabel.core.errors import DataError, ModelError, UnknownNameError
from nbalabel.core.segmenting.protocol import Segmenter

pytest.importorskip("ultralytics")

from nbalabel.learn.checkpoints import weights
from nbalabel.learn.offtheshelf.sam import Sam

IMAGE = np.random.default_rng(0).integers(0, 255, (90, 140, 3)).astype(np.uint8)
POINT, ON = np.array([[60.5, 40.5]]), np.array([True])


@pytest.fixture(scope="module")
def network():
    """SAM as ultralytics builds it, its encoder two narrow layers."""
    import torch
    from ultralytics.models.sam import build

    torch.manual_seed(0)
    return build._build_sam(32, 2, 2, [1])


@pytest.fixture
def sam(network):
    return Sam.of(network, "tiny", keep=2, imgsz=256)


@pytest.fixture
def embedded(sam, monkeypatch):
    """How often an image was embedded."""
    seen = []
    embed = sam._engine.embed

    def counted(image):
        seen.append(image)
        return embed(image)

    monkeypatch.setattr(sam._engine, "embed", counted)
    return seen


def test_it_is_a_segmenter_and_gives_a_mask_of_the_image(sam):
    assert isinstance(sam, Segmenter)
    assert sam.name == "tiny"
    mask, score = sam.segment(IMAGE, POINT, ON, (20, 10, 80, 60), "a")
    assert mask.shape == (90, 140)
    assert mask.dtype == bool
    assert 0 <= score <= 1


def test_an_image_is_embedded_once_and_the_oldest_forgotten(sam, embedded):
    for key in "aabaca":
        sam.segment(IMAGE, POINT, ON, None, key)
    assert len(embedded) == 3
    sam.segment(IMAGE, POINT, ON, None, "b")
    assert len(embedded) == 4
    for _ in range(2):
        sam.segment(IMAGE, POINT, ON, None, None)
    assert len(embedded) == 6


def test_what_is_kept_gives_the_same_mask_as_a_new_embedding(sam):
    first = sam.segment(IMAGE, POINT, ON, None, "a")
    sam.segment(IMAGE[::-1], POINT, ON, None, "b")
    again = sam.segment(IMAGE, POINT, ON, None, "a")
    assert (first[0] == again[0]).all()
    assert first[1] == again[1]


def test_all_points_and_the_box_are_one_prompt(sam, monkeypatch):
    asked = []
    answer = sam._engine._predictor.inference_features

    def heard(features, **prompt):
        asked.append(prompt)
        return answer(features, **prompt)

    monkeypatch.setattr(sam._engine._predictor, "inference_features", heard)
    points = np.array([[60.0, 40.0], [10.0, 12.0], [70.0, 45.0]])
    sam.segment(IMAGE, points, np.array([True, False, True]), (20, 10, 80, 60), "a")
    sam.segment(IMAGE, points[:1], ON, None, "a")
    sam.segment(IMAGE, np.zeros((0, 2)), np.zeros(0, bool), (20, 10, 80, 60), "a")
    assert asked[0]["bboxes"].tolist() == [[20, 10, 100, 70]]
    assert asked[0]["points"].tolist() == [points.tolist()]
    assert asked[0]["labels"].tolist() == [[1, 0, 1]]
    assert [prompt["multimask_output"] for prompt in asked] == [False, True, False]
    assert "points" not in asked[2]


def test_a_large_image_is_looked_at_smaller_and_answered_in_full(sam, embedded):
    large = np.zeros((2000, 3072, 3), np.uint8)
    mask, _ = sam.segment(large, np.array([[1500.0, 900.0]]), ON, None, "large")
    assert mask.shape == (2000, 3072)
    assert embedded[0].shape == (1000, 1536, 3)


def test_the_second_generation_is_asked_in_the_same_way():
    import torch
    from ultralytics.models.sam import build

    torch.manual_seed(0)
    sam = Sam.of(build.build_sam2_t(), "sam2", imgsz=256)
    mask, score = sam.segment(IMAGE, POINT, ON, None, "a")
    again, _ = sam.segment(IMAGE, POINT, ON, None, "a")
    assert mask.shape == (90, 140)
    assert (mask == again).all()
    assert 0 <= score <= 1


def test_fastsam_picks_one_of_all_things():
    from nbalabel.core.geometry.masks import rle
    from nbalabel.learn.offtheshelf.sam import _Everything

    small, large = np.zeros((90, 140), bool), np.zeros((90, 140), bool)
    small[30:50, 50:70], large[10:80, 20:120] = True, True
    things = [rle.encode(small), rle.encode(large)], np.array([0.6, 0.9], np.float32)
    pick = _Everything.__new__(_Everything)
    mask, score = pick.answer(things, (90, 140), POINT, ON, None)
    assert (mask == large).all()
    assert score == pytest.approx(0.9)
    beside = np.array([[60.0, 40.0], [100.0, 70.0]])
    mask, _ = pick.answer(things, (90, 140), beside, np.array([True, False]), None)
    assert (mask == small).all()
    mask, _ = pick.answer(things, (90, 140), np.zeros((0, 2)), np.zeros(0, bool), np.array([48, 28, 72, 52]))
    assert (mask == small).all()
    mask, score = pick.answer(things, (90, 140), np.array([[2.0, 2.0]]), ON, None)
    assert not mask.any()
    assert score == 0


def test_fastsams_network_is_run_once_an_image():
    sam = Sam.of(weights.build("yolo11n-seg.yaml", 1, {0: "thing"}), "FastSAM-x", imgsz=160)
    mask, score = sam.segment(IMAGE, POINT, ON, None, "a")
    assert mask.shape == (90, 140)
    assert 0 <= score <= 1
    assert list(sam._kept) == ["a"]


def test_without_weights_it_says_what_to_do_and_asks_no_network(monkeypatch, tmp_path):
    monkeypatch.setenv("NBALABEL_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    for name in ("mobile_sam.pt", "sam_b", "FastSAM-s.pt"):
        with pytest.raises(ModelError, match=r"put .* into a folder weights/ beside the notebook"):
            Sam(name)
    with pytest.raises(ModelError, match="no weights file"):
        Sam(tmp_path / "elsewhere" / "sam_b.pt")
    with pytest.raises(UnknownNameError, match="of the SAM family"):
        Sam("yolo11n-seg.pt")
    assert asked == []


def test_weights_that_hold_more_than_weights_are_refused(tmp_path, network):
    import pickle

    import torch

    path = tmp_path / "mobile_sam.pt"
    path.write_bytes(pickle.dumps({"model": Path}))
    with pytest.raises(ModelError, match="cannot be read as weights"):
        Sam(path)
    torch.save(network.state_dict(), path)
    with pytest.raises(ModelError, match="does not hold the model its name says"):
        Sam(path)


def test_a_prompt_must_say_something(sam):
    with pytest.raises(DataError, match="a point inside, or a box"):
        sam.segment(IMAGE, POINT, np.array([False]), None, "a")
    with pytest.raises(DataError, match="keep must be"):
        sam._begin("none", sam._engine, 0)
