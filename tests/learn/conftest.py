"""Tiny generated tables, a model made by hand and a trained one, shared by the tests of models."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import FallbackWarning, ImageError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform


class Shapes:
    """Rings (one hole each) and squares on noise: enough of LabeledImages for a model, pixels in memory."""

    labels = ("ring", "square")
    image_root = None
    version_id = "v1"

    def __init__(self, n: int, height: int, width: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.pixels: dict[int, np.ndarray] = {}
        instances: list[dict[str, Any]] = []
        for image_id in range(n):
            self.pixels[image_id], masks = _scene(rng, height, width)
            instances += [
                {"image_id": image_id, "label": self.labels[k], "mask": rle.encode(m)} for k, m in masks
            ]
        files = [f"{i}.png" for i in range(n)]
        habitat = np.where(np.arange(n) % 2 == 0, "reef", "sand")
        images = pd.DataFrame({"file": files, "width": width, "height": height, "habitat": habitat})
        self.images = conform(images.assign(state="complete"), "images")
        heights = np.full(len(instances), height)
        self.instances = conform(pd.DataFrame(instances), "instances", self.labels, heights=heights)

    def read_image(self, image_id: int) -> np.ndarray:
        if image_id not in self.pixels:
            raise ImageError(f"image {image_id} is missing")
        return self.pixels[image_id]


def _scene(
    rng: np.random.Generator, height: int, width: int
) -> tuple[np.ndarray, list[tuple[int, np.ndarray]]]:
    y, x = np.mgrid[:height, :width]
    pixels = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
    masks = []
    for cell in rng.permutation(4)[: rng.integers(1, 4)]:
        reach = min(height, width) // 4
        radius = rng.uniform(0.6, 0.9) * reach
        cx, cy = (cell % 2 * 2 + 1) * width / 4, (cell // 2 * 2 + 1) * height / 4
        kind = int(rng.integers(2))
        if kind == 0:
            distance = np.hypot(x - cx, y - cy)
            mask = (distance < radius) & (distance > radius / 3)
        else:
            mask = np.maximum(abs(x - cx), abs(y - cy)) < radius * 0.8
        pixels[mask] = ([220, 90, 60], [60, 200, 90])[kind]
        masks.append((kind, mask))
    return pixels, masks


@pytest.fixture(scope="session")
def shapes() -> Callable[..., Shapes]:
    """``shapes(n, height=64, width=64, seed=0)``: new tables."""

    def make(n: int, height: int = 64, width: int = 64, seed: int = 0) -> Shapes:
        return Shapes(n, height, width, seed)

    return make


@pytest.fixture(scope="session", autouse=True)
def offline() -> None:
    """No test goes online."""
    os.environ["NBALABEL_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def untrained() -> Callable[[], Any]:
    """A model without weights, and without the warning about it."""
    pytest.importorskip("ultralytics")
    from nbalabel.learn.yolo import Yolo

    def make() -> Any:
        with pytest.warns(FallbackWarning, match="no pretrained weights"):
            return Yolo("yolo11n-seg")

    return make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that find the shapes for certain, as a file; nothing was trained."""
    pytest.importorskip("ultralytics")
    from nbalabel.learn.checkpoints import weights

    from .made_network import network

    return weights.write(
        network(), tmp_path_factory.mktemp("weights") / "shapes.npz", imgsz=64, name="shapes"
    )


@pytest.fixture
def model(made: Path) -> Any:
    """The model made by hand, a fresh one for each test."""
    from nbalabel.learn.yolo import Yolo

    return Yolo.load(made)


@pytest.fixture(scope="session")
def learned(
    shapes: Callable[..., Shapes], untrained: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Weights of a model that was trained until it finds the shapes by a margin, as a file.

    How many epochs that takes hangs on how the processor rounds; that they are enough does not.
    """
    model, tables = untrained(), shapes(16, seed=7)
    for _ in range(6):
        model.train(shapes(24), epochs=16, imgsz=64, batch=8, mosaic=0.0, scale=0.2, lr0=0.004)
        metrics = model.predict(tables, score=0.01, embed=False).metrics
        if metrics.map50 > 0.8 and metrics.map > 0.45:
            return model.save(tmp_path_factory.mktemp("weights") / "learned")
    pytest.fail(f"96 epochs taught the shapes to mAP50 {metrics.map50:.2f} only, expected 0.8")
