"""Every reply of every view, as the browser's types have it.

What the kernel answers is written to ``js/tests/wire/replies.ts``, each reply under the type that the browser
reads it as: TypeScript checks the types (``npm run types``), this test that the file is what the kernel says.
Where a reply has changed on purpose, ``REPLIES=write pytest tests/widgets/test_replies.py`` writes the file.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.change.change import Change, TableChange
from nbalabel.core.change.table_change import select_rows
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.bridge.port import Port

FILE = Path(__file__).parents[2] / "js" / "tests" / "wire" / "replies.ts"
HEAD = """\
/** What the kernel answers, under the types it is read as. Written by tests/widgets/test_replies.py. */
"""
ROWS, TABLE = "views/rows/wire", "views/table/wire"
SAID = "{ note: string; rev: number }"
MADE = "{ ids: number[]; note: string; rev: number }"
# method of a view -> the type that its reply is read as, and the module it comes from
TYPES: dict[str, tuple[str, str]] = {
    "Bar.code": ("{ code: string; current: boolean }", ""),
    "Bar.history": ("History", "views/bar/bar"),
    "Bar.redo": ("History", "views/bar/bar"),
    "Bar.undo": ("History", "views/bar/bar"),
    "ChartHead.choose": ("Record<string, never>", ""),
    "DrawnPictures.choose": ("Record<string, never>", ""),
    "DrawnPictures.draw": ("Record<string, never>", ""),
    "DrawnPictures.pictures": ("Pictures", "views/augment/augment"),
    "Editor.add_label": ("Labels & { name: string }", "views/labels/catalog"),
    "Editor.color_label": ("Labels", "views/labels/catalog"),
    "Editor.decide": (MADE, ""),
    "Editor.answers_script": ("{ script: string; style: string }", ""),
    "Editor.definition": ("Defined", "views/answers/wire"),
    "Editor.edit": ("Drawn", "views/edit/queue"),
    "Editor.give_answer": ("Given", "views/answers/wire"),
    "Editor.image_state": (SAID, ""),
    "Editor.make_example": (SAID, ""),
    "Editor.labels": ("Labels", "views/labels/catalog"),
    "Editor.operate": ("{ ids: number[]; image_id: number | null; note: string; rev: number }", ""),
    "Editor.paste": (MADE, ""),
    "Editor.questions": ("Form", "views/answers/wire"),
    "Editor.redo": (SAID, ""),
    "Editor.redo_answer": ("Moved", "views/answers/wire"),
    "Editor.segment": ("Segmented", "views/edit/finder"),
    "Editor.undo": (SAID, ""),
    "Editor.undo_answer": ("Moved", "views/answers/wire"),
    "Gallery.redo": (SAID, ""),
    "Gallery.undo": (SAID, ""),
    "Review.correct": (SAID + " & { id: number }", ""),
    "Review.answer": (SAID + " & { id: number }", ""),
    "Review.crop": ("Pick<Head, 'rev' | 'id' | 'box' | 'mask' | 'problem' | 'auto'>", "views/review/crops"),
    "Review.editor": ("{ ref: string }", ""),
    "Review.item": ("Head", "views/review/crops"),
    "Review.items": ("Items", "views/review/items"),
    "Review.make_again": (SAID + " & { id: number }", ""),
    "Review.states": ("{ rev: number }", ""),
    "Review.take_back": (SAID + " & { id: number }", ""),
    "Scatter.axis": ("Part & Omit<Axis, 'values'>", "views/scatter/data"),
    "Scatter.cloud": ("CloudHead", "views/scatter/windows"),
    "Scatter.colors": ("Part & Omit<ColorColumn, 'values'>", "views/scatter/data"),
    "Scatter.describe": ("Description", "views/scatter/data"),
    "Scatter.detail": ("Detail", "views/scatter/tooltip"),
    "Scatter.ids": ("Part", "views/scatter/data"),
    "Scatter.inside": ("{ rev: number; n: number }", ""),
    "Scatter.members": ("{ rev: number; n: number }", ""),
    "Scatter.places": ("Places & { rev: number }", "views/scatter/windows"),
    "Scatter.window": ("WindowHead", "views/scatter/windows"),
    "Table.act": ("Report", ROWS),
    "Table.bars": ("Counted", TABLE),
    "Table.cells": ("Cells", ROWS),
    "Table.describe": ("Described", ROWS),
    "Table.edit": ("Report", ROWS),
    "Table.keep": ("Kept", TABLE),
    "Table.order": ("Order", ROWS),
    "Table.pictures": ("Made", ROWS),
    "Table.questions_of": ("Form", "views/answers/wire"),
    "Table.sample": ("Sample", "views/rows/sample"),
    "Table.set_display": ("Display", "views/display"),
    "Table.similar": ("{ title: string; rev: number }", ""),
    "Table.undo": (SAID, ""),
    "Verify.begin": ("State", "views/verify/wire"),
    "Verify.crops": ("Crops", "views/verify/wire"),
    "Verify.draft": ("{ outlook: Outlook | null }", "views/verify/wire"),
    "Verify.examples": ("Examples", "views/verify/wire"),
    "Verify.skip": ("State", "views/verify/wire"),
    "Verify.tell": ("State", "views/verify/wire"),
    "Verify.undo": ("State", "views/verify/wire"),
    "Viewer.beside_file": ("Content", "views/beside/wire"),
    "Viewer.beside_image": ("Listed", "views/beside/wire"),
    "Viewer.beside_seen": ("Record<string, never>", ""),
    "Viewer.beside_widget": ("OwnWidget", "views/beside/wire"),
    "Viewer.colors": ("Recolored", "views/viewer/loader"),
    "Viewer.masks": ("Head", "views/viewer/picture"),
    "Viewer.part": ("{ rev: number; row: number; box: number[] }", ""),
    "Viewer.pixels": ("PixelsHead", "views/viewer/loader"),
    "WorkHead.beat": ("Place", "views/work/words"),
    "WorkHead.decide_on": ("Place", "views/work/words"),
    "WorkHead.look_again": ("Place", "views/work/words"),
    "WorkHead.now": ("Place", "views/work/words"),
    "WorkHead.send_answer": ("Place", "views/work/words"),
    "WorkHead.skip_task": ("Place", "views/work/words"),
}


class Boxes:
    """A segmenter that takes the box for the thing."""

    name = "boxes"

    def segment(self, image, points, positive, box, image_key):  # noqa: ARG002  # as the protocol has it
        mask = np.zeros(image.shape[:2], bool)
        x, y, w, h = map(int, box)
        mask[y : y + h, x : x + w] = True
        return mask, 0.9


class Replies:
    """Asks views, and keeps what they answer under "View.method"."""

    def __init__(self, browser) -> None:
        self.browser, self.found, self.ends = browser, {}, {}

    def __call__(self, view, method, buffers=(), keep=True, **params):
        if id(view) not in self.ends:
            self.ends[id(view)] = self.browser(view)
        result, out = self.ends[id(view)](method, buffers, **params)
        if keep:
            self.found[f"{type(view).__name__.lstrip('_')}.{method}"] = result
        return result, out


@pytest.fixture
def reef(tmp_path):
    """Large enough to ask questions about, and to have examples of both answers."""
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=60, n_labeled=20, n_test=8, size=96)


@pytest.fixture
def replies(reef, reef_run, workspace, browser, drawing, monkeypatch, tmp_path):
    """One of each, on a small reef."""
    for limit in ("QUICKLY", "PATIENTLY"):  # as many crops in a message, however busy the machine is
        monkeypatch.setattr(f"nbalabel.widgets.verify.verify.{limit}", 60.0)
    ask = Replies(browser)
    drawn = nl.Augmentations(drawing, reef, n=2)
    for method, params in (("pictures", {}), ("draw", {}), ("choose", {"falling": True})):
        ask(drawn.pictures, method, **params)
    rows(ask, nl.Table(workspace, of="predictions"))
    ask(nl.Gallery(workspace, of="predictions"), "undo")
    ask(nl.Gallery(workspace, of="predictions"), "redo")
    scatter = nl.Scatter(workspace, x="n_predictions", y="turbidity")
    described, _ = ask(scatter, "describe")
    described["layout"] |= {"method": "pca", "ready": False}  # its fit may have ended by now
    ask(scatter, "axis", name="turbidity")
    ask(scatter, "colors", name="habitat")
    ask(scatter, "ids")
    ask(scatter, "detail", row=0, rev=workspace.rev)
    scatter.color = "habitat"
    ask(scatter, "cloud", rev=workspace.rev)
    ask(scatter, "window", limits=[0, 0, 1, 1], columns=8, rows=6, rev=workspace.rev)
    ask(scatter, "inside", shape="box", corners=[0, 0, 2, 1], rev=workspace.rev)
    ask(scatter, "members", name="habitat", places=[1], rev=workspace.rev)
    ask(scatter, "places", rows=[0], rev=workspace.rev)
    ask(nl.Histogram(workspace, "score", of="predictions").head, "choose", name="mode", value="log")
    viewed(ask, nl.Viewer(workspace), reef)
    edited(ask, nl.Editor(workspace, segmenter=Boxes()), reef, reef_run)
    reviewed(ask, nl.Review(workspace, reef_run.query("score > 0.3")), reef)
    options = {"strategy": "paper", "n_samples": 4, "min_area": 0, "min_score": 0.0, "journal": False}
    verified(ask, nl.Verify(nl.propagate(reef_run, **options)))
    explored = nl.explore(reef, reef_run)
    for method in ("history", "code", "undo", "redo"):
        ask(explored.bar, method)
    worked(ask, reef)
    beside(ask, reef, tmp_path)
    return ask.found


def rows(ask, table):
    n, rev = len(table.workspace.ids("predictions")), table.workspace.rev
    one = np.packbits(np.arange(n) == 0, bitorder="little").tobytes()
    first = np.array([0, 1], np.int32).tobytes()
    sent = {"filters": {"score": {"kind": "range", "lo": 0.5, "hi": None, "missing": "out"}}}
    sent |= {"search": "", "search_in": []}
    ask(table, "describe", names=["score", "label", "decision"])
    ask(table, "cells", [first], names=["score", "label"])
    ask(table, "order", sort=[["score", False]])
    ask(table, "pictures", [first], size=48)
    ask(table, "keep", sort=[["score", False]], names=["score", "label"], **sent)
    ask(table, "bars", names=["score", "label"], **sent)
    ask(table, "sample", [one], n=1, rev=rev)
    ask(table, "set_display", auto=None, brightness=0, contrast=0, gamma=1.5)
    report, _ = ask(table, "act", [one], action="reject", values={}, n=1, rev=rev)
    ask(table, "undo", change=report["change"])
    images = nl.Table(table.workspace, of="images")
    n = len(images.workspace.ids("images"))
    one = np.packbits(np.arange(n) == 0, bitorder="little").tobytes()
    table.workspace.ds.ask("weather", of="images", options=["sun", "fog"], required=True)
    ask(images, "questions_of", [one], n=1, rev=images.workspace.rev + 1)
    ask(images, "edit", [one], name="weight", value=0.5, n=1, rev=images.workspace.rev)
    apart = nl.Workspace(table.workspace.ds, table.workspace.run)
    ask(nl.Table(apart, of="images"), "similar", [one], of="images", rev=apart.rev)


def viewed(ask, viewer, reef):
    row = int(np.flatnonzero(reef.images["state"] == "complete")[0])
    ask(viewer, "masks", row=row, color_by="label")
    ask(viewer, "colors", row=row, color_by="score")
    ask(viewer, "pixels", row=row)
    ask(viewer, "part", row=row, box=[0, 0, 48, 48], longest=64)


def edited(ask, editor, reef, run):
    image_id = int(reef.images.index[reef.images["state"] == "unlabeled"][0])
    mask = rle.encode(np.pad(np.ones((20, 20), bool), ((10, 66), (10, 66))))
    made, _ = ask(editor, "edit", [mask], image_id=image_id, label=reef.labels[0])
    ask(editor, "operate", op="smooth", ids=[made["id"]])
    ask(editor, "paste", [mask], image_id=image_id, labels=[reef.labels[0]])
    ask(editor, "undo")
    ask(editor, "redo")
    ask(editor, "segment", image_id=image_id, box=[5, 5, 40, 40])
    other = run.predictions[run.predictions["image_id"] != image_id]
    open_ones = reef.images.index[reef.images["state"] == "unlabeled"]
    ids = other.index[other["image_id"].isin(open_ones)][:1].tolist()
    ask(editor, "decide", action="accept", ids=ids)
    ask(editor, "add_label", name="cod")
    ask(editor, "color_label", name="cod", color="#aa0000")
    ask(editor, "labels")
    empty = reef.images.index[reef.images["state"] == "unlabeled"][-1]
    ask(editor, "image_state", image_id=int(empty), state="empty")
    questioned(ask, editor, reef)


def questioned(ask, editor, reef):
    one = int(reef.instances.index[0])
    reef.define(
        reef.labels[0], parent="animal", key="f", text="Any of them.", wrong=[int(reef.instances.index[1])]
    )
    reef.ask("sex", options=["f", "m"], required=True)
    reef.ask("length", kind="number", unit="cm", low=0)
    about = {"instances": [one], "images": [int(reef.instances.loc[one, "image_id"])]}
    ask(editor, "questions", **about)
    ask(editor, "give_answer", of="instances", ids=[one], name="sex", value="f", **about)
    ask(editor, "undo_answer", **about)
    ask(editor, "redo_answer", **about)
    ask(editor, "make_example", label=reef.labels[0], instance_id=one, right=True)
    ask(editor, "definition", label=reef.labels[0])
    script, _ = ask(editor, "answers_script", keep=False)
    ask.found["Editor.answers_script"] = {name: text[:0] for name, text in script.items()}


def reviewed(ask, review, reef):
    ask(review, "items")
    ask(review, "states")
    item = int(review.left.index[0])
    ask(review, "item", item_id=item)
    ask(review, "crop", item_id=item, box=[0, 0, 40, 40])
    ask(review, "answer", item_id=item, what="reject")
    ask(review, "take_back", item_id=item)
    ask(review, "make_again", item_id=item)
    ask(review, "editor", height=300)
    suspect = OneSuspect(reef)
    review = nl.Review(review.workspace, suspect)
    ask(review, "correct", item_id=suspect.number, word="Remove")
    reef.undo()


class OneSuspect:
    """Stands in for ``nl.suspects``: the first instance should be removed."""

    def __init__(self, ds):
        self.ds, self.number = ds, int(ds.instances.index[0])
        row = {"kind": ["spurious"], "score": [0.9], "instance_id": [self.number], "prediction_id": [np.nan]}
        self.table = pd.DataFrame({**row, "guess": ["cod"], "settled": [False]})
        self.answers = pd.Series([], dtype=bool)

    def updated(self, *_):
        return self

    def instances(self, rows=None):  # noqa: ARG002  # as nl.suspects has it
        return self.ds.instances.loc[self.ds.instances.index == self.number]

    def predictions(self, rows=None):  # noqa: ARG002
        return self.ds.instances.iloc[:0]

    def change(self, rows=None):  # noqa: ARG002
        deleted = select_rows(self.ds.instances, np.array([self.number]))
        return Change({"instances": TableChange(deleted=deleted)}, None, "suspects-1", "removed")


def beside(ask, reef, folder):
    Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8)).save(folder / "depth.tiff")
    reef.attach(reef.images.index[:1], folder / "depth.tiff", as_="overlay", name="depth")
    reef.guidelines = "Outline the fins, too."
    viewer = nl.Viewer(nl.Workspace(reef), beside=lambda image_id: f"image {image_id}")
    image_id = int(reef.images.index[0])
    ask(viewer, "beside_image", image_id=image_id)
    ask(viewer, "beside_file", attachment_id=int(reef.attachments.index[0]))
    ask(viewer, "beside_widget", image_id=image_id)
    ask(viewer, "beside_seen")


def worked(ask, reef):
    reef.commit("before the queue")
    q = nl.Queue(reef, reef.images.query("state == 'complete'").iloc[:4], review=True)
    ana = nl.Work(q, "ana")
    state, _ = ask(ana.head, "now")
    state, _ = ask(ana.head, "send_answer", job=state["job"], seconds=2.0)
    ask(ana.head, "skip_task", job=state["job"], reason="blurred", seconds=1.0)
    ask(ana.head, "beat", seconds=1.0)
    ask(ana.head, "look_again")
    eva = nl.Work(q, "eva", review=True)
    ask(eva.head, "decide_on", job=eva.task.job, verdict="rework", comment="one is missing", seconds=3.0)
    for work in (ana, eva):
        work.close()


def verified(ask, verify):
    sizes = {"size": 48, "context": 0.3}
    state, _ = ask(verify, "begin", **sizes)
    number, n = state["question"]["number"], len(state["question"]["ids"])
    ask(verify, "crops", number=number, places=[0], **sizes)
    ask(verify, "draft", number=number, answers=[True] * n)
    state, _ = ask(verify, "tell", number=number, answers=[True] * n, **sizes)
    ask(verify, "undo", **sizes)
    ask(verify, "skip", number=verify.p.ask().number, **sizes)
    ask(verify, "examples", **sizes)


def test_the_file_that_typescript_checks_holds_what_the_kernel_answers(replies) -> None:
    text = written(replies)
    if os.environ.get("REPLIES") == "write":
        FILE.write_text(text)
    assert text == FILE.read_text(), "replies have changed: see the docstring of this module"


def test_every_method_that_a_browser_may_call_is_among_them(replies) -> None:
    assert sorted(replies) == sorted(TYPES)
    asked = {name.split(".")[1] for name in replies}
    served = {
        name
        for view in every(Port)
        if view.__module__.startswith("nbalabel.")
        for part in view.__mro__
        for name, method in vars(part).items()
        if getattr(method, "_served", False)
    }
    assert served == asked


def every(view):
    return {view}.union(*(every(one) for one in view.__subclasses__()))


def written(replies) -> str:
    """The module: imports, then one constant a reply."""
    imports: dict[str, set[str]] = {}
    for type_, module in TYPES.values():
        if module:
            names = re.findall(r"\b[A-Z]\w+", type_)
            imports.setdefault(module, set()).update(set(names) - {"Pick", "Omit", "Record"})
    lines = [HEAD]
    for module, names in sorted(imports.items()):
        inside = ", ".join(alias(name, module) for name in sorted(names))
        lines.append(f'import type {{ {inside} }} from "../../src/{module}";')
    lines.append("")
    for name, reply in sorted(replies.items()):
        type_, module = TYPES[name]
        for one in imports.get(module, ()):
            type_ = re.sub(rf"\b{one}\b", renamed(one, module), type_)
        said = json.dumps(still(reply), indent=2)
        lines += [f"export const {name.replace('.', '_')}: {type_} = {said};", ""]
    return "\n".join(lines)


def renamed(name, module):
    """Types of one name come from two views."""
    return f"{name}Of{module.split('/')[1].title()}" if name == "Head" else name


def alias(name, module):
    other = renamed(name, module)
    return name if other == name else f"{name} as {other}"


def still(value):
    """What is the same on every machine: texts without their numbers, 1 for numbers, few items."""
    if isinstance(value, dict):
        return {name: still(one) for name, one in value.items()}
    if isinstance(value, list):
        return [still(one) for one in (value if len(value) <= 4 else value[:2])]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return 1
    if re.fullmatch(r"[a-z]+\d*|#[0-9a-f]{6}", value):  # one of a few names, such as "float32"; a color
        return value
    return re.sub(r"\d+", "1", re.sub(r"(anywidget:|-)[0-9a-f]{6,}", r"\1f", value))
