from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import ModelError
from nbalabel.learn.run import Run

pytest.importorskip("ultralytics")

from nbalabel.learn.yolo import Yolo

pytestmark = pytest.mark.training

FAST = {"imgsz": 64, "batch": 8}


def _weights(model: Any) -> np.ndarray:
    return np.concatenate([tensor.numpy().ravel() for tensor in model.network.state_dict().values()])


@pytest.fixture
def model(learned: Path) -> Any:
    """The trained model, a fresh one for each test."""
    return Yolo.load(learned)


def test_a_model_learns_from_tables(model: Any, shapes: Callable[..., Any]) -> None:
    metrics = model.predict(shapes(16, seed=8), score=0.01).metrics
    assert metrics.map50 > 0.4  # 0.8 and 0.45 on other images of the kind, see ``learned``
    assert metrics.map > 0.2


def test_two_trainings_with_one_seed_give_the_same_weights(
    untrained: Callable[[], Any], shapes: Callable[..., Any]
) -> None:
    found = []
    for _ in range(2):
        fresh = untrained()
        run = fresh.train(shapes(8), epochs=2, seed=3, **FAST)
        found.append((_weights(fresh), run.curves["loss"].to_numpy()))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_training_leaves_the_notebooks_random_numbers_alone(
    untrained: Callable[[], Any], shapes: Callable[..., Any]
) -> None:
    fresh = untrained()
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    fresh.train(shapes(4), epochs=1, **FAST)
    assert np.random.rand() == expected


def test_training_again_continues_from_the_current_weights(
    model: Any, untrained: Callable[[], Any], shapes: Callable[..., Any]
) -> None:
    again, anew = (
        start.train(shapes(8), epochs=1, mosaic=0.0, **FAST).curves["loss"].iloc[0]
        for start in (model, untrained())
    )
    assert again < 0.75 * anew  # about half, wherever it was trained


def test_a_run_says_what_it_was_made_of(model: Any, shapes: Callable[..., Any], tmp_path: Path) -> None:
    run = model.train(shapes(8), epochs=2, degrees=15.0, folder=tmp_path, **FAST)
    assert (run.kind, run.version, run.dirty, run.seed, run.n_images) == ("train", "v1", False, 0, 8)
    assert run.arguments["degrees"] == 15.0
    assert run.arguments["nbs"] == 8
    assert {"torch", "ultralytics", "numpy"} <= set(run.libraries)
    assert run.curves["epoch"].tolist() == [1, 2]
    assert {"loss", "seg_loss", "lr", "seconds"} <= set(run.curves)
    assert "map" not in run.curves
    assert Run.load(tmp_path).arguments == run.arguments
    assert (tmp_path / "weights.npz").is_file()


def test_images_of_split_val_are_measured_after_each_epoch(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(12)
    tables.images.loc[[0, 1, 2, 3], "split"] = "val"
    run = model.train(tables, epochs=2, lr0=1e-5, **FAST)
    assert run.n_images == 8
    assert run.curves["map50"].between(0.3, 1).all()


def test_interrupting_keeps_the_best_so_far_and_returns(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbalabel.learn.yolo.progress import Progress

    before = _weights(model)
    begun: list[int] = []

    def interrupt(self: Progress, losses: dict[str, float]) -> None:
        begun.append(1)
        if len(begun) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "batch", interrupt)
    run = model.train(shapes(8), epochs=50, **FAST)
    assert run.interrupted
    assert len(run.curves) == 2
    assert not np.array_equal(_weights(model), before)


def test_training_touches_no_file(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model.train(shapes(4), epochs=1, **FAST)
    assert list(tmp_path.iterdir()) == []


def test_new_labels_are_learned_beside_the_old_ones(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(8)
    tables.labels = ("square", "star", "ring")
    tables.instances["label"] = tables.instances["label"].cat.set_categories(tables.labels)
    model.train(tables, epochs=1, lr0=1e-6, **FAST)
    assert model.labels == ("square", "star", "ring")
    assert model.predict(tables).metrics.map50 > 0.2


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"epoch": 3}, "no training argument 'epoch': did you mean epochs"),
        ({"data": "coco.yaml"}, "no argument 'data': images and labels come from the tables"),
        ({"mosaic": 7.0}, "mosaic"),
        ({"optimizer": "Adagrad"}, "Adagrad"),
    ],
)
def test_wrong_arguments_are_named(
    model: Any, shapes: Callable[..., Any], argument: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        model.train(shapes(4), epochs=1, **FAST, **argument)


def test_a_loss_that_explodes_is_an_error(model: Any, shapes: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="no longer a number in step"):
        model.train(shapes(8), epochs=4, box=1e38, **FAST)
