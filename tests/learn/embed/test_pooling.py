import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.core.errors import DataError
from nbalabel.learn.embed.pooling import Embeddings, cell_weights, pool_image, pool_masks

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(MASKS, st.floats(0.3, 3), st.integers(0, 9), st.integers(0, 9))
def test_cells_share_out_a_mask_whole(mask: np.ndarray, gain: float, x: int, y: int) -> None:
    weights = cell_weights(mask, x, y, (gain, gain), 8, (10, 10))
    assert weights.sum() * 64 == pytest.approx(mask.sum() * gain**2, abs=1e-2)
    assert weights.max(initial=0) <= 1 + 1e-5


def test_a_mask_takes_up_the_features_beneath_it_and_no_others() -> None:
    fmap = np.zeros((2, 4, 4), np.float32)
    fmap[0, :, :2], fmap[1, :, 2:] = 1, 1
    left, right, both = np.zeros((3, 4, 4), np.float32)
    left[:, 0], right[:, 3], both[:] = 0.25, 1, 1
    pooled = pool_masks([fmap], np.stack([left, right, both]))
    np.testing.assert_allclose(pooled, [[1, 0], [0, 1], [2**-0.5, 2**-0.5]], atol=1e-6)


def test_scales_have_equal_say_and_the_whole_unit_length() -> None:
    rng = np.random.default_rng(0)
    maps = [
        rng.random((3, 8, 8), np.float32) * 100,
        rng.random((5, 4, 4), np.float32),
        rng.random((2, 4, 4), np.float32),
    ]
    pooled = pool_masks(maps, rng.random((6, 8, 8), np.float32))
    assert pooled.shape == (6, 10)
    np.testing.assert_allclose(np.linalg.norm(pooled, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(pooled[:, :3], axis=1), 3**-0.5, rtol=1e-5)


def test_padding_has_no_part_in_an_image() -> None:
    fmap = np.array([[[1.0, 1.0], [9.0, 9.0]]], np.float32)
    assert pool_image(fmap, np.array([[1, 1], [0, 0]], np.float32)).tolist() == [1.0]


def test_vectors_are_found_by_id_and_missing_ones_are_nan() -> None:
    found = Embeddings(
        np.array([7, 3]), np.eye(2, dtype=np.float32), np.zeros(0, np.int64), np.zeros((0, 4), np.float32)
    )
    np.testing.assert_array_equal(found.images([3, 5, 7]), [[0, 1], [np.nan, np.nan], [1, 0]])
    assert found.instances([1]).shape == (1, 4)
    assert repr(found) == "Embeddings(image (2, 2), instance (0, 4))"


def test_ids_and_vectors_must_be_as_many() -> None:
    with pytest.raises(DataError, match=r"image embeddings must be \(3, d\), got \(2, 2\)"):
        Embeddings(
            np.arange(3), np.eye(2, dtype=np.float32), np.zeros(0, np.int64), np.zeros((0, 4), np.float32)
        )
