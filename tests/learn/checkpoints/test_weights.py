import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import FallbackWarning, ModelError, UnknownNameError

pytest.importorskip("ultralytics")

from nbalabel.learn.checkpoints import weights
from nbalabel.learn.model import Model
from nbalabel.learn.yolo import Yolo


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Downloads are tried, into an empty cache."""
    monkeypatch.setenv("NBALABEL_OFFLINE", "0")
    monkeypatch.setenv("NBALABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_yolo_is_a_model() -> None:
    assert issubclass(Yolo, Model)


def test_without_weights_training_starts_from_the_architecture_with_one_warning() -> None:
    with pytest.warns(FallbackWarning) as caught:
        model = Yolo("yolo11n-seg")
    assert len(caught) == 1
    assert "NBALABEL_OFFLINE is set" in str(caught[0].message)
    assert "yolo11n-seg.pt" in str(caught[0].message)
    assert Path(caught[0].filename).name == Path(__file__).name
    assert "not trained yet" in repr(model)


def test_a_network_that_hangs_is_given_up(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release, late = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        if not release.wait(60):
            late.set()
        raise OSError("too late")

    monkeypatch.setattr(weights, "_CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(weights.urllib.request, "urlopen", hang)
    with pytest.warns(FallbackWarning, match="no connection within"):
        Yolo("yolo11n-seg")
    assert not late.is_set()
    release.set()


def test_a_refused_download_is_reported(online: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr(weights.urllib.request, "urlopen", refuse)
    with pytest.warns(FallbackWarning, match="connection refused"):
        Yolo("yolo11n-seg")
    assert not list(online.rglob("*.pt"))


def test_weights_at_hand_are_used_without_asking(
    model: Any, online: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (online / "weights").mkdir()
    _write_pt(model.network, online / "weights" / "yolo11n-seg.pt")
    found = Yolo("yolo11n-seg")
    assert found.labels == ("ring", "square")
    assert found.trained


def test_weights_round_trip_and_predict_the_same(
    model: Any, shapes: Callable[..., Any], tmp_path: Path
) -> None:
    again = Yolo.load(model.save(tmp_path / "mine"))
    assert (again.labels, again.imgsz, again.name) == (model.labels, 64, "shapes")
    tables = shapes(3)
    first, second = model.predict(tables), again.predict(tables)
    np.testing.assert_array_equal(first.predictions["mask"], second.predictions["mask"])
    np.testing.assert_array_equal(first.predictions["score"], second.predictions["score"])


def test_weights_fitted_to_fewer_labels_than_they_were_made_for_round_trip(tmp_path: Path) -> None:
    wide = weights.adapt(weights.build("yolo11n-seg.yaml"), ("a", "b"))
    again = weights.read(weights.write(wide, tmp_path / "wide.npz"))
    for name, tensor in wide.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], tensor)


def test_no_weights_file_can_run_code(model: Any, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harmed",))

    _write_pt(model.network, tmp_path / "bad.pt", extra=Harm())
    with pytest.raises(ModelError, match="cannot be read as ultralytics weights"):
        Yolo(tmp_path / "bad.pt")
    np.savez(tmp_path / "bad.npz", __nbalabel__=np.array([Harm()], object))
    with pytest.raises(ModelError, match="not a weights file"):
        Yolo(tmp_path / "bad.npz")
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"not weights", pickle.dumps({"model": 1})])
@pytest.mark.parametrize("suffix", [".pt", ".npz"])
def test_damaged_files_are_named(content: bytes, suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"broken{suffix}").write_bytes(content)
    with pytest.raises(ModelError, match="broken"):
        Yolo(tmp_path / f"broken{suffix}")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="no model 'yolo99z-seg"):
        Yolo("yolo99z-seg")
    with pytest.raises(UnknownNameError, match="no weights file"):
        Yolo("nowhere/best.pt")
    with pytest.raises(ModelError, match="no segmentation model"):
        Yolo("yolo11n")


def _write_pt(network: Any, path: Path, **more: Any) -> None:
    """A checkpoint as ultralytics writes them."""
    import torch

    torch.save({"model": network, "ema": None, "train_args": {}, **more}, path)
