"""A training's progress: one bar over all batches, and in a notebook a curve that grows with each epoch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ...core.progress import Bar
from .schedule import Schedule


class Progress:
    """Shows the progress: a bar everywhere, and a live curve in a notebook.

    Use it as a context manager: at the end the bar closes and the curve disappears, since the Run shows it.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._curve: Any = None
        self._schedule: Any = None
        self._rows: list[Mapping[str, float]] = []

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if self._curve is not None:
            self._curve.update({"text/html": ""}, raw=True)

    def start(self, schedule: Schedule) -> None:
        """Training begins; while its end is open, the bar has no total."""
        self._schedule = schedule
        self._bar = Bar(total=schedule.end, unit="step", delay=1, leave=False)
        if _in_notebook():
            from IPython.display import display

            self._curve = display({"text/html": ""}, raw=True, display_id=True)

    def batch(self, losses: Mapping[str, float]) -> None:
        """One step is done."""
        said = {"loss": f"{sum(losses.values()):.3g}"}
        if self._rows and "map" in self._rows[-1]:
            said["mAP"] = f"{self._rows[-1]['map']:.3f}"
        self._bar.total = self._schedule.end
        self._bar.set_postfix(said, refresh=False)
        self._bar.update()

    def period(self, row: Mapping[str, float]) -> None:
        """One period is done."""
        self._rows.append(row)
        if self._curve is not None:
            from ..runs.card import curves_svg

            self._curve.update({"text/html": curves_svg(self._rows, end=self._schedule.end)}, raw=True)


def _in_notebook() -> bool:
    """Whether a kernel is there to show pictures; IPython in a terminal is not one."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
