"""Turn the output of a network into predictions of the tables: its labels mapped, rows in their columns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from difflib import get_close_matches

import numpy as np
import pandas as pd

from ...core.errors import FallbackWarning, ModelError, UnknownNameError, first
from ...core.tables.same_labels import check_targets
from ...core.tables.schema import conform
from ..embed.pooling import Embeddings
from .resumable import Part


def codes(
    names: Mapping[int, str], labels: tuple[str, ...], wanted: Mapping[str, str | None] | None
) -> dict[int, str]:
    """The tables' label for each of a network's outputs that has one.

    Args:
        names: the network's labels by output.
        labels: the tables' labels.
        wanted: maps the network's labels to the tables', where they differ; None leaves a label out.

    Raises:
        UnknownNameError: ``wanted`` holds an unknown label of the network or of the tables.
        ModelError: network and tables share no label.
    """
    known = list(names.values())
    strange = [name for name in wanted or {} if name not in known]
    if strange:
        near = get_close_matches(str(strange[0]), known, n=3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownNameError(
            f"labels= names {first(map(repr, strange))}, which the model does not know; it knows "
            f"{first(known)}{hint}"
        )
    check_targets(wanted or {}, labels)
    meant = {code: name if not wanted else wanted.get(name, name) for code, name in names.items()}
    found = {code: name for code, name in meant.items() if name is not None and name in labels}
    if not found:
        theirs, ours = first(known), first(labels)
        example = f"labels={{{known[0]!r}: {labels[0]!r}}}" if known and labels else "labels={...}"
        raise ModelError(
            f"the model knows {theirs}, the tables {ours}: train it first, or say which is which: "
            f"predict(ds, {example})"
        )
    unknown = [name for name in labels if name not in found.values()]
    if unknown and not wanted:
        warnings.warn(f"the model has not learned {first(unknown)}", FallbackWarning, stacklevel=4)
    return found


def table(
    found: Part, by_code: Mapping[int, str], labels: tuple[str, ...], origin: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """The predictions whose label is one of the tables', and which rows of ``found`` they are."""
    known = found.rows["code"].map(by_code).notna().to_numpy()
    rows = found.rows[known].reset_index(drop=True)
    label = rows.pop("code").map(by_code)
    frame = rows.assign(label=label, source="model", origin=origin, status="proposed")
    return conform(frame, "predictions", labels), known


def vectors(found: Part, known: np.ndarray) -> Embeddings:
    """Embeddings of the image and the predictions, those of unknown labels left out."""
    instance = found.instance if known.all() or not len(found.instance) else found.instance[known]
    return Embeddings(found.image_ids, found.image, np.arange(len(instance)), instance)
