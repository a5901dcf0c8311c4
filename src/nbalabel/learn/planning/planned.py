"""A plan: what to do next, what it is expected to bring, and the rows to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ...core.errors import UnknownNameError
from ...core.question import Verifiable
from ...core.show import card as html
from ...core.show.svg_bars import Interval, bar_chart_svg
from ...core.show.svg_chart import as_image
from ...core.tables.names import instead_of
from .kinds import KINDS, VERIFY

_SHOWN = {
    "available": "{:,.0f}",
    "seconds": "{:.1f}",
    "paced": "{}",
    "fits": "{:,.0f}",
    "gain": "{:,.0f}",
    "wrong": "{:,.0f}",
    "per_minute": "{:,.1f}",
    "minutes": "{:.1f}",
}
"""Columns in the card, and how they are written; the interval is in the chart."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What to do in the next minutes; :func:`nbalabel.plan` makes one, :class:`nbalabel.PlanView` opens it.

    Attributes:
        table: one row per kind of work, the best per minute first: ``unit`` (what is gained), ``available``
            (rows there are), ``seconds`` per answer, outline, mask or image, ``paced`` (measured, assumed or
            given), ``fits`` (rows or answers that fit into the minutes, with nothing else done), ``gain``
            expected of them, ``low`` and ``high`` of its interval, ``wrong`` (masks expected to come along
            that are not right), ``per_minute``, and ``minutes`` (the share of this kind in the best mixture).
        minutes: in all.
        level: coverage that the intervals aim at, 0..1.
        notes: where the numbers come from, by kind of work.
    """

    table: pd.DataFrame
    minutes: float
    level: float
    notes: Mapping[str, str]
    _rows: Mapping[str, pd.DataFrame] = field(repr=False)
    _propagation: Callable[[], Verifiable] = field(repr=False)

    def rows(self, kind: str) -> pd.DataFrame:
        """The rows to open for a kind of work, best first: those that fit into the minutes.

        Args:
            kind: a kind of work, such as "review one by one".

        Returns:
            Predictions with their ``chance`` to be right, or images with ``expected`` (missing instances, or
            the chance that they are empty or complete).

        Raises:
            UnknownNameError: there is no such kind of work.
        """
        if kind not in self._rows:
            raise UnknownNameError(f"there is no work {kind!r}; {instead_of(kind, self._rows)}")
        frame = self._rows[kind]
        return frame if kind == VERIFY else frame.head(max(int(self.table["fits"].loc[kind]), 1))

    def propagation(self) -> Verifiable:
        """The propagation for "verify clusters", for :class:`nbalabel.Verify`; the same journal each time."""
        return self._propagation()

    def view_of(self, kind: str) -> str:
        """Which view a kind of work is done in: "verify", "review", "edit" or "look"."""
        return KINDS[kind].view if kind in KINDS else ""

    def sentence(self) -> str:
        """The best mixture of the minutes, in words."""
        done = self.table[self.table["minutes"] >= 0.05].sort_values("minutes", ascending=False)
        parts = [
            f"{name} {row['minutes']:.0f} min" if row["minutes"] >= 1 else f"{name} <1 min"
            for name, row in done.iterrows()
        ]
        return ", ".join(parts) if parts else "nothing to do: no open predictions and no images that wait"

    def __repr__(self) -> str:
        return f"Plan({self.minutes:g} minutes: {self.sentence()})"

    def _repr_html_(self) -> str:
        bars = [
            Interval(
                f"{name}{' *' if row['unit'] != 'right masks' else ''}", row["gain"], row["low"], row["high"]
            )
            for name, row in self.table.iterrows()
        ]
        chart = bar_chart_svg(
            bars, title=f"gain of {self.minutes:g} minutes of each alone ({self.level:.0%} interval)"
        )
        facts: list[tuple[str, Any]] = [(name, note) for name, note in self.notes.items() if note]
        written = {name: self.table[name].map(text.format) for name, text in _SHOWN.items()}
        table = pd.DataFrame(written).rename_axis(None)
        return html.card(
            f"The next {self.minutes:g} minutes",
            facts,
            subtitle=self.sentence(),
            extra_html=table.to_html() + as_image(chart) + "<div>* images, not masks</div>",
        )
