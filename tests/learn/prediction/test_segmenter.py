"""A model answers boxes and clicks: what it finds there gives the shape, and without it colors decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, ModelError
from nbalabel.learn.prediction.found import Found

pytest.importorskip("cv2")
SIDE = 200
NONE, NO = np.zeros((0, 2)), np.zeros(0, bool)
INSIDE = np.ones(1, bool)
Y, X = np.mgrid[:SIDE, :SIDE]
BRIGHT = (X >= 40) & (X < 80) & (Y >= 60) & (Y < 90)
SHADE = (X >= 120) & (X < 170) & (Y >= 100) & (Y < 130) & (X - 120 > (Y - 100) * 0.8)


def _image() -> np.ndarray:
    """One part of a thing, BRIGHT, is lighter than the ground; SHADE looks like the ground."""
    image = np.random.default_rng(0).integers(90, 110, (SIDE, SIDE, 3)).astype(np.uint8)
    image[BRIGHT] = (230, 200, 40)
    return image


class Knowing:
    """A model that finds given masks on any part of the image, which it knows by the pixels."""

    name = "knowing"
    networks = 1

    def __init__(self, image: np.ndarray, masks: Sequence[tuple[np.ndarray, float]]) -> None:
        self.image, self.masks, self.seen = image, masks, list[tuple[int, ...]]()

    def finder(self) -> tuple[Any, int]:
        return self, 64

    def find(self, images: Sequence[np.ndarray], imgsz: int, **asked: Any) -> list[Found]:
        assert asked["score"] < 0.1
        assert not asked["embed"]
        return [self._one(one, imgsz) for one in images]

    def _one(self, crop: np.ndarray, imgsz: int) -> Found:
        h, w = crop.shape[:2]
        self.seen.append((h, w, imgsz))
        top, left = next(
            (y, x)
            for y in range(SIDE - h + 1)
            for x in range(SIDE - w + 1)
            if (self.image[y, x] == crop[0, 0]).all() and (self.image[y : y + h, x : x + w] == crop).all()
        )
        parts = [(mask[top : top + h, left : left + w], score) for mask, score in self.masks]
        parts = [(part, score) for part, score in parts if part.any()]
        empty = np.zeros(0, np.float32)
        scores = np.array([score for _, score in parts], np.float32)
        corners = np.zeros((len(parts), 2), np.int64)
        return Found([p for p, _ in parts], corners, scores, np.zeros(len(parts), np.int64), empty, empty)


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def _box(mask: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1


@pytest.fixture
def knowing() -> Knowing:
    image = _image()
    return Knowing(image, [(SHADE, 0.3), (BRIGHT, 0.9)])


def test_it_is_a_segmenter_with_the_name_of_its_model(knowing: Knowing) -> None:
    segmenter = nl.ModelSegmenter(knowing)
    assert isinstance(segmenter, nl.Segmenter)
    assert segmenter.name == "knowing"


def test_a_box_is_answered_by_the_models_shape_where_colors_say_nothing(knowing: Knowing) -> None:
    mask, score = nl.ModelSegmenter(knowing).segment(knowing.image, NONE, NO, _box(SHADE))
    alone, _ = nl.BoxCut().segment(knowing.image, NONE, NO, _box(SHADE))
    assert _iou(mask, SHADE) > _iou(alone, SHADE) + 0.1
    assert _iou(mask, SHADE) > 0.85
    assert score == pytest.approx(0.3)


def test_a_click_is_answered_by_the_prediction_under_it(knowing: Knowing) -> None:
    segmenter = nl.ModelSegmenter(knowing)
    mask, score = segmenter.segment(knowing.image, np.array([[155.5, 110.5]]), INSIDE)
    assert _iou(mask, SHADE) > 0.85
    assert score == pytest.approx(0.3)
    mask, score = segmenter.segment(knowing.image, np.array([[60.5, 75.5]]), INSIDE)
    assert _iou(mask, BRIGHT) > 0.9
    assert score == pytest.approx(0.9)


def test_a_click_beside_excludes_predictions(knowing: Knowing) -> None:
    part = BRIGHT & (X < 60)
    knowing.masks = [(BRIGHT, 0.9), (part, 0.4)]
    points, signs = np.array([[50.5, 75.5], [70.5, 75.5]]), np.array([True, False])
    mask, score = nl.ModelSegmenter(knowing).segment(knowing.image, points, signs)
    assert score == pytest.approx(0.4)
    assert mask[75, 50]
    assert not mask[75, 70]


def test_where_the_model_finds_nothing_colors_decide_alone(knowing: Knowing) -> None:
    knowing.masks = [(SHADE, 0.9)]
    segmenter = nl.ModelSegmenter(knowing)
    box = _box(BRIGHT)
    np.testing.assert_array_equal(
        segmenter.segment(knowing.image, NONE, NO, box)[0],
        nl.BoxCut().segment(knowing.image, NONE, NO, box)[0],
    )
    click = np.array([[60.5, 75.5]])
    np.testing.assert_array_equal(
        segmenter.segment(knowing.image, click, INSIDE)[0],
        nl.GrabCut().segment(knowing.image, click, INSIDE)[0],
    )


def test_the_whole_image_is_looked_at_once_until_the_model_is_another(knowing: Knowing) -> None:
    segmenter = nl.ModelSegmenter(knowing)

    def wholes() -> int:
        knowing.seen.clear()
        segmenter.segment(knowing.image, NONE, NO, _box(SHADE), image_key="a")
        return knowing.seen.count((SIDE, SIDE, 64))

    assert [wholes(), wholes()] == [1, 0]
    trained = Knowing(knowing.image, [(BRIGHT, 0.9)])
    segmenter.model.finder = lambda: (trained, 64)
    mask, _ = segmenter.segment(knowing.image, NONE, NO, _box(SHADE), image_key="a")
    assert trained.seen.count((SIDE, SIDE, 64)) == 1
    np.testing.assert_array_equal(mask, nl.BoxCut().segment(knowing.image, NONE, NO, _box(SHADE))[0])


def test_nothing_to_go_by_is_refused(knowing: Knowing) -> None:
    segmenter = nl.ModelSegmenter(knowing)
    with pytest.raises(DataError, match="expected a point inside, or a box"):
        segmenter.segment(knowing.image, np.array([[900.0, 5.0]]), INSIDE)
    with pytest.raises(DataError, match="is not on the image"):
        segmenter.segment(knowing.image, NONE, NO, (900, 900, 5, 5))
    with pytest.raises(DataError, match="at least one image, got 0"):
        nl.ModelSegmenter(knowing, keep=0)
    with pytest.raises(DataError, match=r"expected a model with finder\(\), as nl.Yolo has, got BoxCut"):
        nl.ModelSegmenter(nl.BoxCut())


def test_a_yolo_answers_boxes_and_clicks(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(4, height=96, width=128, seed=3)
    segmenter = nl.ModelSegmenter(model)
    for row in tables.instances.itertuples():
        truth = nl.decode_mask(row.mask, 96, 128)
        box = (row.x, row.y, row.w, row.h)
        by_box, _ = segmenter.segment(tables.pixels[row.image_id], NONE, NO, box, row.image_id)
        assert _iou(by_box, truth) > 0.6
        y, x = np.argwhere(truth)[len(np.argwhere(truth)) // 2]
        by_click, score = segmenter.segment(
            tables.pixels[row.image_id], np.array([[x + 0.5, y + 0.5]]), INSIDE, None, row.image_id
        )
        assert by_click[y, x]
        assert 0 < score <= 1


def test_a_mask_rcnn_hands_out_one_finder_until_it_is_trained(shapes: Callable[..., Any]) -> None:
    pytest.importorskip("torchvision")
    with pytest.warns(nl.errors.FallbackWarning, match="no pretrained weights"):
        model = nl.MaskRCNN("resnet18", device="cpu")
    segmenter = nl.ModelSegmenter(model)
    tables = shapes(2)
    with pytest.raises(ModelError, match="has not been trained"):
        segmenter.segment(tables.pixels[0], NONE, NO, (4, 4, 24, 24))
    model.train(tables, steps=1, imgsz=64, batch=2, regions=4)
    assert model.finder()[0] is model.finder()[0]
    assert model.finder()[1] == 64
    mask, _ = segmenter.segment(tables.pixels[0], NONE, NO, (4, 4, 24, 24))
    assert mask[4:28, 4:28].sum() == mask.sum() > 0


def test_an_untrained_yolo_says_so(untrained: Callable[[], Any]) -> None:
    with pytest.raises(ModelError, match="has not been trained"):
        nl.ModelSegmenter(untrained()).segment(_image(), NONE, NO, _box(SHADE))
