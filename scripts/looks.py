"""What ``screenshots.py`` looks at: each view, and the states in which it is worth looking at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Locator

PICTURES = {
    "reef": "ds = nl.demo.reef('reef.nbal', n_images=400, n_labeled=60, n_test=60)",
    "cells": "ds = nl.demo.nuclei('cells.nbal', n_images=120, n_labeled=24)",
}
SETUP = """
import numpy as np, pandas as pd, nbalabel as nl
from nbalabel.widgets.bar import Bar
{pictures}
run = nl.demo.simulated_run(ds)
run.layout("images").wait()
start = ("images", int(ds.instances.image_id.value_counts().index[0]))
best = run.query("score > 0.6 and not matched")
nothing = nl.create("empty.nbal", ["fish"])
lost = ds.subset(ds.instances['image_id'].unique()[:12]).save("lost.nbal", copy_images=True)
for file in lost.images["file"]:
    (lost.image_root / file).unlink()
steps = np.arange(10, 410, 10)
curves = pd.DataFrame({{"step": steps, "loss": 0.6 + 3 * np.exp(-steps / 90)}})
curves["map50"] = np.where(steps % 50 == 0, 0.8 - 0.7 * np.exp(-steps / 120), np.nan)
curves["map"] = curves["map50"] * 0.7
def see(run=run):
    ws = nl.Workspace(ds, run)
    ws.selection.active = start
    return ws
"""

Pose = Callable[[Locator], None]  # of the view's cell


def keys(*pressed: str, view: str = ".nbl") -> Pose:
    """Keys pressed in the view."""

    def pose(cell: Locator) -> None:
        cell.locator(view).first.focus()
        for key in pressed:
            cell.page.keyboard.press(key)

    return pose


def click(*selectors: str) -> Pose:
    """Clicks, one after another."""

    def pose(cell: Locator) -> None:
        for selector in selectors:
            cell.locator(selector).first.click(timeout=8_000)

    return pose


def then(*poses: Pose) -> Pose:
    """One after another."""

    def pose(cell: Locator) -> None:
        for one in poses:
            one(cell)
            cell.page.wait_for_timeout(600)

    return pose


def rest(cell: Locator) -> None:
    """As it is."""


def tabbed(cell: Locator) -> None:
    """The keyboard's focus on the second control."""
    cell.locator(".nbl").first.focus()
    for _ in range(3):
        cell.page.keyboard.press("Tab")


def pick(count: int) -> Pose:
    """Some tiles of a gallery picked by keys."""
    return then(keys("Home", " ", *["Shift+ArrowRight"] * (count - 1), view=".nbl-tiles"))


@dataclass(frozen=True)
class Look:
    """A view, and what is done to it before it is looked at, each after Escape.

    Attributes:
        cell: what makes the view.
        poses: name of a state: what leads to it. Every view is also looked at as it is.
        after: code run in the kernel when all views are there.
    """

    cell: str
    poses: dict[str, Pose] = field(default_factory=dict)
    after: str = ""


