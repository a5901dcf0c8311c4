"""How a dataset shows itself in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import ImageError, UnsafePathError, first
from .tables import warned

if TYPE_CHECKING:
    from PIL.Image import Image

    from .dataset import Dataset

_PICTURES = 5


def dataset_html(dataset: Dataset) -> str:
    """A card: counts, labels, states, version, uncommitted work, a few pictures."""
    from ..core.html import bar, card

    images, instances = dataset.images, dataset.instances
    states = images["state"].value_counts()
    per_label = instances["label"].value_counts()
    status = dataset.status()
    version = dataset.version(dataset.version_id)
    facts = [
        (
            "images",
            f"{len(images):,}, {int((images['weight'] > 0).sum()):,} of them in training (weight > 0)",
        ),
        ("instances", f'{len(instances):,}, their masks in ds.instances["mask"]'),
        ("labels", first([f"{label} ({n:,})" for label, n in per_label.items()], 8) or "none yet"),
        ("version", f"{version.id}: {version.message}"),
        ("uncommitted", "; ".join(f"{name} {text}" for name, text in status.facts()) or "nothing"),
    ]
    facts += warned(dataset)
    if dataset.recovered:
        facts.append(("recovered", dataset.recovered))
    shares = {str(name): float(n) for name, n in states.items()}
    pictures = _pictures(dataset)
    return card(dataset.folder.name, facts, images=pictures, extra_html=bar(shares) if len(images) else "")


def _pictures(dataset: Dataset) -> list[Image]:
    """A few images with their masks, spread over the labeled ones; none where files cannot be read."""
    if dataset.image_root is None or not len(dataset.images):
        return []
    labeled = np.unique(dataset.instances["image_id"].to_numpy())
    ids = labeled if len(labeled) else dataset.images.index.to_numpy()
    chosen = ids[np.linspace(0, len(ids) - 1, min(_PICTURES, len(ids))).astype(int)]
    pictures: list[Image] = []
    for image_id in chosen:
        try:
            pictures.append(dataset.show(int(image_id)))
        except (ImageError, UnsafePathError):
            return pictures
    return pictures
