"""Begin an audit: a propagation without clusters, whose strategy draws at random."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from ...core.certificate import Prints
from ...core.tables.schema import LabeledImages
from ..propagate.propagation import Propagation
from ..propagate.state.ledger import UNKNOWN
from ..propagate.strategies.protocol import StrategyClass
from ..runs.run import new_id
from .asked import Audit, Facts
from .rows import Rows
from .sampling import Sampling, forest_of

_WIDTH = 0.1  # of an estimate without a width and without a budget


@dataclass(frozen=True)
class Terms:
    """The arguments that all audits have; see `nbalabel.audit`."""

    target_quality: float
    alpha: float
    estimate: bool
    width: float | None
    each: int
    budget: int | None
    repeats: float
    seed: int
    journal: str | Path | bool
    options: dict[str, Any]
    honeypots: float = 0.0


def begin(found: Rows, facts: Facts, tables: LabeledImages | None, content: str, terms: Terms) -> Audit:
    """An audit before its first question, or where its journal left it.

    Args:
        found: what is asked about.
        facts: what the certificate will say.
        tables: the dataset with the pixels; None for a bare table.
        content: in words, all that the questions depend on and no other argument holds.
        terms: the other arguments.
    """
    width = terms.width
    if terms.estimate and width is None and terms.budget is None:
        width = _WIDTH
    n = len(found.frame)
    propagation = Propagation(
        np.zeros((n, 1), np.float32),
        np.zeros(n, np.float32),
        found.frame["label"].astype(object).fillna(""),
        strategy=cast(StrategyClass, Sampling(found.strata, terms.honeypots > 0, facts.words)),
        target_quality=terms.target_quality,
        alpha=terms.alpha,
        budget=terms.budget,
        seed=terms.seed,
        known=found.known,
        ids=found.frame.index.to_numpy(np.int64),
        forest=forest_of(len(found.set), np.flatnonzero(found.known == UNKNOWN)),
        journal=_folder(tables) if terms.journal is True else (terms.journal or None),
        honeypots=terms.honeypots,
        repeats=terms.repeats,
        id=new_id("audit"),
        content=content,
        estimate=terms.estimate,
        width=width,
        each=terms.each,
        **terms.options,
    )
    return Audit(propagation, found, facts, tables)


def prints_of(prints: Prints) -> str:
    """One hash of all rows."""
    return hashlib.blake2b(prints.tobytes(), digest_size=16).hexdigest()


def _folder(tables: LabeledImages | None) -> Path | None:
    folder = getattr(tables, "runs_folder", None)
    return None if folder is None else Path(folder) / "audits"
