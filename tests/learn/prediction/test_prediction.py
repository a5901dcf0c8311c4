from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.core.errors import DataError, FallbackWarning, ModelError, StorageError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import PREDICTIONS
from nbalabel.learn.prediction.letterbox import Letterbox, encode_crops, mask_crops

pytest.importorskip("ultralytics")


@given(
    hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))),
    *[st.integers(0, 3)] * 4,
)
def test_crops_encode_as_their_full_masks_do(
    mask: np.ndarray, up: int, left: int, down: int, right: int
) -> None:
    full = np.pad(mask, ((up, down), (left, right)))
    runs = encode_crops([mask, mask], np.array([[left, up]] * 2), [full.shape] * 2)
    assert runs.encode() == [rle.encode(full)] * 2


def test_masks_come_back_at_the_originals_resolution() -> None:
    letterbox = Letterbox.fit(300, 500, 160)
    assert (letterbox.inner, letterbox.outer) == ((96, 160), (96, 160))
    y, x = np.mgrid[:24, :40] + 0.5
    logits = (30 - np.hypot((y - 12) * 12.5, (x - 20) * 12.5))[None].astype(np.float32)
    (crop,) = mask_crops(logits, np.array([[0, 0, 500, 300]]), letterbox)
    y, x = np.mgrid[:300, :500] + 0.5
    disk = np.hypot(y - 150, x - 250) < 30
    assert crop.shape == (300, 500)
    assert (crop & disk).sum() / (crop | disk).sum() > 0.93


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([32, 160, 640]))
def test_inputs_are_as_small_as_the_stride_allows(height: int, width: int, imgsz: int) -> None:
    box = Letterbox.fit(height, width, imgsz)
    assert max(box.inner) == imgsz
    assert all(
        0 <= outer - inner < 32 and outer % 32 == 0 for inner, outer in zip(box.inner, box.outer, strict=True)
    )


def test_every_shape_is_found_once_and_nothing_else_by_a_wide_margin(
    model: Any, shapes: Callable[..., Any]
) -> None:
    for tables in (shapes(24), shapes(6, height=120, width=131, seed=3)):
        found = model.predict(tables, score=0.01, embed=False).predictions
        assert len(found) == len(tables.instances)
        assert found["matched"].all()
        assert found["score"].min() > 0.7
        assert found["iou"].min() > 0.65


def test_predictions_have_their_schema_and_masks_fit_their_images(
    model: Any, shapes: Callable[..., Any]
) -> None:
    tables = shapes(6, height=120, width=131, seed=3)
    tables.instances = tables.instances.drop(tables.instances.index[:2])
    run = model.predict(tables)
    found = run.predictions
    assert {name: found[name].dtype for name in PREDICTIONS} == {
        name: run.predictions.iloc[:0][name].dtype for name in PREDICTIONS
    }
    assert found.index.name == "prediction_id"
    assert set(found["source"]) == {"model"}
    assert set(found["status"]) == {"proposed"}
    assert set(found["origin"]) == {run.id}
    rle.check(found["mask"].array, np.full(len(found), 120), np.full(len(found), 131))
    np.testing.assert_array_equal(found["area"], rle.areas(found["mask"].array))
    assert found["matched"].sum() == len(found) - 2 == len(tables.instances)
    assert run.missed.empty


