"""Requests from the browser: each ends in a result or an error, and an error can be read here too."""

import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, MissingExtraError
from nbalabel.widgets.bar import Bar
from nbalabel.widgets.bridge import bundle
from nbalabel.widgets.pixels.pictures import thumbnail_bytes
from nbalabel.widgets.workspace.workspace_port import Bridge, plain, serves


class Probe(Bridge):
    """A view with no browser half of its own."""

    bundle = "bar"
    sent: ClassVar[list] = []

    @serves
    def add(self, a, b=0, buffers=()):
        return {"sum": a + b, "n": [len(part) for part in buffers]}, [b"\x01\x02"]

    @serves
    def refuse(self):
        raise DataError("expected a number, got a fish")

    @serves
    def break_down(self):
        return {"never": 1 / 0}

    @serves
    def odd(self):
        return {"nan": np.float32("nan"), "na": pd.NA, "int": np.int64(3), "list": np.array([1.0, np.inf])}

    def secret(self):
        return {"password": "fish"}


@pytest.fixture
def ws(tmp_path):
    return nl.Workspace(nl.demo.reef(tmp_path / "reef.nbal", n_images=12, n_labeled=4, n_test=2, size=96))


@pytest.fixture
def probe(ws, monkeypatch):
    view = Probe(ws)
    view.sent = []
    monkeypatch.setattr(view, "send", lambda message, buffers=None: view.sent.append((message, buffers)))
    return view


def ask(probe, method, buffers=(), **params):
    content = {"kind": "request", "client": "c", "id": 4, "key": "k", "method": method, "params": params}
    probe._receive(probe, content, list(buffers))
    return probe.sent[-1]


def test_a_request_is_answered_with_its_number_and_key(probe):
    message, buffers = ask(probe, "add", a=1, b=2, buffers=[memoryview(b"abc")])
    assert message == {
        "kind": "result",
        "client": "c",
        "id": 4,
        "key": "k",
        "result": {"sum": 3, "n": [3]},
    }
    assert buffers == [b"\x01\x02"]


def test_a_request_that_is_refused_ends_in_an_error_that_both_sides_have(probe):
    message, _ = ask(probe, "refuse")
    assert message["error"] == {"type": "DataError", "message": "expected a number, got a fish"}
    assert isinstance(probe.last_error, DataError)


def test_a_fault_of_ours_ends_in_an_error_too(probe):
    message, _ = ask(probe, "break_down")
    assert message["error"] == {"type": "ZeroDivisionError", "message": "ZeroDivisionError: division by zero"}


@pytest.mark.parametrize("method", ["secret", "close", "nothing", "__init__"])
def test_only_what_is_served_can_be_called(probe, method):
    message, _ = ask(probe, method)
    assert f"Probe serves no '{method}'" in message["error"]["message"]


def test_wrong_arguments_end_in_an_error(probe):
    assert "unexpected keyword" in ask(probe, "add", c=3)[0]["error"]["message"]


def test_values_json_does_not_have_become_null(probe):
    assert ask(probe, "odd")[0]["result"] == {"nan": None, "na": None, "int": 3, "list": [1.0, None]}


def test_plain_leaves_what_json_has():
    assert plain({"a": ["x", True, None, 1.5, -2]}) == {"a": ["x", True, None, 1.5, -2]}


def test_a_view_closed_takes_its_clauses_and_leaves_those_of_others(ws, probe):
    ws.selection.set(probe.source, "images", [0])
    ws.selection.set(f"{probe.source}/filter", "images", [0, 1])
    ws.selection.set("python", "images", [2])
    probe.close()
    assert list(ws.selection.clauses) == ["python"]


def test_a_view_hears_that_the_tables_changed(ws, probe):
    ws.ds.remove(ws.ds.instances.index[:1])
    ws.refresh()
    assert probe.sent[-1][0] == {"kind": "event", "name": "refresh", "payload": {"rev": 1}}


def test_a_request_after_an_edit_sees_the_edit(ws, probe):
    before = ws.rev
    ws.ds.remove(ws.ds.instances.index[:1])
    ask(probe, "add", a=1)
    assert ws.rev == before + 1


def test_a_message_of_another_kind_is_no_request(probe):
    probe._receive(probe, {"kind": "whatever"}, [])
    assert not probe.sent


def test_widgets_that_were_not_built_say_how_to_build_them():
    with pytest.raises(MissingExtraError, match="make setup"):
        bundle.script("no-such-widget")


def test_a_view_whose_style_sheet_was_not_built_says_so_instead_of_looking_bare(tmp_path, monkeypatch, ws):
    shutil.copy(bundle.STATIC / "bar.js", tmp_path)
    monkeypatch.setattr(bundle, "STATIC", tmp_path)
    bundle.script.cache_clear()
    bundle.style.cache_clear()
    with pytest.raises(MissingExtraError, match=r"bar\.css is missing: .*make setup"):
        Bar(ws)


def test_every_bundle_has_a_style_sheet_but_that_of_the_selection():
    sources = Path(__file__).resolve().parents[3] / "js" / "src" / "widgets"
    for source in sources.glob("*.ts"):
        assert bundle.script(source.stem)
        assert source.stem == "selection" or bundle.style(source.stem)


def ask_of(view, method, monkeypatch, **params):
    sent = []
    monkeypatch.setattr(view, "send", lambda message, _=None: sent.append(message))
    head = {"kind": "request", "client": "c", "id": 1, "key": ""}
    view._receive(view, {**head, "method": method, "params": params}, [])
    return sent[-1]


def test_a_dataset_folder_that_was_deleted_is_named_in_errors_and_nothing_is_half_done(
    ws, tmp_path, monkeypatch
):
    bar = Bar(ws)
    shutil.rmtree(tmp_path / "reef.nbal")
    with pytest.raises(nl.errors.NbalabelError, match=r"reef\.nbal"):
        ws.ds.set([0], "images", weight=3)
    assert ws.ds.images.loc[0, "weight"] != 3
    with pytest.raises(nl.errors.ImageError, match=r"reef\.nbal"):
        thumbnail_bytes(ws, "images", 0, 64)
    assert ask_of(bar, "undo", monkeypatch)["kind"] == "error"
    assert len(ws.frame("images")) == 12
