"""What rows ask of the images they are on."""

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError
from nbalabel.core.tables.of_images import labeled_all_over, sizes_of
from nbalabel.core.tables.schema import STATES

IMAGES = pd.DataFrame({"height": np.int32([4, 5, 6]), "width": np.int32([7, 8, 9])}, index=[10, 3, 20])


def test_each_row_gets_the_size_of_its_image_whatever_the_order():
    found = sizes_of(IMAGES, pd.Series([20, 3, 3, 10]))
    assert (found.tolist(), found.dtype) == ([[6, 9], [5, 8], [5, 8], [4, 7]], np.int64)
    assert sizes_of(IMAGES, []).shape == (0, 2)


def test_rows_on_images_that_are_not_there_are_named():
    with pytest.raises(DataError, match=r"^rejected: .* 2 of 3 rows break it: 71, 72 \(got 4\)$"):
        sizes_of(IMAGES, [3, 4, 4], ids=[70, 71, 72], table="rejected")
    with pytest.raises(DataError, match=r"^rows: .* 1 of 2 rows break it: 1 \(got 0\)$"):
        sizes_of(IMAGES, [3, 0])


def test_two_of_the_states_mean_labeled_all_over():
    images = pd.DataFrame({"state": pd.Categorical(STATES)})
    assert np.array(STATES)[labeled_all_over(images)].tolist() == ["complete", "empty"]
