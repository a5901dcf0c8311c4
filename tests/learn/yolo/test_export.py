"""A model goes to other programs and says there what it says here."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("ultralytics")

from nbalabel.core.errors import MissingExtraError, ModelError
from nbalabel.learn.yolo import Yolo

THEIRS = """
import json, sys
from ultralytics import YOLO
assert "nbalabel" not in sys.modules
model = YOLO(sys.argv[1], task="segment")
found = model(sys.argv[2], conf=0.25, iou=0.7, verbose=False)[0]
rows = zip(found.boxes.cls.int().tolist(), found.boxes.conf.tolist(), found.boxes.xywh.tolist())
print(json.dumps([{"label": found.names[c], "score": s, "box": b} for c, s, b in rows]))
"""


def predicted_by_ultralytics(weights: Path, picture: Path) -> list[dict]:
    """What plain ultralytics finds, in a process and a folder that have nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-c", THEIRS, str(weights), str(picture)],
        capture_output=True,
        text=True,
        check=False,
        cwd=weights.parent,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def check_same(weights: Path, model: Yolo, tables, folder: Path) -> None:
    picture = folder / "picture.png"
    Image.fromarray(tables.read_image(0)).save(picture)
    theirs = predicted_by_ultralytics(weights, picture)
    ours = model.predict(tables, [0], score=0.25, imgsz=64).predictions.sort_values("score", ascending=False)
    assert len(theirs) == len(ours) > 0
    theirs.sort(key=lambda row: -row["score"])
    assert sorted(row["label"] for row in theirs) == sorted(ours["label"])
    assert np.allclose([row["score"] for row in theirs], ours["score"], atol=2e-3)


def test_plain_ultralytics_predicts_the_same_with_an_exported_model(model, shapes, tmp_path) -> None:
    weights = model.export(tmp_path / "out" / "best.pt")
    assert [path.name for path in weights.parent.iterdir()] == ["best.pt"]
    check_same(weights, model, shapes(2, seed=3), tmp_path)


def test_an_exported_model_comes_back_as_it_was(model, shapes, tmp_path) -> None:
    again = Yolo(model.export(tmp_path / "best.pt"))
    tables = shapes(2, seed=3)
    a, b = (one.predict(tables, imgsz=64, embed=False).predictions for one in (model, again))
    assert a["mask"].tolist() == b["mask"].tolist()
    assert np.allclose(a["score"], b["score"], atol=1e-6)


def test_onnx_says_what_to_install(model, tmp_path, monkeypatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else find(name))
    with pytest.raises(MissingExtraError, match="ONNX needs the package onnx: pip install onnx"):
        model.export(tmp_path / "best.onnx")
    assert not list(tmp_path.iterdir())


def test_an_onnx_file_says_the_same(model, shapes, tmp_path) -> None:
    for name in ("onnx", "onnxruntime"):
        pytest.importorskip(name)
    weights = model.export(tmp_path / "best.onnx", imgsz=64)
    check_same(weights, model, shapes(2, seed=3), tmp_path)


def test_what_cannot_be_exported_is_refused(model, untrained, tmp_path) -> None:
    with pytest.raises(ModelError, match=r"ends in \.pt or \.onnx, got best\.tflite"):
        model.export(tmp_path / "best.tflite")
    with pytest.raises(ModelError, match="has not been trained"):
        untrained().export(tmp_path / "best.pt")
