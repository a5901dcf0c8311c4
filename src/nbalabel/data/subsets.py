"""Some images of a dataset, and everything that is said about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.change import State
from ..core.rows import select_rows, take_rows
from .tables import Tables
from .targets import images_of


def subset(state: State, rows: Any, image_root: Path | None, info: Mapping[str, Any]) -> Tables:
    """Tables of the images that ``rows`` names, with what is on them; see :meth:`Dataset.subset`."""
    ids = images_of(state, rows)
    on = {
        name: take_rows(frame, frame["image_id"].isin(ids).to_numpy())
        for name, frame in state.tables.items()
        if name != "images"
    }
    images = select_rows(state.tables["images"], ids)
    return Tables(images, on["instances"], state.labels, image_root, dict(info), on["rejected"])
