"""The search strategies by name; each is imported when it is first used."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from ....core.errors import DataError, UnknownNameError
from ....core.tables.names import instead_of
from ..state.ledger import Ledger
from .protocol import Strategy, StrategyClass

STRATEGIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "certified": ("certified", "Certified", {}),
    "paper": ("paper", "Paper", {"order": "score"}),
    "score": ("paper", "Paper", {"order": "score"}),
    "bfs": ("paper", "Paper", {"order": "bfs"}),
    "dfs": ("paper", "Paper", {"order": "dfs"}),
    "dfs-score": ("paper", "Paper", {"order": "dfs-score"}),
    "universal": ("paper", "Paper", {"order": "universal"}),
    "verify-all": ("verify_all", "VerifyAll", {}),
}
"""Name -> module, class, and the options that the name implies."""

_GIVEN = ("self", "ledger", "target_quality", "alpha", "seed", "scope", "learner")


def name_of(strategy: str | StrategyClass) -> str:
    """The name of a strategy."""
    return strategy if isinstance(strategy, str) else strategy.name


def promises(strategy: str | StrategyClass) -> bool:
    """Whether a strategy proves the quality of what it accepts."""
    return bool(getattr(_found(strategy)[0], "guarantees", False))


def check(strategy: str | StrategyClass, options: dict[str, Any]) -> None:
    """Check that there is such a strategy, and that it has these options.

    Args:
        strategy: a name of `STRATEGIES`, or a user's own class.
        options: options besides the arguments that every strategy takes.

    Raises:
        UnknownNameError: there is no such strategy or option; the message lists those that there are.
        DataError: ``strategy`` is neither a name nor a class with a name of its own.
    """
    if not isinstance(strategy, str):
        _check_class(strategy)
    elif strategy not in STRATEGIES:
        raise UnknownNameError(
            f"there is no strategy {strategy!r}; {instead_of(strategy, STRATEGIES)}. "
            "A class of your own can be given instead: see docs/propagation.md"
        )
    known = _options(strategy)
    unknown = [option for option in options if option not in known]
    if unknown and not _takes_any(strategy):
        raise UnknownNameError(
            f"the strategy {name_of(strategy)!r} has no option {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(known) or 'none'}"
        )


def make(
    strategy: str | StrategyClass,
    ledger: Ledger,
    *,
    target_quality: float,
    alpha: float,
    seed: int,
    options: dict[str, Any],
    targets: dict[str, float],
    names: tuple[str, ...],
) -> Strategy:
    """Make a strategy, ready for its first question.

    Args:
        strategy: a name of `STRATEGIES`, or a user's own class.
        ledger: what is known about the candidates.
        target_quality: share of accepted masks that must be right.
        alpha: probability that a guarantee fails.
        seed: seed of all random choices.
        options: options of the strategy.
        targets: labels with a target of their own; only "certified" takes any.
        names: name of each label code.

    Raises:
        DataError: an option is out of its range.
    """
    made_by: Callable[..., Strategy]
    made_by, preset = _found(strategy)
    if targets:
        from .by_label import ByLabel

        codes = {names.index(name): goal for name, goal in targets.items()}
        made_by, preset = ByLabel, {"targets": codes, "names": names}
    try:
        return made_by(ledger, target_quality=target_quality, alpha=alpha, seed=seed, **preset, **options)
    except TypeError as error:
        raise DataError(
            f"the options {options} do not fit the strategy {name_of(strategy)!r}: {error}"
        ) from error


def _check_class(strategy: StrategyClass) -> None:
    """Check that a user's class has a name, by which journals know it, and that no strategy here has it."""
    name = getattr(strategy, "name", None)
    if not callable(strategy) or not isinstance(name, str) or not name:
        raise DataError(
            "strategy must be the name of a strategy, or a class with a text `name` (docs/propagation.md), "
            f"got {strategy!r}"
        )
    if name in STRATEGIES and _found(name)[0] is not strategy:
        raise DataError(
            f"{strategy!r} is called {name!r}, which is a strategy of nbalabel: a journal could not tell the "
            "two apart; give it another name"
        )


def _takes_any(strategy: str | StrategyClass) -> bool:
    """Whether a strategy takes ``**options``."""
    kinds = [p.kind for p in inspect.signature(_found(strategy)[0]).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds


def _options(strategy: str | StrategyClass) -> list[str]:
    made_by, preset = _found(strategy)
    return [p for p in inspect.signature(made_by).parameters if p not in _GIVEN and p not in preset]


def _found(strategy: str | StrategyClass) -> tuple[StrategyClass, dict[str, Any]]:
    """The class, and the options that the name implies."""
    if not isinstance(strategy, str):
        return strategy, {}
    module, what, preset = STRATEGIES[strategy]
    found: StrategyClass = getattr(importlib.import_module(f"{__package__}.{module}"), what)
    return found, preset
