"""A review of rows that lack answers: which questions it asks, and of which rows an answer is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...data.ontology.answering import asking_of
from ..answers.answering import state_of
from ..workspace.selection import Ids

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

COLUMN = "unanswered"
"""The column of ``ds.unanswered()`` that names what is asked."""


def asked_of(ws: Workspace, rows: Any, of: str) -> tuple[str, ...]:
    """The attributes that a review of these rows asks: those ``ds.unanswered()`` named, and required ones.

    Args:
        ws: the workspace.
        rows: what the review was given.
        of: table of the rows.

    Returns:
        names; none for a review of masks.
    """
    if not isinstance(rows, pd.DataFrame) or COLUMN not in rows or COLUMN in ws.frame(of):
        return ()
    attributes = ws.ds.ontology.attributes(of)
    texts = [str(text) for text in pd.unique(rows[COLUMN])]
    named = {part for text in texts for part in (text, *text.split(", "))}
    found = [name for name, one in attributes.items() if name in named or one.required]
    return tuple(found) if named & set(attributes) else ()


def lacking(ws: Workspace, of: str, ids: Ids, names: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which rows lack an answer to one of these attributes, of those that ask it, ``(n,)``.

    Args:
        ws: the workspace.
        of: "images" or "instances".
        ids: of rows that are there, ``(n,)``.
        names: of attributes; those that are gone or retired are asked no more.
    """
    there = [name for name, one in ws.ds.ontology.attributes(of).items() if name in names and not one.retired]
    asking, out = asking_of(state_of(ws), of, ids), np.zeros(len(ids), np.bool_)
    for name in there:
        out |= asking.missing(of, name)
    return out
