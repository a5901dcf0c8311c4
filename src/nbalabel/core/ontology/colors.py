"""The colors of labels: those that were defined, else the palette's by their position in the list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..show.masks_on_image import palette
from .ontology import Ontology


def hex_colors(ontology: Ontology | None, labels: Sequence[str]) -> dict[str, str]:
    """The color of each label as a page takes it.

    Args:
        ontology: the definitions; None for tables without.
        labels: the label list.

    Example:
        >>> hex_colors(None, ["cod"])
        {'cod': '#e69f00'}
    """
    rows = label_colors(ontology, labels).tolist()
    return {name: "#{:02x}{:02x}{:02x}".format(*color) for name, color in zip(labels, rows, strict=False)}


def label_colors(ontology: Ontology | None, labels: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Colors of labels, ``(n, 3)`` uint8 RGB; one row at least.

    Args:
        ontology: the definitions; None for tables without.
        labels: the label list.

    Example:
        >>> from .definition import Definition
        >>> label_colors(Ontology({"ling": Definition(color="#0000ff")}), ["cod", "ling"]).tolist()
        [[230, 159, 0], [0, 0, 255]]
    """
    colors = palette(max(1, len(labels)))
    for i, label in enumerate(labels):
        entry = None if ontology is None else ontology.labels.get(label)
        if entry is not None and entry.color:
            colors[i] = list(bytes.fromhex(entry.color[1:]))
    return colors
