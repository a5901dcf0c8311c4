from typing import Any

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError

KINDS = {
    "verify clusters": "verify",
    "review one by one": "review",
    "correct outlines": "edit",
    "draw what is missing": "edit",
    "check empty images": "look",
}


class Fixed:
    """A plan with these rows."""

    def __init__(self, rows: dict[str, pd.DataFrame], propagation: Any) -> None:
        self._rows, self._propagation = rows, propagation
        numbers = {"gain": 3.0, "low": 1.0, "high": 1200.0, "unit": "right masks", "minutes": 5.0}
        self.table = pd.DataFrame(
            [{**numbers, "available": len(rows[kind])} for kind in KINDS], index=list(KINDS)
        )

    def sentence(self) -> str:
        return "review one by one 5 min"

    def view_of(self, kind: str) -> str:
        return KINDS[kind]

    def rows(self, kind: str) -> pd.DataFrame:
        return self._rows[kind]

    def propagation(self) -> Any:
        return self._propagation


@pytest.fixture
def planned(workspace: Any) -> Fixed:
    run, ds = workspace.run, workspace.ds
    found, images = run.predictions, ds.images.query("state == 'unlabeled'")
    rows = dict.fromkeys(("verify clusters", "review one by one"), found.iloc[5:9])
    rows |= {"correct outlines": found.iloc[3:5], "draw what is missing": images.iloc[2:4]}
    rows["check empty images"] = images.iloc[:0]
    return Fixed(rows, nl.propagate(run, min_area=0, journal=False))


def test_each_kind_of_work_opens_its_view_on_its_rows(workspace: Any, planned: Fixed) -> None:
    todo = nl.PlanView(workspace, planned)
    review = todo.begin("review one by one")
    assert isinstance(review, nl.Review)
    assert review._ids.tolist() == planned.rows("review one by one").index.tolist()
    editor = todo.begin("draw what is missing")
    assert isinstance(editor, nl.Editor)
    assert editor.image_id == planned.rows("draw what is missing").index[0]
    assert workspace.selected.index.tolist() == planned.rows("draw what is missing").index.tolist()
    assert isinstance(todo.begin("verify clusters"), nl.Verify)
    assert todo.begin("correct outlines").image_id == planned.rows("correct outlines")["image_id"].iloc[0]


def test_a_click_on_a_button_opens_the_view_and_closes_the_one_before(workspace: Any, planned: Fixed) -> None:
    todo = nl.PlanView(workspace, planned)
    buttons = {button.description.split(":")[0]: button for button in todo.children[1].children}
    buttons["review one by one"].click()
    first = todo.view
    assert todo.children[-1] is first
    buttons["verify clusters"].click()
    assert first.comm is None
    assert todo.children[-1] is todo.view


def test_a_button_says_what_the_work_brings_and_is_off_where_there_is_nothing(
    workspace: Any, planned: Fixed
) -> None:
    buttons = nl.PlanView(workspace, planned).children[1].children
    assert "+3 right masks (1 to 1,200)" in buttons[0].description
    assert [button.disabled for button in buttons] == [False] * 4 + [True]


def test_work_that_is_not_there_is_refused(workspace: Any, planned: Fixed) -> None:
    todo = nl.PlanView(workspace, planned)
    with pytest.raises(UnknownNameError, match="no work 'sleep'"):
        todo.begin("sleep")
    with pytest.raises(UnknownNameError, match="nothing to check empty images"):
        todo.begin("check empty images")
    with pytest.raises(DataError, match=r"nl\.plan"):
        nl.PlanView(workspace, planned.table)  # type: ignore[arg-type]


def test_closing_leaves_the_workspace_open(workspace: Any, planned: Fixed) -> None:
    todo = nl.PlanView(workspace, planned)
    todo.begin("review one by one")
    todo.close()
    assert len(nl.Table(workspace, of="images").workspace.ids("images")) == 24
