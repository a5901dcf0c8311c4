"""Small datasets, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.geometry.masks import rle
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

SIZE = 32


def square(x: int, y: int = 4, side: int = 8, size: int = SIZE) -> bytes:
    """The mask of a square."""
    mask = np.zeros((size, size), dtype=bool)
    mask[y : y + side, x : x + side] = True
    return rle.encode(mask)


@pytest.fixture
def mask() -> Callable[..., bytes]:
    return square


@pytest.fixture
def tables() -> Tables:
    """Five images of 32 x 32; three instances on the first two."""
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(5)], "width": SIZE, "height": SIZE})
    instances = pd.DataFrame(
        {"image_id": [0, 0, 1], "label": ["cod", "ling", "cod"], "mask": [square(0), square(20), square(10)]}
    )
    return Tables.of(images, instances, ["cod", "ling"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "fish.nbal"


@pytest.fixture
def ds(tables: Tables, folder: Path):
    dataset = tables.save(folder)
    yield dataset
    dataset.close()


@pytest.fixture
def predictions() -> pd.DataFrame:
    """Three masks a run proposes: one on a label of image 0, two that overlap on image 2."""
    frame = pd.DataFrame(
        {
            "image_id": [0, 2, 2],
            "label": ["cod", "cod", "ling"],
            "mask": [square(1), square(5), square(6)],
            "score": [0.9, 0.8, 0.7],
            "origin": "run-1",
        }
    )
    return frame.rename_axis("prediction_id")


@pytest.fixture
def other_kernel(folder: Path):
    """Opens the folder a second time, as another process would."""
    opened: list[Dataset] = []

    def open_again() -> Dataset:
        opened.append(Dataset(folder))
        return opened[-1]

    yield open_again
    for dataset in opened:
        dataset.close()
