"""What makes a viewer an editor, and keeps the others from editing."""

import numpy as np
import pytest
import traitlets

import nbalabel as nl
from nbalabel.core.geometry.masks import rle


@pytest.fixture
def square():
    mask = np.zeros((96, 96), bool)
    mask[10:30, 20:50] = True
    return rle.encode(mask)


@pytest.mark.parametrize(
    "make",
    [
        nl.Editor,
        lambda ws: nl.Viewer(ws, editing=True),
        lambda ws: nl.explore(ws.ds, ws.run, editing=True).viewer,
    ],
)
def test_an_editor_carries_its_tools_and_edits(make, workspace, browser, square):
    editor = make(workspace)
    assert editor.editing
    assert "attach" in editor._tools
    assert ".nbl-edit-rail" in editor._css
    n = len(workspace.ds.instances)
    image_id = int(workspace.ds.images.index[0])
    browser(editor)("edit", [square], image_id=image_id, label=editor.label)
    assert len(workspace.ds.instances) == n + 1


def test_a_viewer_only_shows(workspace, browser, square):
    viewer = nl.Viewer(workspace)
    assert not viewer.editing
    assert viewer._tools == ""
    said = browser(viewer).error("edit", [square], image_id=0, label=workspace.ds.labels[0])
    assert "only shows" in said
    with pytest.raises(traitlets.TraitError):
        viewer.editing = True


def test_what_tools_are_set_to_is_checked(workspace):
    editor = nl.Editor(workspace, tool="brush", brush_size=12, overlap="overwrite")
    assert editor.label == workspace.ds.labels[0]
    with pytest.raises(nl.errors.UnknownNameError, match="no label 'cow'"):
        nl.Editor(workspace, label="cow")
    for name, value in [("tool", "hammer"), ("brush_size", 0), ("overlap", "melt"), ("tolerance", 256)]:
        with pytest.raises(traitlets.TraitError):
            setattr(editor, name, value)


def test_the_view_goes_to_a_copy_on_the_next_image(workspace, browser):
    ds = workspace.ds
    asked = browser(nl.Editor(workspace))
    first = int(ds.instances.index[0])
    reply, _ = asked("operate", op="copy_next", ids=[first])
    assert reply["ids"]
    assert workspace.selection.active == ("instances", reply["ids"][0])
    assert ds.instances.image_id[reply["ids"][0]] != ds.instances.image_id[first]


def test_the_editor_of_a_review_closes_with_it(workspace, browser):
    review = nl.Review(workspace, workspace.run.predictions)
    reply, _ = browser(review)("editor", height=400)
    editor = review._editor
    assert reply["ref"] == f"anywidget:{editor.model_id}"
    assert browser(review)("editor", height=500)[0] == reply
    review.close()
    assert editor.comm is None
