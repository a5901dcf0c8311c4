"""A proposed change of the ontology, with the rows that it touches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ...core.change.change import Change
from ...core.errors import first
from ...core.tables.state import State


@dataclass(frozen=True, eq=False, repr=False)
class OntologyProposal:
    """What renaming, merging or retiring would do; ``ds.apply`` does it.

    Applied, it is made anew for the tables as they are then, so that rows that came since follow too.

    Attributes:
        text: what it does.
        rows: the rows that it touches: those with the label, the answer or the option.
        change: the Change, for the tables as they were when it was proposed.
        build: makes the Change for other tables.
    """

    text: str
    rows: pd.DataFrame
    change: Change
    build: Callable[[State], Change]

    def __repr__(self) -> str:
        return f"<OntologyProposal: {self.text}; {self._said()}. ds.apply(...) does it>"

    def _said(self) -> str:
        n = len(self.rows)
        if not n:
            return "it touches no row"
        table = "images" if self.rows.index.name == "image_id" else "instances"
        return f"it touches {n:,} {table if n > 1 else table[:-1]}: {first(self.rows.index)}"

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        return card(self.text, [("touches", self._said()), ("then", "ds.apply(...) does it")])
