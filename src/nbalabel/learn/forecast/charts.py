"""How a growth curve and a stability look in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.show import card as html
from ...core.show.svg_chart import as_image, line_chart_svg

At = Callable[[npt.ArrayLike], pd.DataFrame]


def card(points: pd.DataFrame, at: At, sentence: Callable[[int], str], level: float, note: str) -> str:
    """A growth curve as HTML: the points, the curve up to twice the labels, and its interval.

    Args:
        points: n and map of what was measured.
        at: low, expected and high mAP of numbers of labels.
        sentence: the gain of further labels, in words.
        level: coverage that the interval aims at, 0..1.
        note: what to keep in mind.
    """
    first, last = float(points["n"].min()), float(points["n"].max())
    found = at(np.unique(np.linspace(max(first / 2, 1), 2 * last, 60).round()))
    x = found.index.to_numpy(np.float64).tolist()
    chart = line_chart_svg(
        {"mAP": list(zip(x, found["expected"].tolist(), strict=True))},
        band=list(zip(x, found["low"].tolist(), found["high"].tolist(), strict=True)),
        dots=list(zip(points["n"].tolist(), points["map"].tolist(), strict=True)),
        title="mAP by number of labels",
        width=480,
    )
    facts = {sentence(more): "" for more in _steps(last)}
    said = [(text.split(": ")[0], text.split(": ")[1]) for text in facts]
    return html.card(
        "Growth of the mAP",
        [*said, ("interval", f"{level:.0%}"), ("note", note)],
        extra_html=as_image(chart),
    )


def agreement_chart(names: Sequence[str], table: pd.DataFrame, needed: float) -> str:
    """PQ and kappa of successive runs as lines, with the PQ that is needed."""
    lines = {name: table[name].astype(float).tolist() for name in names}
    return as_image(
        line_chart_svg(
            {**lines, "needed": [needed] * len(table)}, title="agreement of successive runs", y_range=(0, 1)
        )
    )


def _steps(last: float) -> list[int]:
    """Round numbers of further labels: about a quarter, and as many again."""
    digits = 10 ** max(len(str(int(last / 4))) - 1, 0)
    quarter = max(round(last / 4 / digits) * digits, 1)
    return sorted({quarter, quarter * 4})
