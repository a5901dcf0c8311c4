"""What a view asks of a plan.

Plans are made in ``learn.planning`` and opened in ``widgets.plan``; neither imports the other.
"""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from .question import Verifiable


class Planned(Protocol):
    """The interface of a plan that a view uses; :func:`nbalabel.plan` returns an implementation."""

    @property
    def table(self) -> pd.DataFrame:
        """One row per kind of work, indexed by its name: unit, available, fits, gain, low, high, minutes."""

    def sentence(self) -> str:
        """The best mixture of the minutes, in words."""

    def view_of(self, kind: str) -> str:
        """Which view a kind of work is done in: "verify", "review", "edit" or "look"."""

    def rows(self, kind: str) -> pd.DataFrame:
        """The rows to open for a kind of work, best first."""

    def propagation(self) -> Verifiable:
        """The propagation of "verify clusters"."""
