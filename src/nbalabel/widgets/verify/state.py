"""State of a propagation, as sent to the browser."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ...core.question import Outlook, Progress, Question

STATES = ("open", "accepted", "rejected", "split", "skipped")


def question_head(question: Question) -> dict[str, Any]:
    """A question without its rows; nothing in it reveals which answers are known."""
    told = ("number", "kind", "cluster", "label", "size", "why", "asks")
    return {**{name: getattr(question, name) for name in told}, "ids": question.ids}


def progress_head(progress: Progress) -> dict[str, Any]:
    """All fields of the progress."""
    return asdict(progress)


def outlook_head(outlook: Outlook) -> dict[str, Any]:
    """All fields of the outlook."""
    return asdict(outlook)


def packed_clusters(clusters: pd.DataFrame) -> tuple[list[str], bytes]:
    """The table of clusters as bytes, column by column, and the names of their labels.

    Returns:
        Names of labels; then int32 columns, one after the other: parent, start, stop, depth, state (index in
        ``STATES``), n_yes, n_no, label (index in the names), estimate in thousandths (-1 for none).
    """
    names = sorted({str(label) for label in clusters["label"]})
    state = pd.Index(STATES).get_indexer(pd.Index(clusters["state"].astype(str)))
    label = pd.Index(names).get_indexer(pd.Index(clusters["label"].astype(str)))
    estimate = clusters["estimate"].to_numpy(np.float64)
    thousandths = np.where(np.isfinite(estimate), np.round(np.nan_to_num(estimate) * 1000), -1)
    plain = [clusters[name].to_numpy() for name in ("parent", "start", "stop", "depth")]
    columns = [*plain, state, clusters["n_yes"].to_numpy(), clusters["n_no"].to_numpy(), label, thousandths]
    return names, np.stack([np.asarray(column, np.int32) for column in columns]).tobytes()
