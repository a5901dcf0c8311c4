"""Shape and place as columns of views."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.geometry.shapes.measure import MEASURES
from nbalabel.core.shapes import kept


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str]]]:
    """Every call that measures masks: how many, and which columns."""
    calls: list[tuple[int, list[str]]] = []
    real = kept.measure

    def measure(masks: Any, sizes: Any, names: Any) -> Any:
        calls.append((len(masks), list(names)))
        return real(masks, sizes, names)

    monkeypatch.setattr(kept, "measure", measure)
    return calls


@pytest.mark.parametrize("of", ["instances", "predictions"])
def test_views_know_shapes_and_compute_them_when_asked(workspace: Any, of: str, counted: Any) -> None:
    assert workspace.column_names(of)[-len(MEASURES) :] == list(MEASURES)
    (
        nl.Table(workspace, of=of),
        nl.Scatter(workspace, x="score" if of == "predictions" else "area", y="x", of=of),
    )
    assert workspace.column_kind(of, "solidity") == "number"
    assert counted == [], "nobody asked"
    column = workspace.column(of, "solidity")
    expected = nl.shapes(workspace.ds, workspace.frame(of), ["solidity"])["solidity"]
    assert column.values.tolist() == expected.tolist()
    assert not column.editable
    assert workspace.column(of, "islands").whole
    assert not workspace.has_column("images", "solidity")


def test_after_an_edit_only_changed_masks_are_measured(workspace: Any, counted: Any) -> None:
    workspace.column("instances", "holes")
    n = len(workspace.ids("instances"))
    first, second = workspace.ds.instances.index[:2]
    workspace.ds.set(workspace.ds.instances.loc[[first]], label=workspace.ds.instances.loc[second, "label"])
    workspace.ds.remove(workspace.ds.instances.loc[[second]])
    workspace.column("instances", "holes")
    assert counted == [(n, ["holes"])], "no mask is new"


def test_columns_of_ones_own_win(workspace: Any) -> None:
    workspace.ds.instances["aspect"] = 7.0
    workspace.ds.images["border"] = "sand"
    workspace.ds.sync()
    assert workspace.column("instances", "aspect").values.tolist() == [7.0] * len(workspace.ds.instances)
    assert workspace.column("instances", "border").home == "image"
    assert workspace.column_names("instances").count("aspect") == 1


def test_columns_that_read_pictures_are_there_once_they_are_named(workspace: Any, browser: Any) -> None:
    assert "contrast" not in workspace.column_names("instances")
    table = nl.Table(workspace, of="instances", columns=["instance_id", "contrast"])
    assert "contrast" in workspace.column_names("instances")
    ask = browser(table)
    described, _ = ask("describe", names=table.columns)
    assert [head["name"] for head in described["columns"]] == ["instance_id", "contrast"]
    cells, _ = ask("cells", names=["contrast"], buffers=[np.arange(3, dtype=np.int32).tobytes()])
    expected = nl.shapes(workspace.ds, columns=["contrast"])["contrast"]
    assert cells["cells"]["contrast"] == pytest.approx(expected.tolist()[:3])


def test_a_picture_that_cannot_be_read_has_no_contrast(workspace: Any) -> None:
    gone = int(workspace.ds.instances["image_id"].iloc[0])
    (workspace.ds.image_root / workspace.ds.images.loc[gone, "file"]).unlink()
    missing = workspace.column("instances", "contrast").missing
    here = (workspace.ds.instances["image_id"] == gone).to_numpy()
    assert missing[here].all()
    assert not missing[~here].all()


def test_charts_filter_by_shape_and_their_code_gives_the_same_rows(workspace: Any) -> None:
    chart = nl.Histogram(workspace, "solidity", of="instances")
    limit = float(np.median(workspace.column("instances", "solidity").values))
    chart.select((limit, None))
    scope: dict[str, Any] = {"ds": workspace.ds, "run": workspace.run}
    code = workspace.code()
    assert "nl.shapes" in code
    exec(code, scope)  # noqa: S102  # the cell that people run
    assert scope["selected"].index.tolist() == workspace.selected.index.tolist()
    assert 0 < len(workspace.selected) < len(workspace.ds.instances)


def test_the_filters_of_a_table_take_shapes(workspace: Any, browser: Any) -> None:
    table = nl.Table(workspace, of="predictions", columns=["prediction_id", "centre_x"])
    wanted = {"centre_x": {"kind": "range", "lo": 0.5, "hi": None, "missing": "out"}}
    result, _ = browser(table)(
        "keep", filters=wanted, search="", search_in=[], sort=[["centre_x", True]], names=["centre_x"]
    )
    shown = result["cells"]["centre_x"]
    assert shown == sorted(shown)
    assert min(shown) >= 0.5
