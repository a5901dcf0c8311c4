"""What ``nl.hand_out`` gives: where the package is, and what its format does to the masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...core.show.card import card


@dataclass(frozen=True, eq=False, repr=False)
class HandOut:
    """A package that was handed out; :func:`nbalabel.take_back` compares what comes back with it.

    Attributes:
        id: name of the package, also in its manifest.
        path: the zip file.
        to: its format.
        images: one row per image, honeypots included, by ``image_id``: ``file``, ``sha256``, ``honeypot``.
        loss: instances that the package holds otherwise than the dataset, worst first: index
            ``instance_id``, column ``iou``. It was read back before; empty: nothing was lost.
        n_instances: number of instances in the package.
        n_flattened: number of instances of which others hide a part, because the format has one label per
            pixel.
        n_bytes: size of the zip file.
        dropped: what the package does not hold of your own columns and of the ontology, or holds otherwise:
            columns table, column, n (values) and asked (whether it is an attribute), as in a
            ``WriteReport``.
    """

    id: str
    path: Path
    to: str
    images: pd.DataFrame
    loss: pd.DataFrame
    n_instances: int
    n_flattened: int
    n_bytes: int
    dropped: pd.DataFrame

    def __repr__(self) -> str:
        return f"HandOut({self.id}: {'; '.join(f'{name} {text}' for name, text in self._facts())})"

    def _repr_html_(self) -> str:
        return card(f"{self.path.name}: {self.to}", self._facts(), subtitle=self.id)

    def _facts(self) -> list[tuple[str, str]]:
        pots = int(self.images["honeypot"].sum())
        lost = "every mask comes back as it is"
        if len(self.loss):
            worst = self.loss["iou"].iloc[0]
            lost = f"{len(self.loss):,} masks come back different, worst IoU {worst:.3f} (see loss)"
        facts = [
            ("images", f"{len(self.images):,}" + (f", {pots:,} of them honeypots" if pots else "")),
            ("instances", f"{self.n_instances:,}"),
            ("read back", lost),
        ]
        if self.n_flattened:
            facts.append(("overlaps", f"{self.n_flattened:,} instances are hidden in part by others"))
        if len(self.dropped):
            said = ", ".join(f"{row.column} of {row.n:,} {row.table}" for row in self.dropped.itertuples())
            facts.append(("not in it", said))
        return [*facts, ("size", f"{self.n_bytes / 1e6:,.2f} MB"), ("take it back", "nl.take_back(ds, FILE)")]
