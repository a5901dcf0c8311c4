"""STAPLE against SimpleITK, and where its answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.learn.raters.staple import Stapled, staple


def stapled(masks: np.ndarray) -> tuple[Stapled, np.ndarray]:
    """STAPLE of k x height x width, and what is inside per pixel."""
    flat = masks.reshape(len(masks), -1).T
    kinds, of, count = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    found = staple(np.zeros(len(kinds), np.int64), kinds, count.astype(float), np.ones((1, len(masks)), bool))
    return found, found.inside[of.ravel()].reshape(masks.shape[1:])


def four_masks() -> np.ndarray:
    y, x = np.mgrid[:24, :30]
    places = ((0, 0, 7, 9), (1, -1, 6, 9), (-1, 2, 8, 8), (0, 3, 5, 11))
    masks = np.stack([(y - 12 + dy) ** 2 / a**2 + (x - 15 + dx) ** 2 / b**2 < 1 for dy, dx, a, b in places])
    masks[3] &= (y + x) % 5 != 0
    return masks


def test_staple_says_what_simpleitk_says() -> None:
    # python benchmarks/raters_peers.py itk, SimpleITK 2.5.7, on these masks
    found, inside = stapled(four_masks())
    sensitivity = [0.9999999998941241, 0.7940919348708787, 0.8294924173435152, 0.5524545088636296]
    specificity = [0.9944193292927959, 0.9847368934655937, 0.9332754017148164, 0.9490333220758149]
    assert found.sensitivity[0] == pytest.approx(sensitivity, abs=1e-6)
    assert found.specificity[0] == pytest.approx(specificity, abs=1e-6)
    assert nl.encode_mask(inside >= 0.5) == b"a57`02N2O0O2O0000000000000001M2O2O1NX4"


def test_units_do_not_move_each_other() -> None:
    masks = four_masks()
    flat = masks.reshape(4, -1).T
    kinds, count = np.unique(flat, axis=0, return_counts=True)
    alone = staple(np.zeros(len(kinds), np.int64), kinds, count.astype(float), np.ones((1, 4), bool))
    other = np.array([[False] * 4, [True, True, False, False]])
    both = staple(
        np.concatenate([np.zeros(len(kinds), np.int64), [1, 1]]),
        np.concatenate([kinds, other]),
        np.concatenate([count, [50, 50]]).astype(float),
        np.array([[True] * 4, [True, True, False, False]]),
    )
    assert both.sensitivity[0] == pytest.approx(alone.sensitivity[0], abs=1e-7)
    assert both.inside[-2:].round(6).tolist() == [0.0, 1.0]
    assert both.sensitivity[1].round(6).tolist() == [1.0, 1.0, 1.0, 1.0]


@given(st.integers(0, 2**32 - 1))
def test_masks_that_err_alike_are_fused_as_by_majority(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.zeros((20, 20), bool)
    truth[5:14, 4:16] = True
    masks = np.repeat(truth.reshape(1, -1), 3, axis=0)
    own = np.flatnonzero(truth.ravel())
    out = np.flatnonzero(~truth.ravel())
    # Each errs on pixels of its own, equally many inside and outside.
    picked, extra = rng.permutation(own)[:12].reshape(3, 4), rng.permutation(out)[:12].reshape(3, 4)
    for mask, missed, added in zip(masks, picked, extra, strict=True):
        mask[missed], mask[added] = False, True
    _, found = stapled(masks.reshape(3, 20, 20))
    assert np.array_equal(found >= 0.5, 2 * masks.sum(axis=0).reshape(20, 20) > 3)
