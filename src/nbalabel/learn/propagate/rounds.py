"""One statement for everything that was accepted over several rounds of propagation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ...core.errors import DataError, first, short
from ...core.percent import at_least
from ...core.question import Progress

_NOTHING = 1e-9  # a rest of alpha below this is a rounding error


class Round(Protocol):
    """What a statement needs to know of a round; a propagation has it."""

    @property
    def id(self) -> str:
        """Name of the propagation."""

    def progress(self) -> Progress:
        """Counts, and what is proved."""


def earlier(after: Round | Sequence[Round]) -> tuple[Round, ...]:
    """The rounds given, each after the rounds before it; every round once.

    Raises:
        DataError: something else is given.
    """
    found: dict[str, Round] = {}
    for one in after if isinstance(after, Sequence) else (after,):
        if not hasattr(one, "progress"):
            raise DataError(f"after takes propagations, as nl.propagate returns them, got {short(one)}")
        found |= {before.id: before for before in (*getattr(one, "after", ()), one)}
    return tuple(found.values())


def share_of_alpha(alpha: float, before: Sequence[Round], rounds: int | None) -> float:
    """The error probability that the next round may use.

    Given what came before, a round that certifies at level a fails with a probability of at most a, so that
    none of several rounds fails with a probability of at least the product of 1 - a over them. What is left
    of ``alpha`` is shared equally among the rounds to come.

    Args:
        alpha: probability that the statement about all rounds together fails.
        before: earlier rounds; each keeps the share that it had.
        rounds: number of rounds that are planned, earlier ones included; None plans for one more.

    Raises:
        DataError: an earlier round promises nothing, or nothing is left of ``alpha``.

    Example:
        >>> round(share_of_alpha(0.05, [], 3), 4)
        0.017
    """
    _check(before, rounds)
    spent = [_level(one) for one in before]
    used = 1 - float(np.prod([1 - a for a in spent]))
    rest = 1 - (1 - alpha) / (1 - used)
    if rest < _NOTHING:
        raise DataError(
            f"alpha={alpha:g} is the error probability of all rounds together, and the earlier ones used "
            f"{used:g} of it ({first(spent)}). Give a larger alpha, or begin the first round with rounds=3: "
            "then each of three rounds gets a share"
        )
    to_come = max((rounds or 0) - len(before), 1)
    return float(1 - (1 - rest) ** (1 / to_come))


def together(rounds: Sequence[Round]) -> str:
    """What is known of all masks accepted in these rounds, in one sentence; "" before any are.

    Of each round the proved share is taken. Masks of rounds that proved nothing, which were each answered
    yes, are counted apart.

    Args:
        rounds: the rounds, each with a guarantee.
    """
    now = [one.progress() for one in rounds]
    proved = [one for one in now if one.n_accepted and not np.isnan(one.lower)]
    n = sum(one.n_accepted for one in proved)
    rest = sum(one.n_accepted for one in now) - n
    others = f"{rest:,} masks were each answered yes"
    where = f"{len(now)} rounds" if not rest else f"{len(proved)} of {len(now)} rounds"
    if not proved:
        return f"In {len(now)} rounds {others}, and no more is proved." if rest else ""
    share = sum(one.n_accepted * one.lower for one in proved) / n
    sure = float(np.prod([1 - _level(one) for one in rounds]))
    return (
        f"Of the {n:,} masks accepted in {where} at least {at_least(share)} are right, with "
        f"probability {at_least(sure)}: the rounds share the error probability"
        f"{f'; {others} in the others' if rest else ''}."
    )


def no_promise(who: str) -> str:
    """The error text for a round whose strategy proves nothing."""
    return (
        f"{who} promises nothing about its masks, so that no statement over several rounds can include them; "
        'use strategy="certified" in each round'
    )


def _level(one: Round) -> float:
    return one.progress().alpha


def _check(before: Sequence[Round], rounds: int | None) -> None:
    for one in before:
        if np.isnan(_level(one)):
            raise DataError(no_promise(f"{one.id} ({one.progress().strategy!r})"))
    if rounds is not None and rounds <= len(before):
        raise DataError(
            f"rounds={rounds} counts all rounds, earlier ones included, and {len(before)} came before this "
            f"one; give at least {len(before) + 1}"
        )
