"""Messages that no page of ours sends, to all that listens: each is refused, and nothing comes of it."""

from __future__ import annotations

import json
import logging
import random
import resource
import tracemalloc
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.tables.schema import validate
from nbalabel.learn.embed import layout
from nbalabel.widgets.bar import Bar
from nbalabel.widgets.bridge.port import Port
from nbalabel.widgets.workspace.selection import Selection, pack

MEGABYTES = 200  # that messages may take, however much they ask for, of a dataset of 1 MB
HOSTILE_RLE = [
    b"",
    b"\x00" * 9,
    b"\xff" * 9,
    b"0" * 100_000,
    b"oooooooooooooooooooooooo",
    b"PPPP",
    bytes(range(256)),
    b"_" * 13,
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout, "find_spec", lambda _: None)  # PCA, at once: no process is begun
        place = Place(tmp_path_factory.mktemp("messages"))
        yield place
        place.close()


class Place:
    """A small reef with a run, one of each view, and what a page would say to it in earnest."""

    def __init__(self, folder: Any) -> None:
        self.ds = nl.demo.reef(folder / "reef.nbal", n_images=40, n_labeled=8, n_test=2, size=96)
        self.run = nl.demo.simulated_run(self.ds)
        self.ws = ws = nl.Workspace(self.ds, self.run)
        self.p = nl.propagate(self.run, min_area=0, n_samples=6, journal=False)
        charts = [nl.Histogram(ws, "score"), nl.Confusion(ws)]
        self.views: list[Port] = [
            *(nl.Table(ws, of) for of in ("images", "instances", "predictions")),
            *(nl.Gallery(ws, of) for of in ("images", "predictions")),
            nl.Viewer(ws),
            nl.Editor(ws),
            nl.Review(ws, annotator="anna"),
            nl.Scatter(ws, x="area", y="score", of="predictions"),
            nl.Verify(self.p, ws, annotator="anna"),
            Bar(ws),
            *(chart.head for chart in charts),
        ]
        self.sent: list[tuple[Any, Any]] = []
        for view in (*self.views, ws.selection):
            view.send = self._send
        self.before = self.tables()

    def close(self) -> None:
        self.ws.close()
        self.ds.close()

    def _send(self, message: Any, buffers: Any = None) -> None:
        # As the kernel packs it: no NaN, and text that is UTF-8.
        json.dumps(message, allow_nan=False, ensure_ascii=False).encode()
        self.sent.append((message, [bytes(part) for part in buffers or []]))

    def view(self, kind: type) -> Any:
        """The first view of a class."""
        return next(view for view in self.views if type(view).__name__ == kind.__name__)

    def tables(self) -> dict[str, Any]:
        return {name: getattr(self.ds, name).copy() for name in ("images", "instances", "rejected")}

    def check(self) -> None:
        """Nothing was edited, and all is valid."""
        self.ds.sync()
        now = self.tables()
        for name, frame in now.items():
            assert frame.equals(self.before[name]), f"{name} was edited"
        assert not self.ds.status(), self.ds.status()
        assert self.p.progress().n_answers == 0
        validate(now, self.ds.labels)

    def deliver(self, view: Any, content: Any, buffers: list[bytes]) -> None:
        """A message as it comes from the wire."""
        parts = [memoryview(part) for part in buffers]
        view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": parts})

    def in_earnest(self, view: Any, rng: random.Random) -> tuple[str, dict[str, Any], list[bytes]]:
        """A request a page could send; each of its parts has the right type."""
        methods = {name: make for name, make in REQUESTS.items() if _served(view, name)}
        name = rng.choice(sorted(methods))
        params, buffers = methods[name](self, view, rng)
        return name, params, buffers


def _served(view: Any, name: str) -> bool:
    return getattr(getattr(type(view), name.split("/")[0], None), "_served", False)


def _rows(place: Place, view: Any, rng: random.Random) -> bytes:
    n = len(place.ws.ids(view.of))
    return pack(np.array([rng.random() < 0.3 for _ in range(n)], np.bool_))


def _answers(place: Place, one: bool | None) -> dict[str, Any]:
    question = place.p.ask()
    assert question is not None
    return {"number": question.number, "answers": [one] * len(question.ids)}


def _mask(place: Place) -> bytes:
    return bytes(place.ds.instances["mask"].iloc[0])


def _column(view: Any) -> str:
    return "weight" if view.of == "images" else "area"


