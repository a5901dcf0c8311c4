"""``make starter``: train a small YOLO from random weights on generated scenes, and write its weights.

``python -m nbalabel.learn.starter.make starter.npz --steps 2000``
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.geometry.masks import rle
from ...core.tables.schema import conform
from .scenes import scene

LABEL = "thing"
SIZE = 256


@dataclass(frozen=True)
class Scenes:
    """Generated scenes as labeled images; pixels are drawn on access.

    Attributes:
        images: one row per scene, all complete.
        instances: one row per object.
        labels: one, "thing".
        image_root: None, there are no files.
        seed: seed of the series.
    """

    images: pd.DataFrame
    instances: pd.DataFrame
    labels: tuple[str, ...]
    seed: int
    image_root: Path | None = None

    @classmethod
    def of(cls, n: int, seed: int = 0, size: int = SIZE) -> Scenes:
        """The first ``n`` scenes of a series, ``size`` pixels wide and high."""
        masks = [rle.encode_labels(scene(seed, number, size).labels)[1] for number in range(n)]
        rows = pd.DataFrame(
            {
                "image_id": np.repeat(np.arange(n), [len(own) for own in masks]),
                "mask": [mask for own in masks for mask in own],
                "label": LABEL,
                "source": "synthetic",
            }
        )
        images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": size, "height": size})
        images["state"] = ["complete" if own else "empty" for own in masks]
        heights = np.full(len(rows), size, np.int64)
        return cls(conform(images, "images"), conform(rows, "instances", (LABEL,), heights), (LABEL,), seed)

    def read_image(self, image_id: int) -> npt.NDArray[np.uint8]:
        """Pixels of one scene, ``(size, size, 3)`` uint8 RGB."""
        return scene(self.seed, int(image_id), int(self.images["height"].iloc[0])).image


def make(path: Path, *, steps: int, n_scenes: int, seed: int = 0) -> Path:
    """Train and write the weights as float16.

    Args:
        path: path of the ``.npz``.
        steps: batches of eight scenes.
        n_scenes: number of different scenes.
        seed: seed of scenes and weights.
    """
    from ..checkpoints import weights
    from ..yolo import Yolo

    model = Yolo("yolo11n-seg.yaml")
    run = model.train(Scenes.of(n_scenes, seed), steps=steps, imgsz=SIZE, seed=seed)
    print(run.curves.tail(3).to_string())  # noqa: T201  # a command
    for parameter in model.network.parameters():
        parameter.data = parameter.data.half()
    return weights.write(model.network, path, imgsz=SIZE, name="starter")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    make(given.path, steps=given.steps, n_scenes=given.scenes, seed=given.seed)


if __name__ == "__main__":
    main()
