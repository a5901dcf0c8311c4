"""Views color by any attribute; rows without an answer look like no answer."""

import numpy as np
import pytest

import nbalabel as nl

KINDS = {
    "sex": ("f", "category", ("f", "m")),
    "ripe": (False, "boolean", ("False", "True")),
    "damage": (["net", "hook"], "category", ("net, hook",)),
    "length": (3.0, "number", ()),
    "remark": ("a shoal", "category", ("a shoal",)),
}


@pytest.fixture
def asked(reef):
    reef.ask("sex", options=["f", "m"])
    reef.ask("ripe", kind="yes/no")
    reef.ask("damage", kind="many", options=["net", "hook"])
    reef.ask("length", kind="number")
    reef.ask("remark", kind="text")
    return reef


@pytest.mark.parametrize("name", KINDS)
def test_an_attribute_of_each_kind_colors_and_what_is_missing_is_apart(
    name, asked, workspace, browser
) -> None:
    given, kind, categories = KINDS[name]
    asked.give_answer(asked.instances.index[:2], name, given)
    column = workspace.column("instances", name)
    assert (column.kind, column.categories) == (kind, categories)
    assert column.missing.tolist() == [False, False] + [True] * (len(asked.instances) - 2)
    neutral = nl.core.show.palette.COLORS.neutral
    assert neutral not in column.colors  # which is the color of missing ones
    row = int(workspace.image_row("instances")[0])
    on_image = np.flatnonzero(workspace.image_row("instances") == row)
    color, values = browser(nl.Viewer(workspace, color_by=name))("colors", row=row, color_by=name)
    found = np.frombuffer(values[0], np.float32 if kind == "number" else np.int32)
    missing = np.isnan(found) if kind == "number" else found < 0
    assert color["color"]["name"] == name
    assert missing.tolist() == (on_image > 1).tolist()
    plot = browser(nl.Scatter(workspace, x="area", y="w", color=name, of="instances"))
    head, (codes,) = plot("colors", name=name)
    points = np.frombuffer(codes, head["dtype"])
    gone = np.isnan(points) if kind == "number" else points == 0
    assert gone.tolist() == column.missing.tolist()


def test_several_options_are_words_and_none_of_them_is_an_answer(asked, workspace) -> None:
    ids = asked.instances.index
    asked.give_answer(ids[:1], "damage", ["hook", "net"])
    asked.give_answer(ids[1:2], "damage", [])
    column = workspace.column("instances", "damage")
    assert [column.categories[code] for code in column.values[:2]] == ["net, hook", "none"]
    assert not column.editable  # the form answers it
