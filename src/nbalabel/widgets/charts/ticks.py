"""Places and texts of ticks: round numbers, calendar times, counts on a linear or logarithmic scale."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

Ticks = dict[float, str]

_STEPS = ("1s", "5s", "15s", "1min", "5min", "15min", "1h", "3h", "6h", "12h", "1D", "2D", "7D", "14D")


def number_ticks(lo: float, hi: float, most: int = 6) -> Ticks:
    """Round numbers from ``lo`` to ``hi``.

    Example:
        >>> number_ticks(0.03, 1.02)
        {0.2: '0.2', 0.4: '0.4', 0.6: '0.6', 0.8: '0.8', 1.0: '1'}
    """
    width = hi - lo
    if not math.isfinite(width) or width <= 0:
        return {lo: brief(lo)} if math.isfinite(lo) else {}
    if width < 1e-290 or abs(lo) / width > 1e12:  # beyond the precision of a float
        return {lo: brief(lo), hi: brief(hi)}
    step = _round_up(width / most)
    digits = max(-math.floor(math.log10(step) + 1e-9), 0) + 1
    first = math.ceil(lo / step - 1e-9)
    values = [round((first + i) * step, digits) for i in range(most + 2)]
    return {value: brief(value) for value in values if lo - 1e-9 * step <= value <= hi + 1e-9 * step}


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1, 2, 5, 10) if m * power >= value * (1 - 1e-9)), value)


def brief(value: float) -> str:
    """A number in few characters.

    Example:
        >>> brief(0.25), brief(12000.0), brief(2_500_000.0), brief(3e-7)
        ('0.25', '12k', '2.5M', '3e-07')
    """
    size = abs(value)
    for limit, name in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if limit <= size < 1e13:
            return f"{value / (1e3 if name == 'k' else limit):.4g}{name}"
    return f"{value:.4g}"


def time_ticks(lo: float, hi: float, most: int = 5) -> Ticks:
    """Days, hours, months or years from ``lo`` to ``hi``, milliseconds since 1970.

    Example:
        >>> list(time_ticks(0, 3 * 86_400_000).values())
        ['Jan 1, 1970', 'Jan 2', 'Jan 3', 'Jan 4']
    """
    start, end = (pd.Timestamp(_within(x), unit="ms") for x in (lo, hi))
    step = next((s for s in _STEPS if (end - start) / pd.Timedelta(s) <= most), None)
    if step is not None:
        moments = pd.date_range(start.ceil(step), end, freq=step)
        form = "%b %-d" if pd.Timedelta(step) >= pd.Timedelta("1D") else "%H:%M"
        form = "%H:%M:%S" if pd.Timedelta(step) < pd.Timedelta("1min") else form
        named = [f"{t.strftime('%b')} {t.day}" if form == "%b %-d" else t.strftime(form) for t in moments]
        if len(named):
            day = f"{moments[0].strftime('%b')} {moments[0].day}"
            named[0] = f"{day}, {moments[0].year}" if form == "%b %-d" else f"{day} {named[0]}"
    else:
        months = (end.year - start.year) * 12 + end.month - start.month
        every = next((m for m in (1, 3, 6) if months / m <= most), None)
        if every:
            moments = pd.date_range(start, end, freq="MS")
            moments = moments[(moments.month - 1) % every == 0]
            named = [t.strftime("%b %Y") for t in moments]
        else:
            years = int(max(_round_up(max(months / 12 / most, 1)), 1))
            moments = pd.date_range(start, end, freq="YS")
            moments = moments[moments.year % years == 0]
            named = [str(t.year) for t in moments]
    return dict(zip((moments.as_unit("ms").asi8).astype(float).tolist(), named, strict=True))


def count_ticks(top: float, *, log: bool, most: int = 3) -> Ticks:
    """Places on the count axis, as :func:`height` puts them there."""
    if log:
        powers = range(int(math.log10(top + 1)) + 1) if top else range(0)
        every = max(math.ceil(len(powers) / most), 1)
        return {0.0: "0"} | {height(10.0**p): brief(10.0**p) for p in powers[::every]}
    ticks = number_ticks(0, max(top, 1), most)
    return {value: text for value, text in ticks.items() if value == int(value)}


def height(count: float) -> float:
    """Place of a count on the logarithmic axis, ``log10(1 + count)``; a count of 0 is at 0."""
    return math.log10(1 + count)


def heights(counts: npt.NDArray[np.int64], *, log: bool) -> npt.NDArray[np.float64]:
    """Heights of the parts of stacked bars, ``(n, n_parts)``: on a log axis shares of the bar's height."""
    if not log:
        return counts.astype(np.float64)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(np.log10(1 + total), total, out=np.zeros(total.shape), where=total > 0)
    return np.asarray(counts * share)


def keyed(ticks: Ticks) -> dict[str, str]:
    """Texts of ticks by the key that JavaScript makes of their value."""
    return {
        str(int(value)) if float(value).is_integer() else repr(float(value)): text
        for value, text in ticks.items()
    }


def _within(milliseconds: float) -> float:
    return min(max(milliseconds, -9e12), 9e12)  # the range of pandas' nanoseconds
