"""What an audit says, in sentences: what is known, with which confidence, from how many answers."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.percent import at_least, at_most
from .shares import FAILS, HOLDS, Bounds, Counts


@dataclass(frozen=True)
class Words:
    """How the things of an audit are called.

    Attributes:
        things: what is drawn.
        right: what is said of a right one, in the plural.
        wrong: what was said of wrong ones.
        mended: whether the wrong ones may be taken out, and the others spoken of.
        asks: the question; "" for "is each mask right?".
    """

    things: str
    right: str
    wrong: str
    mended: bool
    asks: str = ""


MASKS = Words("masks", "are right", "answered wrong", True)
TILES = Words("tiles", "have nothing missing", "said to lack something", False, "Is nothing missing here?")


def statement(counts: Counts, bounds: Bounds, alpha: float, *, fallible: bool, words: Words) -> str:
    """The result in a sentence or two.

    Args:
        counts: answers of the random sample.
        bounds: of the share right.
        alpha: probability that the statement is wrong.
        fallible: whether the answers were corrected for the errors that honeypots showed.
        words: how the things are called.
    """
    low, high = bounds.interval
    many, right = f"{counts.size:,} {words.things}", words.right
    if not counts.asked:
        return f"Nothing is known yet of the {many}."
    sure, target = f"({at_least(1 - alpha)} confidence)", _share(bounds.target)
    basis = f"{_most(counts, low, words)} {_basis(counts, words, fallible)}".strip()
    if bounds.state == HOLDS:
        return f"Of the {many} at least {target} {right} {sure}. {basis}"
    if bounds.state == FAILS:
        return f"Fewer than {target} of the {many} {right} {sure}. {basis}"
    found = f"Between {at_least(low)} and {at_most(high)} of the {many} {right} {sure}."
    doubt = "" if bounds.target is None else f" Whether {target} do, is open."
    return f"{found}{doubt} {basis}"


def rest_statement(counts: Counts, least: float, alpha: float, words: Words) -> str:
    """What holds once the masks answered no are removed; "" where there are none."""
    if not words.mended or not counts.no or counts.no == counts.size:
        return ""
    left = counts.size - counts.no
    sure = "" if least >= 1 else f" ({at_least(1 - alpha)} confidence)"
    share = "all" if least >= 1 else f"at least {at_least(least)}"
    others = f"{left:,} {words.things} left"
    return f"Without the {counts.no:,} {words.wrong}, {share} of the {others} {words.right}{sure}."


def _basis(counts: Counts, words: Words, fallible: bool) -> str:
    no = "none" if not counts.no else f"{counts.no:,}"
    said = f"{no} {'was' if counts.no <= 1 else 'were'} {words.wrong}"
    if counts.asked == counts.size and not fallible:
        return f"All were looked at, {said}."
    taken = "mistaken answers allowed for" if fallible else "answers taken as true"
    return f"{counts.asked:,} drawn at random were looked at, {said}; {taken}."


def _most(counts: Counts, low: float, words: Words) -> str:
    """In how many tiles something is missing at most; "" for masks."""
    if words is not TILES:
        return ""
    return f"Something is missing in at most {int((1 - low) * counts.size + 1e-6):,} of them."


def _share(target: float | None) -> str:
    return f"{100 * (target or 0.0):.6g}%"
