"""The search strategies there are, by name; each is imported when it is asked for."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ....core.errors import DataError, UnknownNameError
from ....core.tables.names import instead_of
from ..state.ledger import Ledger
from .protocol import Strategy

STRATEGIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "certified": ("certified", "Certified", {}),
    "bounded": ("bounded", "Bounded", {}),
    "paper": ("paper", "Paper", {"order": "score"}),
    "score": ("paper", "Paper", {"order": "score"}),
    "bfs": ("paper", "Paper", {"order": "bfs"}),
    "dfs": ("paper", "Paper", {"order": "dfs"}),
    "dfs-score": ("paper", "Paper", {"order": "dfs-score"}),
    "universal": ("paper", "Paper", {"order": "universal"}),
    "verify-all": ("baselines", "VerifyAll", {}),
    "lsun": ("lsun", "Lsun", {}),
    "threshold": ("baselines", "Threshold", {}),
}
"""Name -> module, class, options that the name stands for."""

_GIVEN = ("self", "ledger", "target_quality", "alpha", "seed")


def check(name: str, options: dict[str, Any]) -> None:
    """See whether there is such a strategy, and whether it has these options.

    Raises:
        UnknownNameError: it does not; the message lists what there is.
    """
    if name not in STRATEGIES:
        raise UnknownNameError(f"there is no strategy {name!r}; {instead_of(name, STRATEGIES)}")
    known = _options(name)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise UnknownNameError(
            f"the strategy {name!r} has no option {', '.join(map(repr, unknown))}; "
            f"it has {', '.join(known) or 'none'}"
        )


def make(
    name: str, ledger: Ledger, *, target_quality: float, alpha: float, seed: int, options: dict[str, Any]
) -> Strategy:
    """A strategy at its beginning.

    Raises:
        DataError: an option is out of its range.
    """
    preset = STRATEGIES[name][2]
    try:
        strategy: Strategy = _class(name)(
            ledger, target_quality=target_quality, alpha=alpha, seed=seed, **preset, **options
        )
    except TypeError as error:
        raise DataError(f"the options {options} do not fit the strategy {name!r}: {error}") from error
    return strategy


def _options(name: str) -> list[str]:
    parameters = inspect.signature(_class(name)).parameters
    return [p for p in parameters if p not in _GIVEN and p not in STRATEGIES[name][2]]


def _class(name: str) -> type:
    module, what, _ = STRATEGIES[name]
    found: type = getattr(importlib.import_module(f"{__package__}.{module}"), what)
    return found
