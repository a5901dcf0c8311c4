from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import ModelError
from nbalabel.learn.runs.run import Run

pytest.importorskip("ultralytics")
from nbalabel.learn.training import schedule
from nbalabel.learn.training.examples import part, training
from nbalabel.learn.yolo import Yolo, trainer

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


def test_in_bfloat16_a_gpu_takes_the_same_steps_as_a_processor(
    untrained: Callable[[], Any], shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    import ultralytics.engine.trainer as theirs

    def everywhere(kind: Any, device: str) -> Any:  # theirs refuses a processor
        return torch.autocast(device, dtype=torch.bfloat16, enabled=bool(kind))

    def losses(device: str) -> list[float]:
        run = untrained().train(shapes(8), steps=4, amp="bf16", device=device, **FAST)
        return run.curves["loss"].to_list()

    ours = losses("cpu")
    monkeypatch.setattr(theirs, "autocast", everywhere)
    assert losses("CPU") == ours  # not "cpu": goes the way of a GPU
    with monkeypatch.context() as without:
        without.setattr(theirs, "autocast", lambda *_, **__: torch.autocast("cpu", enabled=False))
        assert losses("CPU") != ours


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
    from nbalabel.learn.training.progress import Progress

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


def test_an_open_training_measures_on_images_put_aside_and_learns_them_in_the_end(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "is_level", lambda at, _: at[-1] >= 30)
    monkeypatch.setattr(schedule, "_OPEN_PERIOD", 10)
    learned = _images_learned(monkeypatch)
    run = model.train(shapes(20), lr0=1e-4, **FAST)
    assert run.stopped == "level"
    assert run.curves["step"].tolist() == [10, 20, 30, 40]
    assert run.curves["map"].notna().tolist() == [True, True, True, False]
    assert [len(ids) for ids in learned] == [16, 20]
    assert "no longer rose" in run._repr_html_()


def test_whole_groups_are_put_aside(shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tables = shapes(20)
    groups = [f"dive {i // 2}" for i in range(20)]
    parts = part(training(tables, 64), groups, share=0.2, seed=1)
    aside = {groups[i] for i in parts.check.image_ids}
    assert len(parts.check) == 4
    assert not aside & {groups[i] for i in parts.learn.image_ids}


def test_a_few_images_are_all_learned(shapes: Callable[..., Any]) -> None:
    parts = part(training(shapes(5), 64), [None] * 5, share=0.2, seed=1)
    assert (len(parts.learn), len(parts.check)) == (5, 0)


def test_steps_are_steps_however_many_images_there_are(model: Any, shapes: Callable[..., Any]) -> None:
    run = model.train(shapes(5), steps=25, lr0=1e-6, **FAST)
    assert run.curves["step"].tolist() == [10, 20, 25]
    assert run.curves["epoch"].iloc[-1] == pytest.approx(25 * 8 / 5)
    assert run.stopped == "steps"


def test_a_fresh_start_forgets_and_a_shrunk_one_remembers_some(shapes: Callable[..., Any]) -> None:
    tables, model = shapes(8), Yolo("yolo11n-seg.yaml")
    model.train(tables, steps=20, lr0=0.01, **FAST)
    known = _weights(model)

    def likeness(start: str) -> float:
        other = deepcopy(model)
        other.train(tables, steps=1, seed=5, lr0=1e-9, start=start, mosaic=0.0, **FAST)
        return float(np.corrcoef(_weights(other), known)[0, 1])

    assert likeness("current") > 0.999
    assert likeness("current") > likeness("shrink") > likeness("fresh")


def test_a_shrunk_start_leaves_alone_what_decodes_the_boxes(shapes: Callable[..., Any]) -> None:
    """Shrunk with the rest, the bins of box decoding made every box half as large, and nothing was found."""
    model = Yolo("yolo11n-seg.yaml")
    model.train(shapes(8), steps=1, **FAST)
    model.train(shapes(8), steps=1, start="shrink", **FAST)
    bins = model.network.state_dict()["model.23.dfl.conv.weight"].flatten()
    assert bins.tolist() == list(range(16))


def test_an_unknown_start_is_named(model: Any, shapes: Callable[..., Any]) -> None:
    with pytest.raises(ModelError, match="start must be one of current, fresh, shrink, got 'warm'"):
        model.train(shapes(4), steps=1, start="warm", **FAST)


def _images_learned(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The images of each loader a training makes to learn from."""
    seen: list[list[int]] = []
    dataset = trainer.dataset

    def watch(examples: Any, *args: Any, augment: bool) -> Any:
        if augment:
            seen.append(examples.image_ids.tolist())
        return dataset(examples, *args, augment=augment)

    monkeypatch.setattr(trainer, "dataset", watch)
    return seen
