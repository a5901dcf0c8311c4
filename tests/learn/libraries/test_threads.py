"""A training goes on beside busy processes: torch's threads sleep while they wait, or there are fewer."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ultralytics")

from nbalabel.learn.libraries import torch_threads as threads

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS")


def _spins(code: str, **more: str) -> tuple[set[str], str]:
    """What the OpenMP libraries that a process loads say of waiting, and what the process prints."""
    kept = {name: value for name, value in os.environ.items() if name not in CHOICES}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**kept, "OMP_DISPLAY_ENV": "VERBOSE", **more},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line]
    if not lines:
        pytest.skip("torch has another OpenMP than GNU's here")
    return {line.partition("=")[2].strip(" '") for line in lines}, done.stdout


LOADS = {
    "a network": "from nbalabel.learn.checkpoints import weights; weights.build('yolo11n-seg.yaml')",
    "weights": "from nbalabel.learn.checkpoints import weights; weights.read({path!r})",
}


@pytest.mark.parametrize("load", ["a network", "weights"])
def test_torch_is_loaded_with_threads_that_sleep_and_the_environment_stays(load: str, made: Any) -> None:
    code = LOADS[load].format(path=str(made))
    spins, printed = _spins(f"{code}; import os; print('OMP_WAIT_POLICY' in os.environ)")
    assert spins == {"0"}
    assert printed.split()[-1] == "False"


def test_a_users_own_choice_is_left_alone() -> None:
    spins, _ = _spins(LOADS["a network"], OMP_WAIT_POLICY="ACTIVE")
    assert "0" not in spins


def test_importing_nbalabel_loads_no_torch_and_sets_nothing() -> None:
    code = "import nbalabel, os, sys; print('torch' in sys.modules, 'OMP_WAIT_POLICY' in os.environ)"
    kept = {name: value for name, value in os.environ.items() if name not in CHOICES}
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(("others", "expected"), [(0, 4), (1, 3), (3, 1), (9, 1)])
def test_where_torch_came_first_busy_cores_are_left_alone(
    others: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_asleep", False)
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.setattr(threads, "others_running", lambda: others)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    with threads.considerate():
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == 4
    torch.set_num_threads(before)


def test_our_own_threads_are_no_others(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("0.91 2.60 2.33 5/412 4711\n")
    for task, state in {"7": "R", "8": "S", "9": "R"}.items():
        (tmp_path / "self" / "task" / task).mkdir(parents=True)
        (tmp_path / "self" / "task" / task / "stat").write_text(f"{task} (of R (it) {state} 1 7 7 0\n")
    (tmp_path / "self" / "task" / "10").mkdir()  # it has ended meanwhile
    assert threads.others_running(tmp_path) == 3


@pytest.mark.parametrize(("n", "chosen", "expected"), [(1, "", 1), (2, "", 1), (8, "", 4), (8, "8", 8)])
def test_a_training_takes_half_of_the_cores_or_what_the_user_chose(
    n: int, chosen: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if chosen:
        monkeypatch.setenv("OMP_NUM_THREADS", chosen)
    monkeypatch.setattr(threads, "_asleep", True)
    monkeypatch.setattr(threads, "cores", lambda: n)
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    with threads.considerate(training=True):
        assert torch.get_num_threads() == expected
    assert torch.get_num_threads() == n
    torch.set_num_threads(before)


def test_prediction_is_considerate(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    seen = []
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_asleep", False)
    monkeypatch.setattr(threads, "others_running", lambda: 99)
    predictor = model._ready()
    predictor.network.model[0].register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    model.predict(shapes(1), imgsz=64)
    assert seen == [1]


def test_projections_of_other_processes_wait_asleep_too() -> None:
    code = """if True:
        import os, runpy, sys
        sys.argv = ["worker", "nowhere"]
        try:
            runpy.run_module("nbalabel.learn.embed.worker", run_name="__main__")
        except FileNotFoundError:
            print(os.environ["OMP_WAIT_POLICY"])"""
    kept = {name: value for name, value in os.environ.items() if name not in CHOICES}
    asked = [sys.executable, "-c", code]
    pipe = subprocess.PIPE  # held open: a fit ends when its parent lets go
    with subprocess.Popen(asked, env=kept, stdin=pipe, stdout=pipe, text=True) as fit:
        assert fit.stdout
        assert fit.stdout.read().split() == ["PASSIVE"]
    assert fit.returncode == 0


def test_what_is_loaded_is_given_without_touching_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """C code reads the environment while a training runs: changing it in another thread ends the process."""
    pytest.importorskip("ultralytics")
    from nbalabel.learn.libraries import quiet_ultralytics as quiet

    first = quiet.ultralytics("utils.ops")

    def changed() -> None:
        raise AssertionError("the environment is changed")

    monkeypatch.setattr(quiet, "_import_environment", changed)
    assert quiet.ultralytics("utils.ops") is first
    assert quiet.ultralytics().__name__ == "ultralytics"
