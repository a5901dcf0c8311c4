"""Other views of images, the way back, and how far a model agrees with itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from nbalabel.core.errors import DataError, ImageError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import LabeledImages, conform
from nbalabel.learn.quality.agreement import agreement
from nbalabel.learn.quality.augmented import View
from nbalabel.learn.runs.run import Run

LABELS = ("box", "other")
H, W = 12, 20


class Pixels:
    """Images in memory, all of one size, without labels."""

    labels = LABELS
    image_root = None

    def __init__(self, *pixels: np.ndarray, unreadable: Sequence[int] = ()) -> None:
        self.pixels, self.unreadable = pixels, set(unreadable)
        files = [f"{i}.png" for i in range(len(pixels))]
        self.images = conform(pd.DataFrame({"file": files, "width": W, "height": H}), "images")
        self.instances = conform(
            pd.DataFrame({"image_id": [], "label": [], "mask": []}), "instances", LABELS, heights=np.zeros(0)
        )

    def read_image(self, image_id: int) -> np.ndarray:
        if image_id in self.unreadable:
            raise ImageError(f"image {image_id} is missing")
        return self.pixels[image_id]


class Bright:
    """A model that finds connected bright pixels; ``sees`` says where, ``names`` by which label."""

    def __init__(self, sees: slice = slice(None), names: Callable[[float], str] = lambda _: "box") -> None:
        self.sees, self.names, self.scores = sees, names, []

    def predict(self, tables: LabeledImages, images: Any = None, *, score: float = 0.1) -> Run:
        self.scores.append(score)
        rows, seen = [], []
        for image_id in tables.images.index if images is None else images:
            try:
                bright = tables.read_image(image_id)[..., 0] > 190
            except ImageError:
                continue
            seen.append(image_id)
            dark = np.ones(W, bool)
            dark[self.sees] = False
            bright[:, dark] = False
            parts, n = ndimage.label(bright)
            for k in range(1, n + 1):
                x = float(np.nonzero(parts == k)[1].mean())
                rows.append((image_id, self.names(x), rle.encode(parts == k), 0.5))
        frame = pd.DataFrame(rows, columns=["image_id", "label", "mask", "score"])
        predictions = conform(frame, "predictions", LABELS, heights=np.full(len(frame), H))
        return Run(
            "bright",
            "predict",
            labels=LABELS,
            n_images=len(seen),
            arguments={"score": score},
            predictions=predictions,
            predicted_ids=np.array(seen, np.int64),
        )


def scene(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    pixels = np.zeros((H, W, 3), np.uint8)
    for x, y, w, h in boxes:
        pixels[y : y + h, x : x + w] = 255
    return pixels


TWO = scene((2, 2, 4, 4), (12, 4, 6, 6)), scene((4, 0, 3, 5))


@given(hnp.arrays(bool, (H, W)), st.sampled_from(["horizontal", "vertical"]))
def test_a_flip_is_undone_exactly(mask: np.ndarray, name: Any) -> None:
    view = View(Pixels(np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)), flip=name)
    seen = rle.encode(view.read_image(0)[..., 0] > 0)
    assert view.undo(pd.Series([seen]), [0]) == [rle.encode(mask)]


@given(hnp.arrays(bool, (H // 2, W // 2)))
def test_a_mask_at_half_size_is_enlarged_twofold(small: np.ndarray) -> None:
    canvas = np.zeros((H, W), bool)
    canvas[: H // 2, : W // 2] = small
    found = View(Pixels(scene()), scale=0.5).undo(pd.Series([rle.encode(canvas)]), [0])
    assert found == [rle.encode(np.kron(small, np.ones((2, 2), bool)))]


def test_what_lies_beside_the_smaller_image_is_left_out() -> None:
    canvas = np.zeros((H, W), bool)
    canvas[H // 2 :, W // 2 :] = True
    found = View(Pixels(scene()), scale=0.5).undo(pd.Series([rle.encode(canvas)]), [0])
    assert rle.areas(found).tolist() == [0]


def test_a_smaller_image_lies_on_gray_and_keeps_the_size() -> None:
    shown = View(Pixels(scene((0, 0, W, H))), scale=0.5).read_image(0)
    assert shown.shape == (H, W, 3)
    assert (shown[: H // 2, : W // 2] == 255).all()
    assert (shown[H // 2 :] == 114).all()


def test_a_model_that_sees_alike_everywhere_agrees_with_itself() -> None:
    tables = Pixels(*TWO)
    model = Bright()
    found = agreement(model, tables, model.predict(tables), flips=("horizontal", "vertical"), scales=())
    assert found.tolist() == [1, 1, 1]
    assert found.name == "agreement"
    assert found.index.name == "prediction_id"


def test_a_smaller_view_finds_about_the_same() -> None:
    tables = Pixels(*TWO)
    found = agreement(Bright(), tables, Bright().predict(tables), flips=(), scales=(0.5,))
    assert found[:2].tolist() == [1, 1]  # even edges
    assert 0.5 < found[2] < 1


def test_what_is_only_found_on_one_side_is_not_agreed_on() -> None:
    tables = Pixels(*TWO)
    model = Bright(sees=slice(0, W // 2))
    assert agreement(model, tables, model.predict(tables), scales=()).tolist() == [0, 0]


def test_views_are_averaged() -> None:
    tables = Pixels(*TWO)
    model = Bright(sees=slice(0, W // 2))
    found = agreement(model, tables, model.predict(tables), flips=("horizontal", "vertical"), scales=())
    assert found.tolist() == [0.5, 0.5]


def test_another_label_is_no_agreement() -> None:
    tables = Pixels(*TWO)
    model = Bright(names=lambda x: "box" if x < W / 2 else "other")
    assert agreement(model, tables, model.predict(tables), scales=()).tolist() == [0, 0, 0]


def test_images_that_cannot_be_read_any_more_are_nan() -> None:
    run = Bright().predict(Pixels(*TWO))
    found = agreement(Bright(), Pixels(*TWO, unreadable=[0]), run, scales=())
    assert found.isna().tolist() == [True, True, False]


def test_the_lowest_score_is_that_of_the_run_unless_another_is_given() -> None:
    tables, model = Pixels(*TWO), Bright()
    run = model.predict(tables, score=0.05)
    agreement(model, tables, run, scales=())
    agreement(model, tables, run, scales=(), score=0.3)
    assert model.scores == [0.05, 0.05, 0.3]


def test_a_run_without_predictions_has_nothing_to_agree_on() -> None:
    tables = Pixels(scene())
    assert len(agreement(Bright(), tables, Bright().predict(tables))) == 0


def test_views_that_do_not_exist_are_refused() -> None:
    tables = Pixels(*TWO)
    run = Bright().predict(tables)
    with pytest.raises(DataError, match="give flips or scales"):
        agreement(Bright(), tables, run, flips=(), scales=())
    with pytest.raises(DataError, match="got 'sideways'"):
        agreement(Bright(), tables, run, flips=("sideways",))  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"in \(0, 1\], got 1.5"):
        agreement(Bright(), tables, run, scales=(1.5,))


def test_a_view_is_labeled_images_without_labels() -> None:
    view = View(Pixels(*TWO), flip="horizontal")
    assert isinstance(view, LabeledImages)
    assert len(view.instances) == 0
    assert view.labels == LABELS
    assert view.image_root is None
