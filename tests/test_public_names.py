"""What ``import nbalabel`` offers, and what it must not load."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import nbalabel as nl

HEAVY = ["torch", "ultralytics", "sklearn", "umap", "pacmap", "numba", "matplotlib", "cv2", "scipy", "pandas"]


@pytest.mark.parametrize("name", [n for n in nl.__all__ if n != "__version__"])
def test_every_public_name_resolves_and_has_a_docstring(name: str) -> None:
    assert getattr(nl, name).__doc__


def test_the_names_are_those_that_type_checkers_read() -> None:
    stub = Path(nl.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    assert sorted(alias.asname or "" for node in imports for alias in node.names) == nl.__all__[1:]
    for node in imports:
        assert [alias.name for alias in node.names] == [node.names[0].asname], "one import a line"
    assert nl.errors.__name__ == "nbalabel.core.errors"
    assert nl.demo.__name__ == "nbalabel.demo"


def test_dir_lists_exactly_the_public_names() -> None:
    assert set(dir(nl)) == set(nl.__all__)


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match="no 'exlpore': did you mean 'explore'") as caught:
        nl.exlpore  # noqa: B018
    assert len(str(caught.value)) < 120, "the closest ones, not all there are"
    with pytest.raises(AttributeError, match="did you mean 'Editor'"):
        nl.editor  # noqa: B018


def test_importing_nbalabel_loads_none_of_the_heavy_packages() -> None:
    code = "import json, sys, nbalabel; print(json.dumps([m for m in sys.modules]))"
    loaded = set(
        json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    )
    assert not loaded & set(HEAVY)


def test_opening_a_dataset_loads_neither_torch_nor_ultralytics(tmp_path) -> None:
    code = f"import sys, nbalabel as nl; nl.create({str(tmp_path / 'a.nbal')!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not set(done.stdout.split()) & {"torch", "ultralytics", "sklearn", "umap", "matplotlib", "numba"}
