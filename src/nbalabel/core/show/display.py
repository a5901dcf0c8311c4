"""Display adjustment of pictures: auto contrast, brightness, contrast and gamma, defined only here.

A :class:`Display` holds the setting of a person. :func:`measured` measures the values of a picture, and
:meth:`Display.look` applies the setting to them. Brightness, contrast and gamma are also implemented in
``js/src/core/values/adjust.ts`` for the viewer; a test checks that both give the same numbers.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import DataError

_DARK = 128
"""A picture is dark if its 98th percentile is below this value, of 255."""

_STEPS = 16  # auto contrast stretches a range of at least this many integer values: a smaller range is noise
_RANGES = {"brightness": (-1.0, 1.0), "contrast": (-1.0, 1.0), "gamma": (0.2, 5.0)}

Values = npt.NDArray[Any]
Pixels = npt.NDArray[np.uint8]


class Levels(NamedTuple):
    """Statistics of the values of a whole picture.

    Attributes:
        low: value shown as black without auto contrast.
        high: value shown as white without auto contrast.
        p2: 2nd percentile of the pixels, each by its darkest channel.
        p98: 98th percentile of the pixels, each by its brightest channel.
        deep: whether the picture has more than eight bits.
        least: smallest range of values that auto contrast stretches.
    """

    low: float
    high: float
    p2: float
    p98: float
    deep: bool
    least: float


class Look(NamedTuple):
    """The mapping from the values of one picture to the screen.

    Attributes:
        low: value that becomes black.
        high: value that becomes white, before brightness, contrast and gamma.
        auto: whether auto contrast chose ``low`` and ``high``.
        brightness: see :class:`Display`.
        contrast: see :class:`Display`.
        gamma: see :class:`Display`.
    """

    low: float
    high: float
    auto: bool
    brightness: float
    contrast: float
    gamma: float

    def apply(self, values: Values) -> Pixels:
        """Map pixels of the whole picture, or of any part of it, to those shown.

        Args:
            values: ``(height, width, 3)`` uint8, or ``(height, width)`` numbers of a gray picture.

        Returns:
            ``(height, width, 3)`` uint8; the same array where nothing changes.
        """
        if values.ndim == 2:
            return np.repeat(self._shown(values)[..., None], 3, axis=2)
        if self == (0.0, 255.0, self.auto, 0.0, 0.0, 1.0):
            return values
        return self._shown(np.arange(256))[values]

    def _shown(self, values: Values) -> Pixels:
        numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
        share = (numbers - self.low) / (self.high - self.low) if self.high > self.low else numbers * 0.0
        curved = np.clip(share, 0.0, 1.0) ** (1.0 / self.gamma)
        slope = 1.0 / max(1.0 - self.contrast, 0.02) if self.contrast >= 0 else 1.0 + self.contrast
        toned = np.clip((curved - 0.5) * slope + 0.5 + self.brightness, 0.0, 1.0)
        return np.asarray(np.floor(toned * 255.0 + 0.5), np.uint8)


@dataclass(frozen=True)
class Display:
    """How the pictures of a workspace are shown, in all of its views; files and masks stay as they are.

    Args:
        auto: auto contrast: the range from the 2nd to the 98th percentile of a picture, at least 16 integer
            values, is stretched from black to white. True for every picture, False for none. None, the
            default: for dark pictures (98th percentile below 128 of 255) and those of more than eight bits.
        brightness: added, -1..1; default 0.
        contrast: around middle gray, -1..1; default 0.
        gamma: 0.2..5, above 1 lightens the dark parts; default 1.

    Raises:
        DataError: a value is out of its range.

    Example:
        >>> Display(gamma=2.0)
        Display(auto=None, brightness=0.0, contrast=0.0, gamma=2.0)
        >>> Display(gamma=9)
        Traceback (most recent call last):
        nbalabel.core.errors.DataError: Display: gamma must be a number in 0.2..5, got 9
    """

    auto: bool | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 1.0

    def __post_init__(self) -> None:
        if self.auto is not None and not isinstance(self.auto, bool | np.bool_):
            raise DataError(f"Display: auto must be True, False or None, got {self.auto!r}")
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not _within(value, least, most):
                raise DataError(f"Display: {name} must be a number in {least:g}..{most:g}, got {value!r}")
            object.__setattr__(self, name, float(value))

    def look(self, levels: Levels) -> Look:
        """The mapping that this setting gives for a picture with these levels."""
        low, high, p2, p98, deep, least = levels
        auto = (deep or p98 < _DARK) if self.auto is None else bool(self.auto)
        if auto:
            low, high = p2, max(p98, p2 + least)
        return Look(low, high, auto, self.brightness, self.contrast, self.gamma)

    def of(self, values: Values) -> Pixels:
        """A whole picture as it is shown.

        Args:
            values: ``(height, width, 3)`` uint8, or ``(height, width)`` numbers of a gray picture.

        Returns:
            ``(height, width, 3)`` uint8.

        Example:
            >>> dark = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
            >>> int(Display().of(dark).max()), int(Display(auto=False).of(dark).max())
            (255, 47)
        """
        return self.look(measured(values)).apply(values)

    def as_dict(self) -> dict[str, Any]:
        """The settings as a dict for JSON."""
        return asdict(self)


def measured(values: Values) -> Levels:
    """Measure the values of a picture.

    Args:
        values: ``(height, width, 3)`` uint8, or ``(height, width)`` numbers of a gray picture of more bits.

    Example:
        >>> measured(np.full((4, 4, 3), 40, np.uint8)).p98
        40.0
    """
    if values.ndim == 3:
        p2, p98 = np.percentile(values.min(2), 2), np.percentile(values.max(2), 98)
        return Levels(0.0, 255.0, float(p2), float(p98), deep=False, least=_STEPS)
    numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, p2, p98, high = (float(v) for v in np.percentile(numbers, (0.1, 2, 98, 99.9)))
    return Levels(low, high, p2, p98, deep=True, least=_STEPS if values.dtype.kind in "iu" else 0.0)


def _within(value: Any, least: float, most: float) -> bool:
    try:
        return math.isfinite(value) and least <= value <= most
    except TypeError:
        return False
