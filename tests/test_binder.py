"""binder/: what repo2docker reads is there, and the tutorials' stored runs fit the reefs they belong to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
TUTORIALS = ("02_explore_predictions", "03_edit_and_review", "04_label_propagation", "07_find_label_errors")


def source_of(notebook: str) -> str:
    cells = json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text())["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_the_environment_has_python_and_node() -> None:
    environment = yaml.safe_load((BINDER / "environment.yml").read_text())
    names = {str(entry).split("=")[0] for entry in environment["dependencies"]}
    assert {"python", "nodejs", "pip"} <= names


def test_the_build_step_can_be_executed_and_brings_no_torch() -> None:
    step = BINDER / "postBuild"
    assert os.access(step, os.X_OK)
    subprocess.run(["bash", "-n", step], check=True)
    packages = (BINDER / "packages.txt").read_text()
    assert "yolo" not in packages
    assert "torch" not in packages
    assert "--editable .[lab,propagate]" in packages


@pytest.mark.parametrize("notebook", TUTORIALS)
def test_a_tutorial_trains_only_where_ultralytics_is(notebook: str) -> None:
    source = source_of(notebook)
    assert 'find_spec("ultralytics")' in source
    assert "../binder/stored/" in source


def test_what_is_stored_is_small() -> None:
    size = sum(path.stat().st_size for path in (BINDER / "stored").rglob("*") if path.is_file())
    assert size < 7_000_000


def test_the_stored_runs_fit_the_generated_reefs_and_open_without_torch(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "binder").symlink_to(BINDER, target_is_directory=True)
    command = [sys.executable, BINDER / "check.py", tmp_path / "notebooks"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" fits, ") == 9, done.stdout
