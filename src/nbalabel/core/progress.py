"""Progress bars that show the time left only once the estimate is reliable.

The rule: the first update is ignored, since it includes one-time setup. Then at least ten updates and five
seconds must pass, and the rates of the earlier and the later half must differ by a factor of at most 1.5.
From then on the time left is estimated from the last 200 updates.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from tqdm.auto import tqdm

_UPDATES, _SECONDS, _ALIKE, _REMEMBERED = 10, 5.0, 1.5, 200
_WITHOUT_TIME_LEFT = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]"


class Pace:
    """Rate of a process, estimated from its recent updates.

    Example:
        >>> pace = Pace()
        >>> for second in range(13):
        ...     pace.note(second * 8, float(second))
        >>> pace.rate
        8.0
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._steady = False

    def note(self, n: float, seconds: float) -> None:
        """Record that ``n`` units are done after ``seconds``."""
        self._seen.append((n, seconds))

    @property
    def rate(self) -> float | None:
        """Units per second; None while the estimate is not yet reliable."""
        if len(self._seen) <= _UPDATES:
            return None
        (n0, t0), (n1, t1), (n2, t2) = self._seen[0], self._seen[len(self._seen) // 2], self._seen[-1]
        if t2 - t0 < _SECONDS or n2 <= n0:
            return None
        if not self._steady:
            early, late = (n1 - n0) * (t2 - t1), (n2 - n1) * (t1 - t0)
            self._steady = max(early, late) <= _ALIKE * min(early, late)
        return (n2 - n0) / (t2 - t0) if self._steady else None


class Bar(tqdm):  # type: ignore[type-arg]  # tqdm.auto picks the notebook or the terminal class
    """A tqdm bar that hides the time left until the rate is known."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._pace = Pace()
        super().__init__(*arguments, **options)

    def update(self, n: float | None = 1) -> bool | None:
        """Advance the bar by ``n`` units."""
        done = super().update(n)
        self._pace.note(self.n, float(super().format_dict["elapsed"]))
        return done

    @property
    def format_dict(self) -> Any:
        """The values that tqdm formats; the time left is omitted while the rate is unknown."""
        shown = super().format_dict
        rate = self._pace.rate
        if rate is None and shown.get("total") and shown.get("bar_format") is None:
            return {**shown, "bar_format": _WITHOUT_TIME_LEFT}
        return {**shown, "rate": rate} if rate else shown
