"""Half precision: for GPUs, tried here on the processor; boxes come from a head in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbalabel.learn.starter.scenes import scene
from nbalabel.learn.yolo import half
from nbalabel.learn.yolo import model as of_model
from nbalabel.learn.yolo.model import Yolo
from nbalabel.learn.yolo.predictor import Predictor

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")

SETTINGS: dict[str, Any] = {"score": 0.25, "iou": 0.7, "max_detections": 50, "embed": True}


def test_a_gpu_predicts_in_float16_and_a_processor_in_float32() -> None:
    assert half.half_for(torch.device("cuda", 1)) is torch.float16
    assert half.half_for(torch.device("cpu")) is None
    assert Predictor(Yolo("starter").network, "cpu").half is None


def test_in_half_precision_the_body_is_half_and_the_head_exact() -> None:
    ready = Predictor(Yolo("starter").network, "cpu", torch.bfloat16)
    kinds: dict[str, Any] = {}
    body, head = ready.network.model[0], ready.network.model[-1]
    body.register_forward_hook(lambda *parts: kinds.update(body=parts[-1].dtype))
    last = head.cv2[0][-1]  # the last convolution of the branch of boxes
    last.register_forward_hook(lambda *parts: kinds.update(inputs=parts[1][0].dtype, head=parts[-1].dtype))
    ready.find([np.zeros((64, 64, 3), np.uint8)], 64, **SETTINGS)
    assert kinds == {"body": torch.bfloat16, "inputs": torch.float32, "head": torch.float32}


@pytest.mark.parametrize("flips", [False, True])
def test_what_is_found_in_half_precision_is_nearly_the_same(flips: bool) -> None:
    images = [scene(seed=9, number=i).image for i in range(3)]
    network = Yolo("starter").network
    exact, light = Predictor(network, "cpu"), Predictor(network, "cpu", torch.bfloat16)
    if flips:
        exact, light = exact.mirrored(), light.mirrored()
    n_sure = 0
    for one, other in zip(*(p.find(images, 256, **SETTINGS) for p in (exact, light)), strict=True):
        sure = np.flatnonzero(one.scores > 0.4)
        n_sure += len(sure)
        for at in sure:
            shift = np.abs(other.corners - one.corners[at]).max(axis=1)
            assert shift.min() <= 3
            same = int(shift.argmin())
            assert abs(other.scores[same] - one.scores[at]) < 0.1
            assert abs(other.crops[same].sum() / one.crops[at].sum() - 1) < 0.2
        near = one.image @ other.image / np.linalg.norm(one.image) / np.linalg.norm(other.image)
        assert near > 0.99
    assert n_sure >= 3


@pytest.mark.parametrize(("native", "amp"), [(True, "bf16"), (False, False)])
def test_a_gpu_with_bfloat16_trains_in_it(native: bool, amp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: native)
    assert of_model._precision("0") == amp
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert of_model._precision("mps") is False


def test_pixels_go_to_a_gpu_from_pinned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Predictor(Yolo("starter").network, "cpu")
    went: list[Any] = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: went.append("pinned") or self)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, device, **more: went.append((device, more)) or self)
    pixels = np.zeros((1, 4, 4, 3), np.uint8)
    ready._there(pixels)
    ready.device = gpu = torch.device("cuda", 0)
    ready._there(pixels)
    assert went == [(torch.device("cpu"), {}), "pinned", (gpu, {"non_blocking": True})]


def test_numbers_in_any_nest_become_float32_but_whole_ones() -> None:
    one, whole = torch.ones(2, dtype=torch.float16), torch.arange(2)
    out = half.as_float({"a": [one, (whole, None)], "b": 3})
    assert out["a"][0].dtype == torch.float32
    assert out["a"][1][0] is whole
    assert out["b"] == 3
