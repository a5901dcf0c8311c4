"""What an audit says, in sentences: what is known, with which confidence, from how many answers."""

from __future__ import annotations

import numpy as np

from .shares import FAILS, HOLDS, Bounds, Counts


def statement(counts: Counts, bounds: Bounds, alpha: float, *, fallible: bool) -> str:
    """The result in a sentence or two.

    Args:
        counts: answers of the random sample.
        bounds: of the share right.
        alpha: probability that the statement is wrong.
        fallible: whether the answers were corrected for the errors that honeypots showed.
    """
    sure = f"({1 - alpha:.0%} confidence)"
    basis = _basis(counts, fallible)
    low, high = bounds.interval
    many = f"{counts.size:,} masks"
    if bounds.state == HOLDS:
        return f"Of the {many} at least {_share(bounds.target)} are right {sure}. {basis}"
    if bounds.state == FAILS:
        return f"Fewer than {_share(bounds.target)} of the {many} are right {sure}. {basis}"
    found = f"Between {_down(low)} and {_up(high)} of the {many} are right {sure}."
    if bounds.target is None:
        return f"{found} {basis}"
    return f"{found} Whether {_share(bounds.target)} are, is open. {basis}"


def rest_statement(counts: Counts, least: float, alpha: float) -> str:
    """What holds once the masks answered no are removed; "" where there are none."""
    if not counts.no or counts.no == counts.size:
        return ""
    left = counts.size - counts.no
    sure = "" if least >= 1 else f" ({1 - alpha:.0%} confidence)"
    share = "all" if least >= 1 else f"at least {_down(least)}"
    return f"Without the {counts.no:,} answered wrong, {share} of the {left:,} masks left are right{sure}."


def _basis(counts: Counts, fallible: bool) -> str:
    if counts.asked == counts.size and not fallible:
        return f"All were looked at, {counts.no:,} were answered wrong."
    taken = "mistaken answers allowed for" if fallible else "answers taken as true"
    return f"{counts.asked:,} drawn at random were looked at, {counts.no:,} were answered wrong; {taken}."


def _share(target: float | None) -> str:
    return f"{100 * (target or 0.0):.6g}%"


def _down(share: float) -> str:
    """In percent, rounded so that "at least" stays true."""
    return f"{np.floor(1000 * share + 1e-6) / 10:.1f}%"


def _up(share: float) -> str:
    return f"{np.ceil(1000 * share - 1e-6) / 10:.1f}%"
