"""nl.explore: which views it has, that they are linked, and that closing frees them."""

import base64
import io
from dataclasses import replace

import pytest
from ipywidgets.widgets import widget
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import UnknownNameError


@pytest.fixture(autouse=True)
def no_umap(monkeypatch) -> None:
    """Embeddings are laid out by PCA, at once: fitting UMAP is tested elsewhere."""
    monkeypatch.setattr("nbalabel.learn.embed.layout.installed", lambda _: False)


def test_it_is_a_workspace_with_its_views(reef, reef_run) -> None:
    ws = nl.explore(reef, reef_run, color="habitat")
    assert isinstance(ws, nl.Workspace)
    assert [view.workspace for view in (ws.bar, ws.scatter, ws.viewer, *ws.histograms)] == [ws] * 7
    assert [(one.column, one.of) for one in ws.histograms] == [
        ("score", "predictions"),
        ("area", "predictions"),
        ("n_instances", "images"),
        ("state", "images"),
    ]


def test_its_views_are_linked(reef, reef_run) -> None:
    ws = nl.explore(reef, reef_run)
    score, area = ws.histograms[:2]
    score.select((0.5, None))
    n = int((reef_run.predictions["score"] >= 0.5).sum())
    assert area.counts.sum() == n
    assert len(ws.selected) == n


def test_tables_are_made_when_they_are_looked_at(reef, reef_run) -> None:
    ws = nl.explore(reef, reef_run)
    before = len(ws._views)
    assert ws.table().of == "predictions"
    assert len(ws._views) == before
    assert ws.table("images").of == "images"
    assert ws.table("images") is ws.table()
    assert len(ws._views) == before + 1


def test_without_a_run_there_is_no_embedding_and_nothing_fails(reef) -> None:
    ws = nl.explore(reef)
    assert ws.scatter is None
    assert ws.table().of == "instances"
    assert {one.of for one in ws.histograms} == {"instances", "images"}


def test_columns_asked_for_are_shown_or_named_as_unknown(reef) -> None:
    assert nl.explore(reef, x="turbidity", y="n_instances").scatter.x == "turbidity"
    with pytest.raises(UnknownNameError, match="turbitidy"):
        nl.explore(reef, x="turbitidy", y="n_instances")


def test_an_empty_dataset_and_a_run_that_found_nothing_are_shown(tmp_path, reef, reef_run) -> None:
    empty = nl.explore(nl.create(tmp_path / "e.nbal", labels=["a"]))
    assert empty._repr_mimebundle_()
    nothing = replace(reef_run, predictions=reef_run.predictions.iloc[:0])
    ws = nl.explore(reef, nothing.matched_to(reef))
    assert ws.histograms[0].head.state["note"] == "There are no predictions."


def test_pages_without_widgets_get_a_picture(reef, reef_run) -> None:
    data, _ = nl.explore(reef, reef_run)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.width > 400


def test_an_edit_arrives_in_every_view(reef, reef_run) -> None:
    ws = nl.explore(reef, reef_run)
    state = ws.histograms[-1]
    reef.images["state"] = "complete"
    reef.sync()
    ws.refresh()
    assert state.counts[state.binned.texts.index("complete")].sum() == len(reef.images)


def test_closing_frees_every_view(reef, reef_run) -> None:
    nl.Workspace(reef, reef_run).close()
    before = set(widget._instances)
    ws = nl.explore(reef, reef_run)
    ws.table("images")
    ws.close()
    assert not ws._views
    assert not ws.selection._listeners
    assert not [type(widget._instances[key]).__name__ for key in set(widget._instances) - before]