DISPLAY = click('[aria-haspopup="dialog"]:has(.nbl-tone)')
LOOKS = {
    "explore": Look(
        "ws = nl.explore(ds, run, color='n_instances', height=440)\nws",
        after="ws.select(best, title='confident, not labeled')\n"
        "ws.selection.active = ('predictions', int(best.index[20]))",
    ),
    "bar": Look(
        "bar = see()\nBar(bar)",
        {"code": click("text=Copy as pandas")},
        after="bar.select(best, title='confident, not labeled')\nds.set(ds.images.index[:3], weight=2)",
    ),
    "scatter": Look(
        "nl.Scatter(see(), color='n_instances', height=380)",
        {"keys": keys("?"), "options": click('[title*="axes" i]')},
    ),
    "table": Look(
        "nl.Table(see(), of='predictions', height=380)",
        {
            "focus": tabbed,
            "picked": keys("Home", " ", "Shift+ArrowDown", "Shift+ArrowDown", view=".nbl-grid"),
            "large-accept": then(keys("Control+a", view=".nbl-grid"), click('[data-action="Accept"]')),
            "filter": keys("f", view=".nbl-grid"),
            "display": DISPLAY,
            "keys": keys("?"),
            "no-match": then(
                click(".nbl-search"), lambda cell: cell.locator(".nbl-search").fill("nothing is called so")
            ),
        },
    ),
    "images": Look("nl.Table(see(), of='images', height=300)"),
    "viewer": Look("nl.Viewer(see(), height=420)", {"display": click('[aria-label="how it looks"]')}),
    "histogram": Look("nl.Histogram(see(), 'score', of='predictions', split='outcome')"),
    "density": Look("nl.Density(see())"),
    "confusion": Look("nl.Confusion(see())"),
    "precision-recall": Look("nl.PrecisionRecall(see())"),
    "reliability": Look("nl.Reliability(see())"),
    "learning-curves": Look("nl.LearningCurves(nl.Run('train-1', 'train', curves=curves))"),
    "editor": Look(
        "nl.Editor(see(), height=460, tool='brush', brush_size=14)",
        {
            "state": lambda cell: cell.get_by_label("state of the image").focus(),
            "prediction": keys("v", "ArrowDown"),
            "display": click('[aria-label="how it looks"]'),
            "keys": keys("?"),
        },
    ),
    "regions": Look(
        "nl.Editor(see(), height=460, tool='select')",
        {"keys": keys("?")},
        after="at = ds.images.loc[start[1]]\n"
        "x, y = np.meshgrid(np.arange(at.width), np.arange(at.height))\n"
        "parts = [x < at.width // 3, (x > at.width * 2 // 3) & (y < at.height // 2)]\n"
        "said = {'kind': ['done', 'ignore'], 'label': [None, ds.labels[0]]}\n"
        "ds.add_regions(pd.DataFrame({'image_id': start[1], 'mask': parts, **said}))",
    ),
    "gallery": Look(
        "nl.Gallery(see(), of='predictions', size=96, order='score', ascending=False, height=380)",
        {
            "picked": pick(5),
            "accept-as": then(pick(5), keys("l", view=".nbl-tiles")),
            "large-accept": keys("Control+a", "a", view=".nbl-tiles"),
            "display": DISPLAY,
            "keys": keys("?"),
        },
    ),
    "gallery-images": Look("nl.Gallery(see(), of='images', size=120, height=380)"),
    "review": Look(
        "nl.Review(see(), run.predictions, order='score', height=440)",
        {"display": DISPLAY, "keys": keys("?")},
    ),
    "review-done": Look(
        "done = see()\nnl.Review(done, run.predictions.sort_values('score').tail(2), height=360)",
        {"answered": keys("x", "x")},
    ),
    "verify": Look(
        "nl.Verify(nl.propagate(run, min_area=60, journal=False, known=None), see(), height=560)",
        {"asking": keys("Enter"), "display": DISPLAY, "keys": keys("?")},
    ),
    "augmentations": Look(
        "species = {'n_images': 60, 'n_labeled': 40, 'n_test': 5, 'by_species': True}\n"
        "varied = ds if len(ds.labels) > 1 else nl.demo.reef('species.nbal', **species)\n"
        "some = varied.images.index[varied.images['state'] == 'complete'][:6]\n"
        "x, y = np.meshgrid(*(np.arange(varied.images[side].iloc[0]) for side in ('width', 'height')))\n"
        "left = {'mask': [x < x.max() // 3] * 6, 'kind': 'ignore', 'label': None}\n"
        "varied.add_regions(pd.DataFrame({'image_id': some, **left}))\n"
        "varied.set(some, weight=6)\n"
        "nl.Augmentations(nl.Yolo('starter'), varied, seed=3)",
        {
            "falling": then(keys("f"), lambda cell: cell.page.wait_for_timeout(4_000)),
            "large": click(".nbl-augment-tile"),
            "next": then(keys("n"), lambda cell: cell.page.wait_for_timeout(4_000)),
        },
    ),
    "empty-explore": Look("nl.explore(nothing)"),
    "empty-gallery": Look("nl.Gallery(nothing, height=240)"),
    "empty-editor": Look("nl.Editor(nothing, height=300)"),
    "empty-review": Look("nl.Review(see(), run.predictions[:0], height=320)"),
    "empty-charts": Look("nl.Histogram(nl.Workspace(nothing), 'n_instances', of='images')"),
    "empty-curves": Look("nl.LearningCurves(nl.Run('train-1', 'train'))"),
    "error-table": Look("nl.Table(lost, of='images', height=240)"),
    "error-gallery": Look("nl.Gallery(lost, height=240)"),
    "error-viewer": Look("nl.Editor(lost, height=380)"),
    "error-review": Look("nl.Review(lost, lost.instances, height=360, again=True)"),
}
