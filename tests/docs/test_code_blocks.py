"""The Python of README and docs runs as it stands.

All blocks of a page run in order, in one namespace and one folder, as a reader would run them. Given are:
``nl``; a generated dataset ``ds`` with a run on it and a workspace ``ws``; a ``model`` that predicts that
run; a propagation ``p``; some image ``ids``; and files of the names that pages use. A block that cannot run
here has a line above it: ``<!-- not run: REASON -->``.
"""

import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbalabel as nl

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (?P<mark>.*?) -->\n+)?```python\n(?P<code>.*?)```", re.DOTALL)


def blocks(page: Path) -> list[tuple[str | None, str, int]]:
    """Mark above, code and line of every block of Python on a page."""
    text = page.read_text(encoding="utf-8")
    found = BLOCK.finditer(text)
    return [(m["mark"], m["code"], text[: m.start("code")].count("\n")) for m in found]


WITH_CODE = [page for page in PAGES if any(mark is None for mark, _, _ in blocks(page))]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pages call `pictures/`, `images/` and `instances.json`."""
    folder = tmp_path_factory.mktemp("given")
    pictures = nl.demo.cells(folder / "pictures", n_images=24)
    tables = nl.read_images(pictures, labels=["cell"])
    with tables.save(folder / "known.nbal") as known:
        truth = nl.demo.truth(known)
    shutil.copytree(pictures, folder / "images")
    nl.write_coco(truth.subset(truth.images.index[:10]), folder / "instances.json")
    shutil.rmtree(folder / "known.nbal")
    return folder


class GivenModel:
    """A model that has learned already, and says what it said before."""

    def __init__(self, run: nl.Run) -> None:
        self.run = run

    def predict(self, *_: Any, **__: Any) -> nl.Run:
        return self.run


class QuickYolo(nl.Watershed):
    """Stands in for a network where a page trains one: the same calls, seconds instead of minutes."""

    def __init__(self, name: str) -> None:
        assert name == "yolo11n-seg"
        super().__init__()

    def train(self, tables: Any, *_: Any, **__: Any) -> nl.Run:
        return super().train(tables)


def drawing_editor(shown: Any, *_: Any, **__: Any) -> None:
    """Stands in for nl.Editor(ds), where a reader is asked to draw: a simulated person draws a few images."""
    if isinstance(shown, nl.Dataset):
        first = shown.images.groupby("split", observed=True).head(4).index
        person = nl.demo.Reviewer(nl.demo.truth(shown))
        shown.add_instances(person.draw(first))
        empty = person.is_empty(first)
        shown.mark_empty(first[empty])
        shown.mark_complete(first[~empty])


@pytest.fixture
def given(tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(nl, "Yolo", QuickYolo)
    monkeypatch.setattr(nl, "Editor", drawing_editor)
    monkeypatch.setattr("nbalabel.learn.embed.layout.installed", lambda _: False)  # no fit outlives its page
    ds = nl.demo.reef(tmp_path / "given.nbal", n_images=40, n_labeled=8, n_test=6, size=96)
    run = nl.demo.simulated_run(ds)
    rng = np.random.default_rng(0)
    names = {"nl": nl, "ds": ds, "run": run, "model": GivenModel(run), "ws": nl.Workspace(ds, run)}
    names |= {"p": nl.propagate(run, min_area=0), "ids": ds.images.index[:3]}
    names |= {"features": rng.normal(size=(60, 4)), "scores": rng.random(60), "labels": ["fish"] * 60}
    yield names
    for value in [ds, *names.values()]:
        if isinstance(value, nl.Dataset):
            value.close()


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_the_code_of_the_page_runs(page: Path, given: dict[str, Any]) -> None:
    for mark, code, line in blocks(page):
        if mark is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", nl.errors.NbalabelWarning)
                exec(compile("\n" * line + code, str(page), "exec"), given)  # noqa: S102  # our own pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_block_that_does_not_run_says_why(page: Path) -> None:
    for mark, code, line in blocks(page):
        compile(code, f"{page.name}:{line}", "exec")
        assert mark is None or re.fullmatch(r"not run: \S.{9,}", mark), f"{page.name}:{line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_names_only_what_there_is(page: Path) -> None:
    named = set(re.findall(r"\bnl\.([A-Za-z_]+)", page.read_text(encoding="utf-8")))
    assert named <= set(nl.__all__)
