"""The HTML card of a dataset in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...core.errors import ImageError, UnsafePathError, first
from ...core.id_sets import distinct
from ...core.tables.image_files import has_pixels
from ...core.tables.schema import LabeledImages
from ..history.status import Status
from ..tables.tables import warned
from .version import Version

if TYPE_CHECKING:
    from PIL.Image import Image

_PICTURES = 5


def dataset_html(
    tables: LabeledImages,
    *,
    name: str,
    version: Version,
    status: Status,
    recovered: str,
    show: Callable[[int], Image],
    certificates: Sequence[str],
) -> str:
    """A card: counts, labels, states, version, uncommitted work, a few pictures.

    Args:
        tables: tables of the working copy.
        name: name of the dataset.
        version: the version that the working copy builds on.
        status: the uncommitted work.
        recovered: text about work that was recovered when the dataset was opened; "" for none.
        show: returns an image with its masks, by id.
        certificates: the newest certificates, as texts.
    """
    from ...core.show.card import bar, card

    images, instances = tables.images, tables.instances
    states = images["state"].value_counts()
    per_label = instances["label"].value_counts()
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
    facts += [("certificate", text) for text in certificates]
    facts += warned(tables)
    if recovered:
        facts.append(("recovered", recovered))
    shares = {str(state): float(n) for state, n in states.items()}
    pictures = _pictures(tables, show)
    return card(name, facts, images=pictures, extra_html=bar(shares) if len(images) else "")


def _pictures(tables: LabeledImages, show: Callable[[int], Image]) -> list[Image]:
    """A few labeled images with their masks, evenly spread; stops at the first unreadable file."""
    if not len(tables.images) or not has_pixels(tables.images, tables.image_root):
        return []
    labeled = distinct(tables.instances["image_id"].to_numpy())
    ids = labeled if len(labeled) else tables.images.index.to_numpy()
    chosen = ids[np.linspace(0, len(ids) - 1, min(_PICTURES, len(ids))).astype(int)]
    pictures: list[Image] = []
    for image_id in chosen:
        try:
            pictures.append(show(int(image_id)))
        except (ImageError, UnsafePathError):
            return pictures
    return pictures
