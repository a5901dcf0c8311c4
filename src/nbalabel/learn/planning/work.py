"""The steps of one kind of work, best first: what each is expected to bring, and draws of what it might."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .kinds import Kind
from .pace import Pace

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Work:
    """Steps of one kind, in the order in which they are worth most per minute.

    Attributes:
        kind: the kind of work.
        pace: seconds per step.
        rows: id of the row of each step, ``(n,)``.
        gains: expected, ``(n,)``.
        steps: expected number of steps on each row, ``(n,)``: masks to draw on an image, else 1.
        look: further seconds per row.
        drawn: gains as they might be, ``(d, n)``.
        drawn_steps: steps as they might be, ``(d, n)``.
        known: where gains come from, in words.
        wrong: expected number of wrong masks that come along.
    """

    kind: Kind
    pace: Pace
    rows: Ids
    gains: Floats
    steps: Floats
    look: float
    drawn: Floats
    drawn_steps: Floats
    known: str
    wrong: float = 0.0

    @property
    def seconds(self) -> Floats:
        """Expected seconds of each row, ``(n,)``."""
        return self.look + self.steps * self.pace.seconds

    def fit(self, minutes: float) -> int:
        """Number of rows that are expected to fit."""
        return int(np.searchsorted(np.cumsum(self.seconds), minutes * 60 + 1e-6, side="right"))

    def expected(self, minutes: float) -> float:
        """Expected gain of these minutes; of a row that fits in part, that part."""
        return float(_within(self.gains[None], self.seconds[None], np.array([minutes * 60]))[0])

    def interval(self, minutes: float, level: float, rng: np.random.Generator) -> tuple[float, float]:
        """Ends of the gain of these minutes, over draws of gains and of the pace."""
        each = self.pace.draws(rng, len(self.drawn))[:, None]
        got = _within(self.drawn, self.look + self.drawn_steps * each, np.full(len(self.drawn), minutes * 60))
        low, high = np.quantile(got, [(1 - level) / 2, (1 + level) / 2]) if len(got) else (0.0, 0.0)
        return float(low), float(high)


def _within(gains: Floats, seconds: Floats, limit: Floats) -> Floats:
    """Gains up to a limit of seconds, ``(d,)``."""
    end = np.cumsum(seconds, axis=1)
    share = np.clip((limit[:, None] - (end - seconds)) / np.maximum(seconds, 1e-9), 0, 1)
    return np.asarray((gains * share).sum(axis=1), np.float64)
