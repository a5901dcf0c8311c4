"""Sections on what is in the dataset: density and diversity, and the balance of labels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ...core.show.palette import COLORS
from ..charts.histogram import histogram_svg, sizes_svg, whole_bins
from ..charts.maps import centres_svg
from ..charts.shares import shares_svg
from ..numbers.contents import Contents
from ..numbers.gathered import Numbers
from .parts import empty, escape, figure, keys, row, section
from .pictures import Shown, strip

_MOST_LABELS = 12


def contents_section(numbers: Numbers, shown: Sequence[Shown]) -> str:
    """How dense, where and how large."""
    found, title = numbers.contents, "What is labeled"
    if not found.labels["instances"].any():
        return section(
            title, "", empty("No instance yet: draw some in `nl.explore(ds)`, or accept predictions.")
        )
    counted = found.labels["instances"]
    names, counts = whole_bins(found.per_image)
    charts = []
    if len(found.per_image):
        charts.append(
            figure(
                "Instances on each image labeled all over",
                histogram_svg(names, counts, x_label="instances", label="instances per image"),
            )
        )
    charts.append(_balance(found))
    return section(
        title,
        f"{int(counted.sum()):,} instances of {int((counted > 0).sum()):,} "
        f"labels; {_density(found.per_image)}",
        row(*charts),
        _cards(found),
        f'<h4 style="margin-top: 20px">The densest images</h4>{strip(shown)}' if shown else "",
    )


def _density(per_image: pd.Series) -> str:
    if not len(per_image):
        return "no image is labeled all over yet."
    return (
        f"a median of {per_image.median():g} and at most {int(per_image.max()):,} on the "
        f"{len(per_image):,} images labeled all over, {int((per_image == 0).sum()):,} of them with none."
    )


def _balance(found: Contents) -> str:
    """Shares before and after weights; the frequent labels first."""
    labels = found.labels.sort_values("instances", ascending=False, kind="stable").head(_MOST_LABELS)
    chart = shares_svg(
        [str(name) for name in labels.index], labels["before"].tolist(), labels["after"].tolist()
    )
    colors = {"of the instances in training": COLORS.neutral, "as images are drawn by weight": COLORS.steel}
    return figure("Share of each label, before and after weights", chart, below=keys(colors))


def _cards(found: Contents) -> str:
    """A card per label: where its instances lie, and how large they are."""
    order = found.labels.sort_values("instances", ascending=False, kind="stable")
    order = order[order["instances"] > 0]
    parts = []
    for name, facts in zip(order.index[:_MOST_LABELS], order.to_dict("records"), strict=False):
        label, color = str(name), found.colors[str(name)]
        size = sizes_svg(found.sizes[label], color=color)
        where = centres_svg(found.centres[label], color=color, label=f"centres of {label}")
        parts.append(
            f'<div class="nbr-card"><h4><i style="background: {color}"></i>{escape(label)}'
            f'<span class="nbr-soft">{facts["instances"]:,} on {facts["images"]:,} images</span></h4>'
            f'<div class="nbr-side"><div>{where}</div><div>{size}<div class="nbr-small">side in % of the '
            f"image, median {facts['size']:.3g}%</div></div></div></div>"
        )
    left = len(order) - len(parts)
    more = f'<p class="nbr-note">{left:,} more labels in r.labels</p>' if left > 0 else ""
    head = '<h4 style="margin-top: 20px">Where the centres lie, and how large the masks are</h4>'
    return f'{head}<div class="nbr-cards">{"".join(parts)}</div>{more}'
