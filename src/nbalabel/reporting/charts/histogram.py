"""Histograms of counts, and of sizes on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...core.show.palette import COLORS
from ...core.show.svg_chart import ticks
from .drawing import amount, bar, level, svg, text

_MOST_BINS = 30
_LEFT = 40


def whole_bins(values: npt.ArrayLike) -> tuple[list[str], list[int]]:
    """Counts of whole numbers in bins: one number each, or ranges where there are more than thirty.

    Example:
        >>> whole_bins([0, 2, 2])
        (['0', '1', '2'], [1, 0, 2])
        >>> whole_bins([0, 99])[0][:2]
        ['0-3', '4-7']
    """
    numbers = np.asarray(values, np.int64)
    most = int(numbers.max(initial=0))
    step = -(-(most + 1) // _MOST_BINS)
    counts = np.bincount(numbers // step, minlength=most // step + 1)
    names = [str(i * step) if step == 1 else f"{i * step}-{i * step + step - 1}" for i in range(len(counts))]
    return names, [int(n) for n in counts]


def histogram_svg(
    names: Sequence[str],
    counts: Sequence[int],
    *,
    width: int = 440,
    height: int = 170,
    x_label: str = "",
    label: str = "",
    color: str = COLORS.steel,
) -> str:
    """Draw counts as bars that touch.

    Args:
        names: of the bins, from the left.
        counts: of the bins.
        width: pixels.
        height: pixels.
        x_label: what the bins are.
        label: what the chart shows.
        color: of the bars.
    """
    most = max(counts, default=0) or 1
    top, bottom = 8.0, height - (38.0 if x_label else 22.0)
    step, scale = (width - _LEFT) / max(len(names), 1), (bottom - top) / most
    parts = []
    for value in ticks((0.0, float(most)), 3, whole=True):
        y = bottom - value * scale
        parts += [level(_LEFT, width, y), text(_LEFT - 6, y + 4, amount(value), "end", faint=True)]
    wide = min(step - 1, 40)
    for i, (name, n) in enumerate(zip(names, counts, strict=True)):
        x = _LEFT + step * (i + 0.5)
        parts.append(bar(x - wide / 2, bottom - n * scale, wide, n * scale, color, f"{name}: {n:,}"))
    longest = max((len(name) for name in names), default=1)
    every = max(-(-int((longest + 1) * 6.4) // max(int(step), 1)), 1)
    for i in range(0, len(names), every):
        parts.append(text(_LEFT + step * (i + 0.5), bottom + 15, names[i], "middle", faint=True))
    if x_label:
        parts.append(text((_LEFT + width) / 2, height - 4, x_label, "middle", faint=True))
    return svg(parts, width, height, label or x_label)


_SIZES = np.geomspace(0.5, 100.0, 19)
"""Ends of the bins of sizes: side in percent of the image's."""


def sizes_svg(shares: npt.NDArray[np.float64], *, width: int = 150, height: int = 92, color: str) -> str:
    """Draw how large masks are: the root of their share of the image, in percent, on a logarithmic axis.

    Args:
        shares: area of each mask as a share of its image, 0..1.
        width: pixels.
        height: pixels.
        color: of the bars.
    """
    side = np.clip(np.sqrt(shares) * 100, _SIZES[0], _SIZES[-1])
    counts = np.histogram(side, _SIZES)[0]
    most = int(counts.max(initial=0)) or 1
    bottom, step = height - 18.0, width / len(counts)
    parts = [level(0, width, bottom, ".35")]
    for i, n in enumerate(counts.tolist()):
        said = f"{_SIZES[i]:.2g} to {_SIZES[i + 1]:.2g} %: {n:,}"
        tall = n / most * (bottom - 4)
        parts.append(bar(i * step + 0.5, bottom - tall, step - 1, tall, color, said))
    for value in (1, 10, 100):
        x = np.log(value / _SIZES[0]) / np.log(_SIZES[-1] / _SIZES[0]) * width
        anchor = "end" if value == 100 else "middle"
        parts.append(text(float(x), height - 5, f"{value}%", anchor, faint=True))
    return svg(parts, width, height, "sizes: side of the masks in percent of the image")
