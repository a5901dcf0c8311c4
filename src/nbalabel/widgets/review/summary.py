"""Answers and speed of each annotator in reviews."""

from __future__ import annotations

import pandas as pd

from ...data.edits.answers import VERBS

_COLUMNS = ["answers", "accepted", "rejected", "relabeled", "corrected", "seconds", "masks_per_minute"]


def summary_of(log: pd.DataFrame) -> pd.DataFrame:
    """The answers in a log, by annotator.

    Args:
        log: as ``ds.log()`` returns it.

    Returns:
        One row per annotator: ``answers``, of them ``accepted``, ``rejected``, ``relabeled`` (accepted
        with another label) and ``corrected`` (as was suggested), ``seconds`` of looking, and
        ``masks_per_minute`` while looking.
    """
    given = log[log["seconds"].notna()]
    verb = given["note"].str.split(" ").str[0]
    frame = pd.DataFrame(
        {
            "annotator": given["origin"].str.split(", ").str[0],
            "answers": 1,
            **{word: (verb == word).astype(int) for word in VERBS.values()},
            "seconds": given["seconds"],
        }
    )
    out = frame.groupby("annotator", sort=True).sum()
    minutes = out["seconds"].where(out["seconds"] > 0) / 60
    return out.assign(masks_per_minute=out["answers"] / minutes)[_COLUMNS]
