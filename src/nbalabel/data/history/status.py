"""Counts of what changed since a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...core.change.change import Change
from ...core.ontology.entries import named


@dataclass(frozen=True)
class Status:
    """Summary of the uncommitted work; truthy if there is any.

    Attributes:
        version: id of the version that the work builds on.
        tables: table -> number of rows created, updated and deleted.
        columns: (table, column) -> number of cells updated.
        origins: origin -> number of its changes.
        labels: the label list before and after; None if it did not change.
        behind: whether somebody else has committed since.
        ontology: the labels and attributes that are defined otherwise.
    """

    version: str
    tables: Mapping[str, Mapping[str, int]]
    columns: Mapping[tuple[str, str], int]
    origins: Mapping[str, int]
    labels: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    behind: bool = False
    ontology: tuple[str, ...] = ()

    @classmethod
    def of(cls, version: str, net: Change, origins: Mapping[str, int], *, behind: bool) -> Status:
        """Count the changes.

        Args:
            version: id of the version.
            net: all changes merged into one.
            origins: origin -> number of its changes.
            behind: whether somebody else has committed since.
        """
        columns = {
            (table, name): len(cells.ids)
            for table, rows in net.tables.items()
            for name, cells in rows.updated.items()
        }
        said = tuple(map(named, net.ontology))
        return cls(version, net.counts, columns, dict(origins) if net else {}, net.labels, behind, said)

    def __bool__(self) -> bool:
        return bool(self.tables or self.ontology) or self.labels is not None

    def __repr__(self) -> str:
        head = f"on {self.version}" + (" (a newer version is there: ds.refresh())" if self.behind else "")
        if not self:
            return f"{head}: nothing to commit"
        lines = [f"{head}, uncommitted:", *(f"  {name}: {text}" for name, text in self.facts())]
        return "\n".join(lines)

    def facts(self) -> list[tuple[str, str]]:
        """The summary as pairs of name and text, for people."""
        facts = []
        for table, counts in self.tables.items():
            parts = [f"{n:,} {what}" for what, n in counts.items() if n]
            cells = [f"{name} {n:,}" for (t, name), n in self.columns.items() if t == table]
            facts.append((table, ", ".join(parts) + (f" ({', '.join(cells)})" if cells else "")))
        if self.labels:
            facts.append(("labels", f"{', '.join(self.labels[0]) or 'none'} → {', '.join(self.labels[1])}"))
        if self.ontology:
            facts.append(("ontology", ", ".join(self.ontology)))
        if self.origins:
            facts.append(("by", ", ".join(f"{who} ({n})" for who, n in self.origins.items())))
        return facts

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        title = f"Uncommitted on {self.version}" if self else f"Nothing to commit on {self.version}"
        return card(title, self.facts())
