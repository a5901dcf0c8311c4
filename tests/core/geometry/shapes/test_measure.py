"""Shape and place from run lengths, against slow code on pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import ConvexHull

from nbalabel.core.errors import MaskError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.shapes.measure import MEASURES, measure

MASKS = st.lists(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)), max_size=6)
CORNERS = np.ones((3, 3))


def of(masks: list[np.ndarray]) -> dict[str, np.ndarray]:
    return measure([rle.encode(m) for m in masks], np.array([m.shape for m in masks], int).reshape(-1, 2))


def slow(mask: np.ndarray) -> dict[str, float]:
    """The same measures from pixels, one mask at a time."""
    height, width = mask.shape
    padded = np.pad(mask, 1)
    out = {
        "islands": ndimage.label(mask, CORNERS)[1],
        "holes": ndimage.label(~padded)[1] - 1,
        "perimeter": int((padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()),
    }
    y, x = np.nonzero(mask)
    if not len(x):
        return out | dict.fromkeys(("solidity", "aspect", "centre_x", "centre_y", "border"), np.nan)
    corners = np.concatenate([np.column_stack([x + a, y + b]) for a in (0, 1) for b in (0, 1)])
    moments = np.cov(np.stack([x, y]), ddof=0) + np.eye(2) / 12
    low, high = np.linalg.eigvalsh(moments)
    return out | {
        "solidity": len(x) / ConvexHull(corners).volume,
        "aspect": np.sqrt(high / low),
        "centre_x": (x.mean() + 0.5) / width,
        "centre_y": (y.mean() + 0.5) / height,
        "border": min(x.min(), y.min(), width - 1 - x.max(), height - 1 - y.max()),
    }


@settings(max_examples=300)
@given(MASKS)
def test_every_measure_is_what_pixels_say(masks: list[np.ndarray]) -> None:
    found = of(masks)
    for row, mask in enumerate(masks):
        for name, value in slow(mask).items():
            assert found[name][row] == pytest.approx(value, abs=1e-9, nan_ok=True), (name, mask)


def test_large_shapes_are_measured_as_exactly() -> None:
    rng = np.random.default_rng(0)
    blobs = [ndimage.gaussian_filter(rng.random((120, 90)), 4) > level for level in (0.49, 0.5, 0.51, 0.53)]
    y, x = np.mgrid[:120, :90]
    disc, ring = np.hypot(y - 60, x - 45), np.abs(np.hypot(y - 60, x - 45) - 30)
    masks = [*blobs, disc < 40, ring < 4, np.abs(y - x - 10) < 2, disc > 50]
    found = of(masks)
    for row, mask in enumerate(masks):
        assert {name: found[name][row] for name in MEASURES} == pytest.approx(slow(mask), rel=1e-9)
    assert found["holes"][5] == 1
    assert found["islands"][7] == 2, "above and below a wide disc"


def test_known_shapes_have_the_expected_numbers() -> None:
    bar = np.zeros((40, 50), bool)
    bar[10:14, 5:25] = True
    found = {name: values[0] for name, values in of([bar]).items()}
    assert found["aspect"] == pytest.approx(20 / 4)
    assert (found["solidity"], found["islands"], found["holes"], found["perimeter"]) == (1, 1, 0, 48)
    assert (found["centre_x"], found["centre_y"], found["border"]) == (15 / 50, 12 / 40, 5)


def test_masks_of_one_table_do_not_touch_each_other() -> None:
    full = np.ones((4, 3), bool)
    assert of([full, full, full])["islands"].tolist() == [1, 1, 1]


@given(MASKS.filter(len))
def test_mirroring_keeps_shape_and_moves_the_centre(masks: list[np.ndarray]) -> None:
    found, other = of(masks), of([mask[:, ::-1] for mask in masks])
    for name in ("islands", "holes", "perimeter", "solidity", "aspect", "border", "centre_y"):
        assert other[name] == pytest.approx(found[name], nan_ok=True)
    assert other["centre_x"] == pytest.approx(1 - found["centre_x"], nan_ok=True)


def test_only_what_is_asked_for_is_given() -> None:
    assert list(measure([b"112"], np.array([[2, 2]]), ["holes"])) == ["holes"]


def test_unknown_names_and_masks_of_another_size_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"no measure is called roundness; there are islands, holes"):
        measure([b"112"], np.array([[2, 2]]), ["roundness"])
    with pytest.raises(MaskError, match=r"as large as their images; broken by 1 \(got 4 pixels\)"):
        measure([b"112", b"112"], np.array([[2, 2], [2, 3]]))
