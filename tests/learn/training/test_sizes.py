from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.training.sizes import best, climb, proposed, sample


def tables_of(side: int, image: int) -> Any:
    """One image with one square instance."""
    mask = np.zeros((image, image), dtype=bool)
    mask[:side, :side] = True

    images = pd.DataFrame({"file": ["a.png"], "width": image, "height": image, "state": "complete"})
    instances = pd.DataFrame({"image_id": [0], "label": ["cod"], "mask": [rle.encode(mask)]})
    return nl.Tables.of(images, instances, ["cod"])


@pytest.mark.parametrize(
    ("side", "image", "size"),
    [(20, 400, 320), (100, 400, 160), (4, 2000, 640), (4, 200, 288)],
    ids=["brought to 16 px", "never below 160", "never above 640", "enlarged by half at most"],
)
def test_the_size_of_a_training_follows_the_instances(side: int, image: int, size: int) -> None:
    assert proposed(tables_of(side, image)) == size


def test_climbing_goes_on_while_larger_sizes_are_better() -> None:
    asked: list[int] = []

    def measure(size: int) -> float:
        asked.append(size)
        return -abs(size - 320)

    found = climb(measure, 256)
    assert best(found) == 320
    assert asked == [256, 320, 384, 448]


def test_a_smaller_size_is_tried_where_no_larger_one_is_better() -> None:
    found = climb(lambda size: -size, 256)
    assert best(found) == 192


def test_of_sizes_that_are_even_the_smallest_is_taken() -> None:
    assert best({256: 0.30, 320: 0.370, 384: 0.371, 448: 0.375}) == 320
    assert best({256: 0.30, 320: 0.360, 384: 0.371, 448: 0.375}) == 384


def test_sizes_are_never_measured_on_the_test_set(shapes: Callable[..., Any]) -> None:
    tables = shapes(30)
    tables.images.loc[:9, "split"] = "test"
    tables.images.loc[10:12, "state"] = "unlabeled"
    ids = sample(tables)
    assert len(ids) == 16
    assert (ids > 12).all()
