"""The running total of uncommitted changes, cached so that each edit only adds its own change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...core.change.change import Change, invert
from ..store.storage import merge_all


@dataclass(frozen=True, eq=False)
class Step:
    """A node of the undo tree: one uncommitted change, and the step before it (None: the version itself)."""

    change: Change
    before: Step | None
    number: int


@dataclass(frozen=True)
class Total:
    """All changes up to a step.

    Attributes:
        net: the changes merged into one.
        origins: origin -> number of its changes.
    """

    net: Change = field(default_factory=Change)
    origins: Mapping[str, int] = field(default_factory=dict)


class Running:
    """Totals of the steps of an undo tree; each total is computed from the previous one."""

    def __init__(self) -> None:
        self._last: tuple[Step | None, Total] = None, Total()

    def total(self, tip: Step | None) -> Total:
        """The total of the changes from the version to this step."""
        at, total = self._last
        back, ahead = between(at, tip)
        if at is not None and len(back) >= (0 if tip is None else tip.number):
            total, (back, ahead) = Total(), between(None, tip)  # starting anew is cheaper
        if back or ahead or at is not tip:
            self._last = tip, _added(total, back, ahead)
        return self._last[1]


def between(a: Step | None, b: Step | None) -> tuple[list[Change], list[Change]]:
    """The path from step ``a`` to step ``b``: changes to invert, newest first, then changes to apply."""
    x, y = a, b
    back: list[Change] = []
    ahead: list[Change] = []
    while x is not y:
        if y is None or (x is not None and x.number >= y.number):
            assert x is not None  # x is not y, so at least one is a step
            back.append(x.change)
            x = x.before
        else:
            ahead.append(y.change)
            y = y.before
    return back, ahead[::-1]


def _added(total: Total, back: Sequence[Change], ahead: Sequence[Change]) -> Total:
    origins = Counter(total.origins)
    origins.update(_who(ahead))
    origins.subtract(_who(back))
    net = merge_all([total.net, *map(invert, back), *ahead])
    return Total(net, {who: n for who, n in origins.items() if n})


def _who(changes: Sequence[Change]) -> Counter[str]:
    return Counter(change.origin or "nobody" for change in changes)
