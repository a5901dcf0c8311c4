"""Which rows lack an answer, and which hold one that nobody asks for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.asking.asked import Asking
from ...core.errors import DataError
from ...core.ontology.attribute import ASKED_OF
from ...core.ontology.ontology import Ontology


def unanswered(
    ontology: Ontology, images: pd.DataFrame, instances: pd.DataFrame, of: str, name: str | None = None
) -> pd.DataFrame:
    """Rows that lack an answer, with a column ``unanswered`` that names what is asked; see ``Dataset``.

    Raises:
        DataError: ``of`` is no table whose rows are asked.
        UnknownNameError: there is no attribute of that name.
    """
    _check_table(of)
    attributes = ontology.attributes(of)
    if name is not None:
        ontology.find(name, of)
    wanted = [name] if name is not None else [n for n, a in attributes.items() if a.required]
    asking, frame = Asking(ontology, images, instances), images if of == "images" else instances
    lacking = {one: asking.missing(of, one) for one in wanted}
    rows = np.flatnonzero(np.logical_or.reduce([np.zeros(len(frame), bool), *lacking.values()]))
    said = [", ".join(one for one, where in lacking.items() if where[i]) for i in rows.tolist()]
    return frame.iloc[rows].assign(unanswered=pd.Series(said, index=frame.index[rows], dtype="str"))


def hidden_answers(
    ontology: Ontology, images: pd.DataFrame, instances: pd.DataFrame, of: str
) -> pd.DataFrame:
    """Rows that hold answers nobody asks for, with a column ``hidden`` that names them; see ``Dataset``."""
    _check_table(of)
    asking, frame = Asking(ontology, images, instances), images if of == "images" else instances
    found = {name: asking.hidden(of, name) for name in ontology.attributes(of)}
    rows = np.flatnonzero(np.logical_or.reduce([np.zeros(len(frame), bool), *found.values()]))
    said = [", ".join(one for one, where in found.items() if where[i]) for i in rows.tolist()]
    return frame.iloc[rows].assign(hidden=pd.Series(said, index=frame.index[rows], dtype="str"))


def _check_table(of: str) -> None:
    if of not in ASKED_OF:
        raise DataError(f"of must be one of {', '.join(ASKED_OF)}, got {of!r}")
