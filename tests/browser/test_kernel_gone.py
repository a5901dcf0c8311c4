"""What is left of the views when the kernel dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from .notebook import notebook

pytestmark = pytest.mark.browser

SETUP = """
import nbalabel as nl
ds = nl.demo.reef("reef.nbal", n_images=24, n_labeled=8, n_test=4, size=96)
ws = nl.Workspace(ds)
"""


def test_a_kernel_that_dies_is_said_in_every_view_and_what_was_shown_stays(tmp_path: Path) -> None:
    cells = [SETUP, "nl.Table(ws, height=240)", "nl.Viewer(ws, height=260)"]
    with notebook(tmp_path, cells, width=1100, height=1300) as book:
        table, viewer = (book.page.locator(f'.nbl[aria-label="{name}"]') for name in ("Table", "Viewer"))
        row = table.locator('.nbl-tr:not(.nbl-wait) [role="gridcell"]').first
        row.wait_for(timeout=30_000)
        viewer.get_by_text("reef-000-0.jpg").wait_for(timeout=30_000)
        book.start("import os; os._exit(1)")
        for view in (table, viewer):
            view.get_by_text("kernel restarted or is gone").wait_for(timeout=60_000)
        assert row.is_visible()
        assert viewer.locator("canvas").first.is_visible()
