"""Sections on what differs between two versions, and on what is likely missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...core.show.palette import COLORS
from ..charts.histogram import histogram_svg, whole_bins
from ..numbers.gathered import Numbers
from .parts import Column, empty, figure, row, section, short_version, table, tile, tiles, whole
from .pictures import Shown, pairs, strip

_MOST_LABELS = 15
_MOST_IMAGES = 5


def differences_section(numbers: Numbers, shown: Sequence[Shown]) -> str:
    """Masks added, removed, relabeled and moved between two versions."""
    found, title = numbers.differences, "What changed"
    if found is None:
        if numbers.rounds is None:
            return ""
        return section(title, "", empty("One version alone: `ds.commit(...)` makes one to compare with."))
    total = {str(name): int(n) for name, n in found.counts.iloc[-1].items()}
    if not any(total.values()):
        said = f"{short_version(found.before)} and {short_version(found.after)} hold the same masks."
        return section(title, "", empty(said))
    moved = found.pairs[found.pairs["what"].str.startswith("moved").to_numpy()]
    ends = np.linspace(0, 1, 11)
    counts = np.histogram(moved["iou"], ends)[0].tolist()
    chart = histogram_svg(
        [f"{a:.1f}" for a in ends[:-1]],
        counts,
        x_label="IoU of the mask before and after",
        color=COLORS.steel,
    )
    labels = found.counts.iloc[:-1].sort_values("added", ascending=False, kind="stable").head(_MOST_LABELS)
    rows = [*labels.index, "all"]
    by_label = table(
        [
            Column("label", [str(name) for name in rows], words=True),
            *(Column(name, whole(found.counts.loc[rows, name])) for name in found.counts.columns),
        ],
        last_is_all=True,
    )
    parts = [figure("Masks that moved", chart)] if len(moved) else []
    return section(
        f"What changed, {short_version(found.before)} to {short_version(found.after)}",
        "A mask that was removed and drawn anew at its place counts as moved. Below, the largest ones, "
        "before at the left, after at the right.",
        tiles(*(tile(name, f"{total[name]:,}") for name in ("added", "removed", "relabeled", "moved"))),
        row(*parts, by_label),
        f'<h4 style="margin-top: 20px">Largest differences</h4>{pairs(shown)}' if shown else "",
    )


def _known(text: str) -> str:
    return f"estimated from what was {text}" if text.startswith("missed") else text


def missing_section(numbers: Numbers, shown: Sequence[Shown]) -> str:
    """What is likely missing, and on which images."""
    found, title = numbers.missing, "What is likely missing"
    if not len(found.images):
        return section(title, "", empty(found.known))
    waiting, unseen = float(found.images["open"].sum()), float(found.images["unseen"].sum())
    names, counts = whole_bins(np.rint(found.images["expected"]))
    chart = histogram_svg(names, counts, x_label="instances")
    top = found.images.head(_MOST_IMAGES)
    listed = table(
        [
            Column("image", [str(i) for i in top.index], words=True),
            Column("to accept", [f"{v:.1f}" for v in top["open"]]),
            Column("found by none", [f"{v:.1f}" for v in top["unseen"]]),
            Column("expected", [f"{v:.1f}" for v in top["expected"]]),
        ]
    )
    return section(
        title,
        f"On the {len(found.images):,} images that wait; {_known(found.known)}.",
        tiles(
            tile("right masks to accept", f"{waiting:,.0f}", more="predictions that nobody decided about"),
            tile(
                "found by no prediction",
                f"{unseen:,.0f}",
                f"{found.low:,.0f} to {found.high:,.0f}",
                "90 % interval",
            ),
            tile("images that wait", f"{len(found.images):,}"),
        ),
        row(figure("Expected missing instances per image", chart), listed),
        f'<h4 style="margin-top: 20px">Look at these first</h4>{strip(shown)}' if shown else "",
    )