Request = Callable[[Place, Any, random.Random], tuple[dict[str, Any], list[bytes]]]
FILTER = {"kind": "range", "lo": 1, "hi": 9, "missing": "out"}
SIZES = {"size": 64, "context": 0.5}
REQUESTS: dict[str, Request] = {
    "describe": lambda _, view, __: ({} if isinstance(view, nl.Scatter) else {"names": [_column(view)]}, []),
    "cells": lambda _, view, __: ({"names": [_column(view)]}, [np.arange(3, dtype=np.int32).tobytes()]),
    "order": lambda _, view, __: ({"sort": [[_column(view), True]]}, []),
    "pictures": lambda *_: ({"size": 64}, [np.arange(3, dtype=np.int32).tobytes()]),
    "act": lambda p, view, rng: (
        {"action": rng.choice(["accept", "reject", "remove", "set"]), "values": {}, "n": 1, "rev": p.ws.rev},
        [_rows(p, view, rng)],
    ),
    "keep": lambda p, view, rng: (
        {
            "filters": {_column(view): FILTER},
            "search": "a",
            "search_in": ["file" if view.of == "images" else "origin"],
            "sort": [[_column(view), True]],
            "names": [_column(view)],
        },
        [_rows(p, view, rng)],
    ),
    "bars": lambda p, view, rng: (
        {"names": [_column(view)], "filters": {}, "search": "", "search_in": []},
        [_rows(p, view, rng)],
    ),
    "edit": lambda p, view, rng: (
        ({"name": "weight", "value": "x", "n": 3, "rev": p.ws.rev}, [_rows(p, view, rng)])
        if isinstance(view, nl.Table)
        else ({"image_id": 0, "label": p.ds.labels[0], "overlap": "allow"}, [_mask(p)])
    ),
    "operate": lambda _, __, rng: (
        {"op": rng.choice(["remove", "merge", "fill", "grow", "copy_next", "label"]), "ids": [0]},
        [],
    ),
    "paste": lambda p, *_: ({"image_id": 0, "labels": [p.ds.labels[0]]}, [_mask(p)]),
    "segment": lambda *_: ({"image_id": 0, "points": [[9, 9, 1]], "box": [1, 1, 30, 30]}, []),
    "masks": lambda *_: ({"row": 0, "color_by": "label"}, []),
    "colors": lambda _, view, __: (
        ({"name": "score"}, []) if isinstance(view, nl.Scatter) else ({"row": 0, "color_by": "label"}, [])
    ),
    "pixels": lambda *_: ({"row": 0}, []),
    "part": lambda *_: ({"row": 0, "box": [0, 0, 9, 9], "longest": 64}, []),
    "items": lambda *_: ({}, []),
    "states": lambda *_: ({}, []),
    "item": lambda p, *_: ({"item_id": int(p.run.predictions.index[0]), "aspect": 1.0, "zoom": 1.0}, []),
    "crop": lambda p, *_: ({"item_id": int(p.run.predictions.index[0]), "box": [0, 0, 9, 9]}, []),
    "answer": lambda p, *_: (
        {"item_id": int(p.run.predictions.index[0]), "what": "accept", "seconds": 1.0},
        [],
    ),
    "take_back": lambda *_: ({"item_id": 1}, []),
    "make_again": lambda *_: ({"item_id": 1}, []),
    "axis": lambda *_: ({"name": "area"}, []),
    "cloud": lambda place, *_: ({"rev": place.ws.rev}, []),
    "window": lambda place, *_: (
        {"limits": [0.1, 0.0, 0.7, 1.0], "columns": 16, "rows": 9, "rev": place.ws.rev},
        [],
    ),
    "inside": lambda place, _, rng: (
        {"shape": "lasso", "corners": [100 * rng.random() for _ in range(12)], "rev": place.ws.rev},
        [],
    ),
    "members": lambda place, *_: (
        {"name": "score", "places": [], "lo": 0.1, "hi": 0.9, "rev": place.ws.rev},
        [],
    ),
    "places": lambda place, *_: ({"rows": [0, 1], "rev": place.ws.rev}, []),
    "ids": lambda *_: ({}, []),
    "detail": lambda p, *_: ({"row": 0, "rev": p.ws.rev, "size": 64}, []),
    "begin": lambda *_: (SIZES, []),
    "crops": lambda p, *_: ({"number": p.p.ask().number, "places": [0], **SIZES}, []),
    "draft": lambda p, *_: ({**_answers(p, None), "place": 0}, []),
    "tell": lambda p, *_: ({**_answers(p, True), "seconds": 1.0, **SIZES}, []),
    "skip": lambda p, *_: ({"number": p.p.ask().number, **SIZES}, []),
    "examples": lambda *_: (SIZES, []),
    "editor": lambda *_: ({"height": 400}, []),
    "choose": lambda *_: ({"name": "log", "value": True}, []),
    "code": lambda *_: ({"titles": {}}, []),
    "history": lambda *_: ({}, []),
    "undo": lambda *_: ({}, []),
    "labels": lambda *_: ({}, []),
    "add_label": lambda _, __, rng: ({"name": f"kind {rng.randrange(9)}"}, []),
    "color_label": lambda p, *_: ({"name": p.ds.labels[0], "color": "#aa0000"}, []),
}
CHANGING = ("act", "add_label", "color_label", "edit", "operate", "paste", "answer", "tell", "skip")


