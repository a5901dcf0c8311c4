"""How a dataset shows itself in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import first

if TYPE_CHECKING:
    from .dataset import Dataset


def dataset_html(dataset: Dataset) -> str:
    """A card: counts, labels, states, version, uncommitted work, a few pictures."""
    from ..core.html import card

    images, instances = dataset.images, dataset.instances
    states = images["state"].value_counts()
    per_label = instances["label"].value_counts()
    status = dataset.status()
    version = dataset.version(dataset.version_id)
    facts = [
        (
            "images",
            f"{len(images):,}: " + (", ".join(f"{n:,} {s}" for s, n in states.items() if n) or "none yet"),
        ),
        ("in training", f"{int((images['weight'] > 0).sum()):,} of weight > 0"),
        ("instances", f"{len(instances):,}"),
        ("labels", first([f"{label} ({n:,})" for label, n in per_label.items()], 8) or "none yet"),
        ("version", f"{version.id}: {version.message}"),
        (
            "uncommitted",
            "; ".join(f"{name} {text}" for name, text in status.facts()) if status else "nothing",
        ),
    ]
    if dataset.recovered:
        facts.append(("recovered", dataset.recovered))
    return card(dataset.folder.name, facts)
