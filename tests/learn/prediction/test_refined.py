"""``predict(..., refine=True)`` is ``nl.refine(model.predict(...))``: kept, resumed, interrupted as any."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import MissingExtraError
from nbalabel.learn.prediction import predict, records

pytest.importorskip("ultralytics")
UNLIKE = ["origin"]  # the id of the run


def _same(one: nl.Run, other: nl.Run) -> None:
    frames = [run.predictions.drop(columns=UNLIKE) for run in (one, other)]
    pd.testing.assert_frame_equal(*frames)


def test_refined_predictions_are_those_of_refine(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(8, height=120, width=131)
    plain, at_once = model.predict(tables), model.predict(tables, refine=True)
    _same(at_once, nl.refine(plain))
    assert at_once.predictions["refined"].any()
    assert at_once.predictions["mask_before"].tolist() == plain.predictions["mask"].tolist()
    assert "refined" not in plain.predictions
    assert at_once.arguments["refined"]["method"] == "auto"
    np.testing.assert_allclose(at_once.embeddings.instance, plain.embeddings.instance, atol=1e-4)


def test_watershed_refines_too(shapes: Callable[..., Any]) -> None:
    tables = shapes(8)
    model = nl.Watershed()
    model.train(tables)
    _same(model.predict(tables, refine=True), nl.refine(model.predict(tables)))


def test_mask_rcnn_refines_too(shapes: Callable[..., Any], recwarn: pytest.WarningsRecorder) -> None:
    pytest.importorskip("torchvision")
    tables = shapes(3)
    model = nl.MaskRCNN("resnet18", device="cpu")
    model.train(tables, steps=1, imgsz=64, batch=2, regions=4)
    recwarn.clear()
    some = {"score": 0.0, "max_detections": 5}
    _same(model.predict(tables, refine=True, **some), nl.refine(model.predict(tables, **some)))


def test_a_folder_holds_the_refined_run(model: Any, shapes: Callable[..., Any], tmp_path: Path) -> None:
    tables = shapes(8)
    run = model.predict(tables, refine=True, folder=tmp_path)
    kept = nl.Run.load(tmp_path, tables)
    assert kept.id == run.id
    _same(kept, run)
    assert not (tmp_path / "parts").exists()


def test_a_refined_prediction_continues_where_it_stopped(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_PART_IMAGES", 4)
    tables = shapes(10)
    whole = model.predict(tables, refine=True, batch=2)

    def stop(image_id: int) -> np.ndarray:
        if image_id == 6:
            raise KeyboardInterrupt
        return tables.pixels[image_id]

    with monkeypatch.context() as patch:
        patch.setattr(tables, "read_image", stop)
        part = model.predict(tables, refine=True, batch=2, folder=tmp_path)
    assert part.interrupted
    assert "refined" not in part.predictions
    rest = model.predict(tables, refine=True, batch=2, folder=tmp_path)
    assert rest.predictions["mask"].tolist() == whole.predictions["mask"].tolist()
    assert nl.Run.load(tmp_path, tables).predictions["mask"].tolist() == whole.predictions["mask"].tolist()


def test_an_interrupt_while_refining_keeps_what_was_found(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = shapes(4)

    def stop(*_: Any, **__: Any) -> nl.Run:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(records, "sharpened", stop)
        run = model.predict(tables, refine=True, folder=tmp_path)
    assert run.interrupted
    assert len(run.predictions) == len(tables.instances)
    with monkeypatch.context() as patch:
        patch.setattr(tables, "read_image", lambda image_id: tables.pixels[image_id])
        assert not model.predict(tables, refine=True, folder=tmp_path).interrupted


def test_a_missing_package_is_told_before_anything_is_predicted(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "predict", lambda *_: pytest.fail("it predicted"))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtraError, match="refine needs OpenCV"):
        model.predict(shapes(2), imgsz=64, refine=True)