def deep(n: int) -> Any:
    value: Any = 1
    for _ in range(n):
        value = [value] if n % 2 else {"a": value}
    return value


def junk(rng: random.Random) -> Any:
    """A value nobody asked for."""
    return rng.choice(
        [
            *(10**n for n in (6, 9, 12, 18, 30, 300)),
            *(-1, -(2**31), -(2**63), 2**31, 2**63, 0.5, 1e308),
            *(float("nan"), float("inf"), -float("inf")),
            *("", "\x00", "\ud800", "a" * 100_000, "__class__", "../../etc/passwd", "1; import os"),
            *([], {}, [[]], {"": None}, [None] * 1000, [10**30], deep(40), deep(901), {"__proto__": 1}),
            *([float("nan")] * 2, ["\udfff"], [[[9]]], [True, "x", 3.5]),
        ]
    )


def mistyped(rng: random.Random) -> Any:
    """A value that no parameter of a method that edits can be."""
    return rng.choice(
        [float("nan"), float("inf"), 10**30, "\ud800", deep(40), {"a": {"b": []}}, [{"a": 1}], [[[[]]]]]
    )


def broken(place: Place, view: Any, rng: random.Random) -> tuple[Any, list[bytes]]:
    """A request with something wrong in it."""
    name, params, buffers = place.in_earnest(view, rng)
    params = dict(params)
    kind = rng.randrange(7)
    if kind == 0 or (kind < 4 and name not in CHANGING):
        for key in rng.sample(sorted(params), min(len(params), rng.randint(1, 2))):
            params[key] = mistyped(rng) if name in CHANGING else junk(rng)
        if not params:
            params = {"unasked": junk(rng)}
    elif kind == 1 and params:
        needed = [key for key in params if key not in ("seconds", "overlap", "value")]
        del params[rng.choice(needed)]
        if name in ("operate", "edit", "paste", "answer"):
            params["unasked"] = 1
    elif kind == 2:
        params[rng.choice(["self", "buffers", "unasked", "__init__", "", "\ud800"])] = junk(rng)
    elif kind == 3:
        name = rng.choice(
            ["close", "picture", "_receive", "send", "__init__", "errors", "nothing", "", "\x00"]
        )
    elif kind == 4:
        params = rng.choice([[], [1], "text", 7, 1.5, True, float("nan"), deep(50)])
    elif kind == 5:
        buffers = rng.choice([[b"\x01"] * 3, [rng.randbytes(rng.randint(1, 99))], [b""] * 2])
        if name in ("answer", "operate", "tell", "skip"):
            params["unasked"] = 1
    else:
        buffers = [rng.choice(HOSTILE_RLE)]
        if name in ("answer", "operate", "tell", "skip", "act") or isinstance(view, nl.Table):
            params["unasked"] = 1
    head = {"client": rng.choice(["c", junk(rng)]), "id": rng.choice([1, junk(rng)]), "key": junk(rng)}
    content: Any = {"kind": "request", **head, "method": name, "params": params}
    if rng.random() < 0.1:
        content["method"] = junk(rng)
    if rng.random() < 0.1:
        del content[rng.choice(["client", "id", "key", "method"])]
    return content, buffers


def no_request(rng: random.Random) -> Any:
    return rng.choice(
        [junk(rng), {"kind": junk(rng)}, {}, None, {"kind": "event"}, {"kind": "result", "id": 1}]
    )


