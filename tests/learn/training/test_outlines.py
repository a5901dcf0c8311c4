import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.training import examples
from nbalabel.learn.training.outlines import coverage, join, moved, outline, pad

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 14)))


@given(MASKS)
def test_a_mask_survives_its_outline_exactly_with_holes_and_islands(mask: np.ndarray) -> None:
    path = outline(rle.encode(mask), *mask.shape, scale=1.0)
    filled = (
        coverage(pad([path], max(len(path), 1)), *mask.shape) if len(path) else np.zeros((1, *mask.shape))
    )
    np.testing.assert_allclose(filled[0], mask, atol=1e-5)


@given(MASKS, st.sampled_from([2, 4]))
def test_coarse_coverage_is_the_share_of_pixels_in_each_cell(mask: np.ndarray, ratio: int) -> None:
    path = outline(rle.encode(mask), *mask.shape, scale=1.0)
    if not len(path):
        return
    rows, columns = mask.shape[0] // ratio, mask.shape[1] // ratio
    cells = mask[: rows * ratio, : columns * ratio].reshape(rows, ratio, columns, ratio).mean(axis=(1, 3))
    np.testing.assert_allclose(coverage(path[None], *mask.shape, ratio)[0], cells, atol=1e-5)


def test_a_path_may_leave_the_image_and_run_either_way() -> None:
    square = np.array([[-5, -5], [3, -5], [3, 2], [-5, 2]], float)
    expected = np.zeros((4, 6))
    expected[:2, :3] = 1
    np.testing.assert_allclose(coverage(square[None], 4, 6)[0], expected)
    np.testing.assert_allclose(coverage(square[None, ::-1], 4, 6)[0], expected)


@given(st.integers(0, 10_000))
def test_paths_move_and_are_boxed_as_ultralytics_does_it(seed: int) -> None:
    pytest.importorskip("ultralytics")
    from ultralytics.data.augment import RandomPerspective

    rng = np.random.default_rng(seed)
    n, k = rng.integers(1, 12), rng.integers(3, 20)
    turn = np.sort(rng.uniform(0, 2 * np.pi, (n, k)), axis=1)
    reach = rng.uniform(1, 40, (n, k))
    around = np.stack([np.cos(turn) * reach, np.sin(turn) * reach], axis=2)
    paths = (rng.uniform(-50, 150, (n, 1, 2)) + around).astype(np.float32)
    matrix = (np.eye(3) + rng.normal(0, 0.05, (3, 3)) * [[1, 1, 60], [1, 1, 60], [0, 0, 0]]).astype(
        np.float32
    )
    boxes, found = moved(paths, matrix, (96, 100))
    their_boxes, theirs = RandomPerspective().apply_segments(paths.copy(), matrix, (96, 100))
    np.testing.assert_allclose(boxes, their_boxes, atol=1e-2)
    np.testing.assert_allclose(found, theirs, atol=1e-2)


def test_seams_between_rings_enclose_nothing() -> None:
    rings = [np.array([[x, 0], [x + 1, 0], [x + 1, 1], [x, 1]], float) for x in (0, 3, 6)]
    np.testing.assert_allclose(coverage(join(rings)[None], 1, 8)[0, 0], [1, 0, 0, 1, 0, 0, 1, 0])


def test_no_paths_cover_nothing() -> None:
    assert coverage(np.zeros((0, 1, 2)), 8, 8, 4).shape == (0, 2, 2)


def _lace(size: int, seed: int) -> np.ndarray:
    """A blob with holes and islands: thresholded smooth noise."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), size / 20)
    inside = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size * 0.4
    return (noise > -0.2 * noise.std()) & inside


class _Pictured:
    """Images that show their masks in white: transformed, they say what their masks should be."""

    labels = ("lace",)
    image_root = None

    def __init__(self, size: int, n: int) -> None:
        self.masks = [_lace(size, seed) for seed in range(n)]
        files = [f"{i}.png" for i in range(n)]
        images = pd.DataFrame({"file": files, "width": size, "height": size, "state": "complete"})
        self.images = conform(images, "images")
        rows = pd.DataFrame(
            {"image_id": range(n), "label": "lace", "mask": [rle.encode(m) for m in self.masks]}
        )
        self.instances = conform(rows, "instances", self.labels, heights=np.full(n, size))

    def read_image(self, image_id: int) -> np.ndarray:
        return np.repeat(self.masks[image_id][..., None] * np.uint8(255), 3, axis=2)


def _reaching_the_loss(tables: Any, imgsz: int, **arguments: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """What ultralytics' training pipeline hands to the loss, and what its transformed images show."""
    pytest.importorskip("ultralytics")
    from nbalabel.learn.libraries.quiet_ultralytics import ultralytics
    from nbalabel.learn.yolo.dataset import dataset

    random.seed(1)  # the transforms draw from these two
    np.random.seed(1)
    settings = vars(ultralytics("utils").DEFAULT_CFG)
    plain = {"hsv_h": 0, "hsv_s": 0, "hsv_v": 0, "mask_ratio": 1, "overlap_mask": False, "imgsz": imgsz}
    args = SimpleNamespace(**{**settings, **plain, **arguments})
    data = dataset(examples.training(tables, imgsz), args, {0: "lace"}, augment=True)
    out = []
    for at in range(len(data)):
        batch = data[at]
        masks = batch["masks"].numpy()
        out.append(((masks >= 0.5).any(axis=0), batch["img"].numpy()[0] > 127))
    return out


@pytest.mark.parametrize(
    ("least", "arguments"),
    [
        (0.999, {"mosaic": 0.0, "scale": 0.0, "translate": 0.0, "fliplr": 1.0, "flipud": 1.0}),
        (0.98, {"mosaic": 0.0, "scale": 0.2, "degrees": 40.0}),
        (0.975, {"mosaic": 1.0, "degrees": 10.0}),
        (0.95, {"mosaic": 0.0, "scale": 0.0, "copy_paste": 1.0}),  # it pastes whole pixels, borders included
    ],
    ids=["flips", "turns", "mosaics", "pastes"],
)
def test_holes_and_islands_reach_the_loss(least: float, arguments: dict[str, float]) -> None:
    for masks, shown in _reaching_the_loss(_Pictured(128, 6), 128, **arguments):
        iou = (masks & shown).sum() / (masks | shown).sum()
        assert iou >= least


def test_large_images_keep_holes_and_islands_when_they_shrink() -> None:
    for masks, shown in _reaching_the_loss(_Pictured(400, 3), 128, mosaic=0.0, scale=0.0, translate=0.0):
        assert (masks & shown).sum() / (masks | shown).sum() >= 0.98


def test_overlap_masks_are_index_maps_with_small_instances_on_top() -> None:
    pytest.importorskip("ultralytics")
    from nbalabel.learn.libraries.quiet_ultralytics import ultralytics
    from nbalabel.learn.yolo.dataset import dataset

    tables = _Pictured(64, 1)
    masks = [rle.encode(np.ones((64, 64), bool)), rle.encode(_lace(64, 0))]
    rows = pd.DataFrame({"image_id": [0, 0], "label": "lace", "mask": masks})
    tables.instances = conform(rows, "instances", tables.labels, heights=np.full(2, 64))
    settings = vars(ultralytics("utils").DEFAULT_CFG)
    args = SimpleNamespace(**{**settings, "imgsz": 64, "mask_ratio": 1, "overlap_mask": True})
    batch = dataset(examples.training(tables, 64), args, {0: "lace"}, augment=False)[0]
    np.testing.assert_array_equal(batch["masks"][0].numpy(), np.where(_lace(64, 0), 2, 1))
