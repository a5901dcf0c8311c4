"""The strip: the way back, and the selection as code."""

import pytest

import nbalabel as nl
from nbalabel.widgets.bar import Bar


@pytest.fixture
def bar(tmp_path, monkeypatch):
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
    view = Bar(nl.Workspace(ds))
    view.sent = []
    monkeypatch.setattr(view, "send", lambda message, _=None: view.sent.append(message))
    return view


def ask(bar, method):
    bar._receive(
        bar, {"kind": "request", "client": "c", "id": 1, "key": "", "method": method, "params": {}}, []
    )
    return bar.sent[-1]


def test_at_first_there_is_nothing_to_take_back(bar):
    assert ask(bar, "history")["result"] == {"undo": "", "redo": "", "uncommitted": ""}
    assert "nothing to undo" in ask(bar, "undo")["error"]["message"]
    assert "nothing to redo" in ask(bar, "redo")["error"]["message"]


def test_an_edit_is_told_and_can_be_taken_back_and_made_again(bar):
    ds = bar.workspace.ds
    n = len(ds.instances)
    ds.remove(ds.instances.index[:2])
    bar.workspace.refresh()
    told = bar.sent[-1]
    assert (told["kind"], told["name"]) == ("event", "history")
    assert told["payload"]["uncommitted"] == "1 uncommitted change"
    assert "2" in told["payload"]["undo"]
    assert told["payload"]["redo"] == ""
    after = ask(bar, "undo")["result"]
    assert len(ds.instances) == n
    assert after["undo"] == ""
    assert after["redo"]
    ask(bar, "redo")
    assert len(ds.instances) == n - 2


def test_a_commit_is_the_end_of_undo(bar):
    ds = bar.workspace.ds
    ds.remove(ds.instances.index[:2])
    ds.commit("pruned")
    assert ask(bar, "history")["result"]["undo"] == ""


def test_the_selection_is_given_as_code(bar):
    bar.workspace.select([0, 1, 2, 5])
    assert "np.r_[0:3, 5]" in ask(bar, "code")["result"]["code"]


def test_code_says_whether_it_has_heard_of_the_whole_selection(bar):
    ws = bar.workspace
    ws.select(ws.ds.images.index[:3], title="three")
    assert bar.code(titles={"python": "three"})["current"]
    assert not bar.code(titles={"python": "three", "scatter-1": "lasso"})["current"]
    assert not bar.code(titles={})["current"]
