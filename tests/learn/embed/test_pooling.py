import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.core.errors import DataError
from nbalabel.learn.embed.pooling import Embeddings, cell_weights, cells_inside, pool_image, pool_masks

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(MASKS, st.floats(0.3, 3), st.integers(0, 9), st.integers(0, 9))
def test_cells_share_out_a_mask_whole(mask: np.ndarray, gain: float, x: int, y: int) -> None:
    weights = cell_weights(mask, x, y, (gain, gain), 8, (10, 10))
    assert weights.sum() * 64 == pytest.approx(mask.sum() * gain**2, abs=1e-2)
    assert weights.max(initial=0) <= 1 + 1e-5


def overlap(start: float, step: float, n: int, cell: float, n_cells: int) -> np.ndarray:
    """How much of each cell each pixel covers, one by one."""
    low = start + step * np.arange(n)
    edge = cell * np.arange(n_cells)[:, None]
    return np.maximum(np.minimum(low + step, edge + cell) - np.maximum(low, edge), 0) / cell


@given(
    MASKS,
    st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)),
    st.floats(-4, 50),
    st.floats(-4, 50),
    st.sampled_from([1, 4, 7.5]),
)
def test_cells_are_covered_as_pixel_by_pixel(
    mask: np.ndarray, gain: tuple[float, float], x: float, y: float, cell: float
) -> None:
    rows = overlap(y * gain[0], gain[0], mask.shape[0], cell, 9)
    columns = overlap(x * gain[1], gain[1], mask.shape[1], cell, 12)
    np.testing.assert_allclose(
        cell_weights(mask, x, y, gain, cell, (9, 12)), rows @ mask @ columns.T, atol=1e-5
    )


def test_no_pixels_cover_no_cells() -> None:
    for shape in ((0, 3), (3, 0)):
        assert not cell_weights(np.zeros(shape, bool), 1, 1, (1.0, 1.0), 2, (4, 5)).any()


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 4, 7.5]))
def test_a_rectangle_covers_the_cells_that_its_pixels_cover(height: int, width: int, cell: float) -> None:
    ones = cell_weights(np.ones((height, width), bool), 0, 0, (1.0, 1.0), cell, (5, 6))
    np.testing.assert_allclose(cells_inside((height, width), cell, (5, 6)), ones, atol=1e-6)


@given(st.lists(st.tuples(*[st.integers(0, 15)] * 4), max_size=4), st.integers(0, 9))
def test_vectors_are_those_of_weighing_every_cell(spans: list[tuple[int, int, int, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = [rng.standard_normal((c, n, n)).astype(np.float32) for c, n in ((3, 16), (4, 16), (5, 8), (2, 4))]
    weights = np.zeros((len(spans), 16, 16), np.float32)
    for row, (a, b, c, d) in zip(weights, spans, strict=True):
        row[min(a, b) : max(a, b), min(c, d) : max(c, d)] = rng.random()  # nothing at all where they meet
    expected = []
    for fmap in maps:
        times = 16 // fmap.shape[1]
        coarse = weights.reshape(len(weights), fmap.shape[1], times, fmap.shape[1], times).mean(axis=(2, 4))
        mean = np.einsum("chw,nhw->nc", fmap, coarse) / np.maximum(coarse.sum((1, 2)), 1e-12)[:, None]
        expected.append(mean / np.maximum(np.linalg.norm(mean, axis=1), 1e-12)[:, None] / 2)
    found = pool_masks(maps, weights)
    assert (found.shape, found.dtype) == ((len(spans), 14), np.float32)
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-5)


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
