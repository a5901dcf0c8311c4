"""More like this: look-alikes as a clause of the selection and the column ``distance``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.widgets.workspace.selection import pack


@pytest.fixture
def ws(reef: Any, reef_run: Any) -> nl.Workspace:
    """Rows on a line: what looks like one are the rows beside it."""
    n, ids = len(reef_run.predictions), reef_run.predictions.index.to_numpy()
    line = np.arange(n, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    of_images = np.arange(len(reef.images), dtype=np.float32)[:, None]
    vectors = nl.Embeddings(reef.images.index.to_numpy(), of_images, ids, line)
    return nl.Workspace(reef, replace(reef_run, embeddings=vectors), looks=Looks(reef))


class Looks:
    """Instances with near ids look alike."""

    def __init__(self, ds: nl.Dataset) -> None:
        self.ds = ds

    def similar(self, rows: Any, n: int = 20, of: str = "instances") -> Any:
        assert of == "instances"
        frame = self.ds.instances
        others = frame[~frame.index.isin(rows)]
        apart = np.abs(others.index.to_numpy()[:, None] - np.asarray(rows)).min(axis=1)
        return others.assign(distance=apart).sort_values("distance", kind="stable").iloc[:n]


def shown(ws: nl.Workspace, of: str) -> list[int]:
    return ws.selected_of(of).index.tolist()


def test_the_nearest_are_selected_with_what_they_look_like(ws: nl.Workspace) -> None:
    ids = ws.run.predictions.index
    ws.more_like(ws.run.predictions.iloc[[5]], n=2)
    assert shown(ws, "predictions") == ids[[4, 5, 6]].tolist()
    assert ws.selection.clauses["similar"].title == "1 and 2 like it"
    distance = ws.column("predictions", "distance").values
    assert distance[[4, 5, 6]] == pytest.approx([3**0.5, 0, 3**0.5])
    assert np.isnan(np.delete(distance, [4, 5, 6])).all()
    ws.more_like(ws.run.predictions.iloc[[1, 9]], n=3)
    assert len(shown(ws, "predictions")) == 5, "the next call replaces it"
    assert (
        ws.run.similar(ids[[5]], 2)["distance"].tolist()
        == nl.similar(ws.run, ids[[5]], 2)["distance"].tolist()
    )


def test_they_are_sought_among_what_the_other_views_allow(ws: nl.Workspace) -> None:
    ids = ws.run.predictions.index
    ws.select(ws.run.predictions.iloc[5:].index, "predictions")
    ws.more_like([int(ids[5])], n=2, of="predictions", source="table-1")
    assert shown(ws, "predictions") == ids[[5, 6, 7]].tolist()


def test_images_and_instances_have_look_alikes_too(ws: nl.Workspace) -> None:
    ws.more_like(ws.ds.images.iloc[[3]], n=2)
    assert shown(ws, "images") == ws.ds.images.index[[2, 3, 4]].tolist()
    ws.clear()
    ws.more_like(ws.ds.instances.iloc[[3]], n=2)
    assert shown(ws, "instances") == ws.ds.instances.index[[2, 3, 4]].tolist()


def test_distances_follow_their_rows_through_edits(ws: nl.Workspace) -> None:
    ids = ws.ds.instances.index.to_numpy().copy()
    ws.more_like(ws.ds.instances.iloc[[3]], n=2)
    ws.ds.remove(ws.ds.instances.iloc[[0]])
    ws.refresh()
    distance = ws.column("instances", "distance").values
    assert ws.ids("instances")[~np.isnan(distance)].tolist() == ids[[2, 3, 4]].tolist()


@pytest.mark.parametrize("view", [nl.Table, nl.Gallery])
def test_a_view_asks_for_what_is_picked_and_sorts_by_distance(
    ws: nl.Workspace, view: Any, browser: Any
) -> None:
    shows, ids = view(ws, of="predictions"), ws.run.predictions.index
    ws.selection.set(shows.source, "predictions", ids[[5]], "picked")
    rows = np.isin(ws.ids("predictions"), ids[[5]])
    ask = browser(shows)
    result, _ = ask("similar", of="predictions", rev=ws.rev, n=4, buffers=[pack(rows)])
    assert result == {"title": "1 and 4 like it", "rev": ws.rev}
    assert shows.source not in ws.selection.clauses, "or its picks would hide the look-alikes"
    sort = shows.sort if view is nl.Table else [[shows.order_by, shows.ascending]]
    assert sort == [["distance", True]]
    first = shows._first(ws.allowed("predictions"), sort)
    assert ws.ids("predictions")[first].tolist() == ids[[5, 4, 6, 3, 7]].tolist(), "nearest first"
    assert "the tables changed meanwhile" in ask.error(
        "similar", of="predictions", rev=-1, buffers=[pack(rows)]
    )


def test_bulk_actions_take_all_of_them_in_one_change(ws: nl.Workspace, browser: Any) -> None:
    table = nl.Table(ws, of="instances")
    ask, label = browser(table), str(ws.ds.labels[-1])
    rows = np.arange(len(ws.ids("instances"))) == 3
    ask("similar", of="instances", rev=ws.rev, n=4, buffers=[pack(rows)])
    kept = ws.allowed("instances")
    result, _ = ask(
        "act", action="set", values={"column": "label", "value": label}, n=5, rev=ws.rev, buffers=[pack(kept)]
    )
    assert (ws.ds.instances.loc[ws.ids("instances")[kept], "label"] == label).all()
    assert ws.ds.log().index[0] == result["change"]


def test_who_cannot_tell_says_what_is_needed(reef: Any, reef_run: Any) -> None:
    bare = nl.Workspace(reef, replace(reef_run, embeddings=nl.Embeddings.none()))
    with pytest.raises(DataError, match=r"ws\.looks = nl\.instance_embeddings\(ds\)"):
        bare.more_like(reef.instances.iloc[[0]])
    with pytest.raises(DataError, match=r"has no embeddings of predictions: predict with embed=True"):
        bare.more_like(reef_run.predictions.iloc[[0]])
    with pytest.raises(DataError, match=r"need the embeddings of a run"):
        nl.Workspace(reef).more_like(reef.images.iloc[[0]])
