"""Another theme in JupyterLab: every view shows what it showed, in colors that can be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .lab import THEMES
from .notebook import Notebook, notebook, settled, wait

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=40, n_labeled=12, n_test=4, size=96)
run = nl.demo.simulated_run(ds)
ws = nl.Workspace(ds, run)
"""
VIEWS = {
    "Selection": "nl.explore(ds, run, height=300)",
    "Scatter": "nl.Scatter(ws, x='width', y='n_predictions', height=260)",
    "Table": "nl.Table(ws, of='predictions', height=240)",
    "Gallery": "nl.Gallery(ws, size=96, height=240)",
    "Review": "nl.Review(ws, run.predictions, height=320)",
    "Verify": "p = nl.propagate(run, strategy='paper', n_samples=8, min_area=0, journal=False)\nnl.Verify(p)",
    "Viewer": "nl.Viewer(ws, height=320)",
    "Editor": "nl.Editor(ws, height=320)",
    "Chart": "nl.Histogram(ws, 'score', of='predictions')",
}
CANVASES = """() => [...document.querySelectorAll('.nbl canvas')].filter(c => c.checkVisibility()).map(c => {
    const view = c.closest('.nbl');
    const data = c.width && c.height ? c.getContext('2d').getImageData(0, 0, c.width, c.height).data : [];
    let [opaque, darkest] = [0, 255];
    for (let i = 3; i < data.length; i += 4) {
        if (data[i] > 0) opaque++;
        if (data[i] > 100)
            darkest = Math.min(darkest, 0.299 * data[i - 3] + 0.587 * data[i - 2] + 0.114 * data[i - 1]);
    }
    const box = c.getBoundingClientRect();
    return [`${view.getAttribute('aria-label')} ${c.className || c.parentElement.className}`,
            opaque, c.width, Math.round(box.width), Math.round(darkest)];
})"""
CONTRASTS = """() => [...document.querySelectorAll('.nbl')].filter(v => v.checkVisibility()).map(view => {
    const light = text => {
        const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
        return 0.299 * r + 0.587 * g + 0.114 * b;
    };
    let below = view;  // charts are transparent
    while (/, 0\\)$/.test(getComputedStyle(below).backgroundColor)) below = below.parentElement;
    const colors = [getComputedStyle(view).color, getComputedStyle(below).backgroundColor];
    return [view.getAttribute('aria-label'), ...colors.map(light)];
})"""


def use_theme(book: Notebook, name: str) -> None:
    """As a person does: Settings, Theme."""
    page = book.page
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
    page.locator(".lm-Menu-itemLabel", has_text=THEMES[name]).first.click()
    wait(lambda: page.evaluate("() => document.body.dataset.jpThemeName") == THEMES[name])


def canvases(book: Notebook) -> dict[str, list[Any]]:
    """Of each canvas in a view: opaque pixels, its width, that on the page, and its darkest.

    Axes are black in a light theme, and no darker than its background in a dark one.
    """
    found: dict[str, list[Any]] = {}
    for name, *values in book.page.evaluate(CANVASES):
        found.setdefault(name, []).append(tuple(values))
    return found


def drawn(shown: dict[str, list[Any]]) -> dict[str, list[bool]]:
    return {name: [pixels > 0 for pixels, *_ in values] for name, values in shown.items()}


def at_rest(book: Notebook) -> dict[str, list[Any]]:
    """The canvases once they are the same twice."""
    before: list[Any] = [canvases(book)]

    def same() -> bool:
        settled(book)
        before.append(canvases(book))
        return before[-1] == before[-2]

    wait(same, 40)
    return dict(before[-1])


def test_every_view_still_shows_its_pixels_in_another_theme(tmp_path: Path) -> None:
    with notebook(tmp_path, [SETUP, *VIEWS.values()], width=1100, height=3600) as book:
        verify = book.page.locator('.nbl[aria-label="Verify"]').last
        verify.locator(".nbl-verify-card canvas").first.wait_for(timeout=30_000)
        verify.focus()
        book.page.keyboard.press("Enter")
        before = at_rest(book)
        assert {name.split()[0] for name in before} >= {"Scatter", "Gallery", "Review", "Verify", "Viewer"}
        for theme in ("dark", "light"):
            use_theme(book, theme)
            wait(
                lambda: drawn(canvases(book)) == drawn(before),
                15,
                lambda: f"{drawn(canvases(book))} was {drawn(before)}",
            )
            after = at_rest(book)
            assert drawn(after) == drawn(before)
            for name, values in after.items():
                for (pixels, width, wide, _), (was, *_) in zip(values, before[name], strict=True):
                    assert width >= wide, f"{name} is drawn {width} pixels wide and {wide} wide on the page"
                    assert pixels >= was / 2, f"{name} shows {pixels} pixels and showed {was}"
            axes = [darkest for pixels, *_, darkest in after["Scatter nbl-scatter-over"] if pixels]
            assert axes
            assert all((at < 12) == (theme == "light") for at in axes), (
                f"axes are {axes} in the {theme} theme"
            )
            for name, text, background in book.page.evaluate(CONTRASTS):
                assert abs(text - background) > 90, f"{name}: text {text} on {background}"
                assert (background < 128) == (theme == "dark"), f"{name} is {background} in the {theme} theme"
