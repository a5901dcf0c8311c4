"""The length of a training and its phases, all counted in steps.

A training of ultralytics counts in epochs: three of warming up, ten without mosaic at the end. On many images
an epoch has many steps and a training few epochs, so that warming up takes half of it and mosaic never
begins. Here each phase is a share of all steps: warm-up, a level rate, and a falling rate without mosaic. The
level part may go on as long as mAP rises; the falling part completes it at any time.

Source: A. Haegele et al., "Scaling laws and compute-optimal training beyond fixed training durations"
    (2024), for the trapezoid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ModelError
from .plateau import forecast, is_level

WARM_UP, FALL, LAST_RATE = 0.05, 0.25, 0.01
"""Shares of the steps, and the rate at the end as a share of the rate before."""

MOST_STEPS = 20_000
_PERIODS, _LEAST_PERIOD = 60, 10
_OPEN_PERIOD, _OPEN_WARM_UP = 40, 60


@dataclass(frozen=True)
class Length:
    """The length that was asked for.

    Attributes:
        steps: number of steps; None: until mAP no longer rises.
        minutes: limit of time; None: no limit.
        period: steps between two measurements; each period is one row of the curves.
        draws: images drawn in a period; None: ``period`` full batches.
    """

    steps: int | None
    minutes: float | None
    period: int
    draws: int | None = None


def length(steps: int | None, minutes: float | None, epochs: int | None, n_images: int, batch: int) -> Length:
    """The length from the arguments of ``train``.

    Args:
        steps: at most one of steps and epochs is given.
        minutes: a limit beside either, or alone.
        epochs: passes over the images; a pass is a period then.
        n_images: images to learn from.
        batch: images per step.

    Raises:
        ModelError: both steps and epochs, or a number that is not positive.
    """
    given = {"steps": steps, "minutes": minutes, "epochs": epochs}
    for name, value in given.items():
        if value is not None and not (isinstance(value, int | float) and value > 0 and math.isfinite(value)):
            raise ModelError(f"{name} must be a number above 0, got {value!r}")
    if steps is not None and epochs is not None:
        raise ModelError(f"give steps or epochs, not both: got steps={steps}, epochs={epochs}")
    if epochs is not None:
        pass_ = -(-n_images // batch)
        return Length(int(epochs) * pass_, minutes, pass_, n_images)
    if steps is not None:
        return Length(int(steps), minutes, min(int(steps), max(_LEAST_PERIOD, round(steps / _PERIODS))))
    return Length(None, minutes, _OPEN_PERIOD)


@dataclass
class Schedule:
    """State of a training: the rate of each step, when mosaic closes, when it ends, and why.

    Attributes:
        length: the length that was asked for.
        warm_up: steps until the rate is full.
        fall: share of all steps in which the rate falls and mosaic is closed.
        last_rate: the rate at the end as a share of the full one.
        end: the step after the last; None while that is open.
        fall_from: the step at which the fall begins; None while that is open.
        why: why it ends: "steps", "minutes" or "level" (the measured mAP no longer rises).
    """

    length: Length
    warm_up: int = _OPEN_WARM_UP
    fall: float = FALL
    last_rate: float = LAST_RATE
    end: int | None = None
    fall_from: int | None = None
    why: str = "steps"
    _at: list[int] = field(default_factory=list)
    _values: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, asked: Length, given: Mapping[str, Any], pass_: int) -> Schedule:
        """A schedule at its start; ultralytics' own arguments count in passes of ``pass_`` steps.

        Args:
            asked: the length that was asked for.
            given: ``warmup_epochs``, ``close_mosaic`` and ``lrf``, where the caller gave them.
            pass_: steps per pass over the images.
        """
        total = asked.steps
        warm_up = _OPEN_WARM_UP if total is None else max(1, min(_OPEN_WARM_UP * 4, round(WARM_UP * total)))
        if "warmup_epochs" in given:
            warm_up = round(float(given["warmup_epochs"]) * pass_)
        out = cls(asked, warm_up, last_rate=float(given.get("lrf", LAST_RATE)))
        if total is not None:
            fall = round(FALL * total)
            if "close_mosaic" in given:
                fall = min(total, round(float(given["close_mosaic"]) * pass_))
            out.end, out.fall_from = total, total - fall
        return out

    def rate(self, step: int) -> float:
        """Learning rate of a step, 0..1: a rising line, level, then a falling half cosine."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        if self.fall_from is None or self.end is None or step < self.fall_from:
            return 1.0
        done = (step - self.fall_from + 1) / max(1, self.end - self.fall_from)
        return self.last_rate + (1 - self.last_rate) * (1 + math.cos(math.pi * min(1.0, done))) / 2

    def measured(self, step: int, value: float) -> None:
        """Record the value measured after ``step`` steps."""
        self._at.append(step)
        self._values.append(value)

    def look(self, step: int, seconds: float) -> None:
        """Decide after a period whether the fall begins.

        Args:
            step: steps done.
            seconds: time since the training began.
        """
        if self.fall_from is not None and step >= self.fall_from:
            return
        if self.end is None and is_level(self._at, self._values):
            self._begin_fall(step, "level")
        elif self._time_is_up(step, seconds):
            self._begin_fall(step, "minutes")
        elif self.end is None and step >= MOST_STEPS * (1 - self.fall):
            self._begin_fall(step, "steps")

    def is_over(self, step: int) -> bool:
        """Whether the last step is done."""
        return self.end is not None and step >= self.end

    def is_falling(self, step: int) -> bool:
        """Whether the rate falls and mosaic is closed."""
        return self.fall_from is not None and step >= self.fall_from

    def missing(self) -> int | None:
        """Estimate of the further steps needed to converge; 0 when converged, None when unknown."""
        if self.why == "level" or len(self._at) < 2:
            return 0 if self.why == "level" else None
        level_part = [i for i, at in enumerate(self._at) if not self.is_falling(at)]
        if len(level_part) < 8:
            return None
        at, values = [self._at[i] for i in level_part], [self._values[i] for i in level_part]
        if is_level(at, values):
            return 0
        found = forecast(at, values)
        return found.steps if found else None

    def _time_is_up(self, step: int, seconds: float) -> bool:
        if self.length.minutes is None or step == 0:
            return False
        left = self.length.minutes * 60 - seconds
        fall = step * self.fall / (1 - self.fall)
        per_step = seconds / step
        return left - self.length.period * per_step < fall * per_step

    def _begin_fall(self, step: int, why: str) -> None:
        fall = max(self.length.period, round(step * self.fall / (1 - self.fall)))
        self.fall_from, self.end, self.why = step, step + fall, why
