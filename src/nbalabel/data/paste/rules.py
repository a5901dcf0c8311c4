"""What may happen to an instance that is pasted."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from ...core.errors import DataError

_RANGES = {
    "weight": (0.0, math.inf),
    "rotate": (0.0, 180.0),
    "match": (0.0, 1.0),
    "feather": (0.0, 16.0),
    "overlap": (0.0, 1.0),
    "visible": (0.0, 1.0),
}


@dataclass(frozen=True)
class Rules:
    """What may happen to an instance that is pasted; the arguments of :func:`nbalabel.paste`.

    Raises:
        DataError: a value is out of its range.

    Example:
        >>> Rules(rotate=-1)
        Traceback (most recent call last):
        nbalabel.core.errors.DataError: rotate must be a number from 0 to 180, got -1
    """

    weight: float = 0.5
    copies: tuple[int, int] = (1, 3)
    scale: tuple[float, float] = (0.8, 1.25)
    rotate: float = 10.0
    mirror: bool = True
    match: float = 0.5
    feather: float = 1.0
    overlap: float = 0.3
    visible: float = 0.2

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in _RANGES:
                _check_range(field.name, getattr(self, field.name), *_RANGES[field.name])
        _check_pair("copies", self.copies, int, 1, 100)
        _check_pair("scale", self.scale, (int, float), 0.05, 20)


def _check_range(name: str, value: object, low: float, high: float) -> None:
    good = isinstance(value, int | float) and math.isfinite(value) and low <= value <= high
    if not good:
        upto = "" if high == math.inf else f" to {high:g}"
        raise DataError(f"{name} must be a number from {low:g}{upto}, got {value!r}")


def _check_pair(name: str, value: object, kinds: type | tuple[type, ...], low: float, high: float) -> None:
    good = (
        isinstance(value, tuple | list)
        and len(value) == 2
        and all(isinstance(x, kinds) for x in value)
        and low <= value[0] <= value[1] <= high
    )
    if not good:
        raise DataError(f"{name} must be two numbers (least, most) from {low:g} to {high:g}, got {value!r}")