def test_results_do_not_depend_on_batches(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(5)
    one, many = (model.predict(tables, batch=batch) for batch in (1, 16))
    columns = ["image_id", "label", "area"]
    pd.testing.assert_frame_equal(one.predictions[columns], many.predictions[columns])
    np.testing.assert_allclose(one.embeddings.instance, many.embeddings.instance, atol=1e-4)


def test_a_processor_looks_at_few_pixels_at_a_time(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, passes = model._ready(), []
    ready.network.model[0].register_forward_hook(lambda _, inputs, __: passes.append(len(inputs[0])))
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (64 if i == 2 else 96, 96, 3), np.uint8) for i in range(6)]
    asked = {"score": 0.001, "iou": 0.7, "max_detections": 9, "embed": True}
    whole = ready.find(images, 96, **asked)
    assert passes == [5, 1]
    monkeypatch.setattr("nbalabel.learn.yolo.predictor._MOST", 2 * 96 * 96)
    parted = ready.find(images, 96, **asked)
    assert passes[2:] == [2, 2, 1, 1]
    for one, other in zip(whole, parted, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
        np.testing.assert_allclose(one.image, other.image, rtol=1e-3, atol=1e-4)
    assert len({found.image.tobytes() for found in parted}) == 6  # each has its own


def test_images_can_be_chosen_by_id_by_row_and_by_condition(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(6)
    on_reef = tables.images["habitat"] == "reef"
    for chosen in ([0, 2, 4], tables.images[on_reef], on_reef, np.asarray(on_reef)):
        assert model.predict(tables, chosen).predicted_ids.tolist() == [0, 2, 4]
    assert model.predict(tables, []).predictions.empty
    with pytest.raises(UnknownNameError, match="no such images: 77"):
        model.predict(tables, [1, 77])


def test_unreadable_images_are_reported_and_the_rest_goes_on(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(5)
    del tables.pixels[1]
    tables.pixels[3] = tables.pixels[3][:, :40]
    run = model.predict(tables)
    assert run.failed["image_id"].tolist() == [1, 3]
    assert "missing" in run.failed["problem"][0]
    assert "40 x 64" in run.failed["problem"][1]
    assert run.predicted_ids.tolist() == [0, 2, 4]
    assert set(run.missed["image_id"]) <= {0, 2, 4}


def test_an_interrupted_prediction_continues_where_it_stopped(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbalabel.learn.prediction import predict

    monkeypatch.setattr(predict, "_PART_IMAGES", 4)
    tables = shapes(10)
    whole = model.predict(tables)
    read: list[int] = []
    stop_at = 6

    def read_image(image_id: int) -> np.ndarray:
        if image_id == stop_at:
            raise KeyboardInterrupt
        read.append(image_id)
        return tables.pixels[image_id]

    monkeypatch.setattr(tables, "read_image", read_image)
    part = model.predict(tables, folder=tmp_path, batch=2)
    assert part.interrupted
    assert part.predicted_ids.tolist() == [0, 1, 2, 3]

    stop_at = -1
    read.clear()
    rest = model.predict(tables, folder=tmp_path, batch=2)
    assert read == [4, 5, 6, 7, 8, 9]
    assert not rest.interrupted
    pd.testing.assert_frame_equal(
        rest.predictions.drop(columns="origin"), whole.predictions.drop(columns="origin"), rtol=1e-4
    )
    np.testing.assert_allclose(rest.embeddings.image, whole.embeddings.image, atol=1e-4)
    assert not (tmp_path / "parts").exists()


def test_parts_of_another_prediction_are_not_used(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbalabel.engine.shards import Shards

    tables = shapes(3)
    with monkeypatch.context() as patch:
        patch.setattr(Shards, "clear", lambda _shards: None)
        model.predict(tables, folder=tmp_path, score=0.9)
    assert (tmp_path / "parts" / "000000.arrow").is_file()
    assert len(model.predict(tables, folder=tmp_path, score=0.1).predictions) == len(tables.instances)


def test_files_of_someone_else_are_never_cleared_away(
    model: Any, shapes: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match="give another folder"):
        model.predict(shapes(1), folder=tmp_path)
    assert (tmp_path / "parts" / "thesis.txt").read_text() == "mine"


def test_labels_and_predictions_share_one_embedding_space(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(4)
    run = model.predict(tables)
    given_back = shapes(4)
    given_back.instances = run.predictions
    again = model.embed(given_back)
    np.testing.assert_allclose(again.instances(run.predictions.index), run.embeddings.instance, atol=1e-4)
    np.testing.assert_allclose(again.image, run.embeddings.image, atol=1e-4)
    assert run.embeddings.image.shape == (4, 8)  # the channels of its last backbone layer
    assert run.embeddings.image.dtype == run.embeddings.instance.dtype == np.float32


def test_embeddings_tell_labels_apart(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(12)
    vectors = model.embed(tables)
    labels = tables.instances.loc[vectors.instance_ids, "label"].to_numpy()
    nearness = vectors.instance @ vectors.instance.T - 2 * np.eye(len(labels))
    assert (labels[nearness.argmax(axis=1)] == labels).all()


def test_embedding_can_be_left_out(model: Any, shapes: Callable[..., Any]) -> None:
    run = model.predict(shapes(3), embed=False)
    assert len(run.predictions) == len(shapes(3).instances)
    assert run.embeddings.image.size == run.embeddings.instance.size == 0


def test_a_model_that_cannot_know_says_so(
    model: Any, untrained: Callable[[], Any], shapes: Callable[..., Any]
) -> None:
    tables = shapes(2)
    with pytest.raises(ModelError, match="has not been trained"):
        untrained().predict(tables)
    tables.labels = ("cat", "ring")
    with pytest.warns(FallbackWarning, match="the model has not learned cat"):
        assert set(model.predict(tables, embed=False).predictions["label"]) <= {"ring"}
    tables.labels = ("cat", "dog")
    with pytest.raises(ModelError, match="the model knows ring, square, the tables cat, dog"):
        model.predict(tables)


@pytest.mark.parametrize("wrong", [{"score": 1.5}, {"iou": -0.1}, {"imgsz": 8}, {"max_detections": 0}])
def test_settings_out_of_range_are_refused(
    model: Any, shapes: Callable[..., Any], wrong: dict[str, Any]
) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        model.predict(shapes(1), **wrong)