def about_selection(place: Place, rng: random.Random) -> tuple[Any, list[bytes]]:
    """Something wrong about what is selected."""
    rows = pack(np.zeros(len(place.ws.ids("images")), np.bool_))
    content: dict[str, Any] = {
        "kind": "selection",
        "op": rng.choice(["ready", "sync", "active", "clause", "other"]),
        "client": "c",
        "rev": place.ws.selection._rev,
        "seq": 1,
        "source": "x",
        "of": "images",
        "title": "some",
        "code": "",
        "row": 0,
    }
    for key in rng.sample(sorted(set(content) - {"kind"}), rng.randint(1, 3)):
        if rng.random() < 0.7:
            content[key] = junk(rng)
        else:
            del content[key]
    return content, rng.choice([[], [rows], [b""], [rows + b"\x01"], [rows, rows], [b"\xff" * 999]])


def as_trait(view: Any, rng: random.Random) -> tuple[dict[str, Any], list[bytes]]:
    """Traits set to what they cannot be."""
    names = rng.sample(sorted(view.keys), rng.randint(1, 3))
    if "layout" in names:
        names.remove("layout")
    return {name: junk(rng) for name in names}, []


@pytest.fixture
def no_trace(caplog) -> Iterator[None]:
    """Nothing in the kernel's log."""
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_malformed_messages_are_refused_and_nothing_is_edited(place, rounds, rng, no_trace):
    kinds = dict.fromkeys(["result", "error", "none"], 0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for i in range(rounds(500, 10_000)):
        view = rng.choice(place.views)
        what = rng.random()
        place.sent.clear()
        if what < 0.75:
            content, buffers = broken(place, view, rng)
            place.deliver(view, content, buffers)
            said = [message["kind"] for message, _ in place.sent if message["kind"] in ("result", "error")]
            assert len(said) == 1, (i, content)
            kinds[said[0]] += 1
        elif what < 0.85:
            content, buffers = about_selection(place, rng)
            place.deliver(rng.choice([view, place.ws.selection]), content, buffers)
        elif what < 0.95:
            content, _ = as_trait(view, rng)
            message = {"method": "update", "state": content, "buffer_paths": []}
            view._handle_msg({"content": {"data": message}, "buffers": []})
        else:
            content = no_request(rng)
            place.deliver(view, content, [])
            assert not place.sent
        if i % 50 == 0:
            place.check()
    place.check()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024 * MEGABYTES
    assert kinds["error"] > 3 * kinds["result"]


@pytest.mark.parametrize("n", [10**6, 10**9, 2**53])
def test_no_message_gets_more_than_there_is(place, n):
    everything = np.zeros(300_000, np.int32).tobytes()
    asked: list[tuple[type, str, dict[str, Any], list[bytes]]] = [
        (nl.Verify, "begin", {"size": n, "context": n}, []),
        (
            nl.Verify,
            "crops",
            {"number": place.p.ask().number, "places": [0] * 999, "size": n, "context": n},
            [],
        ),
        (nl.Verify, "examples", {"size": n, "context": n}, []),
        (nl.Table, "cells", {"names": ["weight"] * 999}, [everything]),
        (nl.Table, "pictures", {"size": n}, [np.zeros(24, np.int32).tobytes()]),
        (nl.Gallery, "pictures", {"size": n}, [np.zeros(24, np.int32).tobytes()]),
        (nl.Table, "order", {"sort": [["weight", True]] * 999}, []),
        (nl.Viewer, "part", {"row": 0, "box": [-n, -n, n, n], "longest": n}, []),
        (nl.Review, "crop", {"item_id": int(place.run.predictions.index[0]), "box": [-n, -n, n, n]}, []),
        (nl.Review, "item", {"item_id": int(place.run.predictions.index[0]), "aspect": n, "zoom": 1 / n}, []),
        (nl.Scatter, "window", {"limits": [0, 0, 1, 1], "columns": n, "rows": n, "rev": place.ws.rev}, []),
        (nl.Scatter, "places", {"rows": [n, -n], "rev": place.ws.rev}, []),
        (nl.Scatter, "detail", {"row": 0, "rev": place.ws.rev, "size": n}, []),
        (nl.Editor, "segment", {"image_id": 0, "points": [[n, n, 1]] * 999, "box": [0, 0, n, n]}, []),
        (nl.Editor, "paste", {"image_id": 0, "labels": ["x"] * 1000}, [b"0" * 1000] * 1000),
    ]
    for kind, method, params, buffers in asked:
        view = place.view(kind)
        place.sent.clear()
        tracemalloc.start()
        place.deliver(view, {"kind": "request", "method": method, "params": params}, buffers)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MEGABYTES << 20, (method, n, peak)
        assert place.sent[-1][0]["kind"] in ("result", "error")
        assert sum(map(len, place.sent[-1][1])) < 16 << 20
    place.check()


def test_what_is_spoiled_here_is_answered_as_it_is(place, rng):
    quiet = set(REQUESTS) - {*CHANGING, "undo", "take_back", "make_again", "choose"}
    for view in place.views:
        for name in sorted(quiet):
            if _served(view, name):
                params, buffers = REQUESTS[name](place, view, rng)
                place.deliver(view, {"kind": "request", "id": 1, "method": name, "params": params}, buffers)
                assert place.sent[-1][0]["kind"] == "result", (view, name, place.sent[-1])
    place.check()


def test_after_malformed_messages_each_view_answers_as_before(place, rng, no_trace):
    for _ in range(200):
        view = rng.choice(place.views)
        place.deliver(view, *broken(place, view, rng))
    asked = {nl.Table: "describe", nl.Viewer: "masks", nl.Review: "items", nl.Verify: "begin", Bar: "history"}
    for view in place.views:
        for method in [asked[kind] for kind in type(view).__mro__ if kind in asked][:1]:
            place.sent.clear()
            params, _ = REQUESTS[method](place, view, rng)
            place.deliver(view, {"kind": "request", "method": method, "params": params}, [])
            assert place.sent[-1][0]["kind"] == "result", place.sent[-1]


def test_an_interrupt_is_answered_and_goes_on(place, monkeypatch):
    table = place.views[0]
    monkeypatch.setattr(type(table), "describe", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        table._receive(table, {"kind": "request", "id": 4, "method": "describe", "params": {}}, [])
    message, _ = place.sent[-1]
    assert (message["kind"], message["id"], message["error"]["type"]) == ("error", 4, "KeyboardInterrupt")


def _interrupted(_: Any) -> None:
    raise KeyboardInterrupt


_interrupted._served = True  # type: ignore[attr-defined]


def test_what_is_refused_of_a_trait_is_told_to_the_page(place, monkeypatch):
    gallery = place.view(nl.Gallery)
    told = []
    monkeypatch.setattr(gallery, "send_state", lambda key=None: told.append(key))
    size = gallery.size
    gallery._handle_msg(
        {"content": {"data": {"method": "update", "state": {"size": "x"}, "buffer_paths": []}}, "buffers": []}
    )
    assert gallery.size == size
    assert told[-1] == ["size"]
    assert "size" in str(gallery.last_error)


@pytest.mark.parametrize("name", ["of", "source", "selection"])
def test_what_a_view_is_of_is_not_for_a_page_to_set(place, monkeypatch, name):
    table, told = place.view(nl.Table), []
    monkeypatch.setattr(table, "send_state", lambda key=None: told.append(key))
    before = getattr(table, name)
    for value in ("__class__", "instances", 7):
        state = {name: value, "height": table.height}
        if value == before:
            continue
        data = {"method": "update", "state": state, "buffer_paths": []}
        table._handle_msg({"content": {"data": data}, "buffers": []})
        assert getattr(table, name) == before
        assert told[-1] == [name, "height"]
        assert f"{name} of Table cannot be set by a page" in str(table.last_error)
    data = {"method": "update", "state": {name: before, "height": 321}, "buffer_paths": []}
    table._handle_msg({"content": {"data": data}, "buffers": []})
    assert table.height == 321


def test_drafts_of_another_length_leave_the_question_as_it_was(place):
    verify = place.view(nl.Verify)
    for answers in ([], [None] * 99):
        params = {"number": place.p.ask().number, "answers": answers, "place": 0}
        place.deliver(verify, {"kind": "request", "method": "draft", "params": params}, [])
        assert place.sent[-1][0]["error"]["type"] == "DataError"
    place.deliver(verify, {"kind": "request", "method": "begin", "params": SIZES}, [])
    assert place.sent[-1][0]["kind"] == "result"


def test_two_views_that_share_a_page_hear_of_the_selection_each(place, monkeypatch):
    first, second = nl.Viewer(place.ws), nl.Viewer(place.ws)
    assert isinstance(place.ws.selection, Selection)
    heard: list[Any] = []
    for view in (first, second):
        monkeypatch.setattr(view, "send", MethodType(lambda view, *_: heard.append(view), view))
        place.deliver(view, {"kind": "selection", "op": "ready", "client": "c"}, [])
    heard.clear()
    place.ws.select(place.ds.images.index[:2])
    assert {id(view) for view in heard} == {id(first), id(second)}
