"""The uncommitted changes as one, kept from look to look: an edit adds its own, not all that was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...core.change.change import Change, invert
from ..store.storage import merge_all


@dataclass(frozen=True, eq=False)
class Step:
    """One uncommitted change, and the step before it (None: the version itself)."""

    change: Change
    before: Step | None
    number: int


@dataclass(frozen=True)
class Total:
    """All changes up to a step.

    Attributes:
        net: them as one.
        origins: who or what made how many of them.
    """

    net: Change = field(default_factory=Change)
    origins: Mapping[str, int] = field(default_factory=dict)


class Running:
    """Adds up the changes of a tree of steps; the last sum is kept, and the next one starts from it."""

    def __init__(self) -> None:
        self._last: tuple[Step | None, Total] = None, Total()

    def total(self, tip: Step | None) -> Total:
        """What the changes from the version to this step come to."""
        at, total = self._last
        back, ahead = between(at, tip)
        if at is not None and len(back) >= (0 if tip is None else tip.number):
            total, (back, ahead) = Total(), between(None, tip)  # what is left is less than what is taken back
        if back or ahead or at is not tip:
            self._last = tip, _added(total, back, ahead)
        return self._last[1]


def between(a: Step | None, b: Step | None) -> tuple[list[Change], list[Change]]:
    """The changes to take back from one step, newest first, and then to make to be at another."""
    x, y = a, b
    back: list[Change] = []
    ahead: list[Change] = []
    while x is not y:
        if y is None or (x is not None and x.number >= y.number):
            assert x is not None  # they are not the same, and one of them is a step
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
